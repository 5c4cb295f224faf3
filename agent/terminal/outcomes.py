"""What is shown after each step without being asked for."""

import asyncio
from pathlib import Path
from typing import Any

from rich.segment import Segment, Segments
from rich.text import Text

from agent.terminal.chat import Chat
from agent.terminal.screen import foreign, one_line, plural
from agent.terminal.views.candidates import candidates_view
from agent.terminal.views.graph import graph_view
from agent.terminal.views.sample import sample_view
from agent.terminal.views.thumbnail import COLUMNS, ROWS, side_by_side, thumbnail, thumbnail_lines
from agent.walk.errors import WalkError
from agent.walk.model import Moment
from data.pictures import PictureError
from data.record import Blob, Candidate

SMALL = (14, 7)
"""Columns and rows of a picture among others."""
FACTS = 12
"""Candidates whose text or description is listed after a step."""


async def outcome(chat: Chat, moment: Moment) -> None:
    """What a moment has brought."""
    state = await chat.walk.state()
    if moment.failure is None:
        await _views(chat, moment, state)


async def _views(chat: Chat, moment: Moment, state: dict[str, Any]) -> None:
    if moment.kind in ("regenerate", "reweigh", "recorded") or moment.node in ("rank", "verify"):
        await show_candidates(chat, state)
    elif moment.node == "intake":
        await show_sample(chat, state)
    elif moment.node == "extract":
        chat.screen.show(graph_view(state.get("graph", [])))
    elif moment.node == "alternate":
        _list(chat, state["candidates"], lambda candidate: candidate.description)
    elif moment.node == "generate":
        await _generated(chat, state["candidates"])
    for warning in state.get("warnings", []) if moment.node in ("intake", "extract") else []:
        chat.screen.warn(warning)


def following(chat: Chat) -> None:
    """One line: what comes next."""
    walk = chat.walk
    if walk.head.failure is not None:
        chat.screen.hint(
            "the sample failed in this step; `retry` does it anew, `back` returns to where it was"
        )
    elif walk.next_step is not None:
        chat.screen.hint(f"next: {walk.next_step}")
    else:
        chat.screen.hint(
            "the walk is finished; `candidate N`, `weights`, `regenerate SUBJECT`, `save`, `export`, or ask"
        )


def picture_path(chat: Chat, blob: Blob) -> Path | None:
    """The file of a picture, if pictures can be shown here and it is still there."""
    if not chat.screen.colours:
        return None
    try:
        return chat.walk.file(blob.sha256)
    except WalkError:
        return None


async def show_picture(chat: Chat, blob: Blob, columns: int = COLUMNS, rows: int = ROWS) -> None:
    """The picture where the terminal can, else what it is and where it lies."""
    path = picture_path(chat, blob)
    if path is None:
        chat.screen.path(f"picture: {blob.media_type}, {blob.size:,} bytes,", chat.walk.folder / blob.path)
        return
    try:
        chat.screen.show(await asyncio.to_thread(thumbnail, path, min(columns, chat.screen.width), rows))
    except PictureError as error:
        chat.screen.warn(str(error))


async def show_sample(chat: Chat, state: dict[str, Any]) -> None:
    chat.screen.show(sample_view(state))
    if state.get("picture") is not None:
        await show_picture(chat, state["picture"])


async def show_candidates(chat: Chat, state: dict[str, Any]) -> None:
    """The table, and what is chosen."""
    options = chat.walk.options()
    weights = state.get("weights") or options.weights
    candidates: list[Candidate] = state.get("candidates", [])
    soft = options.graph_similarity == "soft"
    chat.screen.show(candidates_view(candidates, state.get("chosen"), weights, chat.screen.width, soft))
    chosen = next((c for c in candidates if c.index == state.get("chosen")), None)
    if chosen is not None and (chosen.text or chosen.image):
        chat.screen.show(Text.assemble(("chosen: ", "dim"), (f"candidate {chosen.index + 1}", "bold yellow")))
        if chosen.text is not None:
            chat.screen.show(foreign(chosen.text))
        elif chosen.image is not None:
            await show_picture(chat, chosen.image)


def _list(chat: Chat, candidates: list[Candidate], of: Any) -> None:
    room = max(30, 3 * chat.screen.width)
    for candidate in candidates[:FACTS]:
        line = Text(f"{candidate.index + 1:>3} ", style="bold")
        line.append_text(foreign(one_line(candidate.subject, 60), "bold"))
        if candidate.error is not None:
            line.append_text(foreign(f"  {candidate.error}", "not bold red"))
        else:
            line.append_text(foreign(f"  {one_line(of(candidate) or '', room)}", "not bold"))
        chat.screen.show(line)
    if len(candidates) > FACTS:
        chat.screen.hint(f"    and {plural(len(candidates) - FACTS, 'more')}; `show candidates` has them all")


async def _generated(chat: Chat, candidates: list[Candidate]) -> None:
    pictures = [(c, path) for c in candidates if c.image and (path := picture_path(chat, c.image))]
    if not pictures:
        _list(chat, candidates, lambda c: c.text or (c.image and c.image.path))
        if any(c.image for c in candidates):
            chat.screen.path("pictures are in", chat.walk.folder)
        return
    await show_pictures(chat, pictures)
    failed = [c for c in candidates if c.error is not None]
    _list(chat, failed, lambda c: "")


async def show_pictures(chat: Chat, pictures: list[tuple[Candidate, Path]]) -> None:
    """Pictures of candidates beside each other, in as many rows as needed, each under its number."""
    columns, rows = SMALL
    per_row = max(1, chat.screen.width // (columns + 2))
    for start in range(0, len(pictures), per_row):
        row = pictures[start : start + per_row]
        made = []
        for candidate, path in row:
            try:
                lines = await asyncio.to_thread(thumbnail_lines, path, columns, rows)
            except PictureError:
                lines = [[Segment("(damaged)")]]
            label = one_line(f"{candidate.index + 1} {candidate.subject}", columns)
            made.append([[Segment(label)], *lines])
        chat.screen.show(_even(made, columns))


def _even(made: list[list[list[Segment]]], columns: int) -> Segments:
    """Every column as wide as the widest may be, so that rows line up."""
    padded = []
    for lines in made:
        first = lines[0]
        width = sum(segment.cell_length for segment in first)
        padded.append([[*first, Segment(" " * (columns - width))], *lines[1:]])
    return side_by_side(padded)
