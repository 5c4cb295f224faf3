"""Progress of training and ranking: bars on a terminal, one line per epoch or every few seconds elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from tools.kgc.trainer import Epoch

PLAIN_SECONDS = 15.0
"""Between two plain lines that are no validation."""


class TrainingDisplay:
    """On a terminal a bar of epochs and one of the current work; elsewhere plain lines."""

    def __init__(self, console: Console, epochs: int) -> None:
        self._console, self._epochs = console, epochs
        self._last = time.monotonic()
        self._bars = _bars(console)
        self._run = self._bars.add_task("epochs", total=epochs)
        self._work = self._bars.add_task("starting", total=None)

    @contextmanager
    def shown(self) -> Iterator["TrainingDisplay"]:
        """Keeps the bars on the screen inside the block."""
        if not self._console.is_terminal:
            yield self
            return
        with self._bars:
            yield self

    def step(self, epoch: int, done: int, total: int, loss: float) -> None:
        text = f"epoch {epoch}, loss {loss:.4f}"
        self._bars.update(self._run, completed=epoch - 1)
        self._bars.update(self._work, description=text, completed=done, total=total)

    def validating(self, done: int, total: int) -> None:
        self._bars.update(self._work, description="validation", completed=done, total=total)

    def epoch(self, figures: "Epoch", best: bool) -> None:
        self._bars.update(self._run, completed=figures.epoch)
        now = time.monotonic()
        if figures.mrr is None and (self._console.is_terminal or now - self._last < PLAIN_SECONDS):
            return
        self._last = now
        words = [f"epoch {figures.epoch}/{self._epochs}", f"loss {figures.loss:.4f}"]
        words += [f"generators {figures.generator_loss:.4f}"] if figures.generator_loss else []
        words += [f"{figures.seconds:.1f} s"]
        if figures.mrr is not None and figures.hits_at_10 is not None:
            words += [f"validation MRR {figures.mrr:.4f}", f"Hits@10 {figures.hits_at_10:.4f}"]
        self._console.print(", ".join(words) + (" (best so far)" if best else ""), highlight=False)


@contextmanager
def ranking_bar(console: Console) -> Iterator[Callable[[int, int], None]]:
    """A bar of questions ranked; nothing where there is no terminal."""
    with _bars(console, disable=not console.is_terminal) as bars:
        task = bars.add_task("ranking", total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _bars(console: Console, disable: bool = False) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console, transient=True, disable=disable)
