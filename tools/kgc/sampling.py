"""Batches: the triples of an epoch in a new order, and for each of them K corrupted ones that are not known."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.kgc.graph import Triples

Ids = NDArray[np.int64]
TAIL, HEAD = 0, 1
"""Sides of a triple that a candidate may replace."""
ROUNDS = 20
"""Attempts at random before the unknown triples are counted out."""


@dataclass(frozen=True)
class Batch:
    """B positives, K candidates each; heads, tails and candidates are rows of `entities`."""

    entities: Ids
    """[U]: ids of the different entities, ascending."""
    heads: Ids
    relations: Ids
    """[B]: ids."""
    tails: Ids
    candidates: Ids
    """[B, K]"""
    sides: Ids
    """[B, K]: TAIL or HEAD, which of the two the candidate replaces."""


class BatchSampler:
    """Draws batches: Bernoulli choice of the side (Wang et al., AAAI 2014), no negative that is a training triple.

    The tail is replaced with probability hpt / (hpt + tph), heads per tail and tails per head of the relation, for
    each negative anew. The authors' code draws positives with replacement; here each comes once per epoch.
    """

    def __init__(
        self, train: Triples, n_entities: int, n_relations: int, random: np.random.Generator
    ) -> None:
        if n_entities**2 * n_relations >= 2**63:
            raise ValueError(
                f"{n_entities} entities and {n_relations} relations are too many to number their triples"
            )
        self._train, self._n_entities, self._n_relations, self._random = (
            train,
            n_entities,
            n_relations,
            random,
        )
        heads, relations, tails = train.T
        self._known = np.unique(self._key(heads, relations, tails))
        self._replaces_tail = tail_probabilities(train, n_relations)

    def order(self) -> Ids:
        """A new order of the training triples, as rows of them."""
        return self._random.permutation(len(self._train))

    def epoch(self, size: int, negatives: int) -> Iterator[Batch]:
        """All training triples once, `size` at a time (the last batch has the rest)."""
        order = self.order()
        for start in range(0, len(order), size):
            yield self.batch(self._train[order[start : start + size]], negatives)

    def batch(self, positives: Triples, negatives: int) -> Batch:
        """[B, 3] triples with `negatives` corrupted ones each."""
        candidates, sides = self._corrupt(positives, negatives)
        ids = np.concatenate([positives[:, 0], positives[:, 2], candidates.ravel()])
        entities, rows = _unique(ids, self._n_entities)
        heads, tails, others = np.split(rows, [len(positives), 2 * len(positives)])
        return Batch(entities, heads, positives[:, 1].copy(), tails, others.reshape(candidates.shape), sides)

    def _corrupt(self, positives: Triples, negatives: int) -> tuple[Ids, Ids]:
        triples = np.repeat(positives, negatives, axis=0)
        replaces_tail = self._random.random(len(triples)) < self._replaces_tail[triples[:, 1]]
        sides = np.where(replaces_tail, TAIL, HEAD)
        candidates = self._random.integers(self._n_entities, size=len(triples))
        left = np.arange(len(triples))
        for _ in range(ROUNDS):
            left = left[self._is_known(triples[left], candidates[left], sides[left])]
            if not len(left):
                break
            candidates[left] = self._random.integers(self._n_entities, size=len(left))
        else:
            for row in left:
                candidates[row], sides[row] = self._count_out(triples[row], int(sides[row]))
        shape = len(positives), negatives
        return candidates.reshape(shape), sides.reshape(shape)

    def _count_out(self, triple: Ids, side: int) -> tuple[int, int]:
        """A candidate for a triple whose head or tail goes with (nearly) every entity."""
        everything = np.arange(self._n_entities)
        for chosen in (side, HEAD if side == TAIL else TAIL):
            same = np.broadcast_to(triple, (self._n_entities, 3))
            free = everything[~self._is_known(same, everything, np.full(self._n_entities, chosen))]
            if len(free):
                return int(self._random.choice(free)), chosen
        raise ValueError(
            f"the training triple (entity {triple[0]}, relation {triple[1]}, entity {triple[2]}) is known with every "
            "entity in place of its head and of its tail, so it has no negatives; leave its relation out"
        )

    def _is_known(self, triples: Triples, candidates: Ids, sides: Ids) -> NDArray[np.bool_]:
        heads = np.where(sides == HEAD, candidates, triples[:, 0])
        tails = np.where(sides == TAIL, candidates, triples[:, 2])
        keys = self._key(heads, triples[:, 1], tails)
        places = np.searchsorted(self._known, keys)
        places[places == len(self._known)] = 0
        known: NDArray[np.bool_] = self._known[places] == keys
        return known

    def _key(self, heads: Ids, relations: Ids, tails: Ids) -> Ids:
        return (heads * self._n_relations + relations) * self._n_entities + tails


def tail_probabilities(train: Triples, n_relations: int) -> NDArray[np.float64]:
    """[R]: hpt / (hpt + tph), the probability that a negative of the relation replaces the tail; 1/2 if unused."""
    pairs = [np.unique(train[:, [1, column]], axis=0)[:, 0] for column in (0, 2)]
    heads, tails = (np.bincount(relations, minlength=n_relations) for relations in pairs)
    # tph = triples / heads and hpt = triples / tails, so the number of triples cancels out
    used = heads + tails
    shares: NDArray[np.float64] = np.divide(heads, used, out=np.full(n_relations, 0.5), where=used > 0)
    return shares


def _unique(ids: Ids, n: int) -> tuple[Ids, Ids]:
    """np.unique with inverse for ids below n, without sorting."""
    there = np.zeros(n, bool)
    there[ids] = True
    unique = np.flatnonzero(there)
    rows = np.empty(n, np.int64)
    rows[unique] = np.arange(len(unique))
    return unique, rows[ids]
