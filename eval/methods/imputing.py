"""What the methods share that are imputers of `tools.imputers`."""

from abc import abstractmethod

import numpy as np

from eval.methods.base import Filled, Filler, Filling
from eval.task import Part, Task
from tools.imputers import ModalityImputer


class Imputing(Filling):
    """Fits an imputer on the training rows that may be seen, and fills every split by it."""

    @abstractmethod
    def imputer(self, task: Task) -> ModalityImputer:
        """The imputer, not fitted."""

    def filler(self, task: Task) -> Filler:
        fitted = self.imputer(task).fit(task.train.visible)

        def fill(part: Part) -> Filled:
            return Filled(fitted.transform(part.visible), np.ones(len(part), dtype=bool))

        return fill
