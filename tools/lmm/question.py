"""What the rest of the program asks an LMM, and what it gets back: no wire format, no client details."""

from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel

from data.record import Call, Usage

T = TypeVar("T")


@dataclass(frozen=True)
class Picture:
    """A picture to show. `data` is an encoded file (PNG or JPEG), already downscaled and checked."""

    data: bytes = field(repr=False)
    media_type: str
    sha256: str
    width: int = 0
    """In px; 0 when unknown. With `height` it estimates the picture's tokens for the token limit."""
    height: int = 0


Part = str | Picture


@dataclass(frozen=True)
class Question(Generic[T]):
    """One call. The order on the wire is: system, then `shared` (the sample), then `ask` (this step's
    question), so that all calls of one sample share their prefix."""

    step: str
    prompt: str
    """Name of the prompt file and the first 12 digits of its content hash, for the record."""
    system: str
    shared: tuple[Part, ...]
    ask: str
    answer: type[T]
    """`str` for free text, or a Pydantic model, which goes over the wire as a JSON schema."""
    max_tokens: int = 512
    temperature: float = 0.1
    seed: int = 0


@dataclass(frozen=True)
class Reply(Generic[T]):
    value: T
    text: str
    usage: Usage
    call: Call


Kind = Literal[
    "answer", "refused", "busy", "server", "timeout", "connection", "nonsense", "account", "address", "client"
]
"""Why a question failed: an unusable answer; HTTP 4xx; 429; 408, 409 or 5xx; no answer in time; no connection; a
reply that is no chat completion; the key or the credit; the URL or the model (404); our own side."""


class LMMError(Exception):
    """A question that could not be answered; the message is one clear sentence. The usage spent is not
    lost."""

    def __init__(
        self, message: str, usage: Usage | None = None, calls: list[Call] | None = None, kind: Kind = "answer"
    ) -> None:
        super().__init__(message)
        self.usage = usage or Usage()
        self.calls = calls or []
        self.kind = kind


class EndpointError(LMMError):
    """The endpoint itself cannot be used: wrong key, model or URL, or down for good. The run stops."""


class LMM(Protocol):
    """What a node sees of a large multimodal model."""

    async def ask(self, question: Question[T]) -> Reply[T]: ...


def is_structured(answer: type[object]) -> bool:
    return isinstance(answer, type) and issubclass(answer, BaseModel)
