"""MR, MRR and Hits@k of ranks, with realistic ties and with the released code's optimistic ones beside them."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from tools.kgc.ranking import Ranks

Side = Literal["both", "head", "tail"]
SIDES: dict[Side, slice] = {"both": slice(0, 2), "head": slice(0, 1), "tail": slice(1, 2)}
KS = (1, 3, 10)


@dataclass(frozen=True)
class Figures:
    """Over `count` ranks; MRR and Hits lie in [0, 1]."""

    count: int
    mr: float
    mrr: float
    hits_at_1: float
    hits_at_3: float
    hits_at_10: float


@dataclass(frozen=True)
class Evaluation:
    """The figures of a set of triples."""

    realistic: dict[Side, Figures]
    """A rank is the mean of the optimistic and the pessimistic one (Berrendorf et al., 2020; PyKEEN's default)."""
    optimistic: dict[Side, Figures]
    """Ties count in favour of the true entity, as in the released code; compare published figures with these."""
    relations: dict[str, Figures]
    """Realistic, both sides, by the name of the relation; only those that occur."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def evaluate(ranks: "Ranks", relations: tuple[str, ...]) -> Evaluation:
    """All figures of the ranks. Raises ValueError if there are none."""
    if not len(ranks.triples):
        raise ValueError("there are no triples to evaluate")
    realistic = (ranks.optimistic + ranks.pessimistic) / 2
    return Evaluation(
        realistic={side: figures(realistic[:, part]) for side, part in SIDES.items()},
        optimistic={side: figures(ranks.optimistic[:, part]) for side, part in SIDES.items()},
        relations={
            relations[r]: figures(realistic[ranks.triples[:, 1] == r]) for r in np.unique(ranks.triples[:, 1])
        },
    )


def figures(ranks: np.ndarray) -> Figures:
    """Of any array of ranks from 1 up: means of r, of 1/r, and of whether r <= k."""
    hits = [float((ranks <= k).mean()) for k in KS]
    return Figures(ranks.size, float(ranks.mean()), float((1 / ranks).mean()), *hits)
