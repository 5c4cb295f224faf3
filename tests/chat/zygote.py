"""Starts chats quickly: imports the program once, then forks a process for each request.

Each chat is a process of its own, with its own terminal, environment and signals; only the ten seconds of imports are
shared. Requests and replies are JSON lines on standard input and output.
"""

import importlib
import json
import os
import signal
import sys
from typing import Any


def main() -> None:
    # What a chat imports sooner or later.
    import prompt_toolkit.shortcuts
    import sklearn.feature_extraction.text

    import agent.chat
    import agent.context
    import agent.run
    import agent.session
    import agent.talk.conversation
    import agent.talk.neighbours
    import agent.terminal.app
    import agent.terminal.completion
    import tools.lmm.client
    import tools.lmm.probe
    import tools.pictures

    assert agent.chat and prompt_toolkit and sklearn and tools
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        reply = start(request) if "argv" in request else status(request["pid"])
        print(json.dumps(reply), flush=True)


def start(request: dict[str, Any]) -> dict[str, int]:
    if pid := os.fork():
        return {"pid": pid}
    code = 70
    try:
        os.setsid()
        for number, path in enumerate(request["files"]):
            flags = (
                os.O_RDWR
                if path.startswith("/dev/pts")
                else os.O_RDONLY
                if number == 0
                else os.O_WRONLY | os.O_CREAT
            )
            file = os.open(path, flags, 0o600)
            os.dup2(file, number)
            if file > 2:
                os.close(file)
        os.environ.clear()
        os.environ.update(request["env"])
        os.chdir(request["cwd"])
        # The standard streams of this process are those of the zygote's pipes no more.
        sys.stdin = os.fdopen(0, "r", closefd=False)
        sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", closefd=False)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        program = importlib.import_module(request["program"])
        code = program.main(request["argv"])
        sys.stdout.flush()
    finally:
        os._exit(code)


def status(pid: int) -> dict[str, int | None]:
    found, state = os.waitpid(pid, os.WNOHANG)
    return {"status": os.waitstatus_to_exitcode(state) if found else None}


if __name__ == "__main__":
    main()
