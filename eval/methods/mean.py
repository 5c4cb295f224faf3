"""The mean feature of the modality."""

from dataclasses import dataclass

from eval.methods.base import Card
from eval.methods.imputing import Imputing
from eval.task import Task
from tools.imputers import MeanImputer, ModalityImputer


@dataclass(frozen=True)
class Mean(Imputing):
    """The mean over the training rows that have the modality; says nothing of the sample."""

    card = Card("common practice", "none", "`tools.imputers.MeanImputer`.")

    def imputer(self, task: Task) -> ModalityImputer:
        return MeanImputer()
