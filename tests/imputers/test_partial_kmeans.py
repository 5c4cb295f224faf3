"""The clustering: labels as by float64 differences, updates as the paper says, and what happens at the edges."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from tools.imputers import UL4M4
from tools.imputers.modalities import read_modalities
from tools.imputers.partial_distance import Centres, Distances
from tools.imputers.partial_kmeans import centres_from_rows, choose_seeds, lloyd
from tools.imputers.progress import no_progress
from tools.imputers.scaling import ScaledRows, fit_scaling


def mean_squares(
    rows: list[np.ndarray], observed: np.ndarray, centres: list[np.ndarray], present: np.ndarray
) -> np.ndarray:
    """Squared partial distances [n, K] by float64 differences, infinite where nothing is shared."""
    total = np.zeros((len(observed), len(present)))
    for m, (z, c) in enumerate(zip(rows, centres, strict=True)):
        both = observed[:, [m]] & present[None, :, m]
        square = ((np.nan_to_num(z)[:, None] - np.nan_to_num(c)[None]) ** 2).mean(axis=2)
        total += np.where(both, square, 0)
    shared = observed.astype(int) @ present.T.astype(int)
    return np.where(shared > 0, total / np.maximum(shared, 1), np.inf)


def scaled_rows(X: dict[str, np.ndarray]) -> ScaledRows:
    rows = read_modalities(X)
    return ScaledRows(rows, *fit_scaling(rows), cache=True)


def slow_lloyd(
    X: dict[str, np.ndarray], seeds: np.ndarray, max_iter: int
) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """The clustering in plain float64 loops: labels, centres in normalised units, presence."""
    rows = [v.astype(float) for v in X.values()]
    observed = np.stack([~np.isnan(v).any(axis=1) for v in rows], axis=1)
    z = [(v - v[observed[:, m]].mean(0)) / v[observed[:, m]].std(0) for m, v in enumerate(rows)]
    centres, present = [v[seeds] for v in z], observed[seeds].copy()
    labels = None
    for _ in range(max_iter):
        square = mean_squares(z, observed, centres, present)
        old, labels = labels, np.where(np.isinf(square.min(1)), -1, square.argmin(1))
        if old is not None and (old == labels).all():
            break
        for j in range(len(seeds)):
            for m in range(len(z)):
                members = (labels == j) & observed[:, m]
                if members.any():
                    centres[m][j], present[j, m] = z[m][members].mean(axis=0), True
    square = mean_squares(z, observed, centres, present)
    return np.where(np.isinf(square.min(1)), -1, square.argmin(1)), centres, present


@pytest.mark.parametrize("seed", range(4))
def test_clusters_equal_plain_loops(make_data, seed: int) -> None:
    X, observed = (data := make_data(n=150, seed=seed)).X, data.observed
    seeds = np.random.default_rng(seed).choice(np.flatnonzero(observed.any(axis=1)), 9, replace=False)
    imputer = UL4M4(9, init=seeds, tol=0).fit(X)
    labels, centres, present = slow_lloyd(X, seeds, 100)
    np.testing.assert_array_equal(imputer.labels_, labels)
    np.testing.assert_array_equal(imputer.presence_, present)
    for m, name in enumerate(X):
        np.testing.assert_allclose(
            imputer.cluster_centers_[name][present[:, m]], centres[m][present[:, m]], atol=1e-4
        )
        assert np.isnan(imputer.cluster_centers_[name][~present[:, m]]).all()


@pytest.mark.parametrize("far", [0.0, 1e4], ids=["centred", "mean 10,000 deviations off"])
def test_labels_equal_float64_differences_with_forced_near_ties(far: float) -> None:
    """Centres that differ by a millionth: the matrix product alone gets such labels wrong, the package does not."""
    random = np.random.default_rng(3)
    X = {name: (random.normal(size=(3000, d)) + far).astype(np.float32) for name, d in (("a", 96), ("b", 33))}
    observed = random.uniform(size=(3000, 2)) < 0.7
    for m, values in enumerate(X.values()):
        values[~observed[:, m]] = np.nan
    rows = read_modalities(X)
    mean, scale = fit_scaling(rows)
    scaled = ScaledRows(rows, mean, scale, cache=False)
    base = [random.normal(size=(8, d)) for d in (96, 33)]
    near = [np.repeat(b, 4, axis=0) + np.tile([[0.0], [1e-6], [-1e-6], [0.0]], (8, 1)) for b in base]
    centres = Centres(near, np.ones((32, 2), bool))
    expected = mean_squares(
        [(v.astype(float) - mean[n]) / scale[n] for n, v in X.items()], observed, near, centres.present
    )
    distances = Distances(scaled, centres)
    labels, by_product = np.empty(3000, int), np.empty(3000, int)
    for chunk in scaled.chunks():
        found = distances.to(chunk)
        labels[chunk.start : chunk.stop], square = found.nearest(found.mean_square())
        by_product[chunk.start : chunk.stop] = found.mean_square().argmin(axis=1)
        np.testing.assert_allclose(square, expected[chunk.start : chunk.stop].min(axis=1), rtol=1e-4)
    some = observed.any(axis=1)
    np.testing.assert_array_equal(labels[some], expected[some].argmin(axis=1))
    assert (labels[~some] == -1).all() and (~some).any()
    assert (by_product[some] != labels[some]).mean() > 0.1, "the near-ties are too easy to test anything"


def test_one_cluster_is_the_mean(make_data) -> None:
    X = make_data().X
    imputer = UL4M4(1, random_state=0)
    filled = imputer.fit_transform(X)
    for name, values in X.items():
        missing = np.isnan(values).any(axis=1)
        np.testing.assert_allclose(
            filled[name][missing], np.tile(imputer.mean_[name], (missing.sum(), 1)), atol=1e-5
        )


def test_as_many_clusters_as_different_rows_have_no_inertia(make_data) -> None:
    X = make_data(n=12, missing=0).X
    twice = {name: np.vstack([v, v]) for name, v in X.items()}
    imputer = UL4M4(12, random_state=0).fit(twice)
    assert imputer.inertia_ == pytest.approx(0, abs=1e-4)
    assert sorted(np.unique(imputer.labels_)) == list(range(12))


def test_more_clusters_than_different_rows_leaves_copies_empty(make_data) -> None:
    X = {name: np.vstack([v[:3]] * 4) for name, v in make_data(missing=0).X.items()}
    imputer = UL4M4(8, random_state=0).fit(X)
    assert len(np.unique(imputer.labels_)) == 3, "copies of a centre lose every tie to the lowest"
    assert imputer.inertia_ == pytest.approx(0, abs=1e-4)


def test_seeds_reach_every_row_and_are_different(make_data) -> None:
    X = make_data(n=300, widths=(3, 3), missing=0).X
    X["m0"][100:], X["m1"][:100] = np.nan, np.nan  # no row has both
    for seed in range(5):
        scaled = scaled_rows(X)
        seeds = choose_seeds(scaled, 6, np.random.RandomState(seed), no_progress)
        assert len(set(seeds)) == 6
        assert (seeds < 100).any() and (seeds >= 100).any(), (
            "rows that share nothing with a seed must get one"
        )
    assert (UL4M4(6, random_state=0).fit(X).labels_ >= 0).all()


def test_seeding_prefers_far_rows() -> None:
    X = {
        "a": np.concatenate([np.zeros(500), np.ones(500) * 10, [1000.0]])[:, None]
        + np.linspace(0, 1e-3, 1001)[:, None]
    }
    found = [choose_seeds(scaled_rows(X), 3, np.random.RandomState(s), no_progress) for s in range(20)]
    assert sum(1000 in seeds for seeds in found) == 20, "the far row has nearly all of the weight"


def test_seeds_of_many_rows_come_from_a_sample(make_data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.imputers.partial_kmeans.SEEDING_ROWS", 50)
    X = make_data(n=400, missing=0.3).X
    seeds = choose_seeds(scaled_rows(X), 20, np.random.RandomState(0), no_progress)
    assert len(set(seeds)) == 20 and max(seeds) > 200
    assert UL4M4(60, random_state=0).fit(X).n_clusters == 60, "more clusters than the sample would have rows"


def test_row_that_shares_nothing_keeps_no_label_until_a_centre_gains_its_modality(make_data) -> None:
    X = make_data(n=60, widths=(3, 2), missing=0).X
    X["m1"][:] = np.nan
    X["m1"][59] = 1.0
    X["m0"][59] = np.nan
    assert UL4M4(2, init=[0, 1]).fit(X).labels_[59] == -1
    X["m1"][5] = 2.0  # a member that has both brings the modality into its centre
    imputer = UL4M4(2, init=[0, 1]).fit(X)
    assert imputer.labels_[59] == imputer.labels_[5] >= 0
    assert imputer.presence_[:, 1].sum() == 1


def test_inertia_falls_when_every_row_is_complete(make_data) -> None:
    imputer = UL4M4(6, random_state=1, tol=0).fit(make_data(n=400, missing=0).X)
    assert imputer.n_iter_ == len(imputer.inertia_history_) > 2
    assert (np.diff(imputer.inertia_history_) <= 1e-4).all()
    assert imputer.inertia_ == pytest.approx(imputer.inertia_history_[-1], rel=1e-5)


def test_empty_cluster_keeps_its_centre() -> None:
    X = {"a": np.array([[0.0], [0.1], [10.0], [10.1]])}
    scaled = scaled_rows(X)
    far = Centres([np.array([[-1.0], [1.0], [99.0]])], np.ones((3, 1), bool))
    assert lloyd(scaled, far, 10, 0.0, no_progress).centres.values[0][2, 0] == 99.0


def test_too_few_passes_warn(make_data) -> None:
    with pytest.warns(UserWarning, match="raise max_iter or tol"):
        UL4M4(8, max_iter=1, random_state=0).fit(make_data(n=400).X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        UL4M4(8, random_state=0).fit(make_data(n=400).X)


def test_result_does_not_depend_on_chunks_or_cache(make_data, monkeypatch: pytest.MonkeyPatch) -> None:
    X = make_data(n=1000).X
    whole = UL4M4(10, random_state=0).fit(X)
    monkeypatch.setattr("tools.imputers.modalities.CHUNK_BYTES", 1)
    monkeypatch.setattr("tools.imputers.scaling.CACHE_BYTES", 0)
    parts = UL4M4(10, random_state=0).fit(X)
    np.testing.assert_array_equal(whole.labels_, parts.labels_)
    np.testing.assert_array_equal(whole.fill_sources_, parts.fill_sources_)


def test_row_alone_in_its_cluster_equals_the_centre_to_the_bit(make_data) -> None:
    """By whatever way it got there, or ties between a row and a centre made of it would be left to rounding."""
    X, observed = (data := make_data(n=30, missing=0.2)).X, data.observed
    numbers = np.flatnonzero(observed.any(axis=1))
    scaled = scaled_rows(X)
    seeds = centres_from_rows(scaled, numbers)
    for centres in (seeds, lloyd(scaled, seeds, 1, -1.0, no_progress).centres):
        found = Distances(scaled, centres).to(scaled.chunk(0, 30))
        own = found.exact_total(numbers, np.eye(len(numbers), dtype=bool))
        np.testing.assert_array_equal(own, 0)
