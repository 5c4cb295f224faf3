"""`python -m agent.web`: one sample in the browser, step by step; browse data sets, run folders and sessions.

    settings   what the command can be told       agent.browser.settings
    house      data sets, runs, models, sessions  agent.browser.house
    app        routes behind the guard            agent.browser.app

Exit status: 2 wrong usage, 130 stopped by Ctrl-C (143 by SIGTERM).
"""

import asyncio
import logging
import secrets
import socket
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from agent.errors import UsageError
from agent.flags import parse

if TYPE_CHECKING:
    from agent.browser.settings import WebSettings

EPILOG = """
Every setting that is not of this command alone is also the environment variable in brackets, and a line in .env (see
.env.example). KB_WEB_TOKEN sets the token; without it a random one is made where one is demanded, and printed.

examples:
  python -m agent.web                                        the miniature, at http://127.0.0.1:8400
  python -m agent.web --dataset mmimdb --root ~/mmimdb --lmm gpt-4o --runs runs,~/other/runs
  python -m agent.web --host 0.0.0.0                         for other machines too: demands a token
"""
PATIENCE = 2
"""Seconds that open connections get at the end."""


def main(argv: Sequence[str] | None = None) -> int:
    from agent.browser.settings import WebSettings

    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        settings = parse(
            WebSettings,
            arguments,
            prog="python -m agent.web",
            description="One sample in the browser: walk it step by step, edit, compare, talk.",
            epilog=EPILOG,
        )
        serve(settings)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; every session is kept", file=sys.stderr)
        return 130


def serve(settings: "WebSettings") -> NoReturn:
    """Serve until a signal comes. Raises `UsageError`, and `KeyboardInterrupt` in the end."""
    import uvicorn

    from agent.browser.app import make_app
    from agent.browser.house import House
    from agent.logs import open_log_of_sessions

    token = _token(settings)
    secret = (*settings.secrets(), *((token,) if token else ()))
    open_log_of_sessions(settings.walks, secret, lambda line: print(line, file=sys.stderr))
    listening = _listen(settings.host, settings.port)
    house = House(settings)

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            house.hang_up()
            await super().shutdown(sockets)

    app = make_app(house, token)
    # No access log: it would hold the token of the first visit.
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=PATIENCE
    )
    _say_where(settings, listening, token)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    with listening:
        asyncio.run(Server(config).serve([listening]))
    # uvicorn ends on a signal and then raises it again; nothing comes of that in a process that was started in the
    # background by a shell, which makes it ignore Ctrl-C.
    raise KeyboardInterrupt


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise UsageError(
            f"cannot listen at {host} port {port}: {error.strerror or error}; another --port may be free, 0 takes one"
        ) from None


def _token(settings: "WebSettings") -> str | None:
    """The one of the settings; a random one where others can reach the page; None on this machine alone."""
    if settings.web_token is not None:
        return settings.web_token.get_secret_value()
    return None if settings.loopback else secrets.token_urlsafe(32)


def _say_where(settings: "WebSettings", listening: socket.socket, token: str | None) -> None:
    """The address once on the screen, with the token only if it is random: a chosen one is known."""
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    shown = f"[{host}]" if ":" in host else host
    asked = f"?token={token}" if token and settings.web_token is None else ""
    print(f"open http://{shown}:{port}/{asked}", flush=True)
    if token and not settings.loopback:
        print(
            "the connection is not encrypted: in a network that you do not trust, reach it through ssh",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
