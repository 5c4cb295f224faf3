"""The HTTP side: `/v1/chat/completions`, `/v1/models`, `/health`."""

import asyncio
import hmac
import json
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from mini.endpoint.engine import Engine, Failure, Job, Piece
from mini.endpoint.errors import Refusal, bad_request
from mini.endpoint.grammar import Grammars
from mini.endpoint.model import MAX_PICTURES, Model
from mini.endpoint.pictures import MAX_BYTES
from mini.endpoint.protocol import ChatRequest, parse
from mini.endpoint.replies import Replies

log = logging.getLogger(__name__)

MAX_BODY = MAX_PICTURES * MAX_BYTES * 4 // 3 + 4 * 2**20
Events = asyncio.Queue[Piece | Failure]
Handler = Callable[[Request], Awaitable[Response]]


class Api:
    """The handlers, over one model and one engine."""

    def __init__(self, name: str, model: Model, engine: Engine, api_key: str | None = None) -> None:
        self.name, self.model, self.engine = name, model, engine
        self._key = api_key
        self._grammars = Grammars(model)
        self._started = int(time.time())
        # Tokenizing and picture decoding stay off the event loop and out of the engine's thread.
        self._preparing = ThreadPoolExecutor(1, thread_name_prefix="prepare")

    def app(self) -> Starlette:
        @asynccontextmanager
        async def life(_: Starlette) -> AsyncIterator[None]:
            self.engine.start()
            yield
            await asyncio.to_thread(self.engine.close)
            self._preparing.shutdown(wait=False, cancel_futures=True)

        return Starlette(
            routes=[
                Route("/health", _answered(self.health)),
                Route("/v1/models", _answered(self._keyed(self.models))),
                Route("/v1/models/{name:path}", _answered(self._keyed(self.one_model))),
                Route("/v1/chat/completions", _answered(self._keyed(self.chat)), methods=["POST"]),
            ],
            exception_handlers={HTTPException: _no_such_route},
            lifespan=life,
        )

    # --- handlers -------------------------------------------------------------------------------------------------

    async def health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok", "model": self.name, **self.engine.load()})

    async def models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": [self._card()]})

    async def one_model(self, request: Request) -> Response:
        self._known(request.path_params["name"])
        return JSONResponse(self._card())

    async def chat(self, request: Request) -> Response:
        asked = parse(await _json(request))
        self._known(asked.model)
        events: Events = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def emit(event: Piece | Failure) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(events.put_nowait, event)

        job = await loop.run_in_executor(self._preparing, self._job, asked, emit)
        self.engine.submit(job)
        replies = Replies(f"chatcmpl-{uuid.uuid4().hex}", self.name, self.model, job)
        if asked.stream:
            usage = asked.stream_options is not None and asked.stream_options.include_usage
            return StreamingResponse(_stream(job, replies, events, usage), media_type="text/event-stream")
        gone = asyncio.create_task(_disconnected(request))
        reading = asyncio.create_task(_read(job, events))
        try:
            await asyncio.wait({gone, reading}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                return Response(status_code=499)  # nobody will read it
            return JSONResponse(replies.whole(reading.result()))
        finally:
            job.cancelled = True  # of no effect on a job that has ended
            gone.cancel()
            reading.cancel()

    # --- helpers --------------------------------------------------------------------------------------------------

    def _job(self, asked: ChatRequest, emit: Callable[[Piece | Failure], None]) -> Job:
        return Job(
            prompt=self.model.prepare(asked.messages),
            emit=emit,
            max_tokens=asked.limit,
            temperature=1.0 if asked.temperature is None else asked.temperature,
            top_p=1.0 if asked.top_p is None else asked.top_p,
            seed=asked.seed,
            choices=asked.n or 1,
            stops=asked.stops,
            grammar=self._grammars.of(asked),
            logprobs=(asked.top_logprobs or 0) if asked.logprobs else None,
            stream=bool(asked.stream),
        )

    def _card(self) -> dict[str, Any]:
        return {
            "id": self.name,
            "object": "model",
            "created": self._started,
            "owned_by": "knowledge-bridger",
            "max_model_len": self.model.context,
        }

    def _known(self, name: str) -> None:
        if name != self.name:
            raise Refusal(
                404,
                f"the model {name!r} does not exist; this endpoint serves {self.name!r}",
                code="model_not_found",
            )

    def _keyed(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            sent = request.headers.get("authorization", "").removeprefix("Bearer ")
            if self._key is not None and not hmac.compare_digest(sent.encode(), self._key.encode()):
                raise Refusal(401, "the API key is missing or wrong", code="invalid_api_key")
            return await handler(request)

        return guarded


def _answered(handler: Handler) -> Handler:
    """Refusals, and faults of this side, become OpenAI's error bodies."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            return JSONResponse(refusal.body(), refusal.status, refusal.headers)
        except ClientDisconnect:  # while it was sending: nobody is there to be answered
            return Response(status_code=400)
        except Exception as error:
            log.exception("%s %s failed", request.method, request.url.path)
            return JSONResponse(Refusal(500, f"{type(error).__name__}: {error}").body(), 500)

    return answered


async def _no_such_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = f"{request.method} {request.url.path}: {error.detail}"
    return JSONResponse(Refusal(error.status_code, message).body(), error.status_code, error.headers)


async def _json(request: Request) -> object:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise Refusal(
                413, f"the request body is larger than {MAX_BODY // 2**20} MB", code="request_too_large"
            )
    try:
        # A body with pictures takes milliseconds to parse; other requests are not kept waiting.
        return json.loads(body) if len(body) < 2**16 else await asyncio.to_thread(json.loads, body)
    except (ValueError, RecursionError) as error:
        raise bad_request(f"the request body is not valid JSON: {error}", "invalid_json") from error


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _pieces(job: Job, events: Events) -> AsyncIterator[Piece]:
    """The job's pieces until all choices have ended; raises `Refusal` (500) when it failed."""
    left = job.choices
    while left:
        event = await events.get()
        if isinstance(event, Failure):
            raise Refusal(500, event.message)
        yield event
        left -= event.finish is not None


async def _read(job: Job, events: Events) -> list[Piece]:
    return [piece async for piece in _pieces(job, events)]


async def _stream(job: Job, replies: Replies, events: Events, usage: bool) -> AsyncIterator[str]:
    """Server-sent events. When the client goes away, Starlette cancels this generator and the rows go with it."""
    try:
        for chunk in replies.openings():
            yield _event(chunk)
        async for piece in _pieces(job, events):
            for chunk in replies.chunks(piece):
                yield _event(chunk)
        if usage:
            yield _event(replies.usage_chunk())
        yield "data: [DONE]\n\n"
    except Refusal as refusal:
        yield _event(refusal.body())
    finally:
        job.cancelled = True


def _event(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n\n"
