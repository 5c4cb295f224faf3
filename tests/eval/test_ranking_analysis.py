"""Choosing among candidates, and what the analysis says of a ranking that is known."""

from dataclasses import replace

import numpy as np
import pytest

from eval.ranking.analysis import analyse
from eval.ranking.choice import choose, likeness
from eval.task import Candidates, Task

TRUTH = [np.array([[1.0, 0.0]] * 3, np.float32), np.array([[0.0, 1.0]] * 3, np.float32)]


def hand_made() -> Candidates:
    """Three samples of two candidates; the second is the better one of samples 0 and 2, and only `graph` knows."""
    good, bad = [1.0, 0.1], [1.0, 1.0]
    return Candidates(
        rows=np.array([0, 0, 1, 1, 2, 2]),
        slots=np.zeros(6, dtype=np.int64),
        index=np.array([0, 1] * 3),
        chosen=np.array([True, False] * 3),
        quality=np.array([2, 1] * 3, np.float32),
        terms={
            "graph": np.array([1, 2, 2, 1, 1, 2], np.float32),
            "clip": np.array([2, 1, 2, 1, 2, 1], np.float32),
        },
        vectors=np.array([bad, good, good, bad, bad, good], np.float32),
    )


def test_choices() -> None:
    candidates = hand_made()
    assert choose(candidates).tolist() == [0, 2, 4]
    assert choose(candidates, weights={"graph": 1.0}).tolist() == [1, 2, 5]
    assert choose(candidates, how="best", truth=TRUTH).tolist() == [1, 2, 5]
    assert choose(candidates, among=1).tolist() == [0, 2, 4]
    assert choose(candidates, how="best", among=1, truth=TRUTH).tolist() == [0, 2, 4]
    draws = {tuple(choose(candidates, how="random", seed=seed).tolist()) for seed in range(40)}
    assert len(draws) == 8
    assert (
        choose(candidates, how="random", seed=3).tolist() == choose(candidates, how="random", seed=3).tolist()
    )


def test_ties_go_to_the_lowest_number() -> None:
    candidates = hand_made()
    assert choose(candidates, weights={"graph": 0.0}).tolist() == [0, 2, 4]


def test_the_first_n_candidates_have_the_choice_of_a_run_with_n(far: Task) -> None:
    run = far.test.completions["full"]
    for number in (1, 2, 3):
        at = choose(run, among=number)
        assert (run.index[at] < number).all()
        assert len(at) == len(set(run.rows))


def test_the_analysis_by_hand() -> None:
    found = analyse(hand_made(), TRUTH, swept=("graph", "clip"))
    close, far_off = 100 / np.hypot(1, 0.1), 100 / np.hypot(1, 1)
    assert found.samples == 3 and found.candidates == 2
    assert found.chosen_best == pytest.approx(100 / 3) and found.random_best == pytest.approx(50)
    assert found.chosen == pytest.approx((close + 2 * far_off) / 3, rel=1e-4)
    assert found.best == pytest.approx(close, rel=1e-4) and found.worst == pytest.approx(far_off, rel=1e-4)
    assert found.headroom == pytest.approx(-100 / 3, rel=1e-3)
    by_name = {score.name: score for score in found.scores}
    assert by_name["graph"].best == 100 and by_name["graph"].correlation == pytest.approx(1)
    assert by_name["clip"].correlation == pytest.approx(-1 / 3)
    assert found.learned["graph"] > 0 and found.learned["clip"] == 0
    assert found.learned_same == pytest.approx(close, rel=1e-4)
    (gain,) = found.gains
    assert (gain.missing, gain.samples) == ("image", 3)
    assert gain.gain.value == pytest.approx(found.chosen - found.random, rel=1e-4)
    half = (close - far_off) / 2  # every sample's own gain is this, up or down
    assert (gain.gain.low, gain.gain.high) == pytest.approx((-half, half), rel=1e-4)
    assert found.upper == max(found.learned_same, *(each.likeness for each in found.sweep))
    best = max(found.sweep, key=lambda each: each.likeness)
    assert len(found.sweep) == 11 and best.weights["graph"] > best.weights["clip"]


def test_candidates_that_tie_are_the_best_for_a_random_choice_as_well() -> None:
    """Three texts are the same word for word in one sample: the best ones of it, then the worst ones."""
    good, bad = [1.0, 0.1], [1.0, 1.0]
    for vectors, share in (([good, good, good, bad, bad], 60), ([bad, bad, bad, good, bad], 20)):
        candidates = Candidates(
            rows=np.zeros(5, dtype=np.int64),
            slots=np.zeros(5, dtype=np.int64),
            index=np.arange(5),
            chosen=np.arange(5) == 2,
            quality=np.zeros(5, np.float32),
            terms={},
            vectors=np.array(vectors, np.float32),
        )
        found = analyse(candidates, TRUTH)
        assert found.random_best == pytest.approx(share)
        drawn = [
            analyse(replace(candidates, chosen=np.arange(5) == at), TRUTH).chosen_best for at in range(5)
        ]
        assert found.random_best == pytest.approx(np.mean(drawn))


def test_learned_weights_find_the_score_that_is_worth_something(far: Task) -> None:
    run = far.test.completions["full"]
    found = analyse(run, [far.test.truth["image"], far.test.truth["text"]], swept=("good", "blind"))
    assert found.learned["good"] > 3 * found.learned["blind"]
    assert found.random < found.learned_likeness <= found.best
    assert found.chosen == pytest.approx(
        likeness(run, list(far.test.truth.values()))[run.chosen].mean(), rel=1e-4
    )


def test_nothing_to_rank_is_said() -> None:
    candidates = hand_made()
    with pytest.raises(ValueError, match="no sample has two candidates"):
        analyse(candidates, [np.full((3, 2), np.nan, np.float32)] * 2)
