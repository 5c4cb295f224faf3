"""The modality mean: what every other method has to beat."""

from __future__ import annotations

from tools.imputers.arrays import like
from tools.imputers.base import Filler, ModalityImputer
from tools.imputers.modalities import Modalities
from tools.imputers.progress import Progress


class MeanImputer(ModalityImputer):
    """Fill a missing modality with the mean of the training rows that have it.

    Has the least squared error of all constant fills; carries nothing about the sample.
    """

    def _fit(self, rows: Modalities, progress: Progress) -> None:
        """The mean is learnt by the base class."""

    def _filler(self, rows: Modalities) -> Filler:
        means = [like(self.mean_[name], rows.example) for name in rows.names]
        return lambda start, stop: {m: means[m][None, :] for m in rows.incomplete(start, stop)}
