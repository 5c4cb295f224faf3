"""Progress of a run: a live display on a terminal, one plain line now and then elsewhere."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
)
from rich.text import Text

from tools.lmm.totals import Totals

PLAIN_SECONDS = 15.0
"""Between two plain lines."""
WINDOW_SECONDS = 30.0
"""Rates are means over this long."""


@dataclass
class Tally:
    """What the run counts; the display only reads it."""

    total: int
    before: int = 0
    """Samples that earlier sessions had finished."""
    completed: int = 0
    failed: int = 0
    """Both in this session."""
    lmm: Callable[[], Totals] = Totals
    started: float = field(default_factory=time.monotonic)

    def begin(self, lmm: Callable[[], Totals]) -> None:
        """The first sample begins now; `lmm` gives the counters of the client."""
        self.lmm, self.started = lmm, time.monotonic()

    @property
    def finished(self) -> int:
        return self.before + self.completed + self.failed

    def seconds_left(self) -> float | None:
        """Projected from this session's pace; None before the first sample is finished."""
        done = self.completed + self.failed
        return (time.monotonic() - self.started) / done * (self.total - self.finished) if done else None


class Rate:
    """Mean growth per second of a count over the last `WINDOW_SECONDS`, or since `begin` if that is later."""

    def __init__(self, begin: float) -> None:
        self._points = [(begin, 0.0)]

    def of(self, count: float, now: float) -> float:
        recent = [(t, n) for t, n in self._points if now - t <= WINDOW_SECONDS]
        self._points = [*(recent or self._points[-1:]), (now, count)]
        (first, begin), (last, end) = self._points[0], self._points[-1]
        return (end - begin) / (last - first) if last > first else 0.0


def figures(tally: Tally, rate: Rate) -> list[str]:
    """The figures beside the bar, in the words of both displays."""
    lmm = tally.lmm()
    words = [f"{rate.of(lmm.calls, time.monotonic()):.1f} calls/s", f"{thousands(lmm.tokens)} tokens"]
    words += [f"{lmm.cache_hits} cache hits"] if lmm.cache_hits else []
    words += [f"{lmm.retries} retries"] if lmm.retries else []
    words += [f"${lmm.cost_usd:.2f}"] if lmm.cost_usd else []
    words += [f"{tally.failed} failed"]
    left = tally.seconds_left()
    return [*words, f"{duration(left)} left" if left is not None else "time left unknown yet"]


@asynccontextmanager
async def display(tally: Tally, console: Console, plain: bool) -> AsyncIterator[None]:
    """Show the tally while the body runs; a live display needs a terminal."""
    rate = Rate(tally.started)
    if plain or not console.is_terminal:
        ticker = asyncio.create_task(_plain_lines(tally, console, rate))
        progress = None
    else:
        progress = _live(tally, console, rate)
        progress.start()
        ticker = asyncio.create_task(_refresh(tally, progress))
    try:
        yield
    finally:
        ticker.cancel()
        await asyncio.gather(ticker, return_exceptions=True)
        if progress:
            progress.update(progress.task_ids[0], completed=tally.finished)
            progress.stop()
        else:
            console.print(_line(tally, rate), highlight=False, soft_wrap=True)


def _live(tally: Tally, console: Console, rate: Rate) -> Progress:
    progress = Progress(
        SpinnerColumn(),
        TextColumn("samples"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        _Figures(tally, rate),
        console=console,
        refresh_per_second=4,
    )
    progress.add_task("samples", total=tally.total, completed=tally.finished)
    return progress


class _Figures(ProgressColumn):
    max_refresh = 0.5

    def __init__(self, tally: Tally, rate: Rate) -> None:
        super().__init__()
        self._tally, self._rate = tally, rate

    def render(self, task: Task) -> Text:
        return Text(" · ".join(figures(self._tally, self._rate)), style="dim")


async def _refresh(tally: Tally, progress: Progress) -> None:
    while True:
        progress.update(progress.task_ids[0], completed=tally.finished)
        await asyncio.sleep(0.25)


async def _plain_lines(tally: Tally, console: Console, rate: Rate) -> None:
    """Silent at first, so that a short run prints its last line only."""
    while True:
        await asyncio.sleep(PLAIN_SECONDS)
        console.print(_line(tally, rate), highlight=False, soft_wrap=True)


def _line(tally: Tally, rate: Rate) -> str:
    return f"{tally.finished}/{tally.total} samples, {', '.join(figures(tally, rate))}"


def thousands(count: float) -> str:
    """1234567 as `1.2M`."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= limit:
            return f"{count / limit:.1f}{unit}"
    return f"{count:.0f}"


def duration(seconds: float) -> str:
    """3725 as `1 h 02 min`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def facts(console: Console, rows: list[tuple[str, Any]]) -> None:
    """Aligned `name  value` lines; plain text, so that a path can be copied."""
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        console.print(f"  {name:<{width}}  {value}", highlight=False, markup=False, soft_wrap=True)
