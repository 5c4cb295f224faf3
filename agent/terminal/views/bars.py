"""Bars of eighths of a character."""

from rich.text import Text

EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(value: float, width: int, most: float = 100.0, style: str = "cyan") -> Text:
    """A bar for `value` on 0..`most`, `width` columns wide; what is empty is dotted, so that its end shows."""
    share = min(max(value / most, 0.0), 1.0) if most > 0 else 0.0
    full, part = divmod(round(share * width * 8), 8)
    filled = "█" * full + (EIGHTHS[part] if part else "")
    return Text.assemble((filled, style), ("·" * (width - len(filled)), "dim"))
