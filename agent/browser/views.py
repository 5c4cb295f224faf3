"""What the page is given of a state or a record: plain JSON, pictures by SHA-256."""

from collections.abc import Mapping
from typing import Any

from agent.walk.calls import LoggedCall
from agent.walk.model import Moment, Session
from data.record import Blob, Candidate, Edge, Record, Truth, Usage
from graphs.state import Span, wall_seconds


def view_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """A state of the graph (`graphs.state.CompletionState`), whole or not."""
    spans: list[Span] = state.get("spans") or []
    stages = dict.fromkeys(span.stage for span in spans)
    failure = state.get("failure")
    return {
        "missing": str(state["missing"]),
        "domain": str(state["domain"]),
        "text_form": state.get("text_form"),
        "labels": state.get("labels") or [],
        "text": state.get("text"),
        "picture": _sha(state.get("picture")),
        "truth_text": state.get("truth_text"),
        "truth_picture": _sha(state.get("truth_picture")),
        "knowledge": state.get("knowledge"),
        "answers": state.get("answers") or {},
        "graph": _edges(state.get("graph")),
        "candidates": [_candidate(candidate) for candidate in state.get("candidates") or []],
        "chosen": state.get("chosen"),
        "weights": state.get("weights") or {},
        "failure": failure.model_dump() if failure else None,
        "warnings": state.get("warnings") or [],
        "usage": (state.get("usage") or Usage()).model_dump(),
        "seconds": {stage: wall_seconds(s for s in spans if s.stage == stage) for stage in stages},
        "seed": state.get("seed"),
    }


def view_of_record(record: Record) -> dict[str, Any]:
    """The same of a finished record."""
    truth = record.truth or Truth()
    state = {
        **{name: getattr(record, name) for name in Record.model_fields},
        "missing": record.missing or "",
        "picture": record.image,
        "truth_text": truth.text,
        "truth_picture": truth.image,
    }
    view = view_of(state)
    return {**view, "id": record.sample_id, "index": record.index, "seconds": record.seconds}


def session_of(session: Session) -> dict[str, Any]:
    """The tree of a session."""
    return {
        "name": session.name,
        "sample": session.task["sample_id"],
        "source": session.source.model_dump(mode="json"),
        "current": session.current,
        "branches": [
            {
                "name": branch.name,
                "head": branch.head,
                "origin": branch.origin,
                "prompts": sorted(branch.prompts),
                "options": branch.options,
            }
            for branch in session.branches.values()
        ],
        "moments": [moment_of(moment) for moment in session.moments],
        "line": [moment.number for moment in session.line(session.branch.head)],
        "conversation": [turn.model_dump(mode="json") for turn in session.conversation],
    }


def moment_of(moment: Moment) -> dict[str, Any]:
    return {
        **moment.model_dump(mode="json", exclude={"checkpoint", "prompts", "arguments"}),
        "label": moment.label,
        "prompts": sorted(moment.prompts),
    }


def call_line(call: LoggedCall) -> dict[str, Any]:
    """A call in the list; `call_whole` has its messages."""
    return {
        "call": call.call,
        "run": call.run,
        "node": call.node,
        "step": call.asked.step,
        "prompt": call.asked.prompt,
        "form": call.asked.form,
        "prompt_tokens": call.record.prompt_tokens,
        "completion_tokens": call.record.completion_tokens,
        "seconds": call.seconds,
        "finish_reason": call.record.finish_reason,
        "cached": call.record.cached,
        "repaired": call.repaired is not None,
        "error": call.error,
    }


def call_whole(call: LoggedCall) -> dict[str, Any]:
    return {
        **call_line(call),
        "asked": call.asked.model_dump(mode="json"),
        "text": call.text,
        "usage": call.usage.model_dump(),
        "repair": call.repaired.model_dump() if call.repaired else None,
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    scores = candidate.scores
    terms = {"graph": scores.graph, "graph_soft": scores.graph_soft, "clip": scores.clip, "blip": scores.blip}
    known = {name: value for name, value in terms.items() if value is not None}
    ranked = bool(known or scores.extra or scores.quality)
    return {
        "index": candidate.index,
        "round": candidate.round,
        "subject": candidate.subject,
        "description": candidate.description,
        "text": candidate.text,
        "picture": _sha(candidate.image),
        "seed": candidate.seed,
        "graph": _edges(candidate.graph),
        "scores": {"quality": scores.quality, **known, **scores.extra} if ranked else {},
        "notes": scores.notes,
        "error": candidate.error,
    }


def _edges(edges: list[Edge] | None) -> list[list[str]]:
    return [[edge.head, edge.relation, edge.tail] for edge in edges or []]


def _sha(blob: Blob | None) -> str | None:
    return blob.sha256 if blob and blob.media_type.startswith("image/") else None
