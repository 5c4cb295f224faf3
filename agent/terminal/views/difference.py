"""What differs between two branches or moments."""

import difflib
import json
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from agent.terminal.screen import clean, one_line, setting_told
from agent.terminal.views.candidates import NAMES
from agent.terminal.views.graph import edges_view
from agent.walk.difference import CandidateDifference, Difference, Pair

WIDTH = 70


def difference_view(difference: Difference) -> RenderableType:
    """From `a` (red, -) to `b` (green, +)."""
    head = Text.assemble(
        ("- " + clean(difference.a), "red"),
        "   ",
        ("+ " + clean(difference.b), "green"),
        (f"   common up to #{difference.common}", "dim"),
    )
    if difference.empty:
        return Group(head, Text("nothing differs"))
    parts: list[RenderableType] = [head]
    for name, pair in difference.prompts.items():
        parts += [_title(f"prompt {name}"), _lines(_own(pair.a), _own(pair.b))]
    if difference.options:
        parts += [_title("options"), *[_change(name, pair) for name, pair in difference.options.items()]]
    for name, pair in difference.values.items():
        if pair != difference.options.get(name):
            parts.append(_change(name, pair))
    if difference.added or difference.removed:
        parts += [_title("graph"), edges_view(difference.added, difference.removed)]
    for candidate in difference.candidates:
        parts += [_title(f"candidate {candidate.index + 1}"), *_candidate(candidate)]
    if difference.chosen is not None:
        a, b = (_number(side) for side in (difference.chosen.a, difference.chosen.b))
        parts.append(_change("chosen", Pair(a=a, b=b)))
    return Group(*parts)


def _candidate(candidate: CandidateDifference) -> list[RenderableType]:
    if candidate.only is not None:
        return [Text(f"only in {'-' if candidate.only == 'a' else '+'}", style="dim")]
    parts: list[RenderableType] = []
    for name in ("subject", "description", "text", "error"):
        pair: Pair | None = getattr(candidate, name)
        if pair is not None:
            parts.append(_change(name, pair))
    if candidate.picture is not None:
        parts.append(_change("picture", Pair(a=_short(candidate.picture.a), b=_short(candidate.picture.b))))
    for name, pair in candidate.scores.items():
        parts.append(_score(name, pair))
    if candidate.added or candidate.removed:
        parts.append(edges_view(candidate.added, candidate.removed))
    return parts


def _title(text: str) -> Text:
    return Text(clean(text), style="bold")


def _change(name: str, pair: Pair) -> Text:
    """Short values in one line, long ones below each other."""
    a, b = _told(pair.a), _told(pair.b)
    if len(a) + len(b) <= WIDTH:
        return Text.assemble((f"  {clean(name)}  ", "dim"), (a, "red"), (" → ", "dim"), (b, "green"))
    return Text.assemble((f"  {clean(name)}\n", "dim"), (f"  - {a}\n", "red"), (f"  + {b}", "green"))


def _score(name: str, pair: Pair) -> Text:
    text = _change(NAMES.get(name, name), Pair(a=_rounded(pair.a), b=_rounded(pair.b)))
    if isinstance(pair.a, int | float) and isinstance(pair.b, int | float):
        text.append(f"  ({pair.b - pair.a:+.1f})", style="dim")
    return text


def _rounded(value: Any) -> Any:
    return round(value, 1) if isinstance(value, float) else value


def _told(value: Any) -> str:
    if isinstance(value, dict) and value and all(isinstance(one, int | float) for one in value.values()):
        return setting_told(value)
    plain = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return "none" if value is None else one_line(plain, 400)


def _short(sha256: str | None) -> str | None:
    return sha256[:12] if sha256 else None


def _number(index: int | None) -> int | None:
    return None if index is None else index + 1


def _own(text: str | None) -> str:
    return "(the project's own)" if text is None else text


def _lines(a: str, b: str) -> Text:
    """A diff of two texts by lines."""
    text = Text()
    for line in difflib.ndiff(a.splitlines(), b.splitlines()):
        if not line.startswith("?"):
            style = {"-": "red", "+": "green"}.get(line[0], "dim")
            text.append(f"  {clean(line)}\n", style=style)
    text.rstrip()
    return text
