"""What flows through the state machines: narrow inputs, the shared state, and how concurrent updates are joined.

A state holds references, never picture bytes: it is copied at every step and, while debugging, written to a
checkpoint. Everything in it is plain data or a model of `data`, so a checkpointer can store and restore it.
"""

import operator
from collections.abc import Iterable
from typing import Annotated, Any

# Pydantic, which reads these types for LangGraph Studio and `graphs.debug`, refuses typing's own before Python 3.12.
from pydantic import BaseModel
from typing_extensions import TypedDict

from data.record import Blob, Call, Candidate, Edge, Failure, Usage
from data.sample import Domain, ImageRef, Modality


class Span(BaseModel):
    """When one piece of work was done, in seconds since the epoch."""

    stage: str
    begin: float
    end: float


def by_index(known: list[Candidate], update: list[Candidate]) -> list[Candidate]:
    """Join candidates; one of a known index replaces its former self. Idempotent: subgraphs may hand up the whole."""
    joined = {candidate.index: candidate for candidate in [*known, *update]}
    return [joined[index] for index in sorted(joined)]


class CompletionInput(TypedDict):
    """One sample that misses a modality; made by `graphs.completion.to_input`."""

    sample_id: str
    index: int
    """Position in the data set's order."""
    domain: Domain
    text_form: str
    """The form of the data set's texts: a key of `prompts/<domain>/forms.yaml`."""
    missing: Modality
    text: str | None
    """The present text, or None when the text is what is missing."""
    image: ImageRef | None
    """The present picture, or None when the picture is what is missing."""
    labels: list[str]
    truth_text: str | None
    """What was masked away, for the record only: no node may read it for anything else."""
    truth_image: ImageRef | None


class Account(TypedDict, total=False):
    """What a piece of work has cost. Every node adds its own share.

    No input schema of a subgraph names these: each subgraph starts at nothing and hands up only what it added.
    """

    usage: Annotated[Usage, operator.add]
    calls: Annotated[list[Call], operator.add]
    spans: Annotated[list[Span], operator.add]
    warnings: Annotated[list[str], operator.add]


class Found(TypedDict, total=False):
    """What the stages find out about one sample."""

    seed: int
    """The run's seed."""
    picture: Blob | None
    """A reduced copy of the present picture: shown in reports, and what the scorers see."""
    truth_picture: Blob | None
    knowledge: dict[str, Any] | None
    answers: dict[str, str]
    graph: list[Edge]
    """Empty when knowledge is switched off or nothing was found."""
    candidates: Annotated[list[Candidate], by_index]
    round: int
    """0 while the first N candidates are made, then the number of the verification round."""
    chosen: int | None
    weights: dict[str, float]
    """Weights of the terms that really entered the quality score."""
    failure: Failure | None


class Known(CompletionInput, Found, total=False):
    """What is known about one sample so far: the input of every stage."""


class Update(Found, Account, total=False):
    """What a node may return."""


class CompletionState(Known, Account, total=False):
    """The whole state; `graphs.completion.record_of` turns it into a `Record`."""


class StageOutput(Account, total=False):
    """What a subgraph hands up, besides its account."""

    candidates: Annotated[list[Candidate], by_index]
    round: int
    chosen: int | None
    weights: dict[str, float]
    failure: Failure | None


class ExtractionInput(TypedDict):
    """One picture or text to extract knowledge from: the sample's own, or a candidate."""

    domain: Domain
    text: str | None
    picture: ImageRef | Blob | None
    """Exactly one of `text` and `picture` is set."""
    side: int
    """Longest side in px at which the LMM sees the picture."""
    step: str
    """How its calls are named in the record: `extract`, or `reextract:3` for candidate 3."""
    seed: int


class ExtractionState(ExtractionInput, Account, total=False):
    answers: dict[str, str]
    knowledge: dict[str, Any] | None
    graph: list[Edge]
    failure: Failure | None


class ExtractionOutput(Account, total=False):
    answers: dict[str, str]
    knowledge: dict[str, Any] | None
    graph: list[Edge]
    failure: Failure | None


def wall_seconds(spans: Iterable[Span]) -> float:
    """Length of the union of spans: work done at the same time counts once."""
    total, reached = 0.0, float("-inf")
    for span in sorted(spans, key=lambda span: span.begin):
        total += max(0.0, span.end - max(span.begin, reached))
        reached = max(reached, span.end)
    return total
