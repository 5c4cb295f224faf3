"""Feature files and the command line, end to end."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import torch
from safetensors.torch import load_file, save_file

from tools.imputers import UL4M4, held_out_error
from tools.imputers.__main__ import main
from tools.imputers.files import Features, read_features, write_features
from tools.imputers.saved import METHODS
from tools.imputers.validation import hide

ENDINGS = [".npz", ".safetensors", ".parquet", ""]


@pytest.fixture
def features(make_data) -> Features:
    return Features(make_data(n=80).X, None, {"ids": np.arange(80)})


@pytest.mark.parametrize("ending", ENDINGS)
def test_written_and_read_back(ending: str, features: Features, tmp_path: Path) -> None:
    write_features(tmp_path / f"f{ending}", features)
    back = read_features(tmp_path / f"f{ending}")
    assert set(back.X) == set(features.X)
    for name, values in features.X.items():
        assert back.X[name].dtype == values.dtype
        np.testing.assert_array_equal(back.X[name], values)
    np.testing.assert_array_equal(np.asarray(back.others["ids"]), np.arange(80))


def test_parquet_null_is_missing(tmp_path: Path) -> None:
    lists = pyarrow.array([[1.0, 2.0], None, [3.0, 4.0]], pyarrow.list_(pyarrow.float32()))
    pyarrow.parquet.write_table(pyarrow.table({"a": lists, "title": ["x", "y", "z"]}), tmp_path / "f.parquet")
    read = read_features(tmp_path / "f.parquet")
    np.testing.assert_array_equal(read.X["a"], [[1, 2], [np.nan, np.nan], [3, 4]])
    assert read.others["title"].to_pylist() == ["x", "y", "z"]


@pytest.mark.parametrize("ending", [".npz", ""])
def test_a_tables_titles_go_along(ending: str, tmp_path: Path) -> None:
    lists = pyarrow.array([[1.0, 2.0], None, [3.0, 4.0]], pyarrow.list_(pyarrow.float32()))
    pyarrow.parquet.write_table(pyarrow.table({"a": lists, "title": ["x", "yy", ""]}), tmp_path / "f.parquet")
    arguments = ["--in", tmp_path / "f.parquet", "--method", "mean", "--out", tmp_path / f"o{ending}"]
    assert main([str(part) for part in arguments]) == 0
    assert read_features(tmp_path / f"o{ending}").others["title"].tolist() == ["x", "yy", ""]


def test_parquet_lists_of_unequal_length(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"a": [[1.0, 2.0], [3.0]]}), tmp_path / "f.parquet")
    with pytest.raises(ValueError, match=r"column 'a' has lists of lengths \[1, 2\]"):
        read_features(tmp_path / "f.parquet")


def test_folder_is_memory_mapped(features: Features, tmp_path: Path) -> None:
    write_features(tmp_path / "folder", features)
    assert all(isinstance(values, np.memmap) for values in read_features(tmp_path / "folder").X.values())


def test_bfloat16_stays_bfloat16(features: Features, tmp_path: Path) -> None:
    save_file({n: torch.from_numpy(v).bfloat16() for n, v in features.X.items()}, tmp_path / "f.safetensors")
    command = ["--in", tmp_path / "f.safetensors", "--method", "mean", "--out", tmp_path / "o.safetensors"]
    assert main([str(part) for part in command]) == 0
    filled = load_file(tmp_path / "o.safetensors")
    assert all(values.dtype == torch.bfloat16 and not values.isnan().any() for values in filled.values())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_command_fills_every_kind_of_file(
    method: str, ending: str, features: Features, tmp_path: Path, capsys
) -> None:
    write_features(tmp_path / f"in{ending}", features)
    own = ["--clusters", "5"] if method == "ul4m4" else []
    source, target = tmp_path / f"in{ending}", tmp_path / f"out{ending}"
    assert main(["--in", str(source), "--method", method, "--out", str(target), *own]) == 0
    filled, printed = read_features(target), capsys.readouterr().out
    for name, values in features.X.items():
        missing = np.isnan(values).any(axis=1)
        assert np.isfinite(filled.X[name]).all()
        np.testing.assert_array_equal(filled.X[name][~missing], values[~missing])
        assert f"{missing.sum()} ({missing.mean():.1%})" in printed
    np.testing.assert_array_equal(np.asarray(filled.others["ids"]), np.arange(80))


def test_command_keeps_and_uses_an_imputer(features: Features, make_data, tmp_path: Path, capsys) -> None:
    write_features(tmp_path / "train.npz", features)
    later = make_data(n=30, seed=4).X
    write_features(tmp_path / "later.npz", Features(later))
    kept = str(tmp_path / "kept.safetensors")
    assert main(["--in", str(tmp_path / "train.npz"), "--clusters", "6", "--seed", "3", "--save", kept]) == 0
    assert (
        main(["--in", str(tmp_path / "later.npz"), "--load", kept, "--out", str(tmp_path / "out.npz")]) == 0
    )
    expected = UL4M4(6, random_state=3).fit(features.X).transform(later)
    for name, values in read_features(tmp_path / "out.npz").X.items():
        np.testing.assert_array_equal(values, expected[name])


def test_command_reads_a_mask(features: Features, make_data, tmp_path: Path) -> None:
    data = make_data(n=80)
    np.savez(tmp_path / "in.npz", **data.truth, observed=data.observed)
    assert (
        main(["--in", str(tmp_path / "in.npz"), "--method", "ridge", "--out", str(tmp_path / "masked.npz")])
        == 0
    )
    write_features(tmp_path / "nan.npz", features)
    assert (
        main(["--in", str(tmp_path / "nan.npz"), "--method", "ridge", "--out", str(tmp_path / "out.npz")])
        == 0
    )
    masked, by_nan = read_features(tmp_path / "masked.npz"), read_features(tmp_path / "out.npz")
    assert masked.observed is None, "a filled file has nothing missing"
    for name in features.X:
        np.testing.assert_array_equal(masked.X[name], by_nan.X[name])


def test_command_compares_all_methods_in_one_table(features: Features, tmp_path: Path, capsys) -> None:
    write_features(tmp_path / "in.npz", features)
    assert main(["--in", str(tmp_path / "in.npz"), "--compare", "--clusters", "6"]) == 0
    table = capsys.readouterr().out
    for name in ("ridge", "neighbours", "mean", "zero", "ul4m4 (observed)", "ul4m4 (paper)"):
        assert table.count(f"│ {name} ") == 1
    assert table.index(" ridge ") < table.index(" zero "), "sorted by error"


def test_command_validates_one_method(features: Features, tmp_path: Path, capsys) -> None:
    write_features(tmp_path / "in.npz", features)
    assert main(["--in", str(tmp_path / "in.npz"), "--method", "ridge", "--validate", "0.2"]) == 0
    from tools.imputers import RidgeImputer

    expected = held_out_error(RidgeImputer(), features.X, fraction=0.2, random_state=0)
    assert f"{expected.overall:.3f}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--in", "in.npz"], "nothing to do: give --out, --validate, --compare or --save"),
        (["--in", "none.npz", "--out", "o.npz"], "there is no feature file none.npz"),
        (
            ["--in", "in.npz", "--out", "o.csv"],
            "o.csv: unknown ending '.csv'; known: .npz, .safetensors, .parquet",
        ),
        (["--in", "broken.npz", "--out", "o.npz"], "cannot read broken.npz"),
        (["--in", "empty.npz", "--out", "o.npz"], "empty.npz holds no modality"),
        (["--in", "objects.npz", "--out", "o.npz"], "arrays of Python objects are not accepted"),
        (["--in", "in.npz", "--out", "o.npz"], "n_clusters=64 must be between 1 and the number of rows"),
        (
            ["--in", "in.npz", "--out", "o.npz", "--method", "mean", "--alpha", "1"],
            "--alpha is not an option of --method mean",
        ),
        (["--in", "in.npz", "--validate", "2"], "cannot hide a fraction of 2.0"),
        (["--in", "in.npz", "--out", "o.npz", "--load", "in.npz"], "in.npz is not a safetensors file"),
        (
            ["--in", "in.npz", "--load", "x", "--compare"],
            "--validate and --compare fit anew, --load does not",
        ),
        (["--in", "in.npz", "--out", "o.npz", "--device", "nonsense"], "cannot use device 'nonsense'"),
        (["--in", "in.npz", "--out", "o.npz", "--validate", "0"], "cannot hide a fraction of 0.0"),
        (["--in", "in.npz", "--out", "in.npz"], "in.npz is the input; give another place"),
        (["--in", "folder", "--out", "../here/folder"], "../here/folder is the input; give another place"),
        (["--in", "links", "--out", "folder"], "folder is the input; give another place"),
        (["--in", "cut.safetensors", "--out", "o.npz"], "cannot read cut.safetensors"),
        (["--in", "cut.parquet", "--out", "o.npz"], "cut.parquet"),
        (["--in", "cut", "--out", "o.npz"], "cannot read cut/a.npy"),
        (
            ["--in", "titles.npz", "--out", "o.safetensors"],
            "o.safetensors cannot hold 'titles', an array [20] of <U1",
        ),
        (
            ["--in", "titles.npz", "--out", "o.parquet"],
            "o.parquet cannot hold 'short', an array [3] of int64",
        ),
    ],
)
def test_command_says_what_is_wrong(
    arguments: list[str], message: str, make_data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    X = make_data(n=20).X
    write_features("in.npz", Features(X))
    write_features("folder", Features(X))
    write_features("titles.npz", Features(X, None, {"titles": np.full(20, "x"), "short": np.arange(3)}))
    Path("links").mkdir()
    for file in Path("folder").iterdir():
        (Path("links") / file.name).symlink_to(file.resolve())
    Path("cut").mkdir()
    for name in ("cut.safetensors", "cut.parquet", "cut/a.npy"):
        Path(name).write_bytes(b"\x93NUM")
    Path("broken.npz").write_text("no archive")
    np.savez("empty.npz", ids=np.arange(3))
    np.savez("objects.npz", a=np.array([{}], dtype=object))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert main(arguments) == 2
    error = capsys.readouterr().err.strip()
    assert message in error and error.startswith("error: ") and "\n" not in error
    assert not list(Path().glob("o.*"))
    for name, values in read_features("folder").X.items():
        np.testing.assert_array_equal(values, X[name])  # the input is as it was


def test_hidden_slots_leave_something_of_every_row_and_modality() -> None:
    random = np.random.default_rng(0)
    observed = random.uniform(size=(500, 3)) > 0.4
    hidden = hide(observed, 0.5, 1)
    assert not (hidden & ~observed).any()
    left = observed & ~hidden
    assert (left.any(axis=1) == observed.any(axis=1)).all() and left.any(axis=0).all()
    assert 0.25 < hidden.sum() / observed.sum() < 0.5
    np.testing.assert_array_equal(hidden, hide(observed, 0.5, 1))
    with pytest.raises(ValueError, match="nothing to hold out: of 2 rows, 0 have two modalities"):
        hide(np.eye(2, dtype=bool), 0.5)


def test_held_out_error_is_the_error_of_what_was_hidden(make_data) -> None:
    X, observed = (data := make_data()).X, data.observed
    imputer = UL4M4(6, random_state=0)
    result = held_out_error(imputer, X, fraction=0.3, random_state=5)
    hidden = hide(observed, 0.3, 5)
    filled = UL4M4(6, random_state=0).fit_transform(X, observed=observed & ~hidden)
    wrong = [
        ((filled[name] - X[name]) / imputer.scale_[name])[hidden[:, m]].astype(float)
        for m, name in enumerate(X)
    ]
    assert result.hidden == hidden.sum()
    for name, part in zip(X, wrong, strict=True):
        assert result.rmse[name] == pytest.approx(np.sqrt((part**2).mean()), rel=1e-5)
    assert result.overall == pytest.approx(
        np.sqrt((np.concatenate([w.ravel() for w in wrong]) ** 2).mean()), rel=1e-5
    )
    assert -1 <= result.cosine <= 1
