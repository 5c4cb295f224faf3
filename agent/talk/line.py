"""One line of the user with what was done about it so far, and the earlier conversation: plain data."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.walk.model import Turn
from tools.lmm.question import Picture
from tools.lmm.tools import Move, ToolCall
from tools.talk.questions import Sight

MOST_REMEMBERED = 1_000
"""Characters of an earlier line or reply that the LMM is told."""


@dataclass(frozen=True)
class Exchange:
    """A line that was replied to."""

    line: str
    reply: str


@dataclass(frozen=True)
class Done:
    """One call and what the LMM is told of it."""

    call: ToolCall
    text: str
    error: bool = False
    look: tuple[int, Picture] | None = None
    """A candidate's number and its picture, which the LMM asked to see."""


@dataclass(frozen=True)
class Round:
    """One move of the LMM with the results of its calls."""

    move: Move
    done: tuple[Done, ...]


@dataclass
class Line:
    """What the LMM is asked about."""

    text: str
    sight: Sight
    before: tuple[Exchange, ...] = ()
    rounds: list[Round] = field(default_factory=list)

    @property
    def done(self) -> list[Done]:
        return [done for round in self.rounds for done in round.done]


def exchanges(turns: Sequence[Turn], most: int) -> tuple[Exchange, ...]:
    """The last lines that got a reply, in order. Calls of tools and what failed are left out."""
    found: list[Exchange] = []
    line: str | None = None
    for turn in turns:
        if turn.role == "user":
            line = turn.text
        elif turn.role == "assistant" and turn.tool is None and line is not None:
            if turn.error:  # the line may have been tried again
                continue
            found.append(Exchange(_short(line), _short(turn.text)))
            line = None
    return tuple(found[-most:]) if most else ()


def _short(text: str) -> str:
    return text if len(text) <= MOST_REMEMBERED else text[:MOST_REMEMBERED] + " ..."
