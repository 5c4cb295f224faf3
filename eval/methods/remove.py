"""Remove what is incomplete, the lower line of every table."""

from dataclasses import dataclass

from eval.methods.base import Card, Filled, Filler, Filling
from eval.task import Task


@dataclass(frozen=True)
class Remove(Filling):
    """The head on the rows that have both modalities. A test row cannot be removed: what it misses becomes zeros."""

    card = Card(
        "Knowledge Bridger, Table 1: baseline (remove missing)",
        "none",
        "Masked test rows are classified with zeros.",
    )
    imputes = False

    def filler(self, task: Task) -> Filler:
        return lambda part: Filled(part.visible, part.whole)
