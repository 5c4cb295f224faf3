"""What differs between two moments of a session."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from data.record import Edge


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Pair(Strict):
    """One value on both sides; None where a side has none."""

    a: Any = None
    b: Any = None


class CandidateDifference(Strict):
    """Two candidates of one index. Only what differs is set."""

    index: int
    only: str | None = None
    """`a` or `b`, when the other side has no such candidate; then nothing else is set."""
    subject: Pair | None = None
    description: Pair | None = None
    text: Pair | None = None
    picture: Pair | None = None
    """SHA-256."""
    scores: dict[str, Pair] = Field(default_factory=dict)
    """By term, `quality` among them; only those that differ."""
    added: list[Edge] = Field(default_factory=list)
    """Edges of the re-extracted graph that b has and a has not."""
    removed: list[Edge] = Field(default_factory=list)
    error: Pair | None = None


class Difference(Strict):
    """From `a` to `b`."""

    a: str
    """Branch and moment, such as `main #5`."""
    b: str
    common: int
    """Number of the last moment that both lines share."""
    prompts: dict[str, Pair] = Field(default_factory=dict)
    """Edited prompts by name; None stands for the project's own text."""
    options: dict[str, Pair] = Field(default_factory=dict)
    values: dict[str, Pair] = Field(default_factory=dict)
    """Plain values of the state that differ: text, labels, seed, answers, failure, knowledge ..."""
    added: list[Edge] = Field(default_factory=list)
    """Edges of the graph that b has and a has not."""
    removed: list[Edge] = Field(default_factory=list)
    candidates: list[CandidateDifference] = Field(default_factory=list)
    chosen: Pair | None = None
    """Index of the chosen candidate."""

    @property
    def empty(self) -> bool:
        """Whether nothing differs."""
        content = (self.prompts, self.options, self.values, self.added, self.removed, self.candidates)
        return not any(content) and self.chosen is None
