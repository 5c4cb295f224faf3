"""Zeros: the baseline of the UL4M4 paper and of much multimodal code."""

from __future__ import annotations

import numpy as np

from tools.imputers.base import Filler, ModalityImputer
from tools.imputers.modalities import Modalities
from tools.imputers.progress import Progress


class ZeroImputer(ModalityImputer):
    """Fill a missing modality with zeros in the units of the features (not with their mean)."""

    def _fit(self, rows: Modalities, progress: Progress) -> None:
        """Nothing to learn."""

    def _filler(self, rows: Modalities) -> Filler:
        return lambda start, stop: {m: np.zeros((1, rows.widths[m])) for m in rows.incomplete(start, stop)}
