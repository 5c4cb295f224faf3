"""`python -m agent.chat`: one sample, step by step, in the terminal. `agent.terminal` does the work.

Exit status: 0, 1 if a command of a script could not do what it should, 2 wrong usage or an environment that cannot
work, 130 interrupted (143 by SIGTERM), 70 a mistake inside the program. Whatever happened is kept: --resume goes on.
"""

import asyncio
import sys
import traceback
from collections.abc import Sequence

from agent.errors import UsageError
from agent.flags import parse
from agent.terminal.settings import ChatSettings

EPILOG = """
Every setting with a variable in brackets is also a line in .env (see .env.example), the same as for agent.run.
Inside, `help` lists the commands; whatever is no command is said to the LMM. Without a terminal on standard input,
commands are read line by line:  printf 'run\\nexport\\n' | python -m agent.chat --sample 17

examples:
  python -m agent.chat                                   choose a sample of the miniature of MM-IMDb
  python -m agent.chat --dataset coco --root coco2014 --sample 57870 --lmm gpt-4o
  python -m agent.chat --run runs/first --sample 17      look into what a run did
  python -m agent.chat --image poster.jpg --lmm-url http://localhost:8000/v1 --lmm Qwen/...
  python -m agent.chat --resume                          go on where the last session stopped

exit status: 0, 1 a command of a script failed, 2 wrong usage, 130 interrupted. Sessions are kept in any case.
"""


def main(argv: Sequence[str] | None = None) -> int:
    try:
        settings = parse(
            ChatSettings,
            list(sys.argv[1:] if argv is None else argv),
            prog="python -m agent.chat",
            description="Look into one sample: step by step, with edits, branches, and an LMM to talk to.",
            epilog=EPILOG,
        )
        return _run(settings)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; --resume goes on", file=sys.stderr)
        return 130
    except Exception:  # a mistake of ours must not look like wrong usage
        traceback.print_exc()
        print(
            "error: a mistake inside the program, see above; the session is kept, --resume goes on",
            file=sys.stderr,
        )
        return 70


def _run(settings: ChatSettings) -> int:
    from agent.terminal.app import chat_with

    return asyncio.run(chat_with(settings))


if __name__ == "__main__":
    sys.exit(main())
