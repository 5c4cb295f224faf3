"""The file itself: styles, scripts and data in one HTML page that may load nothing but pictures.

What comes from data sets and models reaches the page as JSON or compressed JSON, and its scripts only ever set it as
text, so it cannot become markup. A content security policy names the hashes of our own script and style: should
markup slip in after all, the browser would not run it.
"""

import base64
import gzip
import hashlib
import html
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from agent.report.digest import Row

PARTS = Path(__file__).parent / "page"
SCRIPTS = ("dom", "store", "graph", "knowledge", "list", "overview", "sample", "main")
"""In this order; they share one scope."""
SLOT = re.compile(r"\{\{(\w+)\}\}")


def render(summary: dict[str, Any], rows: Sequence[Row], chunks: Iterable[list[dict[str, Any]]]) -> bytes:
    """The whole page. `chunks` holds the details of the samples in the order of `rows`."""
    style = _read("style.css")
    script = '"use strict";\n(() => {\n' + "\n".join(_read(f"{name}.js") for name in SCRIPTS) + "})();\n"
    packed = [_packed(f"chunk-{number}", chunk) for number, chunk in enumerate(chunks)]
    columns = {name: [row[name] for row in rows] for name in Row.__annotations__}  # type: ignore[literal-required]
    data = [
        f'<script type="application/json" id="run">{_json_in_html(summary)}</script>',
        _packed("rows", columns),
    ]
    slots = {
        "title": html.escape(f"{summary['title']} · {summary['folder']}"),
        "policy": f"default-src 'none'; img-src 'self' file:; style-src {_hash(style)}; script-src {_hash(script)}",
        "style": style,
        "data": "\n".join(data + packed),
        "script": script,
        "figures": html.escape(f"{summary['completed']:,} completed, {summary['failed']:,} failed"),
    }
    return SLOT.sub(lambda slot: slots[slot[1]], _read("page.html")).encode()


def _packed(element: str, value: Any) -> str:
    text = base64.b64encode(gzip.compress(_json(value).encode(), compresslevel=6, mtime=0)).decode()
    return f'<script type="application/gzip" id="{element}">{text}</script>'


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _json_in_html(value: Any) -> str:
    """JSON in which no character can end the element or begin a comment."""
    return _json(value).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def _read(name: str) -> str:
    return (PARTS / name).read_text(encoding="utf-8")
