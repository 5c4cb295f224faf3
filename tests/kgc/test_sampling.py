"""Batches: every triple once, Bernoulli sides, and no negative that is known."""

import numpy as np
import pytest

from tools.kgc.graph import KnowledgeGraph
from tools.kgc.sampling import HEAD, TAIL, BatchSampler, tail_probabilities


def sampler(graph: KnowledgeGraph, seed: int = 0) -> BatchSampler:
    return BatchSampler(graph.train, len(graph.entities), len(graph.relations), np.random.default_rng(seed))


def test_an_epoch_has_every_triple_once(graph: KnowledgeGraph) -> None:
    seen = []
    for batch in sampler(graph).epoch(32, 3):
        assert batch.candidates.shape == batch.sides.shape == (len(batch.heads), 3)
        assert (np.diff(batch.entities) > 0).all()
        seen += list(
            zip(batch.entities[batch.heads], batch.relations, batch.entities[batch.tails], strict=True)
        )
    assert sorted(seen) == sorted(map(tuple, graph.train.tolist()))


def test_no_negative_is_a_training_triple(graph: KnowledgeGraph) -> None:
    known = set(map(tuple, graph.train.tolist()))
    for batch in sampler(graph).epoch(32, 50):
        ids = batch.entities
        for b, k in np.ndindex(batch.candidates.shape):
            candidate = ids[batch.candidates[b, k]]
            h, r, t = ids[batch.heads[b]], batch.relations[b], ids[batch.tails[b]]
            triple = (h, r, candidate) if batch.sides[b, k] == TAIL else (candidate, r, t)
            assert tuple(map(int, triple)) not in known


def test_sides_are_chosen_by_heads_per_tail_and_tails_per_head() -> None:
    # relation 0: one head, four tails; relation 1: one each; relation 2 is unused
    train = np.array([[0, 0, 1], [0, 0, 2], [0, 0, 3], [0, 0, 4], [5, 1, 6]])
    # tails per head 4, heads per tail 1: the tail with probability 1 / 5
    assert tail_probabilities(train, 3).tolist() == pytest.approx([0.2, 0.5, 0.5])
    batches = BatchSampler(train, 1000, 3, np.random.default_rng(0))
    sides = batches.batch(train[:1], 20_000).sides
    assert (sides == TAIL).mean() == pytest.approx(0.2, abs=0.01)


def test_candidates_are_uniform_over_what_is_unknown() -> None:
    train = np.array([[0, 0, 1], [0, 0, 2]])
    batch = BatchSampler(train, 6, 1, np.random.default_rng(0)).batch(train[:1], 30_000)
    tails = batch.entities[batch.candidates[batch.sides == TAIL]]
    counts = np.bincount(tails, minlength=6)
    assert counts[[1, 2]].tolist() == [0, 0]
    assert counts[[0, 3, 4, 5]] / counts.sum() == pytest.approx(0.25, abs=0.02)


def test_a_head_that_goes_with_everything_is_corrupted_at_the_other_side() -> None:
    # 0 has every entity as tail; of its negatives all must replace the head
    train = np.array([[0, 0, t] for t in range(4)])
    batch = BatchSampler(train, 4, 1, np.random.default_rng(0)).batch(train, 8)
    assert (batch.sides == HEAD).all()
    assert (batch.entities[batch.candidates] != 0).all()


def test_a_relation_between_everything_has_no_negatives() -> None:
    train = np.array([[h, 0, t] for h in range(3) for t in range(3)])
    with pytest.raises(ValueError, match="no negatives"):
        BatchSampler(train, 3, 1, np.random.default_rng(0)).batch(train, 2)
