"""The scorer of triplets: ranks among all entities, labels in normal form, unknown ones skipped and noted."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.record import Edge
from tools.kgc.fitted import FittedModel
from tools.loading import ModelError
from tools.scorers.plausibility import PlausibilityScorer, load_plausibility

ENTITIES = ("star", "3 stars", "Old_House", "tree", "2")


def fitted(embedding: np.ndarray | None = None) -> FittedModel:
    """Entities on a line; nothing turns: what is nearer is more plausible."""
    if embedding is None:
        embedding = np.stack([np.arange(5.0), np.zeros(5)], axis=1)
    n = len(embedding)
    return FittedModel(
        graph="toy",
        entities=ENTITIES[:n],
        relations=("left of",),
        modalities=(),
        synthetic=(),
        embedding=embedding.astype(np.float32),
        angle=np.zeros((1, 1), np.float32),
        weights=np.ones((n, 1), np.float32),
        margin=6.0,
        settings={},
    )


def edge(head: str, tail: str, relation: str = "left of") -> Edge:
    return Edge(head=head, relation=relation, tail=tail)


async def test_a_triplet_is_rated_by_its_rank() -> None:
    scorer = PlausibilityScorer(fitted())
    assert await scorer.plausibility([edge("star", "star")]) == (100.0, [])
    assert await scorer.plausibility([edge("star", "2")]) == (0.0, [])
    # Of the other four, "2" and "tree" are farther from the star than the house, and "star" and "2" score less or the
    # same from the house's side: 2 of 4, and 1/2 of the tie at distance 2.
    assert await scorer.plausibility([edge("star", "old house")]) == (100 * (2 / 4 + 0.5 / 4) / 2, [])


async def test_labels_are_matched_in_normal_form_and_doubles_count_once() -> None:
    scorer = PlausibilityScorer(fitted())
    plain, _ = await scorer.plausibility([edge("3 stars", "Old_House")])
    other = [edge("Three Star", "the old houses"), edge("3 star", "old house", "Left of")]
    assert await scorer.plausibility(other) == (plain, [])


async def test_unknown_labels_are_skipped_and_noted() -> None:
    scorer = PlausibilityScorer(fitted())
    known = edge("star", "star")
    score, notes = await scorer.plausibility([known, edge("dragon", "star"), edge("star", "star", "eats")])
    assert score == 100
    assert notes == ["kgc: 2 of 3 triplets skipped for labels that the model does not know (dragon, eat)"]
    score, notes = await scorer.plausibility([edge("a b", "c d", "e"), edge("f", "g", "h")])
    assert score == 50 and notes[0].startswith("kgc: 2 of 2 triplets skipped") and "..." in notes[0]
    assert notes[0].endswith("so the score is chance")
    assert await scorer.plausibility([]) == (50, ["kgc: there is no triplet to rate, so the score is chance"])


async def test_a_model_of_one_entity_says_nothing() -> None:
    scorer = PlausibilityScorer(fitted(np.zeros((1, 2))))
    assert await scorer.plausibility([edge("star", "star")]) == (50, [])


@given(st.integers(0, 1000))
async def test_random_triplets_average_chance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scorer = PlausibilityScorer(fitted(rng.standard_normal((5, 2))))
    every = [edge(head, tail) for head in ENTITIES for tail in ENTITIES]
    score, _ = await scorer.plausibility(every)
    assert score == pytest.approx(50)


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no fitted model"):
        load_plausibility(tmp_path)
    fitted().save(tmp_path)
    assert load_plausibility(tmp_path).name == "kgc"
    (tmp_path / "model.safetensors").write_bytes(b"x")
    with pytest.raises(ModelError):
        load_plausibility(tmp_path)
