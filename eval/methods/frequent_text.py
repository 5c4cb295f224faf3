"""The most frequent text of the training split, and the most typical picture."""

from dataclasses import dataclass

import numpy as np

from eval.methods.base import Card, Filled, Filler, Filling
from eval.task import MODALITIES, Bools, Floats, Part, Task


@dataclass(frozen=True)
class FrequentText(Filling):
    """One feature for all: a strong baseline where texts repeat, as reports do."""

    card = Card(
        "common practice in report generation",
        "none",
        "The text that most training rows have, word for word; ties, and pictures, which do not repeat, by "
        "the smallest distance to the mean feature.",
    )

    def filler(self, task: Task) -> Filler:
        visible, codes = task.train.visible, task.train.text_codes
        typical = {
            name: _most_typical(visible[name], task.train.present[:, slot], codes if name == "text" else None)
            for slot, name in enumerate(MODALITIES)
        }

        def fill(part: Part) -> Filled:
            features = {
                name: np.where(part.present[:, [slot]], part.truth[name], typical[name]).astype(np.float32)
                for slot, name in enumerate(MODALITIES)
            }
            return Filled(features, np.ones(len(part), dtype=bool))

        return fill


def _most_typical(values: Floats, present: Bools, codes: np.ndarray | None) -> Floats:
    """The feature [d] of the most frequent code, else of the row nearest to the mean. Raises `ValueError` for none."""
    if not present.any():
        raise ValueError("no training row has this modality, so there is no typical one")
    rows = np.flatnonzero(present)
    if codes is not None:
        found, counts = np.unique(codes[rows], return_counts=True)
        rows = rows[np.isin(codes[rows], found[counts == counts.max()])]
    distance = np.linalg.norm(values[rows] - values[present].mean(axis=0), axis=1)
    nearest: Floats = values[rows[distance.argmin()]]
    return nearest
