"""What a walk tells while it works: frozen, plain as JSON, the same for the terminal and for the browser.

One step is StepStarted, then any of CallStarted (CallRestarted | Token)* CallEnded, Drawn, Scored, Rated and Note, then
StepEnded or Problem. Calls of one step run at the same time, so their tokens are interleaved: `call` says whose they
are. An answer from the cache has no tokens: its CallEnded says `cached` and holds the whole text, as every one does.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from data.record import Blob, Edge, Usage


class Told(BaseModel):
    """What all events share."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TextPart(Told):
    kind: Literal["text"] = "text"
    text: str


class PicturePart(Told):
    """A picture by reference: `Walk.file(sha256)` has its bytes."""

    kind: Literal["picture"] = "picture"
    picture: Blob
    width: int = 0
    height: int = 0


Part = Annotated[TextPart | PicturePart, Field(discriminator="kind")]


class Message(Told):
    """One message to the LMM, as it is asked (before any repair turn)."""

    role: Literal["system", "user", "assistant", "tool"]
    parts: tuple[Part, ...]


class Asked(Told):
    """A question to the LMM."""

    step: str
    """How the record names it: extract, extract.objects, describe:2, reextract:3, verify:0, talk ..."""
    prompt: str
    """Name of the prompt file and the first 12 digits of its content hash."""
    messages: tuple[Message, ...]
    form: str | None = None
    """Name of the answer's form; None for free text."""
    answer_schema: dict[str, Any] | None = None
    """JSON schema of the answer; None for free text."""
    seed: int
    temperature: float
    max_tokens: int


class StepStarted(Told):
    type: Literal["step_started"] = "step_started"
    run: int
    """Number of this attempt within the session; its calls carry it, whether it succeeds or not."""
    branch: str
    step: str
    """intake, extract, alternate, generate, rank, verify, or regenerate."""
    parent: int
    """Number of the moment from which it starts."""


class CallStarted(Told):
    type: Literal["call_started"] = "call_started"
    run: int
    call: str
    asked: Asked


class CallRestarted(Told):
    """A request goes over the wire again: what was heard of this call so far is void."""

    type: Literal["call_restarted"] = "call_restarted"
    call: str
    repair: str | None = None
    """What the repair turn says to the LMM about its invalid answer; None: another attempt after a failure."""
    invalid: str | None = None
    """With `repair`: the answer that did not fit."""


class Token(Told):
    """Some more of an answer; tokens as the endpoint sends them, not necessarily one each."""

    type: Literal["token"] = "token"
    call: str
    text: str


class CallEnded(Told):
    type: Literal["call_ended"] = "call_ended"
    call: str
    text: str
    """The whole answer; empty if there is none."""
    finish_reason: str
    usage: Usage
    """Of the question, all its attempts and its repair turn together."""
    seconds: float
    cached: bool
    repaired: bool
    error: str | None = None
    """One sentence: why there is no answer that can be used."""


class Drawn(Told):
    """The image generator has drawn a candidate, or could not."""

    type: Literal["drawn"] = "drawn"
    run: int
    description: str
    seed: int
    picture: Blob | None
    seconds: float
    error: str | None = None


class Scored(Told):
    """A scorer has compared a picture with a text."""

    type: Literal["scored"] = "scored"
    run: int
    scorer: str
    picture: str
    """SHA-256."""
    text: str
    score: float | None
    seconds: float
    error: str | None = None


class Rated(Told):
    """A graph scorer has rated a candidate's graph."""

    type: Literal["rated"] = "rated"
    run: int
    scorer: str
    edges: tuple[Edge, ...]
    score: float
    seconds: float


class Note(Told):
    """Something the user should see while waiting: "preparing the models ..."."""

    type: Literal["note"] = "note"
    text: str


class StepEnded(Told):
    """The step is kept as a moment, which is the branch's new head."""

    type: Literal["step_ended"] = "step_ended"
    run: int
    branch: str
    step: str
    """intake ... verify, edit, regenerate, reweigh."""
    moment: int
    changed: tuple[str, ...]
    """Keys of the state that differ from the parent's: knowledge, graph, candidates, chosen ..."""
    next: str | None
    """The step that comes now; None: the walk is finished."""
    failure: str | None = None
    """The sample failed in this step (which is a result, kept like any other): one sentence."""
    usage: Usage
    seconds: float


class Problem(Told):
    """The step could not be done; the branch's head stays where it was."""

    type: Literal["problem"] = "problem"
    sentence: str
    recoverable: bool
    """Whether `Walk.retry` can help, once the cause is gone."""
    step: str | None = None


Event = Annotated[
    StepStarted
    | CallStarted
    | CallRestarted
    | Token
    | CallEnded
    | Drawn
    | Scored
    | Rated
    | Note
    | StepEnded
    | Problem,
    Field(discriminator="type"),
]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
"""`EVENT.validate_json(line)`, `EVENT.dump_json(event)`."""

Emit = Callable[[Event], None]
"""Called in the event loop, in order; must return at once and must not raise."""


def silent(event: Event) -> None:
    """An `Emit` for who does not want to listen."""
