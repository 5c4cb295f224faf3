"""How plausible the triplets of a candidate are to a fitted knowledge-graph completion model (`tools.kgc`).

A model's raw scores differ in level from relation to relation, so a triplet is rated by its rank: the share of all
entities that would be less plausible in the tail's place, and in the head's, averaged. 100 is the best, 50 is chance.
"""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.record import Edge
from tools.kgc.fitted import FittedModel
from tools.knowledge.labels import normalise
from tools.loading import ModelError

CHANCE = 50.0
"""What a random triplet gets on average, and a graph of which the model knows nothing."""
CACHED = 2**16
"""Triplets whose rank is kept."""
NAMED = 3
"""How many unknown labels a note names."""


class PlausibilityScorer:
    """Mean plausibility of the triplets whose three labels the model knows; labels are compared in normal form."""

    name = "kgc"

    def __init__(self, model: FittedModel) -> None:
        self._model = model
        self._entities = _by_form(model.entities)
        self._relations = _by_form(model.relations)
        # Candidates of one sample, and samples of one data set, say much the same.
        self._rank = lru_cache(CACHED)(self._rank_anew)

    async def plausibility(self, edges: Sequence[Edge]) -> tuple[float, list[str]]:
        """On 0-100, and notes on the triplets that were skipped for a label unknown to the model.

        Without any known triplet the score is `CHANCE`: nothing speaks for the graph, and nothing against it.
        """
        return await asyncio.to_thread(self._rate, edges)

    def _rate(self, edges: Sequence[Edge]) -> tuple[float, list[str]]:
        labels = dict.fromkeys((normalise(e.head), normalise(e.relation), normalise(e.tail)) for e in edges)
        unknown: dict[str, None] = {}
        rated: list[float] = []
        for head, relation, tail in labels:
            missing = [label for label in (head, tail) if label not in self._entities]
            missing += [relation] if relation not in self._relations else []
            if missing:
                unknown |= dict.fromkeys(missing)
            else:
                rated.append(
                    self._rank(self._entities[head], self._relations[relation], self._entities[tail])
                )
        notes = [_note(len(rated), len(labels), list(unknown))] if len(rated) < len(labels) else []
        if not rated:
            return CHANCE, notes or ["kgc: there is no triplet to rate, so the score is chance"]
        return float(np.mean(rated)), notes

    def _rank_anew(self, head: int, relation: int, tail: int) -> float:
        tails = _share_below(self._model.tail_scores(head, relation), tail)
        heads = _share_below(self._model.head_scores(relation, tail), head)
        return 50 * (tails + heads)


def load_plausibility(folder: Path) -> PlausibilityScorer:
    """A scorer over the model in `folder`. Raises `ModelError` in one sentence if there is none, or a damaged one."""
    try:
        return PlausibilityScorer(FittedModel.load(folder))
    except (ValueError, OSError) as error:
        raise ModelError(str(error)) from error


def _by_form(names: Sequence[str]) -> dict[str, int]:
    """Ids by normal form, underscores as spaces; of names that share one the first counts."""
    forms: dict[str, int] = {}
    for index, name in enumerate(names):
        forms.setdefault(normalise(name.replace("_", " ")), index)
    return forms


def _share_below(scores: NDArray[np.float32], index: int) -> float:
    """Share of the other entities that score less, ties by half; on 0-1."""
    if len(scores) == 1:
        return 0.5
    below = np.count_nonzero(scores < scores[index])
    tied = np.count_nonzero(scores == scores[index]) - 1
    return float((below + tied / 2) / (len(scores) - 1))


def _note(rated: int, of: int, unknown: list[str]) -> str:
    named = ", ".join(unknown[:NAMED]) + (" ..." if len(unknown) > NAMED else "")
    rest = ", so the score is chance" if not rated else ""
    return (
        f"kgc: {of - rated} of {of} triplets skipped for labels that the model does not know ({named}){rest}"
    )
