"""Metrics against scikit-learn and against cases that can be done by hand."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from eval.metrics.bootstrap import interval, macro_f1, mean_average_precision, resample_counts
from eval.metrics.classification import figures, tuned_threshold
from eval.metrics.similarity import cosine, similarities
from eval.task import Part

HAND_LABELS = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0]], dtype=bool)
HAND_SCORES = np.array([[0.9, 0.1, 0.2], [0.2, 0.8, 0.9], [0.6, 0.7, 0.1], [0.1, 0.6, 0.3]], dtype=np.float32)


def random_case(rows: int = 200, classes: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.uniform(size=(rows, classes)) < np.linspace(0.05, 0.6, classes)
    scores = np.clip(labels * 0.3 + random.uniform(size=labels.shape) * 0.7, 0, 1)
    return labels, np.round(scores, 2).astype(np.float32)  # rounded: many equal scores


def test_a_case_done_by_hand() -> None:
    """Class 0: one hit, one miss, one false alarm: F1 1/2, precision at its hits 1 and 2/3. Class 1: two hits, one
    false alarm: F1 4/5, AP 1. Class 2 has no positive row and counts in nothing."""
    found = figures(HAND_LABELS, HAND_SCORES)
    assert found.f1[:2] == pytest.approx([50, 80]) and np.isnan(found.f1[2])
    assert found.macro_f1 == pytest.approx(65)
    assert found.average_precision[:2] == pytest.approx([100 * (1 + 2 / 3) / 2, 100])
    assert found.map == pytest.approx(100 * (5 / 6 + 1) / 2)
    assert found.micro_f1 == pytest.approx(100 * 2 * 3 / (3 + 2 + 4))
    assert found.counted.tolist() == [True, True, False]


def test_metrics_are_scikit_learns() -> None:
    labels, scores = random_case()
    found = figures(labels, scores, 0.4)
    assert found.macro_f1 == pytest.approx(100 * f1_score(labels, scores > 0.4, average="macro"))
    assert found.micro_f1 == pytest.approx(100 * f1_score(labels, scores > 0.4, average="micro"))
    assert found.map == pytest.approx(100 * average_precision_score(labels, scores, average="macro"))


def test_all_zero_predictions_have_no_f1() -> None:
    """The released UL4M4 counts cells: it gives all-zero predictions 0.906 on MM-IMDb."""
    labels, _ = random_case()
    assert figures(labels, np.zeros(labels.shape, np.float32)).micro_f1 == 0


def test_the_threshold_is_the_best_on_the_rows_given() -> None:
    labels, scores = random_case()
    best = tuned_threshold(labels, scores * 0.2)
    tried = [figures(labels, scores * 0.2, t).macro_f1 for t in np.arange(0.02, 0.99, 0.02)]
    assert figures(labels, scores * 0.2, best).macro_f1 == pytest.approx(max(tried))
    assert best < 0.2


def test_what_cannot_be_measured_is_refused() -> None:
    labels, scores = random_case()
    with pytest.raises(ValueError, match="no class has a positive row"):
        figures(np.zeros_like(labels), scores)
    with pytest.raises(ValueError, match="do not fit"):
        figures(labels, scores[:, :2])
    with pytest.raises(ValueError, match="2 scores are not numbers"):
        figures(labels, np.where(np.arange(scores.size).reshape(scores.shape) < 2, np.nan, scores))


def test_a_resample_is_scikit_learns_weighting() -> None:
    labels, scores = random_case(rows=60)
    labels[:, 0] = False
    labels[3, 0] = True  # a class that many resamples miss
    counts = resample_counts(60, 20)
    assert (counts.sum(axis=1) == 60).all()
    fast_f1, fast_map = macro_f1(labels, scores > 0.5, counts), mean_average_precision(labels, scores, counts)
    for row, weights in enumerate(counts):
        there = (weights @ labels) > 0
        assert there.sum() < labels.shape[1] or weights[3] > 0
        f1 = f1_score(labels[:, there], scores[:, there] > 0.5, average="macro", sample_weight=weights)
        ap = average_precision_score(
            labels[:, there], scores[:, there], average="macro", sample_weight=weights
        )
        assert fast_f1[row] == pytest.approx(100 * f1)
        assert fast_map[row] == pytest.approx(100 * ap)


def test_an_interval_holds_the_middle_95_percent() -> None:
    found = interval(50.0, np.arange(1001.0))
    assert (found.low, found.high) == (25.0, 975.0)


def test_resamples_are_the_same_for_all_cells() -> None:
    assert np.array_equal(resample_counts(50, 5), resample_counts(50, 5))


def test_similarity_by_hand() -> None:
    """Row 0 misses its image, row 1 its text, row 2 nothing, row 3 an image that the data never had."""
    nan = np.full(2, np.nan)
    truth = {
        "image": np.array([[1, 0], [0, 1], [1, 1], nan], dtype=np.float32),
        "text": np.array([[1, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32),
    }
    present = np.array([[0, 1], [1, 0], [1, 1], [0, 1]], dtype=bool)
    part = Part(truth, present, np.ones((4, 1), dtype=bool), np.arange(4))
    filled = {
        "image": np.array([[0, 2], [0, 1], [1, 1], [3, 3]], dtype=np.float32),
        "text": np.array([[1, 0], [3, 0], [1, 1], [0, 1]], dtype=np.float32),
    }
    found = similarities(part, filled)
    assert found["ss_image"] == pytest.approx(0) and found["ss_text"] == pytest.approx(100)
    assert found["ss"] == pytest.approx(50)
    assert found["cross"] == pytest.approx(0)  # (0, 2) with text (1, 0); (3, 0) with image (0, 1)
    assert found["cross_true"] == pytest.approx(50)
    assert (found["filled"], found["hidden"]) == (2, 2)


def test_zeros_have_no_similarity_and_widths_must_fit() -> None:
    assert np.isnan(cosine(np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32))).all()
    with pytest.raises(ValueError, match="do not fit"):
        cosine(np.ones((1, 3), np.float32), np.ones((1, 4), np.float32))
