"""What routes share: bodies that are bounded and checked, JSON answers, and a sentence for every error."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from agent.errors import UsageError
from agent.walk.errors import WalkError
from data.pictures import PictureError
from prompts.library import PromptError
from tools.lmm.cache import CacheError
from tools.lmm.question import LMMError
from tools.loading import ModelError

LARGEST_JSON = 4 * 2**20
"""Bytes of a request: an edited state is the longest."""
SENTENCES = (UsageError, WalkError, PictureError, PromptError, LMMError, CacheError, ModelError)
"""Errors whose message is one sentence for the user."""

log = structlog.get_logger(__name__)
B = TypeVar("B", bound="Body")


class Refused(Exception):
    """A request that cannot be done, with the status of its answer."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


class Body(BaseModel):
    """What a page may send: known fields only."""

    model_config = ConfigDict(extra="forbid")


def answer(value: Any, status: int = 200) -> Response:
    """JSON. Only ever read by scripts of ours, which set it as text."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain)
    # Text of data sets may hold lone surrogates, which are no UTF-8.
    return Response(text.encode("utf-8", "replace"), status, media_type="application/json")


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


async def read_body(request: Request, largest: int) -> bytes:
    """The body, never more of it than `largest` bytes. Raises `Refused`."""
    told = request.headers.get("content-length", "0")
    if told.isdigit() and int(told) > largest:
        raise Refused(f"that is larger than {largest // 2**20} MiB, more than is taken here", 413)
    data = bytearray()
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > largest:
                raise Refused(f"that is larger than {largest // 2**20} MiB, more than is taken here", 413)
    except ClientDisconnect:
        raise Refused("the connection was closed before the whole request had come", 400) from None
    return bytes(data)


async def read_json(request: Request, form: type[B]) -> B:
    """A JSON body of a form. Raises `Refused` with where and why it does not fit."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Refused("requests that change something are JSON (Content-Type: application/json)", 415)
    try:
        return form.model_validate_json(await read_body(request, LARGEST_JSON))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"])) or "the request"
        raise Refused(f"{where}: {problem['msg']}") from None


def number(values: Mapping[str, str], name: str, default: int, most: int) -> int:
    """A whole number of an address, from 0 to `most`. Raises `Refused`."""
    text = values.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) > most:
        raise Refused(f"{name} must be a whole number from 0 to {most}")
    return int(text)


async def sentence_of(request: Request, error: Exception) -> Response:
    """The answer to a request that raised."""
    if isinstance(error, Refused):
        return answer({"error": str(error)}, error.status)
    if isinstance(error, SENTENCES):
        return answer({"error": str(error)}, 400)
    log.error("a request failed inside the program", path=request.url.path, exc_info=error)
    sentence = (
        f"an error inside the program ({type(error).__name__}); its traceback is in the log of the page"
    )
    return answer({"error": sentence}, 500)
