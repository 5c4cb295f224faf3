"""What every imputer promises, whatever it fills with."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import tools.imputers
from tools.imputers import (
    UL4M4,
    MeanImputer,
    ModalityImputer,
    NeighboursImputer,
    RidgeImputer,
    ZeroImputer,
    load_imputer,
    save_imputer,
)
from tools.imputers.saved import METHODS

IMPUTERS = [
    UL4M4(5, random_state=0),
    UL4M4(5, rule="paper", random_state=0),
    RidgeImputer(),
    NeighboursImputer(3),
    MeanImputer(),
    ZeroImputer(),
]
every = pytest.mark.parametrize("imputer", IMPUTERS, ids=str)


def test_no_imputer_is_left_out() -> None:
    classes = {
        c for c in vars(tools.imputers).values() if inspect.isclass(c) and issubclass(c, ModalityImputer)
    }
    assert classes - {ModalityImputer} == {type(imputer) for imputer in IMPUTERS} == set(METHODS.values())


@every
def test_fills_everything_and_changes_nothing_that_is_there(imputer, make_data) -> None:
    _, X, observed = make_data()
    before = {name: values.copy() for name, values in X.items()}
    filled = clone(imputer).fit_transform(X)
    assert list(filled) == list(X)
    for m, (name, values) in enumerate(filled.items()):
        assert values.dtype == X[name].dtype and values.shape == X[name].shape
        assert np.isfinite(values).all()
        np.testing.assert_array_equal(values[observed[:, m]], X[name][observed[:, m]])
        np.testing.assert_array_equal(before[name], X[name])


@every
def test_later_rows_depend_on_training_rows_only(imputer, make_data) -> None:
    fitted = clone(imputer).fit(make_data(seed=1).X)
    X = make_data(seed=2).X
    together = fitted.transform(X)
    for i in (3, 77):
        alone = fitted.transform({name: values[i : i + 1] for name, values in X.items()})
        for name in X:
            np.testing.assert_allclose(alone[name][0], together[name][i], rtol=1e-4, atol=1e-5)


@every
def test_a_mask_says_the_same_as_nan(imputer, make_data) -> None:
    _, X, observed = make_data()
    junk = {name: np.where(np.isnan(values), np.float32(77), values) for name, values in X.items()}
    by_nan = clone(imputer).fit_transform(X)
    by_mask = clone(imputer).fit_transform(junk, observed=observed)
    for name in X:
        np.testing.assert_array_equal(by_nan[name], by_mask[name])


@every
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_tensors_are_filled_like_arrays(imputer, dtype: str, make_data) -> None:
    """On CPU tensors; a GPU runs the same operations."""
    X = {name: values.astype(dtype) for name, values in make_data().X.items()}
    tensors = {name: torch.from_numpy(values.copy()) for name, values in X.items()}
    arrays, filled = clone(imputer).fit_transform(X), clone(imputer).fit_transform(tensors)
    for name, values in filled.items():
        assert isinstance(values, torch.Tensor) and values.dtype == tensors[name].dtype
        np.testing.assert_allclose(
            values.numpy(), arrays[name], rtol=2e-3 if dtype == "float16" else 1e-4, atol=1e-5
        )


@every
def test_bfloat16_and_gradients(imputer, make_data) -> None:
    X = {name: torch.from_numpy(v).bfloat16().requires_grad_() for name, v in make_data().X.items()}
    filled = clone(imputer).fit_transform({name: v for name, v in X.items()})
    assert all(v.dtype == torch.bfloat16 and torch.isfinite(v).all() for v in filled.values())


@every
def test_memory_maps_are_filled_into_files(imputer, make_data, tmp_path: Path) -> None:
    X = make_data().X
    for name, values in X.items():
        np.save(tmp_path / f"{name}.npy", values)
    maps = {name: np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in X}
    out = {
        name: np.lib.format.open_memmap(tmp_path / f"out-{name}.npy", "w+", v.dtype, v.shape)
        for name, v in X.items()
    }
    expected = clone(imputer).fit_transform(X)
    filled = clone(imputer).fit_transform(maps, out=out)
    for name in X:
        assert filled[name] is out[name]
        out[name].flush()
        np.testing.assert_array_equal(np.load(tmp_path / f"out-{name}.npy"), expected[name])


@every
@pytest.mark.parametrize("mode", ["r", "c", "r+"])
def test_in_place(imputer, mode: str, make_data, tmp_path: Path) -> None:
    """Releasing pages must not lose what was written: neither in memory, nor to a private map, nor to the file."""
    X, observed = (data := make_data()).X, data.observed
    expected = clone(imputer).fit_transform(X)
    if mode == "r":
        work = {name: values.copy() for name, values in X.items()}
    else:
        for name, values in X.items():
            np.save(tmp_path / f"{name}.npy", values)
        work = {name: np.load(tmp_path / f"{name}.npy", mmap_mode=mode) for name in X}
    clone(imputer).fit(X).transform(work, out=work, observed=observed)
    for name in X:
        np.testing.assert_array_equal(work[name], expected[name])


@every
def test_order_of_modalities_does_not_matter(imputer, make_data) -> None:
    X = make_data().X
    fitted = clone(imputer).fit(X)
    forwards, backwards = fitted.transform(X), fitted.transform(dict(reversed(X.items())))
    for name in X:
        np.testing.assert_array_equal(forwards[name], backwards[name])


@every
def test_saved_and_loaded_fills_the_same(imputer, make_data, tmp_path: Path) -> None:
    X = {"odd/name é": (data := make_data()).X["m0"], "b": data.X["m1"]}
    fitted = clone(imputer).fit(X)
    save_imputer(fitted, tmp_path / "deep" / "model.safetensors")
    loaded = load_imputer(tmp_path / "deep" / "model.safetensors")
    assert type(loaded) is type(fitted) and loaded.get_params() == fitted.get_params()
    later = {"odd/name é": (data := make_data(seed=5)).X["m0"], "b": data.X["m1"]}
    first, second = fitted.transform(later), loaded.transform(later)
    for name in X:
        np.testing.assert_array_equal(first[name], second[name])
    assert sorted(vars(loaded)) == sorted(vars(fitted))


def test_files_that_are_no_imputers(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ValueError, match="is not a safetensors file"):
        load_imputer(tmp_path / "text")
    from safetensors.numpy import save_file

    save_file({"a": np.ones(2)}, tmp_path / "other")
    with pytest.raises(ValueError, match="is not an imputer saved by this version"):
        load_imputer(tmp_path / "other")
    with pytest.raises(ValueError, match="is not fitted"):
        save_imputer(MeanImputer(), tmp_path / "new")


def test_ul4m4_on_tensors_saves_the_same_attributes(make_data) -> None:
    X = make_data().X
    arrays = UL4M4(5, random_state=0).fit(X)
    tensors = UL4M4(5, random_state=0).fit({name: torch.from_numpy(v) for name, v in X.items()})
    np.testing.assert_array_equal(arrays.labels_, tensors.labels_)
    np.testing.assert_array_equal(arrays.fill_sources_, tensors.fill_sources_)
    np.testing.assert_array_equal(arrays.presence_, tensors.presence_)
    for name in X:
        assert isinstance(tensors.cluster_centers_[name], np.ndarray)
        np.testing.assert_allclose(arrays.cluster_centers_[name], tensors.cluster_centers_[name], atol=1e-5)


def test_fill_sources_say_what_was_filled(make_data) -> None:
    X, observed = (data := make_data()).X, data.observed
    imputer = UL4M4(5, random_state=0)
    filled = imputer.fit_transform(X)
    np.testing.assert_array_equal(imputer.fill_sources(X), imputer.fill_sources_)
    for m, name in enumerate(X):
        np.testing.assert_array_equal(imputer.fill_sources_[:, m] == -1, observed[:, m])
        centres = imputer.cluster_centers_[name] * imputer.scale_[name] + imputer.mean_[name]
        by_centre = imputer.fill_sources_[:, m] >= 0
        np.testing.assert_allclose(
            filled[name][by_centre], centres[imputer.fill_sources_[by_centre, m]], rtol=1e-5
        )


def test_output_containers(make_data) -> None:
    X = make_data().X
    imputer = MeanImputer().set_output(transform="pandas")
    frames = clone(imputer).fit_transform(X)
    assert frames["m0"].shape == X["m0"].shape and not frames["m0"].isna().any(axis=None)
    assert isinstance(MeanImputer().set_output(transform="torch").fit_transform(X)["m0"], torch.Tensor)
    tensors = {name: torch.from_numpy(v) for name, v in X.items()}
    assert isinstance(MeanImputer().set_output(transform="numpy").fit_transform(tensors)["m0"], np.ndarray)
    with pytest.raises(ValueError, match="unknown output 'polars'; known: default, numpy, torch, pandas"):
        MeanImputer().set_output(transform="polars")


@every
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_shape_and_mask(imputer, data: st.DataObject) -> None:
    """Every shape and every mask in which each modality occurs is filled with finite numbers."""
    n, widths = data.draw(st.integers(5, 12)), data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    size = n * len(widths)
    observed = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size))).reshape(
        n, len(widths)
    )
    observed[data.draw(st.integers(0, n - 5)) :][:5] |= np.eye(5, len(widths), dtype=bool)
    random = np.random.default_rng(0)
    X = {
        f"m{m}": np.where(observed[:, [m]], random.normal(size=(n, d)), np.nan) for m, d in enumerate(widths)
    }
    k = data.draw(st.integers(1, int(observed.any(axis=1).sum())))
    own = clone(imputer).set_params(n_clusters=k) if isinstance(imputer, UL4M4) else clone(imputer)
    filled = own.fit_transform(X)
    for m, (name, values) in enumerate(filled.items()):
        assert values.shape == X[name].shape and np.isfinite(values).all()
        np.testing.assert_array_equal(values[observed[:, m]], X[name][observed[:, m]])


@every
def test_constant_columns_are_filled_with_the_constant_and_do_not_explode(imputer, make_data) -> None:
    X = make_data().X
    X["m0"][:, 1] = np.where(np.isnan(X["m0"][:, 1]), np.nan, 0.1)
    fitted = clone(imputer).fit(X)
    later = {name: values.copy() for name, values in make_data(seed=9).X.items()}
    later["m0"][:, 1] += 5  # differs where training did not
    filled = fitted.transform(later)
    assert all(np.abs(values).max() < 1000 for values in filled.values())
    if not isinstance(imputer, ZeroImputer):
        missing = np.isnan(later["m0"][:, 0])
        np.testing.assert_allclose(filled["m0"][missing, 1], 0.1, atol=1e-5)


@every
def test_all_columns_constant(imputer) -> None:
    X = {"a": np.full((8, 3), 2.0), "b": np.full((8, 2), -1.0)}
    X["b"][4:] = np.nan
    own = clone(imputer).set_params(n_clusters=2) if isinstance(imputer, UL4M4) else clone(imputer)
    expected = 0.0 if isinstance(imputer, ZeroImputer) else -1.0
    np.testing.assert_allclose(own.fit_transform(X)["b"][4:], expected)


GOOD = np.arange(12, dtype=np.float32).reshape(6, 2)
NAN = np.float32("nan")


def with_value(value: float, row: int) -> np.ndarray:
    changed = GOOD.copy()
    changed[row, 1] = value
    return changed


@every
@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (
            [GOOD],
            TypeError,
            "X must be a mapping .* got list; for one matrix with column blocks use MatrixImputer",
        ),
        ({}, ValueError, "X has no modality"),
        ({"a": GOOD.tolist()}, TypeError, "modality 'a' is a list; give a NumPy array or a PyTorch tensor"),
        ({"a": GOOD[0]}, ValueError, r"modality 'a' has shape \(2,\); it must be \[n, width\]"),
        ({"a": GOOD[:0]}, ValueError, r"modality 'a' is empty: shape \(0, 2\)"),
        ({"a": GOOD[:, :0]}, ValueError, r"modality 'a' is empty: shape \(6, 0\)"),
        ({"a": GOOD.astype(int)}, TypeError, "modality 'a' has type int64; convert it to float32"),
        ({"a": GOOD, "b": GOOD[:5]}, ValueError, "unequal row counts {'a': 6, 'b': 5}"),
        ({"a": GOOD, "b": torch.ones(6, 2)}, TypeError, "different kinds"),
        ({"a": GOOD, "b": GOOD * NAN}, ValueError, "modality 'b' is missing in all 6 rows"),
        ({"a": GOOD * NAN}, ValueError, "modality 'a' is missing in all 6 rows"),
        ({"a": with_value(np.inf, 3)}, ValueError, "modality 'a' has an infinite value in row 3"),
        ({"a": GOOD, "b": with_value(-np.inf, 5)}, ValueError, "modality 'b' has an infinite value in row 5"),
        (
            {"a": with_value(np.nan, 2)},
            ValueError,
            "'a' has 1 NaN of 2 values in row 2, but a missing row must be all",
        ),
    ],
)
def test_bad_input(imputer, X, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        clone(imputer).fit(X)


@every
def test_bad_masks(imputer) -> None:
    for observed in (np.ones((6, 2), bool), np.ones((6, 1))):
        with pytest.raises(ValueError, match=r"it must be bool of shape \(6, 1\): True where a sample has a"):
            clone(imputer).fit({"a": GOOD}, observed=observed)
    with pytest.raises(ValueError, match="1 NaN of 2 values in row 4, but the row is marked as observed"):
        clone(imputer).fit({"a": with_value(np.nan, 4)}, observed=np.ones((6, 1), bool))


@every
def test_bad_input_to_transform(imputer, make_data) -> None:
    X = make_data().X
    with pytest.raises(NotFittedError):
        clone(imputer).transform(X)
    fitted = clone(imputer).fit(X)
    with pytest.raises(
        ValueError, match=r"fitted on .* a modality that is missing everywhere must still be given"
    ):
        fitted.transform({"m0": X["m0"]})
    with pytest.raises(ValueError, match="fitted on"):
        fitted.transform({**X, "m2": X["m2"][:, :2]})
    with pytest.raises(ValueError, match=r"out needs an array of shape \(200, 6\) for modality 'm0'"):
        fitted.transform(X, out={"m0": X["m0"][:3]})


def test_large_finite_numbers_are_no_infinities() -> None:
    X = {"a": np.full((5, 4), 3e38, np.float32) * np.array([[1], [1], [-1], [1], [NAN]], np.float32)}
    assert np.isfinite(ZeroImputer().fit({"a": X["a"] / 1e20}).transform(X)["a"]).all()


@pytest.mark.parametrize(
    ("imputer", "message"),
    [
        (UL4M4(7), "n_clusters=7 must be between 1 and the number of rows with any modality, 6"),
        (UL4M4(0), "n_clusters=0 must be between 1"),
        (UL4M4(2, rule="ours"), "unknown rule 'ours'; known: observed, paper"),
        (UL4M4(2, max_iter=0), "max_iter=0"),
        (UL4M4(2, init="random"), "unknown init 'random'"),
        (UL4M4(2, init=[0, 6]), "init must be 2 numbers of rows"),
        (UL4M4(2, init=[0]), "init must be 2 numbers of rows"),
        (RidgeImputer(alpha=0), "alpha=0 must be positive"),
        (NeighboursImputer(0), "n_neighbors=0 must be at least 1"),
    ],
)
def test_bad_parameters(imputer, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        imputer.fit({"a": GOOD})


def test_rows_with_nothing_do_not_count_as_rows_for_clusters() -> None:
    X = {"a": np.vstack([GOOD, GOOD * NAN])}
    with pytest.raises(ValueError, match=r"rows with any modality, 6 \(n_samples=12\)"):
        UL4M4(7).fit(X)
    imputer = UL4M4(6, random_state=0).fit(X)
    assert (imputer.labels_[6:] == -1).all() and (imputer.labels_[:6] >= 0).all()
