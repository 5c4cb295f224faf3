"""The interface of all methods, and the half that those share which fill features and leave the rest to a head."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from eval.heads import predict, train_head
from eval.task import MODALITIES, Bools, Floats, Outcome, Pair, Part, Task


@dataclass(frozen=True)
class Card:
    """Where a method comes from and what was made of it here."""

    source: str
    licence: str
    """Of the released code, of which nothing is copied; "none" where there is none to speak of."""
    here: str
    """What this implementation does, and what it changes and why."""


class Method(ABC):
    """A way to learn from training rows of which some miss a modality. Subclasses are frozen dataclasses whose fields
    are the hyperparameters."""

    card: ClassVar[Card]
    version: ClassVar[int] = 1
    """Goes up when the results change, so that cells of an earlier one are not taken for its own."""
    masked: ClassVar[bool] = True
    """Whether it sees the mask at all; if not, one cell serves all missing rates."""
    own_network: ClassVar[bool] = False
    """Whether it classifies by itself instead of by the experiment's head."""

    @abstractmethod
    def apply(self, task: Task) -> Outcome:
        """Train and predict. Raises `ValueError` with one sentence for what cannot be learnt."""


@dataclass(frozen=True)
class Filled:
    """Features of a split without holes, and which of its rows are used."""

    features: Pair
    keep: Bools
    notes: tuple[str, ...] = ()


Filler = Callable[[Part], Filled]


class Filling(Method):
    """A method that fills the missing features; the experiment's head learns from what it filled."""

    imputes: ClassVar[bool] = True
    """Whether what it fills is meant to resemble what is missing, so that its similarity can be measured."""

    @abstractmethod
    def filler(self, task: Task) -> Filler:
        """Learns what is to be learnt from the training rows that may be seen; gives the function that fills a split.

        NaN may be left in rows that are not kept.
        """

    def apply(self, task: Task) -> Outcome:
        fill = self.filler(task)
        train = fill(task.train)
        used = {name: train.features[name][train.keep] for name in MODALITIES}
        head = train_head(task.head, task.epochs, used, task.train.labels[train.keep], task.seed)
        test, notes = _to_predict(fill, task.test, "test")
        dev, more = _to_predict(fill, task.dev, "dev") if task.dev is not None else (None, ())
        return Outcome(
            test=predict(head, test),
            dev=predict(head, dev) if dev is not None else None,
            filled=_only(train.features, train.keep) if self.imputes else None,
            trained_on=int(train.keep.sum()),
            notes=(*train.notes, *notes, *more),
        )


def _to_predict(fill: Filler, part: Part, name: str) -> tuple[Pair, tuple[str, ...]]:
    """A split to be classified: every row counts, so what the method cannot fill becomes zeros, and a note."""
    filled = fill(part)
    holes = np.isnan(np.hstack([filled.features[each] for each in MODALITIES])).any(axis=1) | ~filled.keep
    notes = filled.notes if holes.any() else ()
    if holes.any():
        notes = (*notes, f"{int(holes.sum())} rows of {name} were classified with zeros for what they miss")
    return {each: np.nan_to_num(filled.features[each]) for each in MODALITIES}, notes


def _only(features: Pair, keep: Bools) -> dict[str, Floats]:
    return {
        name: np.where(keep[:, None], values, np.float32(np.nan)).astype(np.float32)
        for name, values in features.items()
    }
