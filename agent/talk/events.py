"""What a talk tells while it works, besides what the walk tells: frozen, plain as JSON, one union with the walk's.

One line is TalkStarted, then for each step the events of a call of step `talk` with ReplyToken among its Tokens, and
ToolCalled (ConfirmAsked ConfirmAnswered)? ToolAnswered for each tool; then Replied, or the walk's Problem.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from agent.walk.events import Event, Told
from data.record import Blob, Usage


class TalkStarted(Told):
    """The user's line was taken; it is in the session."""

    type: Literal["talk_started"] = "talk_started"
    text: str


class WaysFound(Told):
    """The endpoint was probed: whether it has native tool calls."""

    type: Literal["ways_found"] = "ways_found"
    native: bool
    sentence: str


class ReplyToken(Told):
    """Some more of the reply, as text. When the call turns out to call tools after all, it was only a remark."""

    type: Literal["reply_token"] = "reply_token"
    call: str
    """Id of the call to the LMM, as in CallStarted."""
    text: str


class ToolCalled(Told):
    type: Literal["tool_called"] = "tool_called"
    call: str
    """Id of this tool call."""
    tool: str
    arguments: dict[str, Any]
    sentence: str
    """What is being done: "score candidate 3"."""


class ConfirmAsked(Told):
    type: Literal["confirm_asked"] = "confirm_asked"
    call: str
    tool: str
    arguments: dict[str, Any]
    sentence: str


class ConfirmAnswered(Told):
    type: Literal["confirm_answered"] = "confirm_answered"
    call: str
    yes: bool


class ToolAnswered(Told):
    """What the LMM is told of a call's result."""

    type: Literal["tool_answered"] = "tool_answered"
    call: str
    tool: str
    text: str
    error: bool
    pictures: tuple[Blob, ...] = ()
    """By reference: `Walk.file(sha256)` has the bytes."""


class Replied(Told):
    """The end of a line."""

    type: Literal["replied"] = "replied"
    text: str
    stopped: bool
    """Whether the steps ran out, or the LMM went round in circles: the text is not the LMM's."""
    steps: int
    """Calls to the LMM."""
    mistakes: int
    """Calls of unknown tools, and calls with wrong arguments."""
    usage: Usage
    call: str | None = None
    """Id of the call to the LMM that brought it."""


TalkEvent = (
    TalkStarted
    | WaysFound
    | ReplyToken
    | ToolCalled
    | ConfirmAsked
    | ConfirmAnswered
    | ToolAnswered
    | Replied
)

TALK_EVENT: TypeAdapter[Event | TalkEvent] = TypeAdapter(
    Annotated[Event | TalkEvent, Field(discriminator="type")]
)
"""Walk's and talk's events alike: `TALK_EVENT.dump_json(event)`."""

TalkEmit = Callable[[Event | TalkEvent], None]
"""As the walk's `Emit`: called in the event loop, in order; must return at once and must not raise."""


def silent(event: Event | TalkEvent) -> None:
    """For who does not want to listen."""
