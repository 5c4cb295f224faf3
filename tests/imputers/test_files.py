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

from tools.imputers import UL4M4, MeanImputer, RidgeImputer, held_out_error
from tools.imputers.__main__ import main
from tools.imputers.files import Features, read_features, write_features
from tools.imputers.saved import METHODS, save_imputer
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


@pytest.mark.parametrize("kind", [pyarrow.float16(), pyarrow.float32(), pyarrow.float64()])
def test_parquet_fixed_size_lists_know_their_width(kind: pyarrow.DataType, tmp_path: Path) -> None:
    fixed = pyarrow.list_(kind, 3)
    rows = {"a": [None, [1.0, 2.0, 3.0], None], "b": [None, None, None]}
    table = pyarrow.table({name: pyarrow.array(values, fixed) for name, values in rows.items()})
    pyarrow.parquet.write_table(table, tmp_path / "f.parquet")
    read = read_features(tmp_path / "f.parquet").X
    np.testing.assert_array_equal(read["a"], [[np.nan] * 3, [1, 2, 3], [np.nan] * 3])
    np.testing.assert_array_equal(read["b"], np.full((3, 3), np.nan))
    assert read["b"].dtype == kind.to_pandas_dtype()


def test_parquet_lists_that_are_null_in_every_row(tmp_path: Path) -> None:
    nothing = pyarrow.nulls(2, pyarrow.list_(pyarrow.float32()))
    pyarrow.parquet.write_table(pyarrow.table({"b": nothing}), tmp_path / "f.parquet")
    with pytest.raises(ValueError, match=r"column 'b' is null in every row.*write it as a fixed-size list"):
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
@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_mixed_precision(method: str, ending: str, device: str, features: Features, tmp_path: Path) -> None:
    first, *rest = features.X
    kinds = {first: torch.bfloat16} | dict.fromkeys(rest, torch.float32)
    tensors = {name: torch.from_numpy(values).to(kinds[name]) for name, values in features.X.items()}
    save_file({**tensors, "ids": torch.arange(80)}, tmp_path / "f.safetensors")
    source, target = tmp_path / "f.safetensors", tmp_path / f"o{ending}"
    own = ["--clusters", "5"] if method == "ul4m4" else []
    command = ["--in", str(source), "--out", str(target), "--device", device, "--method", method, *own]
    assert main(command) == 0
    if ending == ".safetensors":
        assert {name: values.dtype for name, values in load_file(target).items() if name != "ids"} == kinds
    filled = read_features(target)
    for name, values in tensors.items():
        there = ~values.isnan().any(dim=1)
        result = torch.as_tensor(np.array(filled.X[name]) if ending != ".safetensors" else filled.X[name])
        assert result.isfinite().all() and torch.equal(result[there], values[there].to(result.dtype))
    np.testing.assert_array_equal(np.asarray(filled.others["ids"]), np.arange(80))


@pytest.mark.parametrize("ending", ["", ".npz"])
def test_command_on_a_device_fills_the_same(ending: str, features: Features, tmp_path: Path, capsys) -> None:
    """A device other than `cpu` makes tensors of the arrays, also of memory-mapped ones."""
    write_features(tmp_path / f"in{ending}", features)
    command = ["--in", str(tmp_path / f"in{ending}"), "--method", "mean", "--out"]
    assert main([*command, str(tmp_path / "host")]) == 0
    assert main([*command, str(tmp_path / "device"), "--device", "cpu:0"]) == 0
    assert "warning" not in capsys.readouterr().err
    host, device = read_features(tmp_path / "host"), read_features(tmp_path / "device")
    for name, values in host.X.items():
        np.testing.assert_array_equal(device.X[name], values)


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


def test_other_modalities_than_a_kept_imputer_knows_leave_no_folder(
    features: Features, tmp_path: Path, capsys
) -> None:
    write_features(tmp_path / "train.npz", features)
    first = next(iter(features.X))
    write_features(tmp_path / "less.npz", Features({first: features.X[first]}))
    kept, out = str(tmp_path / "kept.safetensors"), tmp_path / "out"
    assert main(["--in", str(tmp_path / "train.npz"), "--method", "mean", "--save", kept]) == 0
    assert main(["--in", str(tmp_path / "less.npz"), "--load", kept, "--out", str(out)]) == 2
    assert "fitted on" in capsys.readouterr().err
    assert not out.exists()


def test_command_fills_a_modality_that_a_later_table_lacks(features: Features, tmp_path: Path) -> None:
    write_features(tmp_path / "train.npz", features)
    kept, later, out = (str(tmp_path / name) for name in ("kept.safetensors", "later.parquet", "out.npz"))
    assert main(["--in", str(tmp_path / "train.npz"), "--method", "ridge", "--save", kept]) == 0
    first, *rest = features.X
    width = features.X[first].shape[1]
    whole = {name: np.nan_to_num(features.X[name]) for name in rest}
    columns = {name: pyarrow.array(list(values)) for name, values in whole.items()}
    columns[first] = pyarrow.nulls(80, pyarrow.list_(pyarrow.float32(), width))
    pyarrow.parquet.write_table(pyarrow.table(columns), later)
    assert main(["--in", later, "--load", kept, "--out", out]) == 0
    nothing = np.full((80, width), np.nan, np.float32)
    expected = RidgeImputer().fit(features.X).transform({first: nothing, **whole})
    np.testing.assert_array_equal(read_features(out).X[first], expected[first])


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
        *(
            (["--in", "in.npz", "--out", "o.npz", "--load", "kept.safetensors", *own], "leave them out, or")
            for own in (["--method", "ridge"], ["--method", "mean"], ["--rule", "paper"], ["--seed", "0"])
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
    save_imputer(MeanImputer().fit(X), "kept.safetensors")
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
