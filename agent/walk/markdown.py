"""A session to read: the line of the current branch, with what was asked and answered, and the conversation."""

import base64
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from agent.walk.calls import Line, LoggedCall, LoggedDrawing
from agent.walk.events import Asked, PicturePart, TextPart
from agent.walk.folder import BLOBS
from agent.walk.model import FromDataset, FromFile, Moment, Session, Turn
from data.record import SUFFIXES, Blob, Candidate, Edge

LONGEST_CELL = 200
LABEL = 12
"""Digits of its SHA-256 that name a picture."""
MEDIA_TYPES = {suffix: media_type for media_type, suffix in SUFFIXES.items()}
OUTSIDE = 0
"""The run of what was asked outside of any step: in the conversation."""


def markdown(
    session: Session, lines: Sequence[Line], state: Mapping[str, Any], folder: Path, beside: Path | None
) -> str:
    """`state` is that of the current branch's head, `folder` the session's. Pictures are links from the folder
    `beside`, or where that is None the pictures themselves. Reads them: call it in a thread. Raises `OSError`."""
    parts = [*_title(session, state)]
    for moment in session.line(session.branch.head):
        parts += _moment(moment, [one for one in lines if one.run == moment.run and one.run != OUTSIDE])
    parts += _outcome(state)
    if session.conversation:
        parts += ["## Conversation", *(_turn(turn) for turn in session.conversation)]
        parts += ["## Questions of the conversation"]
        for line in lines:
            if isinstance(line, LoggedCall) and line.run == OUTSIDE:
                parts += _call(line)
    text = "\n\n".join(parts)
    return "\n\n".join([text, *_pictures(text, folder, beside)]) + "\n"


def _title(session: Session, state: Mapping[str, Any]) -> Iterator[str]:
    source = session.source
    if isinstance(source, FromDataset):
        where = f"{source.dataset}/{source.split}, sample {source.id}"
    elif isinstance(source, FromFile):
        where = str(source.image) if source.image else "a text of one's own"
    else:
        where = f"run {source.folder}, sample {source.id}"
    yield f"# {_line(session.name)}"
    yield f"{_line(where)}; the {state['missing']} is missing. Branch {session.current}, begun {session.created}."
    if state.get("text"):
        yield _quote(state["text"])
    if state.get("picture"):
        yield _picture(state["picture"], "the sample's picture")


def _moment(moment: Moment, lines: Sequence[Line]) -> Iterator[str]:
    yield f"## #{moment.number} {_line(moment.label)}"
    if moment.prompts:
        yield "Edited prompts: " + ", ".join(sorted(moment.prompts)) + "."
    if moment.options:
        yield "Options: " + ", ".join(f"{k} {v}" for k, v in moment.options.items()) + "."
    for line in lines:
        if isinstance(line, LoggedCall):
            yield from _call(line)
        elif isinstance(line, LoggedDrawing) and line.picture:
            yield _picture(line.picture, line.description)
        elif isinstance(line, LoggedDrawing):
            yield f"Not drawn: {_line(line.error or '')}"
    if moment.failure:
        yield f"**Failed**: {_line(moment.failure)}"


def _call(line: LoggedCall) -> Iterator[str]:
    record = line.record
    facts = [f"`{line.asked.prompt}`", f"{record.prompt_tokens} + {record.completion_tokens} tokens"]
    facts += [f"{record.seconds:.2f} s", *(["from the cache"] if record.cached else [])]
    yield f"### {_line(line.asked.step)}"
    yield ", ".join(facts)
    yield from _asked(line.asked)
    if line.repaired:
        yield "Answer that did not fit, and the repair turn:"
        yield _fence(line.repaired.invalid)
        yield _fence(line.repaired.repair)
    yield "Answer:"
    yield _fence(line.text) if line.text else "(none)"
    if line.error:
        yield f"**{_line(line.error)}**"


def _asked(asked: Asked) -> Iterator[str]:
    for message in asked.messages:
        yield f"{message.role}:"
        for part in message.parts:
            if isinstance(part, TextPart):
                yield _fence(part.text)
            elif isinstance(part, PicturePart):
                yield _picture(part.picture, "picture")
    if asked.form:
        yield f"The answer has the form {asked.form}."


def _outcome(state: Mapping[str, Any]) -> Iterator[str]:
    if graph := state.get("graph"):
        yield "## Graph"
        yield _graph(graph)
    candidates: Sequence[Candidate] = state.get("candidates") or []
    if candidates:
        yield "## Candidates"
        rows = [_row(c, state.get("chosen")) for c in candidates]
        head = "| | subject | description | graph | clip | blip | quality | |"
        yield "\n".join([head, "|" + " --- |" * 8, *rows])
    for candidate in candidates:
        if candidate.index == state.get("chosen"):
            yield "## Choice"
            yield _quote(candidate.text or candidate.description)
            if candidate.image:
                yield _picture(candidate.image, candidate.description)


def _row(candidate: Candidate, chosen: int | None) -> str:
    scores = candidate.scores
    terms = (scores.graph, scores.clip, scores.blip, scores.quality)
    values = ["" if value is None else f"{value:.1f}" for value in terms]
    last = candidate.error or ("chosen" if candidate.index == chosen else "")
    cells = [str(candidate.index), candidate.subject, candidate.description, *values, last]
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _graph(edges: Sequence[Edge]) -> str:
    rows = [f"| {_cell(e.head)} | {_cell(e.relation)} | {_cell(e.tail)} |" for e in edges]
    return "\n".join(["| head | relation | tail |", "| --- | --- | --- |", *rows])


def _turn(turn: Turn) -> str:
    who = f"{turn.role} ({turn.tool})" if turn.tool else turn.role
    pictures = [_picture(blob, "picture") for blob in turn.pictures]
    return "\n\n".join([f"**{_line(who)}**:", _quote(turn.text), *pictures])


def _picture(blob: Blob, words: str) -> str:
    return f"![{_cell(words)}][{blob.sha256[:LABEL]}]"


def _pictures(text: str, folder: Path, beside: Path | None) -> Iterator[str]:
    """What the names of pictures stand for, each once and at the end: the text stays one that can be read as it is."""
    for label in dict.fromkeys(re.findall(rf"\]\[([0-9a-f]{{{LABEL}}})\]", text)):
        for path in (folder / BLOBS / label[:2]).glob(f"{label}*"):
            if beside is not None:
                yield f"[{label}]: {quote(os.path.relpath(path.resolve(), beside.resolve()))}"
            elif media_type := MEDIA_TYPES.get(path.suffix):
                yield f"[{label}]: data:{media_type};base64,{base64.b64encode(path.read_bytes()).decode()}"
            break


def _quote(text: str) -> str:
    return "\n".join(f"> {_escaped(line)}" for line in text.splitlines() or [""])


def _fence(text: str) -> str:
    """A code block whose fence no line of the text can close."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _line(text: str) -> str:
    return _escaped(" ".join(text.split()))


def _cell(text: str) -> str:
    line = " ".join(text.split())
    short = line if len(line) <= LONGEST_CELL else line[: LONGEST_CELL - 3] + "..."
    return _escaped(short).replace("|", "\\|")


def _escaped(text: str) -> str:
    """Text of a sample or of the LMM is text: no HTML, no links, no markup of its own."""
    return re.sub(r"([\\`*_\[\]<>#&!])", r"\\\1", text)
