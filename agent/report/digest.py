"""What the page is given of a record: a row for the list of samples, and the detail that one sample's page shows."""

import math
from typing import Any, TypedDict

from data.record import Blob, Candidate, Edge, Record

LONGEST_TEXT = 6_000
"""Characters of a text that the page shows; `records.jsonl` has the rest."""
SNIPPET = 120


class Row(TypedDict):
    """One sample in the list: what one filters, sorts and recognises it by."""

    id: str
    index: int
    status: str
    missing: str | None
    labels: list[str]
    picture: str | None
    """Path of its thumbnail, present or imagined, relative to the run folder."""
    imagined: bool
    """Whether that picture is the completion."""
    snippet: str
    quality: float | None
    graph: float | None
    clip: float | None
    blip: float | None
    mean_quality: float | None
    """Mean over all scored candidates: what choosing at random would have given."""
    seconds: float
    calls: int
    tokens: int
    warnings: int
    problem: str | None


def row(record: Record) -> Row:
    best = chosen(record)
    scores = best.scores if best else None
    scored = [c.scores.quality for c in record.candidates if c.error is None]
    imagined = best is not None and best.image is not None
    picture = best.image if best and best.image else record.image
    text = record.text or (best.text if best else None) or ""
    return Row(
        id=record.sample_id,
        index=record.index,
        status=record.status,
        missing=record.missing.value if record.missing else None,
        labels=record.labels,
        picture=_path(picture),
        imagined=imagined,
        snippet=" ".join(text[: 4 * SNIPPET].split())[:SNIPPET],
        quality=_short(scores.quality) if scores else None,
        graph=_short(scores.graph) if scores else None,
        clip=_short(scores.clip) if scores else None,
        blip=_short(scores.blip) if scores else None,
        mean_quality=_short(sum(scored) / len(scored)) if scored else None,
        seconds=round(total_seconds(record), 2),
        calls=record.usage.calls,
        tokens=record.usage.prompt_tokens + record.usage.completion_tokens,
        warnings=len(record.warnings),
        problem=f"{record.failure.stage}: {record.failure.problem}" if record.failure else None,
    )


def detail(record: Record) -> dict[str, Any]:
    """Everything else, without what is empty: the page reads an absent field as none."""
    return _full(
        {
            "domain": record.domain.value,
            "text": _clip(record.text),
            "image": _path(record.image),
            "knowledge": record.knowledge,
            "answers": {name: _clip(answer) for name, answer in record.answers.items()},
            "graph": _edges(record.graph),
            "candidates": [_candidate(candidate) for candidate in record.candidates],
            "chosen": record.chosen,
            "truth": _full({"text": _clip(record.truth.text), "image": _path(record.truth.image)})
            if record.truth
            else None,
            "weights": record.weights,
            "usage": {name: value for name, value in record.usage.model_dump().items() if value},
            "calls": [
                [
                    call.step,
                    call.prompt,
                    call.finish_reason,
                    round(call.seconds, 2),
                    call.prompt_tokens,
                    call.completion_tokens,
                    int(call.cached),
                    int(call.repaired),
                ]
                for call in record.calls
            ],
            "seconds": {stage: round(seconds, 2) for stage, seconds in record.seconds.items()},
            "seed": record.seed,
            "failure": record.failure.model_dump() if record.failure else None,
            "warnings": record.warnings,
        }
    )


def chosen(record: Record) -> Candidate | None:
    if record.chosen is None or not 0 <= record.chosen < len(record.candidates):
        return None
    return record.candidates[record.chosen]


def total_seconds(record: Record) -> float:
    return record.seconds.get("total", sum(record.seconds.values()))


def _candidate(candidate: Candidate) -> dict[str, Any]:
    scores = candidate.scores
    return _full(
        {
            "index": candidate.index,
            "round": candidate.round,
            "subject": candidate.subject,
            "description": _clip(candidate.description),
            "text": _clip(candidate.text),
            "image": _path(candidate.image),
            "seed": candidate.seed,
            "graph": _edges(candidate.graph),
            "scores": {
                name: _short(value)
                for name, value in {**scores.model_dump(exclude={"extra", "notes"}), **scores.extra}.items()
                if value is not None
            },
            "notes": scores.notes,
            "error": candidate.error,
        }
    )


def _edges(edges: list[Edge]) -> list[list[str]]:
    return [[edge.head, edge.relation, edge.tail] for edge in edges]


def _path(blob: Blob | None) -> str | None:
    return blob.path if blob and blob.media_type.startswith("image/") else None


def _clip(text: str | None) -> str | None:
    if text is None or len(text) <= LONGEST_TEXT:
        return text
    return f"{text[:LONGEST_TEXT]} … [{len(text) - LONGEST_TEXT:,} more characters in records.jsonl]"


def _short(value: float | None) -> float | None:
    """One decimal more than the page shows."""
    return None if value is None or not math.isfinite(value) else round(value, 2)


def _full(table: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if value not in (None, [], {}, "")}
