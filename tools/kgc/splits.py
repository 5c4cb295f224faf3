"""A sound validation: rows that are neither learnt from nor tested on."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tools.kgc.errors import InputError
from tools.kgc.graph import KnowledgeGraph, Triples


def hold_out(graph: KnowledgeGraph, share: float, seed: int = 0) -> KnowledgeGraph:
    """The same graph with a share of its train triples held out as validation.

    Of a validation that was there, those triples stay that occur in no other split, each once: on DB15K 73 of
    9,904 rows. The others are in train or test, where they are kept and counted anyway. Held-out triples are drawn
    at random among the different ones of train that are not in test, and only while their head, tail and relation
    occur in another train row, so that nothing becomes unseen by it. All copies of a triple leave train together.

    Args:
        share: of the different train triples, in (0, 1).

    Raises:
        InputError: the share is out of range, or no triple can be spared.
    """
    if not 0 < share < 1:
        raise InputError(f"the share to hold out of train must be between 0 and 1, not {share}")
    different = np.unique(graph.train, axis=0)
    tested = np.isin(codes(graph, different), codes(graph, graph.test))
    chosen = _spared(graph, different, ~tested, max(1, round(share * len(different))), seed)
    if not len(chosen):
        raise InputError(
            f"{graph.name}: nothing can be held out of train, every triple is the only one of an entity or a relation"
        )
    held = different[chosen]
    taken = codes(graph, held)
    train = graph.train[~np.isin(codes(graph, graph.train), taken)]
    return replace(graph, train=train, valid=np.concatenate([sound_valid(graph), held]))


def sound_valid(graph: KnowledgeGraph) -> Triples:
    """The different validation triples that occur neither in train nor in test, in their order."""
    mine = codes(graph, graph.valid)
    _, first = np.unique(mine, return_index=True)
    others = np.concatenate([codes(graph, graph.train), codes(graph, graph.test)])
    keep = np.zeros(len(mine), bool)
    keep[first] = True
    return graph.valid[keep & ~np.isin(mine, others)]


def codes(graph: KnowledgeGraph, triples: Triples) -> Triples:
    """[n]: one number per triple, equal for equal triples."""
    head, relation, tail = triples.T
    return np.asarray((head * len(graph.relations) + relation) * len(graph.entities) + tail)


def _spared(
    graph: KnowledgeGraph, different: Triples, allowed: NDArray[np.bool_], count: int, seed: int
) -> list[int]:
    """Allowed rows of `different` that may leave without taking the last of an entity or a relation along."""
    ends = different[:, [0, 2]]
    entities = np.bincount(ends.ravel(), minlength=len(graph.entities))
    relations = np.bincount(different[:, 1], minlength=len(graph.relations))
    # A triple of an entity with itself counts once.
    loops = ends[:, 0] == ends[:, 1]
    np.subtract.at(entities, ends[loops, 0], 1)
    chosen: list[int] = []
    for row in np.random.default_rng(seed).permutation(len(different)).tolist():
        if len(chosen) == count:
            break
        head, relation, tail = different[row]
        if allowed[row] and entities[head] > 1 and entities[tail] > 1 and relations[relation] > 1:
            entities[[head, tail]] -= 1  # once where head and tail are the same
            relations[relation] -= 1
            chosen.append(row)
    return chosen
