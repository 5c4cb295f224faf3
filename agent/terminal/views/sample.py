"""The sample itself: what is there, what is missing, and what was hidden for comparison."""

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from agent.terminal.screen import clean, one_line

LONGEST = 1_500
"""Characters of a text that are shown; `show text` shows it all."""


def sample_view(state: dict[str, Any]) -> RenderableType:
    """Facts of the sample in lines; pictures are shown beside, where the terminal can."""
    missing = state["missing"]
    lines = [
        Text.assemble(("sample ", "dim"), (clean(str(state["sample_id"])), "bold")),
        Text.assemble(("missing ", "dim"), (str(missing), "bold yellow")),
    ]
    if state.get("labels"):
        lines.append(Text.assemble(("labels ", "dim"), one_line(", ".join(state["labels"]), 200)))
    if state.get("text"):
        lines.append(Text.assemble(("text ", "dim"), clean(_shortened(state["text"]))))
    return Group(*lines)


def truth_view(state: dict[str, Any]) -> RenderableType | None:
    """What was hidden, for the record only; None if nothing was."""
    if state.get("truth_text"):
        return Text.assemble(("hidden text ", "dim"), clean(_shortened(state["truth_text"])))
    return None


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()} ... ({len(text):,} characters)"
