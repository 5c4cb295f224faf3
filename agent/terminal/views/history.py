"""The tree of moments: what was done, from where, and where the branches stand."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from agent.terminal.screen import clean, one_line, setting_told, spent
from agent.walk.model import Moment, Session


def history_view(session: Session) -> RenderableType:
    """All moments. The line of the current branch goes straight down; what left it is indented."""
    line = {moment.number for moment in session.line(session.head.number)}
    heads: dict[int, list[str]] = {}
    for name, branch in session.branches.items():
        heads.setdefault(branch.head, []).append(name)
    return Group(*_lines(session, session.moments[0], "", line, heads))


def _lines(
    session: Session, moment: Moment, indent: str, line: set[int], heads: dict[int, list[str]]
) -> Iterator[Text]:
    """A moment and everything after it. Loops along the line and recurses into what leaves it."""
    current: Moment | None = moment
    while current is not None:
        yield _moment(current, indent, current.number in line, heads.get(current.number, []), session)
        children = session.children(current.number)
        onward = next(
            (child for child in children if child.number in line), children[0] if children else None
        )
        for child in children:
            if child is not onward:
                first, *rest = _lines(session, child, "", line, heads)
                yield Text(f"{indent}├─ ", style="dim").append_text(first)
                for one in rest:
                    yield Text(f"{indent}│  ", style="dim").append_text(one)
        current = onward


def _moment(moment: Moment, indent: str, on_line: bool, heads: list[str], session: Session) -> Text:
    text = Text(indent, style="dim")
    text.append(f"#{moment.number:<3} ", style="not dim bold" if on_line else "dim")
    text.append(f"{one_line(moment.label, 40):<12}", style="not dim" if on_line else "dim")
    for name in heads:
        here = " (you are here)" if name == session.current else ""
        text.append(f"  ← {clean(name)}{here}", style="bold yellow" if here else "yellow")
    if moment.kind in ("step", "regenerate"):
        text.append(f"  {spent(moment.usage, moment.seconds)}", style="dim")
    if moment.prompts:
        text.append(f"  prompts: {', '.join(map(clean, moment.prompts))}", style="magenta")
    if moment.options:
        # A new weighing names its weights already.
        options = {n: v for n, v in moment.options.items() if (n, moment.kind) != ("weights", "reweigh")}
        told = ", ".join(f"{name} {setting_told(value)}" for name, value in options.items())
        text.append(f"  {clean(told)}" if told else "", style="magenta")
    if moment.failure:
        text.append(f"  {one_line(moment.failure, 60)}", style="red")
    return text
