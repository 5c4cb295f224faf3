"""A loopback OpenAI-compatible endpoint that misbehaves as told: the double at the edge of the process."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Reply = web.StreamResponse | dict[str, Any]
Behaviour = Callable[[dict[str, Any], int], Awaitable[Reply] | Reply]
"""From the request body and its number (0, 1, ...) to a reply."""


def completion(text: str | None, finish_reason: str | None = "stop", **message: Any) -> dict[str, Any]:
    """The body of a chat completion."""
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "tiny",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "message": {"role": "assistant", "content": text, **message},
            }
        ],
        "usage": {
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "total_tokens": 120,
            "prompt_tokens_details": {"cached_tokens": 60},
        },
    }


def error(
    status: int, message: str = "no", headers: dict[str, str] | None = None, **fields: str
) -> web.Response:
    """An error in OpenAI's form."""
    return web.json_response({"error": {"message": message, **fields}}, status=status, headers=headers)


@dataclass
class Server:
    """What happened at the endpoint, and how it behaves."""

    behaviour: Behaviour
    models: tuple[str, ...] | None = ("tiny",)
    """None: no such URL."""
    key: str | None = None
    bodies: list[dict[str, Any]] = field(default_factory=list)
    now: int = 0
    most: int = 0
    """Requests in flight, now and at most."""
    url: str = ""

    async def chat(self, request: web.Request) -> web.StreamResponse:
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
            return error(401, f"Incorrect API key provided: {shown}", code="invalid_api_key")
        body = await request.json()
        number = len(self.bodies)
        self.bodies.append(body)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            reply = self.behaviour(body, number)
            if isinstance(reply, Awaitable):
                reply = await reply
        finally:
            self.now -= 1
        return web.json_response(reply) if isinstance(reply, dict) else reply

    async def list(self, request: web.Request) -> web.Response:
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return error(401, "Incorrect API key provided", code="invalid_api_key")
        if self.models is None:
            return web.Response(status=404, text="<html>not found</html>", content_type="text/html")
        return web.json_response(
            {"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]}
        )


@asynccontextmanager
async def serving(behaviour: Behaviour, **settings: Any) -> AsyncIterator[Server]:
    """A running server on a free port."""
    server = Server(behaviour, **settings)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/v1/chat/completions", server.chat)
    app.router.add_get("/v1/models", server.list)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield server
    finally:
        await runner.cleanup()


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def in_turn(*replies: Reply) -> Behaviour:
    """The given replies one after another, then the last one for ever. A response object serves one request."""

    def behave(body: dict[str, Any], number: int) -> Reply:
        return replies[min(number, len(replies) - 1)]

    return behave


def answering(value: Any) -> Behaviour:
    """Always the same JSON answer."""
    return lambda body, number: completion(json.dumps(value))


def slowly(seconds: float, value: Any) -> Behaviour:
    async def behave(body: dict[str, Any], number: int) -> Reply:
        await asyncio.sleep(seconds)
        return completion(json.dumps(value))

    return behave


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop work until something has happened."""
    async with asyncio.timeout(300):
        while not condition():  # noqa: ASYNC110  (what is waited for happens in code that sets no event)
            await asyncio.sleep(0.001)
