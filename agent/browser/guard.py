"""Who may ask for what: checked once, before any route is looked up, and said on every answer.

- *Host*: a page of somebody else's domain whose name is made to resolve to this machine (DNS rebinding) would be of
  our origin for the browser. It cannot have an address or one of our names as its host, so only those are answered.
- *Origin*: a page of another origin may make the browser send requests here, cookie or not. Browsers say where such
  requests come from, by `Origin` and `Sec-Fetch-Site`; those from elsewhere are refused.
- *Token*: compared in constant time; after the first visit a cookie stands for it that scripts cannot read and that
  other sites cannot make the browser send. The cookie holds a keyed hash, so it does not tell the token.
- *Answers*: scripts and styles from here alone, no HTML sinks in scripts (Trusted Types), no framing, no caching.
"""

import hashlib
import hmac
import ipaddress
import socket
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not `no-referrer`: under it browsers hide the origin of our own form too.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
READING = ("GET", "HEAD")
ENTER = "/enter"
"""Where the form with the token goes."""
OPEN = ("/static/style.css", "/static/report.css", "/static/icon.svg")
"""What the form needs before the token is known."""
LARGEST_FORM = 4_096


class Guard:
    """Middleware around the whole application."""

    def __init__(
        self, app: ASGIApp, token: str | None = None, names: tuple[str, ...] = (), form: bytes = b""
    ) -> None:
        """`names`: host names besides this machine's own. `form`: the page that asks for the token."""
        self.app, self.token, self.form = app, token, form
        own = {"localhost", socket.gethostname(), socket.getfqdn()}
        self.names = frozenset(name.lower().rstrip(".") for name in {*own, *names})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if scope["type"] != "http":
            return None  # no other protocol is spoken here; the server closes the connection
        headers = Headers(scope=scope)
        answer = self._refusal(scope, headers)
        if answer is None and self.token is not None:
            answer = await self._without_token(scope, headers, receive)
        if answer is not None:
            return await answer(scope, receive, _with_headers(send))
        await self.app(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if not self._known(host):
            shown = "this host name" if not host.isprintable() else host[:100]
            return _refused(421, f"{shown} is not a name of this page; start it with --name to add one")
        if headers.getlist("origin"):
            if [urlsplit(origin).netloc.lower() for origin in headers.getlist("origin")] != [host.lower()]:
                return _refused(403, "requests from other sites are refused")
        elif scope["method"] not in READING and "sec-fetch-site" in headers:
            return _refused(
                403, "a browser says where a request to change something comes from; this one did not"
            )
        site = headers.get("sec-fetch-site", "none")
        arriving = (
            scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate" and scope["method"] == "GET"
        )
        if site not in ("same-origin", "none") and not arriving:
            return _refused(403, "requests from other sites are refused")
        return None

    def _known(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name.rstrip(".") in self.names
        return True

    # ---------------------------------------------------------------------------------------------------------- token

    async def _without_token(self, scope: Scope, headers: Headers, receive: Receive) -> Response | None:
        """The answer to somebody who has not shown the token; None for who has."""
        if hmac.compare_digest(self._cookie(headers, scope).encode(), self._stamp().encode()):
            return RedirectResponse("/", 303) if scope["path"] == ENTER else None
        if scope["path"] in OPEN and scope["method"] in READING:
            return None
        if scope["path"] == "/" and scope["method"] == "GET":
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])
            return self._enter(given[0], scope) or Response(
                self.form, 401, media_type="text/html; charset=utf-8"
            )
        if scope["path"] == ENTER and scope["method"] == "POST":
            body = await _form(receive)
            wrong = Response(self.form, 401, media_type="text/html; charset=utf-8")
            return self._enter(body.get("token", [""])[0], scope) or wrong
        return _refused(
            401, "this page wants its token: open the address that was printed when it was started"
        )

    def _enter(self, given: str, scope: Scope) -> Response | None:
        assert self.token is not None
        if not hmac.compare_digest(given.strip().encode("utf-8", "replace"), self.token.encode()):
            return None
        # A redirect, so that the token stays neither in the address nor in the history.
        answer = RedirectResponse("/", 303)
        secure = scope.get("scheme") == "https"
        answer.set_cookie(
            self._name(scope), self._stamp(), path="/", httponly=True, samesite="strict", secure=secure
        )
        return answer

    def _cookie(self, headers: Headers, scope: Scope) -> str:
        try:
            jar = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return ""
        found = jar.get(self._name(scope))
        return found.value if found else ""

    @staticmethod
    def _name(scope: Scope) -> str:
        """Browsers share cookies among the ports of a host, so the name holds the port."""
        server = scope.get("server") or ("", 0)
        return f"knowledge-bridger-{server[1]}"

    def _stamp(self) -> str:
        assert self.token is not None
        return hmac.new(self.token.encode(), b"knowledge-bridger cookie", hashlib.sha256).hexdigest()


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return sending


async def _form(receive: Receive) -> dict[str, list[str]]:
    """The fields of a short form; of a longer one none."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_FORM or message["type"] == "http.disconnect":
            return {}
        if not message.get("more_body"):
            return parse_qs(body.decode("utf-8", "replace"))


def _refused(status: int, sentence: str) -> Response:
    return PlainTextResponse(sentence + "\n", status)
