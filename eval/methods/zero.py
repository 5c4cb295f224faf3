"""Zeros."""

from dataclasses import dataclass

from eval.methods.base import Card
from eval.methods.imputing import Imputing
from eval.task import Task
from tools.imputers import ModalityImputer, ZeroImputer


@dataclass(frozen=True)
class Zero(Imputing):
    """A missing feature is zero: what every method has to win over."""

    card = Card(
        "common practice", "none", "Zeros in the units of the features; their similarity is undefined."
    )
    imputes = False

    def imputer(self, task: Task) -> ModalityImputer:
        return ZeroImputer()
