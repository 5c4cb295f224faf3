"""Candidates with their scores as bars."""

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agent.terminal.screen import clean, foreign, one_line
from agent.terminal.views.bars import bar
from data.record import Candidate, Edge, Scores

NAMES = {"graph": "graph", "clip": "CLIP", "blip": "BLIP"}
QUALITY = "quality"


def terms_of(scores: Scores, soft: bool = False) -> dict[str, float]:
    """The terms at hand by name; `graph` is the exact or, with `soft`, the soft similarity."""
    graph = scores.graph_soft if soft else scores.graph
    terms = {"graph": graph, "clip": scores.clip, "blip": scores.blip, **scores.extra}
    return {name: value for name, value in terms.items() if value is not None}


def best_quality(weights: Mapping[str, float]) -> float:
    """The highest quality that these weights allow."""
    return 100.0 * (sum(weights.values()) or 1.0)


def candidates_view(
    candidates: Sequence[Candidate],
    chosen: int | None,
    weights: Mapping[str, float],
    width: int,
    soft: bool = False,
) -> RenderableType:
    """One line per candidate, the best first: number, subject, terms and quality; the chosen one is starred."""
    if not candidates:
        return Text("no candidates yet", style="dim")
    order = sorted(
        candidates, key=lambda c: (c.index != chosen, c.error is not None, -c.scores.quality, c.index)
    )
    names = list(dict.fromkeys(name for c in candidates for name in terms_of(c.scores, soft)))
    scored = any(terms_of(c.scores, soft) for c in candidates)
    cell = _bar_width(width, len(names) + 1)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True)
    table.add_column("subject", ratio=1, no_wrap=True, overflow="ellipsis")
    for name in names if scored else []:
        table.add_column(_heading(name, weights), no_wrap=True)
    if scored:
        table.add_column(QUALITY, no_wrap=True)
    for candidate in order:
        is_chosen = candidate.index == chosen
        number = Text(
            f"{'★' if is_chosen else ' '}{candidate.index + 1:>2}", style="bold yellow" if is_chosen else ""
        )
        subject = foreign(one_line(candidate.subject, 60), "bold" if is_chosen else "")
        if candidate.error is not None:
            subject.append(f" ({one_line(candidate.error, 200)})", style="red")
        values = terms_of(candidate.scores, soft)
        cells: list[Text] = []
        if scored:
            cells = [_value(values.get(name), cell, 100.0, "cyan") for name in names]
            quality = candidate.scores.quality if candidate.error is None else None
            cells.append(_value(quality, cell, best_quality(weights), "yellow" if is_chosen else "green"))
        table.add_row(number, subject, *cells)
    return table


def _bar_width(width: int, columns: int) -> int:
    """Columns for each bar, so that the subject keeps room; 0 shows the numbers alone."""
    return max(0, min(10, (width - 26) // columns - 8))


def _heading(name: str, weights: Mapping[str, float]) -> str:
    weight = weights.get(name)
    return NAMES.get(name, name) + (f" x{weight:g}" if weight is not None else "")


def _value(value: float | None, width: int, most: float, style: str) -> Text:
    if value is None:
        return Text("-", style="dim")
    number = f"{value:5.1f}"
    return Text.assemble(bar(value, width, most, style), f" {number}") if width >= 3 else Text(number)


def candidate_view(
    candidate: Candidate, weights: Mapping[str, float], of: int, rank: int | None, reference: Sequence[Edge]
) -> RenderableType:
    """Everything about one candidate but its picture and graph."""
    title = Text(f"candidate {candidate.index + 1} of {of}", style="bold")
    if rank is not None:
        title.append(f", rank {rank}", style="not bold")
    if candidate.round:
        title.append(f", round {candidate.round + 1}", style="not bold dim")
    parts: list[RenderableType] = [title, _fact("subject", candidate.subject)]
    parts.append(_fact("description", candidate.description or "none yet"))
    if candidate.text is not None:
        parts.append(_fact("text", candidate.text))
    parts.append(_fact("seed", str(candidate.seed)))
    if candidate.error is not None:
        parts.append(Text(clean(candidate.error), style="red"))
    if terms_of(candidate.scores) and candidate.error is None:
        parts.append(scores_view(candidate.scores, weights))
    parts += [Text(f"note: {clean(note)}", style="dim") for note in candidate.scores.notes]
    return Group(*parts)


def scores_view(scores: Scores, weights: Mapping[str, float]) -> RenderableType:
    """One bar per term, with the weight that it enters the quality with (paper, Eq. 2)."""
    table = Table.grid(padding=(0, 1))
    for name, value in terms_of(scores).items():
        weight = weights.get(name)
        told = f"x {weight:g} = {weight * value:.1f}" if weight is not None else "not weighed"
        table.add_row(NAMES.get(name, name), bar(value, 24), f"{value:5.1f}", Text(told, style="dim"))
    if scores.graph_soft is not None:
        soft = Text("for comparison", style="dim")
        table.add_row(
            "graph, soft", bar(scores.graph_soft, 24, style="dim cyan"), f"{scores.graph_soft:5.1f}", soft
        )
    table.add_row(
        Text(QUALITY, style="bold"),
        bar(scores.quality, 24, best_quality(weights), "green"),
        Text(f"{scores.quality:5.1f}", style="bold"),
        Text(f"of {best_quality(weights):g}", style="dim"),
    )
    return table


def _fact(name: str, value: str) -> Text:
    return Text.assemble((f"{name}: ", "dim"), clean(value))
