"""What a method is given, and what it must give back: frozen features in, scores of the test rows out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from eval.specs import HeadSpec

MODALITIES = ("image", "text")
"""Order of the columns of every presence mask."""

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Pair = Mapping[str, Floats]
"""Features by modality, [n, d] each."""


@dataclass(frozen=True)
class Candidates:
    """Every sound candidate of one run of `python -m agent.run` for the rows of one split; k in all.

    `terms` are the scores of the ranking by name, NaN where a candidate has none.
    """

    rows: Ints
    """[k], row of the split."""
    slots: Ints
    """[k], 0 if the candidate is an image, 1 if a text."""
    index: Ints
    """[k], number of the candidate among those of its sample."""
    chosen: Bools
    """[k], the run's own choice."""
    quality: Floats
    """[k], quality score (Eq. 2 of the paper)."""
    terms: Mapping[str, Floats]
    vectors: Floats
    """[k, d], features in the units of the split's."""

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Part:
    """One split, n rows. A row of NaN is a modality that the data do not have."""

    truth: Pair
    present: Bools
    """[n, 2], what may be seen: False where the mask hides it or the data lack it."""
    labels: Bools
    """[n, C]."""
    text_codes: Ints
    """[n], equal for texts that differ in case and white space only; -1 where there is none."""
    ids: tuple[str, ...] = ()
    completions: Mapping[str, Candidates] = field(default_factory=dict)
    """By run. Only what the mask hides is completed."""

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def visible(self) -> dict[str, Floats]:
        """Features with NaN where nothing may be seen."""
        return {
            name: np.where(self.present[:, [slot]], self.truth[name], np.float32(np.nan))
            for slot, name in enumerate(MODALITIES)
        }

    @property
    def exists(self) -> Bools:
        """[n, 2], what the data have, hidden or not."""
        return np.stack([~np.isnan(self.truth[name]).any(axis=1) for name in MODALITIES], axis=1)

    @property
    def whole(self) -> Bools:
        """[n], rows of which both modalities may be seen."""
        return np.asarray(self.present.all(axis=1))

    @property
    def width(self) -> int:
        return int(self.truth["image"].shape[1])


@dataclass(frozen=True)
class Task:
    """One cell's work. `dev` is None where no threshold is tuned."""

    train: Part
    dev: Part | None
    test: Part
    head: HeadSpec
    seed: int
    epochs: int | None = None
    """Of the head, where the data set has its own number."""

    @property
    def classes(self) -> int:
        return int(self.train.labels.shape[1])


@dataclass(frozen=True)
class Outcome:
    """What a method made of a task: probabilities [n, C] of every class, and what it filled."""

    test: Floats
    dev: Floats | None
    filled: Pair | None = None
    """Training features without holes; NaN in rows that the method leaves out. None: it fills nothing."""
    trained_on: int = 0
    """Training rows used."""
    notes: tuple[str, ...] = ()
