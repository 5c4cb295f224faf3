"""`calls.jsonl`: every question, drawing and score of a session, one line each, only ever appended to."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.walk.events import Asked
from data.record import Blob, Call, Usage


class Logged(BaseModel):
    """What all lines share."""

    model_config = ConfigDict(extra="forbid")

    call: str
    """Its id within the session, the same as in events."""
    run: int
    """The attempt that it belongs to: `Moment.run`. 0: no step (talk)."""
    node: str
    """intake, extract, alternate, generate, rank, verify, regenerate, talk ..."""
    checkpoint: str | None
    """The one from which the step ran."""
    at: str
    """When it ended, ISO 8601 in UTC."""
    seconds: float
    error: str | None = None


class Turned(BaseModel):
    """A first answer that did not fit, and what the repair turn said."""

    model_config = ConfigDict(extra="forbid")

    invalid: str
    repair: str


class LoggedCall(Logged):
    """A question to the LMM and its answer. Pictures are references to blobs, never bytes."""

    kind: Literal["call"] = "call"
    asked: Asked
    key: str
    """SHA-256 over what was asked; equal questions have equal keys."""
    text: str
    """The whole answer; empty if there is none."""
    usage: Usage
    record: Call
    """As it stands in the record; without an answer, as in the error's account."""
    repaired: Turned | None = None


class LoggedDrawing(Logged):
    """A picture by the image generator."""

    kind: Literal["drawing"] = "drawing"
    description: str
    seed: int
    picture: Blob | None
    notes: list[str] = Field(default_factory=list)


class LoggedScore(Logged):
    """A picture compared with a text by one scorer."""

    kind: Literal["score"] = "score"
    scorer: str
    picture: str
    """SHA-256."""
    text: str
    score: float | None
    notes: list[str] = Field(default_factory=list)


class LoggedPicture(Logged):
    """A picture as it was reduced for the LMM, so that a replay needs no original."""

    kind: Literal["picture"] = "picture"
    source: str
    """SHA-256 over the reference, or of the bytes."""
    side: int
    picture: Blob | None
    width: int = 0
    height: int = 0


Line = Annotated[LoggedCall | LoggedDrawing | LoggedScore | LoggedPicture, Field(discriminator="kind")]
