"""`python -m agent.run`: complete the missing modality of every sample of a data set.

    plan      which data and models, from the settings        agent.plan
    session   from the opened data to the last sample         agent.session
      work      the data set, its mask, what is to be done      agent.work
      folder    the run folder, new or to go on in              agent.store
      context   the LMM, image generator and scorers            agent.context
      pool      samples in flight through the graph             agent.pool
    finish    the data set without holes, and the report      agent.finish
    summary   what is said on the screen                      agent.summary

Exit status: 0 all done, 1 some samples failed (they are listed), 2 wrong usage or an environment that cannot work,
130 interrupted (143 by SIGTERM), 70 a mistake inside the program.
"""

import asyncio
import sys
import traceback
from collections.abc import Sequence

from rich.console import Console

from agent.errors import UsageError
from agent.flags import parse
from agent.settings import Settings, hide_login

EPILOG = """
Every setting is also the environment variable in brackets, and a line in .env (see .env.example).
Flags win over the environment, which wins over .env.

examples:
  python -m agent.run --limit 32                         the miniature of MM-IMDb with the miniature's models
  python -m agent.run --dataset coco --root coco2014 --rate 0.3 --lmm gpt-4o
  python -m agent.run --dataset folder --root photos --type as-is --lmm-url http://localhost:8000/v1 --lmm Qwen/...

exit status: 0 all done, 1 some samples failed (listed), 2 wrong usage, 130 interrupted; the same command goes on.
"""


def main(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    console = Console()
    try:
        settings = parse(
            Settings,
            arguments,
            prog="python -m agent.run",
            description="Complete the missing modality of every sample of a data set.",
            epilog=EPILOG,
        )
        return run(settings, ["python", "-m", "agent.run", *map(hide_login, arguments)], console)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on", file=sys.stderr)
        return 130
    except Exception:  # a mistake of ours must not look like "some samples failed"
        traceback.print_exc()
        print("error: a mistake inside the program, see above; the same command goes on", file=sys.stderr)
        return 70


def run(settings: Settings, command: list[str], console: Console) -> int:
    """One session of a run, from settings to exit status."""
    from agent.plan import make_plan
    from agent.session import open_session
    from agent.summary import announce, summarise

    session = open_session(make_plan(settings), command, console)
    try:
        announce(session)
        end = asyncio.run(session.process())
        session.finish(end)
        summarise(session, end)
    finally:
        session.close()
    if end.problem:
        raise UsageError(end.problem)
    return end.exit_status


if __name__ == "__main__":
    sys.exit(main())
