"""The routes. Every answer is JSON but pictures, exports, the event stream and the page itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.browser import browsing, looking, walking
from agent.browser.guard import Guard
from agent.browser.house import House
from agent.browser.replies import SENTENCES, Refused, sentence_of
from agent.report.page import PARTS as REPORT
from agent.report.page import SCRIPTS as REPORT_SCRIPTS

STATIC = Path(__file__).parent / "static"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
SHARED = {
    "dom": (
        "h",
        "svg",
        "build",
        "count",
        "brief",
        "score",
        "percent",
        "money",
        "plural",
        "duration",
        "moment",
    ),
    "graph": ("layOut", "drawNode", "drawLink", "graphTerms", "edgeTerm", "folded"),
    "knowledge": ("knowledgeList", "valueTree"),
}
"""Scripts of the report that this page uses too, and which of their names."""
IMPORTS = {
    "graph": 'import { h, svg, plural, count } from "./report-dom.js";\n',
    "knowledge": 'import { h } from "./report-dom.js";\n',
}


def make_app(house: House, token: str | None = None) -> Starlette:
    """The whole server; `token` is demanded of everybody where there is one."""
    files = static_files()
    index, form = files.pop("index.html"), files.pop("enter.html")

    async def page(request: Request) -> Response:
        return Response(index[0], media_type=index[1])

    async def static(request: Request) -> Response:
        found = files.get(request.path_params["name"])
        if found is None:
            raise Refused("there is no such file", 404)
        return Response(found[0], media_type=found[1], headers={"cache-control": "no-cache"})

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await house.close()

    async def nowhere(request: Request, error: Exception) -> Response:
        return await sentence_of(request, Refused("there is nothing at this address", 404))

    async def otherwise(request: Request, error: Exception) -> Response:
        return await sentence_of(request, Refused("this address is not asked like this", 405))

    handlers: dict[Any, Any] = dict.fromkeys((Exception, Refused, *SENTENCES), sentence_of)
    handlers |= {404: nowhere, 405: otherwise}
    app = Starlette(
        routes=[
            Route("/", page),
            Route("/static/{name}", static),
            *browsing.routes(),
            *looking.routes(),
            *walking.routes(),
        ],
        middleware=[
            Middleware(Guard, token=token, names=house.settings.name, form=form[0]),
        ],
        exception_handlers=handlers,
        lifespan=lifespan,
    )
    app.state.house = house
    return app


def static_files() -> dict[str, tuple[bytes, str]]:
    """(bytes, media type) by name, read once: what is not among them does not exist."""
    files = {
        path.name: (path.read_bytes(), KINDS[path.suffix])
        for path in STATIC.iterdir()
        if path.suffix in KINDS
    }
    files["report.css"] = ((REPORT / "style.css").read_bytes(), KINDS[".css"])
    for name, exported in SHARED.items():
        assert name in REPORT_SCRIPTS
        source = (REPORT / f"{name}.js").read_text(encoding="utf-8")
        module = f"{IMPORTS.get(name, '')}{source}\nexport {{ {', '.join(exported)} }};\n"
        files[f"report-{name}.js"] = (module.encode(), KINDS[".js"])
    return files
