"""What differs between two moments of a session."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from data.record import Candidate, Edge


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


PLAIN = (
    "text",
    "text_form",
    "labels",
    "seed",
    "knowledge",
    "answers",
    "round",
    "weights",
    "failure",
    "warnings",
)
"""Keys of the state that are compared as they are."""
TERMS = ("graph", "graph_soft", "clip", "blip", "quality")


def values_that_differ(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Pair]:
    """Of two tables of plain values; None where a side has none."""
    names = dict.fromkeys([*a, *b])
    return {name: Pair(a=a.get(name), b=b.get(name)) for name in names if a.get(name) != b.get(name)}


def edges_that_differ(a: Sequence[Edge], b: Sequence[Edge]) -> tuple[list[Edge], list[Edge]]:
    """(added, removed), from a to b, in order."""
    return [edge for edge in b if edge not in a], [edge for edge in a if edge not in b]


def states_that_differ(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a `Difference` that come from the states."""
    added, removed = edges_that_differ(a.get("graph") or [], b.get("graph") or [])
    sides = ({c.index: c for c in state.get("candidates") or []} for state in (a, b))
    left, right = sides
    candidates = [
        difference
        for index in sorted({*left, *right})
        if (difference := _candidates(index, left.get(index), right.get(index)))
    ]
    same = a.get("chosen") == b.get("chosen")
    return {
        "values": values_that_differ(_plain(a), _plain(b)),
        "added": added,
        "removed": removed,
        "candidates": candidates,
        "chosen": None if same else Pair(a=a.get("chosen"), b=b.get("chosen")),
    }


def _plain(state: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: state[name] for name in PLAIN if state.get(name) is not None}
    return {k: v.model_dump() if isinstance(v, BaseModel) else v for k, v in found.items()}


def _candidates(index: int, a: Candidate | None, b: Candidate | None) -> CandidateDifference | None:
    if a is None or b is None:
        return CandidateDifference(index=index, only="a" if b is None else "b")
    pairs = {
        "subject": (a.subject, b.subject),
        "description": (a.description, b.description),
        "text": (a.text, b.text),
        "picture": (a.image and a.image.sha256, b.image and b.image.sha256),
        "error": (a.error, b.error),
    }
    changed = {name: Pair(a=left, b=right) for name, (left, right) in pairs.items() if left != right}
    added, removed = edges_that_differ(a.graph, b.graph)
    scores = values_that_differ(_scores(a), _scores(b))
    if not (changed or added or removed or scores):
        return None
    return CandidateDifference(index=index, added=added, removed=removed, scores=scores, **changed)


def _scores(candidate: Candidate) -> dict[str, float]:
    scores = candidate.scores
    terms = {name: getattr(scores, name) for name in TERMS} | scores.extra
    return {name: value for name, value in terms.items() if value is not None}
