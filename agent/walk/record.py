"""A finished record taken apart again: what each node had found out, so that a walk can go back into a run."""

from collections.abc import Iterator
from typing import Any

from agent.walk.model import Session
from data.record import Call, Candidate, Record, Scores, Truth
from graphs.ranking import PENALTY
from graphs.state import Span

STAGES = {
    "intake": ("read",),
    "extract": ("extract",),
    "alternate": ("alternate",),
    "generate": ("generate",),
    "rank": ("reextract", "score"),
    "verify": ("verify",),
}
"""The stages of a record's times and failures, by the node that they belong to."""
ASKED = {
    "extract": "extract",
    "describe": "alternate",
    "refine": "generate",
    "reextract": "rank",
    "verify": "verify",
}
"""The node by the first word of a call's step."""


def last_node(record: Record) -> str:
    """The node after which the run of a record has ended."""
    if record.failure is not None:
        stage = record.failure.stage
        return next((node for node, stages in STAGES.items() if stage in stages), "rank")
    verified = any(PENALTY in candidate.scores.extra for candidate in record.candidates)
    return "verify" if verified else "rank"


def rounds_at_once(session: Session) -> bool:
    """Whether the session begins with candidates of several rounds, which `part_of` cannot tell apart."""
    record = session.recorded
    return record is not None and any(candidate.round for candidate in record.candidates)


def part_of(record: Record, node: str) -> dict[str, Any]:
    """The update of the state by one node; with the last one the state is that of the whole record.

    Rounds of verification are not told apart: candidates of all rounds appear at once. The cost of the whole run and
    its warnings come with the last node, since a record does not say which node had them.
    """
    last = node == last_node(record)
    part: dict[str, Any] = {
        "calls": [call for call in record.calls if _node_of(call) == node],
        "spans": list(_spans(record, node)),
    }
    if node == "intake":
        truth = record.truth or Truth()
        part |= {"seed": record.seed, "round": 0, "picture": record.image, "truth_picture": truth.image}
    elif node == "extract":
        part |= {"knowledge": record.knowledge, "answers": record.answers, "graph": record.graph}
    else:
        part |= {"candidates": [_candidate(candidate, node) for candidate in record.candidates]}
        part |= {"round": max((candidate.round for candidate in record.candidates), default=0)}
    if node in ("rank", "verify"):
        part |= {"chosen": record.chosen, "weights": record.weights}
    if last:
        part |= {"failure": record.failure, "usage": record.usage, "warnings": record.warnings}
    return part


def _candidate(candidate: Candidate, node: str) -> Candidate:
    """As it was after a node."""
    at = (candidate.error or "").partition(":")[0]
    reached = {"describe": "alternate", "draw": "generate", "refine": "generate"}.get(at, "rank")
    order = list(STAGES)
    error = candidate.error if order.index(node) >= order.index(reached) else None
    if node == "alternate":
        scores = Scores()
        nothing: dict[str, Any] = {"text": None, "image": None, "knowledge": None, "graph": []}
        return candidate.model_copy(update={**nothing, "scores": scores, "error": error})
    if node == "generate":
        scores = Scores(notes=candidate.scores.notes) if candidate.image else Scores()
        return candidate.model_copy(update={"knowledge": None, "graph": [], "scores": scores, "error": error})
    return candidate


def _node_of(call: Call) -> str:
    return ASKED.get(call.step.partition(":")[0].partition(".")[0], "rank")


def _spans(record: Record, node: str) -> Iterator[Span]:
    """The times of a node's stages, one after another: a record does not say how they overlapped."""
    clock = 0.0
    for stage, seconds in record.seconds.items():
        if stage == "total":
            continue
        if stage in STAGES[node]:
            yield Span(stage=stage, begin=clock, end=clock + seconds)
        clock += seconds
