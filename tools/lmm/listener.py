"""Hearing an answer while it comes in: who watches one question passes a listener along with it.

Everything else stays as it is: the same chain, cache, limits, validation and repair. An answer from the cache, or one
that an equal question under way brings, is not heard at all; its `Reply.call` says `cached`.
"""

from typing import Any, Protocol, TypeVar

import openai
from aiohttp import ClientPayloadError
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_openai import ChatOpenAI

from tools.lmm.question import Question, Reply
from tools.lmm.wire import Request

T = TypeVar("T")

UNKNOWN = frozenset({400, 405, 415, 422, 501})
"""By what statuses an endpoint says that it does not stream."""


class Listener(Protocol):
    """Called in the event loop; must return at once and must not raise."""

    def started(self) -> None:
        """A request goes over the wire, for the first time or again: what was heard before is void."""

    def token(self, text: str) -> None:
        """Some more of the answer."""

    def repairing(self, invalid: str, ask: str) -> None:
        """The answer does not fit its form; the next request is the repair turn, which says `ask`."""


class StreamingLMM(Protocol):
    """An LMM that can be listened to; `tools.lmm.client.Client` is one."""

    async def ask(
        self, question: Question[T], listener: Listener | None = None, fresh: bool = False
    ) -> Reply[T]: ...


class CutShort(ClientPayloadError):
    """A stream that ended before the answer did."""


class NoStream(Exception):
    """A reply without a single chunk: the endpoint has overheard the wish for a stream."""


async def stream(chat: ChatOpenAI, request: Request, listener: Listener) -> AIMessage:
    """One streamed request. Raises what the connection raises, `CutShort` and `NoStream`."""
    whole: AIMessageChunk | None = None
    try:
        async for chunk in chat.astream(list(request.messages), extra_body=request.body, stream_usage=True):
            if not isinstance(chunk, AIMessageChunk):
                raise TypeError(f"a {type(chunk).__name__} instead of a reply")
            whole = chunk if whole is None else whole + chunk
            if chunk.text:
                listener.token(chunk.text)
    except ValueError as error:  # LangChain's word for a stream without any chunk
        if whole is None:
            raise NoStream(str(error)) from error
        raise
    if whole is None or not whole.response_metadata.get("finish_reason"):
        raise CutShort("the stream ended before the answer did")
    return whole


def refuses_streams(error: Exception) -> bool:
    """Whether an error may mean that the endpoint cannot stream; the same request without it then tells."""
    if isinstance(error, openai.APIStatusError):
        return error.status_code in UNKNOWN
    return isinstance(error, NoStream)


def streaming(chat: ChatOpenAI) -> ChatOpenAI:
    """The same model, streaming. The chain bounds the whole request, so no chunk has a time of its own."""
    changes: dict[str, Any] = {"disable_streaming": False, "stream_chunk_timeout": None}
    return chat.model_copy(update=changes)
