"""What is written to the terminal. Everything that comes from outside (texts, answers, names) goes through `clean`."""

import re
import unicodedata
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.text import Text

from agent.display import duration, thousands
from data.record import Usage

PLAIN_WIDTH = 100
"""Columns where there is no terminal to ask."""
NARROW = 72
"""Below this many columns, what stood beside each other stands below each other."""

_BREAKS = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")


def clean(text: str) -> str:
    """The text without anything that a terminal would obey: control and formatting characters, which could move the
    cursor, change the title or turn the direction of writing, are shown as their code."""
    text = _BREAKS.sub("\n", text).expandtabs(4)
    return "".join(
        c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else _code(c) for c in text
    )


def _code(character: str) -> str:
    # A zero-width joiner holds emoji together and does no harm.
    return character if character == "\u200d" else f"<{ord(character):02X}>"


def foreign(text: str, style: str = "") -> Text:
    """Text from outside, cleaned, without markup."""
    return Text(clean(text), style=style)


def one_line(text: str, width: int) -> str:
    """The text in one line of at most `width` characters; what is cut off shows as an ellipsis."""
    line = " ".join(clean(text).split())
    return line if len(line) <= width else line[: max(0, width - 1)].rstrip() + "…"


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def spent(usage: Usage, seconds: float) -> str:
    """`5 calls, 3.1k tokens, 12 s`."""
    parts = [plural(usage.calls, "call")] if usage.calls else []
    tokens = usage.prompt_tokens + usage.completion_tokens
    parts += [f"{thousands(tokens)} tokens"] if tokens else []
    parts += [f"{usage.cache_hits} from the cache"] if usage.cache_hits else []
    parts += [f"${usage.cost_usd:.4f}"] if usage.cost_usd else []
    return ", ".join([*parts, seconds_told(seconds)])


def setting_told(value: Any) -> str:
    """A setting's value as it is typed: `graph=1,clip=0.5` for a table."""
    if isinstance(value, dict):
        return ",".join(f"{name}={setting_told(one)}" for name, one in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(sorted(map(str, value))) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def seconds_told(seconds: float) -> str:
    """3.14159 as `3.1 s`, 75 as `1 min 15 s`."""
    return f"{seconds:.1f} s" if seconds < 10 else duration(seconds)


class Screen:
    """The terminal, or whatever standard output is."""

    def __init__(self, plain: bool, console: Console | None = None) -> None:
        self.console = console or _console(plain)
        self.live = self.console.is_terminal and not plain
        """Whether lines may be redrawn."""
        self.colours = (
            self.live and not self.console.no_color and self.console.color_system in ("256", "truecolor")
        )
        """Whether pictures can be shown."""

    @property
    def width(self) -> int:
        return self.console.width

    @property
    def narrow(self) -> bool:
        return self.width < NARROW

    def show(self, *renderables: RenderableType) -> None:
        """Whole views; strings are taken as our own words. What is no terminal gets whole lines, however long."""
        for one in renderables:
            if isinstance(one, Group):
                self.show(*one.renderables)
            else:
                text = Text(one) if isinstance(one, str) else one
                whole = isinstance(text, Text) and not self.console.is_terminal
                self.console.print(text, highlight=False, soft_wrap=whole)

    def say(self, sentence: str, style: str = "") -> None:
        """One sentence; words of others in it do no harm."""
        self.show(foreign(sentence, style))

    def path(self, words: str, path: Path) -> None:
        """Words and a path that can be copied whole, whatever the width."""
        self.console.print(foreign(f"{words} {path}", "dim"), highlight=False, soft_wrap=True)

    def ask(self, question: str) -> None:
        """A question whose answer is typed behind it."""
        self.console.print(Text(question), end="", highlight=False, soft_wrap=True)
        self.console.file.flush()

    def hint(self, sentence: str) -> None:
        self.say(sentence, "dim")

    def warn(self, sentence: str) -> None:
        self.say(sentence, "yellow")

    def problem(self, sentence: str) -> None:
        self.say(sentence, "bold red")

    def facts(self, rows: list[tuple[str, Any]]) -> None:
        """Aligned `name  value` lines."""
        cleaned = [(clean(name), value) for name, value in rows]
        width = max(len(name) for name, _ in cleaned)
        for name, value in cleaned:
            line = Text(f"  {name:<{width}}  ", style="dim")
            line.append(clean(str(value)), style="not dim")
            self.console.print(line, highlight=False, soft_wrap=True)


def _console(plain: bool) -> Console:
    console = Console(no_color=True, color_system=None, force_terminal=False) if plain else Console()
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH, color_system=None, force_terminal=False)
    return console
