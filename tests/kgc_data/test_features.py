"""Features and masks in every form; whatever does not fit the graph is refused with the row."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from tools.kgc.errors import InputError
from tools.kgc.features import hide, read_modality
from tools.kgc.graph import KnowledgeGraph, Modality
from tools.kgc.names import name_features, readable
from tools.kgc.synthetic import synthetic_modality

NAN = float("nan")
VALUES = np.array([[1, 2], [3, 4], [5, 6], [7, 8]], np.float32)
THERE = np.array([True, False, True, True])
EXPECTED = np.where(THERE[:, None], VALUES, 0)


def save(path: Path, array: Any) -> Path:
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".safetensors":
        save_file(array if isinstance(array, dict) else {"x": array}, path)
    else:
        whole = isinstance(array, dict)
        torch.save({k: torch.tensor(v) for k, v in array.items()} if whole else torch.tensor(array), path)
    return path


def assert_expected(modality: Modality) -> None:
    assert modality.features.dtype == np.float32 and modality.features.tolist() == EXPECTED.tolist()
    assert modality.present.dtype == bool and modality.present.tolist() == THERE.tolist()
    assert not modality.synthetic


@pytest.mark.parametrize("ending", [".npy", ".pt", ".pth", ".safetensors"])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.float16, np.int32])
def test_a_file_with_a_mask_beside_it(toy: KnowledgeGraph, tmp_path: Path, ending: str, kind: type) -> None:
    features = save(tmp_path / f"visual{ending}", VALUES.astype(kind))
    modality = read_modality(features, toy, mask=save(tmp_path / f"m{ending}", THERE))
    assert modality.name == "visual"
    assert_expected(modality)
    assert_expected(read_modality(features, toy, "v", save(tmp_path / "m.npy", THERE.astype(np.int64))))
    assert read_modality(features, toy).present.all()


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_features_and_mask_in_one_file(toy: KnowledgeGraph, tmp_path: Path, ending: str) -> None:
    for mask in ("present", "mask", "observed"):
        arrays = {"features": VALUES, "other": VALUES[:2], mask: THERE}
        assert_expected(read_modality(save(tmp_path / f"v{ending}", arrays), toy))


def test_bfloat16_and_rows_of_nan(toy: KnowledgeGraph, tmp_path: Path) -> None:
    rows = VALUES.copy()
    rows[1] = NAN
    torch.save(torch.tensor(rows, dtype=torch.bfloat16), tmp_path / "v.pt")
    assert_expected(read_modality(tmp_path / "v.pt", toy))
    masked = read_modality(tmp_path / "v.pt", toy, mask=save(tmp_path / "m.npy", THERE))
    assert_expected(masked)


def test_lists_of_names(toy: KnowledgeGraph, tmp_path: Path) -> None:
    """Three names for three rows, in another order than the ids; or three names among four rows."""
    names = tmp_path / "names.txt"
    names.write_text("Rome\nhttp://dbpedia.org/resource/Norway\nBergen By\n")
    rows = save(tmp_path / "v.npy", VALUES[[2, 0, 3]])
    assert_expected(read_modality(rows, toy, mask=names))
    assert_expected(read_modality(save(tmp_path / "all.npy", VALUES), toy, mask=names))
    with pytest.raises(InputError, match=r"has 2 rows, .*names\.txt has 3 names and toy has 4 entities"):
        read_modality(save(tmp_path / "v2.npy", VALUES[:2]), toy, mask=names)
    names.write_text("Rome\nParis\n")
    with pytest.raises(InputError, match=r"names\.txt, line 2: 'Paris' is no entity of toy"):
        read_modality(rows, toy, mask=names)
    names.write_text("Rome\nRome\n")
    with pytest.raises(InputError, match="line 2: 'Rome' stands in line 1 already"):
        read_modality(rows, toy, mask=names)


def nan_in(row: int) -> np.ndarray:
    rows = VALUES.copy()
    rows[row, 1] = NAN
    return rows


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (VALUES[:3], "has 3 rows but toy has 4 entities"),
        (VALUES[0], "must hold one matrix"),
        (np.zeros((4, 0), np.float32), "not numbers of some width"),
        (VALUES > 2, "the features are bool"),
        (nan_in(2), "row 2 (Rome): NaN in 1 of 2 columns"),
        (np.where(VALUES == 3, np.inf, VALUES), "row 1 (Oslo): infinite values in 1 of 2 columns"),
        ({"a": VALUES, "b": VALUES}, "it holds a (4 x 2), b (4 x 2)"),
        ({"features": VALUES, "present": THERE[:2]}, "the mask has 2 entries, but toy has 4 entities"),
        ({"features": VALUES, "present": np.array([0, 1, 2, 1])}, "the mask holds 2 in row 2"),
        ({"features": nan_in(2), "present": THERE}, "row 2 (Rome): NaN"),
    ],
)
def test_what_does_not_fit_is_refused(toy: KnowledgeGraph, tmp_path: Path, array: Any, sentence: str) -> None:
    path = save(tmp_path / f"v{'.safetensors' if isinstance(array, dict) else '.npy'}", array)
    with pytest.raises(InputError) as error:
        read_modality(path, toy)
    assert sentence in str(error.value) and "\n" not in str(error.value)


class Trap:
    """What an evil file would like to run."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("sprung"),))


def test_nothing_in_a_file_is_executed(
    toy: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("v.npy", np.array([Trap()], object), allow_pickle=True)
    torch.save({"features": Trap()}, "v.pt", pickle_protocol=2)
    Path("w.pt").write_bytes(pickle.dumps(Trap(), protocol=2))
    for name in ("v.npy", "v.pt", "w.pt"):
        with pytest.raises(InputError, match="objects") as error:
            read_modality(name, toy)
        assert str(error.value).isprintable()
    assert not Path("sprung").exists()


def test_damaged_absent_and_unknown_files(toy: KnowledgeGraph, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("1,2")
    with pytest.raises(InputError, match=r"unknown ending '\.csv'"):
        read_modality(tmp_path / "x.csv", toy)
    with pytest.raises(InputError, match="there is no file"):
        read_modality(tmp_path / "x.npy", toy)
    whole = save(tmp_path / "v.npy", VALUES).read_bytes()
    for ending in (".npy", ".pt", ".safetensors"):
        (tmp_path / f"cut{ending}").write_bytes(whole[:-8] if ending == ".npy" else whole)
        with pytest.raises(InputError):
            read_modality(tmp_path / f"cut{ending}", toy)
        (tmp_path / f"zero{ending}").write_bytes(b"")
        with pytest.raises(InputError, match=f"zero{ending}"):
            read_modality(tmp_path / f"zero{ending}", toy)
    save(tmp_path / "mask.npy", np.array([0, 1, 2, 1]))
    with pytest.raises(InputError, match=r"mask\.npy: the mask holds 2 in row 2"):
        read_modality(tmp_path / "v.npy", toy, mask=tmp_path / "mask.npy")
    torch.save([torch.zeros(2)], tmp_path / "list.pt")
    with pytest.raises(InputError, match="holds a list; save a tensor"):
        read_modality(tmp_path / "list.pt", toy)


@pytest.mark.filterwarnings("ignore:.*sparse")
def test_a_tensor_that_promises_more_than_its_file_holds(
    toy: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terabytes from two kilobytes are refused before they are asked for, and so are the same few rows repeated."""
    sparse = torch.sparse_coo_tensor([[0], [0]], [1.0], (10**6, 10**7), check_invariants=False)
    advice = r"save tensor\.contiguous\(\)"
    for tensor, sentence in (
        (sparse, r"v\.pt: the tensor is torch\.sparse_coo.* save tensor\.to_dense\(\)"),
        (torch.tensor(VALUES).to_sparse_csr(), r"torch\.sparse_csr"),
        (torch.zeros(1).expand(10**6, 3 * 10**6), f"1000000 x 3000000 is an expanded view.* {advice}"),
        (torch.zeros(1).expand(2**31, 2**31), "expanded view"),
        (torch.zeros(1, 2).expand(4, 2), "expanded view"),
        ({"features": torch.tensor(VALUES), "more": sparse}, "the tensor 'more' is torch.sparse_coo"),
    ):
        torch.save(tensor, tmp_path / "v.pt")
        with pytest.raises(InputError, match=sentence):
            read_modality(tmp_path / "v.pt", toy)
    torch.save(torch.tensor(VALUES.T.copy()).T, tmp_path / "v.pt")  # another order of the same numbers
    assert read_modality(tmp_path / "v.pt", toy).features.tolist() == VALUES.tolist()
    rows = torch.zeros(200, 20, dtype=torch.bfloat16)  # 8,000 bytes in the file, 16,000 as float32
    torch.save(rows, tmp_path / "v.pt")
    safetensors.torch.save_file({"x": rows}, tmp_path / "v.safetensors")
    monkeypatch.setattr("tools.kgc.arrays.MAX_BYTES", 15_000)
    for name in ("v.pt", "v.safetensors"):
        with pytest.raises(InputError, match=r"takes 16,000 bytes in memory, more than the 15,000 allowed"):
            read_modality(tmp_path / name, toy)


def test_tensors_that_are_no_plain_numbers(toy: KnowledgeGraph, tmp_path: Path) -> None:
    for tensor in (torch.zeros(4, 2, device="meta"), torch.zeros(4, 2, dtype=torch.complex64).conj()):
        torch.save(tensor, tmp_path / "v.pt")
        with pytest.raises(InputError, match=r"v\.pt holds no plain numbers"):
            read_modality(tmp_path / "v.pt", toy)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 9))
def test_hiding_more_hides_the_same_and_more(a: float, b: float, seed: int) -> None:
    whole = Modality("m", np.ones((40, 2), np.float32), np.arange(40) % 4 > 0, synthetic=True)
    less, more = (hide(whole, rate, seed) for rate in sorted((a, b)))
    assert not (more.present & ~less.present).any() and not (less.present & ~whole.present).any()
    assert less.present.sum() == 30 - round(min(a, b) * 30) and less.synthetic
    assert (less.features.any(axis=1) == less.present).all() and whole.features.all()
    with pytest.raises(InputError, match="between 0 and 1"):
        hide(whole, 1 + a + 0.1)


def test_names_alike_have_features_alike() -> None:
    names = [
        "Oslo_F.C.",
        "Bergen_F.C.",
        "Molde_F.C.",
        "The_Wall_(album)",
        "Animals_(album)",
        "Q42",
        "/m/02mjmr",
        "17",
    ]
    modality = name_features(names, width=4)
    assert modality.present.tolist() == [True] * 5 + [False] * 3 and modality.features.shape == (8, 4)
    assert not modality.features[5:].any()
    unit = modality.features[:5] / 2  # rows have the length sqrt(4)
    assert np.allclose((unit**2).sum(axis=1), 1, atol=1e-5)
    alike = unit @ unit.T
    assert alike[0, 1] > 0.5 > alike[0, 3] and alike[3, 4] > 0.5
    assert (name_features(names, width=4).features == modality.features).all()
    assert name_features(["ab", "abc", "abcd"], width=256).features.shape[1] <= 3


def test_names_that_say_nothing() -> None:
    opaque = ["Q370252", "P31", "/m/0x1", "42", "_:b0", "d41d8cd98f00b204e9800998ecf8427e", "?!", ""]
    assert [readable(name) for name in opaque] == [""] * len(opaque)
    kept = {"U2": "u2", "http://dbpedia.org/resource/F/X2": "f/x2", "New_York": "new york", "字": "字"}
    assert {name: readable(name) for name in kept} == kept
    with pytest.raises(InputError, match="1 of 2 entities have a name"):
        name_features(["Oslo", "Q1"])
    with pytest.raises(InputError, match="need a width from 1, not -3"):
        name_features(["Oslo", "Bergen"], width=-3)
    with pytest.raises(InputError, match="no characters in common"):
        name_features(["ab", "cd"])


def test_synthetic_features_tell_kinds_from_train_alone() -> None:
    """Cities are heads of "in", countries tails: the kind shows, and nothing of validation or test does."""
    n = 30
    cities = np.arange(n)
    countries = n + cities % 5
    train = np.stack([cities, np.zeros(n, int), countries], axis=1)
    more = np.stack([cities, np.full(n, 1), countries], axis=1)
    entities = tuple(f"e{i}" for i in range(n + 6))
    empty = np.empty((0, 3), np.int64)
    graph = KnowledgeGraph("g", entities, ("in", "near"), np.concatenate([train, more]), empty, empty)
    modality = synthetic_modality(graph, width=32, noise=0.1)
    assert modality.synthetic and modality.name == "synthetic"
    assert modality.present[: n + 5].all() and not modality.present[n + 5]
    other = KnowledgeGraph("g", entities, ("in", "near"), graph.train, train[:5, ::-1], train[5:, ::-1])
    assert (synthetic_modality(other, width=32, noise=0.1).features == modality.features).all()
    assert (synthetic_modality(graph, 32, 0.1, seed=1).features != modality.features).any()
    unit = modality.features / np.linalg.norm(modality.features, axis=1, keepdims=True).clip(1e-9)
    alike = unit @ unit.T
    kept_apart = alike[:n, n : n + 5].mean()
    assert alike[:n, :n].mean() > 0.9 and kept_apart < 0.7
    with pytest.raises(InputError, match="needs a width from 1"):
        synthetic_modality(graph, width=0)


def test_synthetic_features_repeat_what_they_say(benchmark: KnowledgeGraph) -> None:
    modality = synthetic_modality(benchmark, width=16)
    trained = np.zeros(len(benchmark.entities), bool)
    trained[benchmark.train[:, [0, 2]]] = True
    assert not (modality.present & ~trained).any() and 0.5 < modality.present.mean() < 1
    assert np.isfinite(modality.features).all()
