"""Filtered ranks of triples among all entities, for the head and for the tail (Bordes et al., NeurIPS 2013).

The rank of the true entity counts those that score better; other entities that are known to be right are left out.
Entities with an equal score count as worse in the optimistic rank and as better in the pessimistic one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tools.kgc.fitted import FittedModel
from tools.kgc.graph import Triples
from tools.kgc.rotation import rotate

CHUNK = 1 << 17
"""Numbers of one intermediate result: half a MiB of float32, which stays in the cache of a core."""
QUERIES = 512
"""Queries whose scores against all entities are kept at a time."""
HEAD, TAIL = 0, 1
Progress = Callable[[int, int], None]
"""Called with the number of queries done and of all."""


@dataclass(frozen=True)
class Ranks:
    """Of T triples; column 0 when the head was looked for, column 1 the tail."""

    triples: Triples
    optimistic: NDArray[np.int64]
    """[T, 2]: 1 + entities that score better."""
    pessimistic: NDArray[np.int64]
    """[T, 2]: 1 + other entities that score better or the same."""


def filtered_ranks(
    model: FittedModel,
    triples: Triples,
    known: Sequence[Triples],
    device: str | torch.device = "cpu",
    progress: Progress | None = None,
) -> Ranks:
    """Ranks of [T, 3] triples; `known` are the splits whose triples do not count against them.

    Different triples with the same question, (h, r, ?) or (?, r, t), share its scores. Memory beside the model:
    QUERIES * n scores three times over, 0.1 GB for 15,000 entities.

    Raises:
        ValueError: the model gives NaN.
    """
    embedding = torch.from_numpy(model.embedding).to(device)
    angle = torch.from_numpy(model.angle).to(device)
    everything = np.concatenate([triples, *known])
    ranks = [np.empty((len(triples), 2), np.int64) for _ in range(2)]
    questions = {HEAD: triples[:, [2, 1]], TAIL: triples[:, [0, 1]]}
    unique = {side: np.unique(pairs, axis=0, return_inverse=True) for side, pairs in questions.items()}
    total, done = sum(len(pairs) for pairs, _ in unique.values()), 0
    for side, (pairs, inverse) in unique.items():
        answers = _Answers(everything, side, len(model.relations))
        order = np.argsort(inverse, kind="stable")  # triples by question
        targets = triples[:, 0 if side == HEAD else 2]
        for start in range(0, len(pairs), QUERIES):
            block = pairs[start : start + QUERIES]
            low, high = np.searchsorted(inverse[order], [start, start + len(block)])
            rows = order[low:high]
            turn = angle[block[:, 1]] if side == TAIL else -angle[block[:, 1]]
            distances = sums_of_moduli(rotate(embedding[block[:, 0]], turn), embedding)
            line = torch.from_numpy(inverse[rows] - start).to(device)
            target = torch.from_numpy(targets[rows]).to(device)
            own = distances[line, target]
            if not bool(own.isfinite().all()):
                raise ValueError(
                    "the model's scores are not numbers: it diverged; train with a lower learning rate"
                )
            places = answers.of(block)
            distances[torch.from_numpy(places[0]).to(device), torch.from_numpy(places[1]).to(device)] = (
                torch.inf
            )
            among = distances.index_select(0, line)
            better = (among < own.unsqueeze(1)).sum(dim=1)
            equal = (among == own.unsqueeze(1)).sum(dim=1)
            ranks[0][rows, side] = (1 + better).cpu().numpy()
            ranks[1][rows, side] = (1 + better + equal).cpu().numpy()
            done += len(block)
            if progress is not None:
                progress(done, total)
    return Ranks(triples, ranks[0], ranks[1])


def sums_of_moduli(queries: Tensor, entities: Tensor) -> Tensor:
    """[Q, 2d] and [n, 2d] -> [Q, n] of sum_i |q_i - e_i|, in pieces that stay in the cache."""
    d = entities.shape[1] // 2
    result = queries.new_empty(len(queries), len(entities))
    step = max(1, CHUNK // d)
    for start in range(0, len(entities), step):
        block = entities[start : start + step]
        real, imaginary = block[:, :d].contiguous(), block[:, d:].contiguous()
        across, up = torch.empty_like(real), torch.empty_like(real)
        for row, query in enumerate(queries):
            torch.sub(real, query[:d], out=across)
            torch.sub(imaginary, query[d:], out=up)
            modulus = across.square_().addcmul_(up, up).sqrt_()
            torch.sum(modulus, dim=1, out=result[row, start : start + len(block)])
    return result


class _Answers:
    """Which entities are known to answer a question."""

    def __init__(self, triples: Triples, side: int, n_relations: int) -> None:
        given, asked = (2, 0) if side == HEAD else (0, 2)
        self._n_relations = n_relations
        keys = triples[:, given] * n_relations + triples[:, 1]
        order = np.argsort(keys, kind="stable")
        self._keys, self._answers = keys[order], triples[order, asked]

    def of(self, pairs: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Of [Q, 2] (entity, relation): the row of each known answer, and the answer."""
        keys = pairs[:, 0] * self._n_relations + pairs[:, 1]
        first, last = (np.searchsorted(self._keys, keys, side=side) for side in ("left", "right"))
        rows = np.repeat(np.arange(len(pairs)), last - first)
        places = [np.arange(a, b) for a, b in zip(first, last, strict=True)]
        return rows, self._answers[np.concatenate(places)]
