"""The run's figures: what the first page of the report shows."""

import math
import shlex
from collections.abc import Sequence
from typing import Any

from data.record import Record, Scores, Usage

TERMS = ("quality", "graph", "clip", "blip")
BINS = 20
KINDS = 30
"""Kinds of failure that the first page tells apart, and how many samples it names of each."""
NAMED = 6
SHOWN = (
    "created", "version", "fingerprint", "command", "data", "mask", "models", "settings", "leaks", "prompts", "git",
    "packages", "machine",
)  # fmt: skip
"""What the page shows of the manifest, in this order."""


class Tally:
    """Sums over records, one at a time, so that a run of any length fits."""

    def __init__(self) -> None:
        self.usage = Usage()
        self.stages: dict[str, float] = {}
        self.chosen: dict[str, list[float]] = {term: [] for term in TERMS}
        self.candidates: dict[str, list[float]] = {term: [] for term in TERMS}
        self.groups: dict[str, Group] = {}
        self.failures: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self.warned = 0
        self.most = 100.0
        """The best quality that there can be: every term is on 0-100, and quality is their weighted sum (Eq. 2)."""

    def add(self, record: Record) -> None:
        self.usage += record.usage
        self.most = max(self.most, 100 * math.fsum(record.weights.values()))
        for stage, seconds in record.seconds.items():
            if stage != "total":
                self.stages[stage] = self.stages.get(stage, 0.0) + seconds
        for place, candidate in enumerate(record.candidates):
            if candidate.error is None:
                _collect(self.candidates, candidate.scores)
                if place == record.chosen:
                    _collect(self.chosen, candidate.scores)
        missing = record.missing.value if record.missing else "unknown"
        self.groups.setdefault(missing, Group()).add(record)
        self.warned += bool(record.warnings)
        if record.failure:
            kind = (record.failure.stage, record.failure.problem)
            self.failures.setdefault(kind, []).append((record.index, record.sample_id))

    def figures(self) -> dict[str, Any]:
        return {
            "completed": sum(group.completed for group in self.groups.values()),
            "failed": sum(group.failed for group in self.groups.values()),
            "warned": self.warned,
            "usage": self.usage.model_dump(),
            "most": self.most,
            "stages": {stage: round(seconds, 2) for stage, seconds in self.stages.items()},
            "scores": [
                distribution(
                    term,
                    self.chosen[term],
                    self.candidates[term],
                    self.most if term == "quality" else 100.0,
                )
                for term in TERMS
                if self.candidates[term]
            ],
            "groups": {missing: group.figures() for missing, group in sorted(self.groups.items())},
            "failures": self._failure_kinds(),
        }

    def _failure_kinds(self) -> list[dict[str, Any]]:
        kinds = sorted(self.failures.items(), key=lambda kind: (-len(kind[1]), min(kind[1])))
        return [
            {
                "stage": stage,
                "problem": problem,
                "count": len(samples),
                "ids": [sample_id for _, sample_id in sorted(samples)[:NAMED]],
            }
            for (stage, problem), samples in kinds[:KINDS]
        ]


class Group:
    """The samples that miss the same modality."""

    def __init__(self) -> None:
        self.completed = self.failed = 0
        self.seconds = 0.0
        self.scores: dict[str, list[float]] = {term: [] for term in TERMS}

    def add(self, record: Record) -> None:
        self.completed += record.status == "completed"
        self.failed += record.status == "failed"
        self.seconds += record.seconds.get("total", 0.0)
        if record.chosen is not None and 0 <= record.chosen < len(record.candidates):
            _collect(self.scores, record.candidates[record.chosen].scores)

    def figures(self) -> dict[str, Any]:
        count = self.completed + self.failed
        return {
            "completed": self.completed,
            "failed": self.failed,
            "seconds": round(self.seconds / count, 2) if count else None,
            **{term: mean(values) for term, values in self.scores.items()},
        }


def summarise(manifest: dict[str, Any], tally: Tally, folder: str, unreadable: int) -> dict[str, Any]:
    """The run as one JSON object. Fields that the manifest lacks are absent here too."""
    data = _table(manifest.get("data"))
    figures = _table(manifest.get("figures"))
    name = " · ".join(str(data[key]) for key in ("name", "split") if data.get(key))
    return {
        "folder": folder,
        "title": name or folder,
        "outcome": manifest.get("outcome"),
        "miniature": miniature_parts(manifest),
        "to_complete": figures.get("to_complete"),
        "wall_seconds": figures.get("seconds"),
        "models": {role: _model_name(model) for role, model in _table(manifest.get("models")).items()},
        "notes": [
            str(note).removeprefix("WARNING: ")
            for note in (*_list(data.get("notes")), *_list(manifest.get("warnings")))
        ],
        "sessions": [_readable(_table(session)) for session in _list(manifest.get("sessions"))],
        "unreadable": unreadable,
        "settings": _readable({key: manifest[key] for key in SHOWN if manifest.get(key)}),
        **tally.figures(),
    }


def _readable(entries: dict[str, Any]) -> dict[str, Any]:
    """The same with its command as somebody would type it."""
    command = entries.get("command")
    return {**entries, "command": shlex.join(map(str, command))} if isinstance(command, list) else entries


def miniature_parts(manifest: dict[str, Any]) -> list[str]:
    """Which parts of the run were the miniature's: data, lmm, generator, clip, blip."""
    parts = {"data": manifest.get("data"), **_table(manifest.get("models"))}
    return [name for name, part in parts.items() if isinstance(part, dict) and part.get("miniature")]


def distribution(
    term: str, chosen: Sequence[float], candidates: Sequence[float], most: float = 100.0
) -> dict[str, Any]:
    """Shares per bin over 0-`most` of the chosen candidates and of all, and both means."""
    return {
        "term": term,
        "most": most,
        "chosen": histogram(chosen, most),
        "candidates": histogram(candidates, most),
        "mean_chosen": mean(chosen),
        "mean_candidates": mean(candidates),
        "count": len(chosen),
    }


def histogram(values: Sequence[float], most: float = 100.0) -> list[float]:
    """Share of the values in each of `BINS` equal bins over 0-`most`; values outside count to the outermost bins."""
    counts = [0] * BINS
    for value in values:
        counts[max(0, min(BINS - 1, int(value * BINS / most)))] += 1
    return [round(count / len(values), 4) for count in counts] if values else []


def mean(values: Sequence[float]) -> float | None:
    return round(math.fsum(values) / len(values), 2) if values else None


def _collect(values: dict[str, list[float]], scores: Scores) -> None:
    for term in TERMS:
        value = getattr(scores, term)
        if value is not None and math.isfinite(value):
            values[term].append(value)


def _model_name(model: Any) -> str:
    if isinstance(model, dict):
        return str(model.get("name") or model.get("model") or "")
    return "" if model is None else str(model)


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
