"""The peers against what they are called after."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from tools.imputers import MeanImputer, NeighboursImputer, RidgeImputer, ZeroImputer


def test_ridge_on_complete_rows_is_scikit_learns(make_data) -> None:
    train, test = make_data(n=80, missing=0, seed=1).X, make_data(n=20, missing=0, seed=2).truth
    X = {"m0": test["m0"], "m1": np.full_like(test["m1"], np.nan), "m2": test["m2"]}
    filled = RidgeImputer(alpha=0.2).fit(train).transform(X)
    inputs = StandardScaler().fit(np.hstack([train["m0"], train["m2"]]))
    outputs = StandardScaler().fit(train["m1"])
    model = Ridge(alpha=0.2 * 80).fit(
        inputs.transform(np.hstack([train["m0"], train["m2"]])), outputs.transform(train["m1"])
    )
    expected = outputs.inverse_transform(model.predict(inputs.transform(np.hstack([test["m0"], test["m2"]]))))
    np.testing.assert_allclose(filled["m1"], expected, atol=1e-3)


def test_ridge_stays_bounded_when_pairs_of_modalities_were_seen_on_different_rows() -> None:
    """Few rows per pair make a covariance with negative eigenvalues, whose inverse would explode."""
    random = np.random.default_rng(0)
    X = {f"m{m}": random.normal(size=(60, 15)) for m in range(4)}
    observed = random.uniform(size=(60, 4)) < 0.5
    pairs = RidgeImputer(alpha=1e-3).fit(X, observed=observed)
    assert np.linalg.eigvalsh(pairs.covariance_).min() > -1e-9
    filled = pairs.transform(X, observed=np.tile([True, True, True, False], (60, 1)))
    assert np.abs(filled["m3"]).max() < 50


def test_ridge_of_modalities_never_seen_together_is_the_mean() -> None:
    X = {"a": np.arange(20.0)[:, None], "b": np.arange(20.0)[:, None] ** 2}
    X["a"][10:], X["b"][:10] = np.nan, np.nan
    filled = RidgeImputer().fit_transform(X)
    np.testing.assert_allclose(filled["b"][:10], np.nanmean(X["b"]))


def test_neighbours_average_the_nearest_rows_that_have_the_modality(make_data) -> None:
    X, observed = (data := make_data(n=120)).X, data.observed
    imputer = NeighboursImputer(4)
    filled = imputer.fit_transform(X)
    z = {name: (v - imputer.mean_[name]) / imputer.scale_[name] for name, v in X.items()}
    rows = np.flatnonzero(observed[:, 0] & observed[:, 2] & ~observed[:, 1])[:10]
    donors = np.flatnonzero(observed.all(axis=1))
    assert len(rows) == 10
    for i in rows:
        square = ((z["m0"][donors] - z["m0"][i]) ** 2).mean(1) + ((z["m2"][donors] - z["m2"][i]) ** 2).mean(1)
        nearest = donors[np.argsort(square)[:4]]
        np.testing.assert_allclose(filled["m1"][i], X["m1"][nearest].mean(axis=0), rtol=1e-4, atol=1e-4)


def test_neighbours_without_donors_leave_the_mean() -> None:
    X = {"a": np.arange(20.0)[:, None], "b": np.arange(20.0)[:, None] ** 2}
    X["a"][10:], X["b"][:10] = np.nan, np.nan
    filled = NeighboursImputer().fit_transform(X)
    np.testing.assert_allclose(filled["b"][:10], np.nanmean(X["b"]))


def test_mean_and_zero(make_data) -> None:
    _, X, observed = make_data()
    missing = ~observed[:, 0]
    mean, zero = MeanImputer().fit_transform(X)["m0"], ZeroImputer().fit_transform(X)["m0"]
    np.testing.assert_allclose(
        mean[missing], np.tile(np.nanmean(X["m0"], axis=0), (missing.sum(), 1)), rtol=1e-5
    )
    assert (zero[missing] == 0).all()


def test_statistics_survive_a_mean_far_from_zero() -> None:
    random = np.random.default_rng(0)
    X = {"a": (random.normal(size=(50_000, 3)) * [1, 2, 3] + 1e6).astype(np.float32)}
    imputer = MeanImputer().fit(X)
    np.testing.assert_allclose(imputer.scale_["a"], X["a"].astype(float).std(axis=0), rtol=1e-5)
    np.testing.assert_allclose(imputer.mean_["a"], X["a"].astype(float).mean(axis=0), rtol=1e-9)


@pytest.mark.parametrize("chunk_bytes", [1, 2**24])
def test_statistics_do_not_depend_on_chunks(
    chunk_bytes: int, make_data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.imputers.modalities.CHUNK_BYTES", chunk_bytes)
    X = make_data(n=1000).X
    imputer = MeanImputer().fit(X)
    for name, values in X.items():
        np.testing.assert_allclose(imputer.mean_[name], np.nanmean(values.astype(float), axis=0), atol=1e-6)
        np.testing.assert_allclose(imputer.scale_[name], np.nanstd(values.astype(float), axis=0), rtol=1e-5)


def test_order_of_error_when_the_cause_is_linear(make_data) -> None:
    """The data are linear in a common cause: ridge must win here, and everything must beat zeros."""
    truth, X, observed = make_data(n=600)
    from tools.imputers import UL4M4

    errors = {}
    for imputer in (
        RidgeImputer(),
        UL4M4(20, random_state=0),
        NeighboursImputer(),
        MeanImputer(),
        ZeroImputer(),
    ):
        filled = imputer.fit_transform(X)
        wrong = [
            ((filled[name] - truth[name]) / imputer.scale_[name])[~observed[:, m]].ravel()
            for m, name in enumerate(X)
        ]
        errors[type(imputer).__name__] = np.sqrt((np.concatenate(wrong) ** 2).mean())
    assert errors["RidgeImputer"] < errors["UL4M4"] < errors["MeanImputer"] < errors["ZeroImputer"]
