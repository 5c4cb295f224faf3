"""What the endpoint refuses, with which status and code, in OpenAI's error shape."""

import base64
import struct
import zlib
from collections.abc import Callable
from typing import Any

import aiohttp
import openai
import pytest

from mini.endpoint import process

MODEL = "mini-qwen2-vl"


def text(words: str) -> list[Any]:
    return [{"role": "user", "content": words}]


def shown(words: str, *urls: str) -> list[Any]:
    parts: list[Any] = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [{"role": "user", "content": [*parts, {"type": "text", "text": words}]}]


def schema(content: Any) -> Any:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": content}}}


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 2**20) + b"IDAT"


PNG = "data:image/png;base64,"
REFUSALS: list[tuple[str, int, str | None, dict[str, Any]]] = [
    ("unknown model", 404, "model_not_found", {"model": "gpt-4o"}),
    ("web address", 400, "invalid_image_url", {"messages": shown("?", "http://example.org/a.png")}),
    ("file address", 400, "invalid_image_url", {"messages": shown("?", "file:///etc/passwd")}),
    ("broken picture", 400, "invalid_image", {"messages": shown("?", PNG + "bm90aGluZw==")}),
    ("broken base64", 400, "invalid_image", {"messages": shown("?", PNG + "!!!")}),
    ("large picture", 400, "image_too_large", {"messages": shown("?", PNG + "A" * (28 * 2**20))}),
    ("too long", 400, "context_length_exceeded", {"messages": text("word and more " * 3000)}),
    ("far too long", 400, "context_length_exceeded", {"messages": text("word " * 2_000_000)}),
    ("no messages", 400, "invalid_value", {"messages": []}),
    ("unknown role", 400, "invalid_value", {"messages": [{"role": "robot", "content": "?"}]}),
    (
        "picture from the assistant",
        400,
        "invalid_value",
        {"messages": [{**shown("?", PNG)[0], "role": "assistant"}]},
    ),
    ("temperature", 400, "invalid_value", {"temperature": 3}),
    ("n", 400, "invalid_value", {"n": 100}),
    ("max_tokens", 400, "invalid_value", {"max_tokens": 0}),
    ("empty stop", 400, None, {"stop": [""]}),
    ("tools", 400, "unsupported_parameter", {"tools": [{"type": "function", "function": {"name": "f"}}]}),
    ("penalty", 400, "unsupported_parameter", {"frequency_penalty": 0.5}),
    ("schema type", 400, "invalid_schema", schema({"type": "thing"})),
    ("schema keyword", 400, "invalid_schema", schema({"type": "array", "items": {"not": {}}})),
    (
        "schema beside anyOf",
        400,
        "invalid_schema",
        schema({"properties": {"a": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}),
    ),
    (
        "schema beside a reference",
        400,
        "invalid_schema",
        schema({"$ref": "#/$defs/a", "maxLength": 1, "$defs": {"a": {"type": "string"}}}),
    ),
    ("several schemas", 400, "invalid_schema", schema({"allOf": [{"type": "object"}, {"required": ["b"]}]})),
    (
        "pattern and length",
        400,
        "invalid_schema",
        schema({"type": "string", "pattern": "a*", "maxLength": 3}),
    ),
    ("schema reference", 400, "invalid_schema", schema({"$ref": "http://x/y"})),
    ("schema size", 400, "invalid_schema", schema({"enum": ["x" * 70_000]})),
    ("format", 400, "invalid_value", {"response_format": {"type": "xml"}}),
]


@pytest.mark.parametrize(
    ("status", "code", "change"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
async def test_refusals(
    client: openai.AsyncOpenAI, status: int, code: str | None, change: dict[str, Any]
) -> None:
    request = {"model": MODEL, "messages": text("Hello"), "max_tokens": 2, **change}
    with pytest.raises(openai.APIStatusError) as caught:
        await client.chat.completions.create(**request)
    error = caught.value
    assert (error.status_code, error.code) == (status, code)
    assert isinstance(error.body, dict)
    assert set(error.body) == {"message", "type", "param", "code"}
    assert "\n" not in error.body["message"]


async def test_too_many_and_oversized_pictures(
    client: openai.AsyncOpenAI, picture: Callable[..., str]
) -> None:
    bomb = PNG + base64.b64encode(png_header(8_000, 8_000)).decode()
    cases = {
        "too_many_images": [picture(1)] * 5,
        "invalid_image": [picture(1, 1000, 4)],
        "image_too_large": [bomb],
    }
    for code, urls in cases.items():
        with pytest.raises(openai.BadRequestError) as caught:
            await client.chat.completions.create(model=MODEL, messages=shown("?", *urls))
        assert caught.value.code == code


@pytest.mark.parametrize("body", ["", "{", "[]", "[" * 100_000, '"text"', b"\xff\xfe"])
async def test_malformed_bodies(endpoint: process.Endpoint, body: str | bytes) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.post(endpoint.url + "/chat/completions", data=body) as reply:
            assert reply.status == 400
            assert (await reply.json())["error"]["type"] == "invalid_request_error"
        async with session.get(endpoint.url + "/chat/completions") as reply:
            assert reply.status == 405
            assert "error" in await reply.json()
