"""Masks: the released ones to the byte, and the properties that every mask has."""

import hashlib
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.files import DatasetError
from data.missing import Mask, Present, as_is, coco_seed, pattern, read_mask, simulate
from data.sample import Fault, Modality, Sample

# SHA-256 of files that the authors of Knowledge Bridger released (MIT, commit 9a33a98).
RELEASED = {
    (6930, "text", 0.3): "a4a4094fe7c7a56089437b7f87ef066c2216723c7bd62f1ec6782e130dfadfc8",
    (6930, "image", 0.5): "28e8b95d55963e4b3324998e1e05aaa509e4d9915aefd4a7642e0932572f26f6",
    (6930, "mixed", 0.3): "f81d5dacd3536398fb10dd9c55652b166f012ba41aacdbbe0fa8ab71abfa243b",
    (6930, "mixed", 0.7): "1f591f58c423dbc0d45150149ac2da8c3c00b453b1324b54c80922cb5f601a40",
    (18160, "text", 0.7): "3d612cd1e7f9f43e2bd6009a0819c40743e6c3cacda6fcd47d1995e02fa7d1ff",
    (18160, "image", 0.7): "c1d857c45e426046bed8b6aafa5fefa02d019f8dc7d1fe1f8eb3b18b09688004",
    (18160, "mixed", 0.5): "65e0ec36e22629425f6388c8447ced16fc09419ec53df064c901a65f83d5cdf8",
    (18160, "mixed", 0.7): "a8ca54200c6c026d35e5c622e7a8df2500210cd4ed8900fd0979b9ad025f850f",
}
RELEASED_COCO = {
    ("text", 0.5): "c759464ad35c542c3e9defe44b1ec70c6f064e5e9fd492fdafa15b52d75c6bab",
    ("image", 0.3): "5fb27ea162b5aab00038c3450d4e2788b808bb2ba32a42fc5cadfb16e4a34e55",
    ("mixed", 0.5): "db6cfc3633bfec15b258a2041dc28b4b8e6e3fbcdad4a848d2eac61100841f17",
}
PRESENT = st.builds(Present, st.booleans(), st.booleans())
KINDS = st.sampled_from(["text", "image", "mixed"])


@pytest.mark.parametrize("key", RELEASED)
def test_simulated_masks_are_the_released_ones_to_the_byte(key: tuple[int, str, float]) -> None:
    total, kind, rate = key
    assert hashlib.sha256(simulate(total, rate, kind).released_form()).hexdigest() == RELEASED[key]  # type: ignore[arg-type]


@pytest.mark.parametrize("key", RELEASED_COCO)
def test_released_coco_masks_have_a_seed_per_file(key: tuple[str, float]) -> None:
    kind, rate = key
    mask = simulate(82_080, rate, kind, coco_seed(kind, rate))  # type: ignore[arg-type]
    assert hashlib.sha256(mask.released_form()).hexdigest() == RELEASED_COCO[key]


def test_a_real_released_file(real, tmp_path: Path) -> None:
    file = real("iuxray/kb-train-mixed-0.3.json")
    command = [
        sys.executable,
        "-m",
        "data.missing",
        "--n",
        "6930",
        "--rate",
        "0.3",
        "--type",
        "mixed",
        "--out",
        str(tmp_path / "m.json"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "m.json").read_bytes() == file.read_bytes()
    assert read_mask(file, 6930) == simulate(6930, 0.3, "mixed")
    assert "2,079 of 6,930" in done.stdout


def test_a_small_mask_by_the_rule() -> None:
    mask = simulate(10, 0.5, "mixed")
    draw = random.Random(2027)
    chosen = draw.sample(range(10), 5)
    assert list(mask.details) == chosen
    assert [mask.present(index).text for index in chosen] == [not draw.random() > 0.5 for _ in chosen]
    assert mask.present(next(i for i in range(10) if i not in chosen)) == Present(True, True)


def test_simulating_leaves_the_global_random_state_alone() -> None:
    random.seed(1)
    first = random.random()
    random.seed(1)
    simulate(100, 0.5, "mixed")
    assert random.random() == first


@given(total=st.integers(0, 300), rate=st.floats(0, 1), kind=KINDS, seed=st.integers(0, 2**32))
def test_every_mask_has_its_rate_and_type(total: int, rate: float, kind: str, seed: int) -> None:
    mask = simulate(total, rate, kind, seed)  # type: ignore[arg-type]
    assert len(mask.details) == int(total * rate)
    assert mask.count(Modality.TEXT) + mask.count(Modality.IMAGE) == len(mask.details)
    if kind != "mixed":
        assert mask.count(Modality(kind)) == len(mask.details)


@given(details=st.dictionaries(st.integers(0, 99), PRESENT), rate=st.floats(0, 1))
def test_every_mask_survives_its_file(
    details: dict[int, Present], rate: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("mask") / "mask.json"
    mask = Mask(type="mixed", rate=rate, total=100, details=details)
    mask.save(file)
    again = read_mask(file)
    assert again == mask and list(again.details) == list(details)


@given(image=st.integers(0, 100), text=st.integers(0, 100), total=st.integers(0, 500))
def test_independent_pattern_takes_each_modality_at_its_own_rate(image: int, text: int, total: int) -> None:
    mask = pattern(total, f"{image}_image_{text}_text")
    assert mask.count(Modality.IMAGE) == total * image // 100
    assert mask.count(Modality.TEXT) == total * text // 100


def test_complex_pattern_has_disjoint_groups() -> None:
    mask = pattern(200, "complex_10_20_30")
    values = list(mask.details.values())
    assert [values.count(Present(*each)) for each in ((False, False), (True, False), (False, True))] == [
        20,
        40,
        60,
    ]


def test_mpmm_table(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save(torch.tensor([0.0, 1.0, 2.0, 0.0]), tmp_path / "table.pt")
    mask = read_mask(tmp_path / "table.pt", 4)
    assert [mask.present(i) for i in range(4)] == [(True, True), (False, True), (True, False), (True, True)]
    torch.save(torch.tensor([0.0, 3.0]), tmp_path / "wrong.pt")
    with pytest.raises(DatasetError, match=r"0, 1 \(text\) and 2"):
        read_mask(tmp_path / "wrong.pt")


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('code of a mask file was run')",))


def test_a_mask_file_with_code_in_it_is_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save(Evil(), tmp_path / "evil.pt")
    with pytest.raises(DatasetError, match="not a missing table"):
        read_mask(tmp_path / "evil.pt")


def test_as_is_is_what_is_absent() -> None:
    rows = [Sample(id="a", text="x"), Fault(id="b", problem="p."), Sample(id="c")]
    assert as_is(rows).details == {0: Present(True, False), 2: Present(False, False)}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"total": 3}, "outside the 3 samples"),
        ({"num_missing": 1}, "contradict"),
        ({"missing_indices": [1, 1]}, "contradict"),
        ({"missing_details": {"1": [0, 1], "5": [2, 1]}}, "not \\[text present, image present\\]"),
        ({"missing_indices": None}, "not a missing mask"),
    ],
)
def test_contradictory_masks_are_refused(change: dict[str, object], sentence: str, tmp_path: Path) -> None:
    value = {"type": "text", "missing_ratio": 0.5, "num_missing": 2, "total": 6, "missing_indices": [1, 5]}
    value["missing_details"] = {"1": [0, 1], "5": [0, 1]}
    (tmp_path / "mask.json").write_text(json.dumps(value | change))
    with pytest.raises(DatasetError, match=sentence):
        read_mask(tmp_path / "mask.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"missing_indices": [', "\x00", "[" * 100_000])
def test_files_that_are_no_masks_get_a_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "mask.json").write_text(text)
    with pytest.raises(DatasetError, match="not a missing mask"):
        read_mask(tmp_path / "mask.json")
    with pytest.raises(DatasetError, match="cannot be opened"):
        read_mask(tmp_path / "absent.json")


def test_a_mask_of_another_length_is_refused(tmp_path: Path) -> None:
    simulate(10, 0.5, "text").save(tmp_path / "mask.json")
    with pytest.raises(DatasetError, match="for 10 samples, the data set has 11"):
        read_mask(tmp_path / "mask.json", 11)
    with pytest.raises(DatasetError, match="between 0 and 1"):
        simulate(10, 1.5, "text")
    with pytest.raises(IndexError):
        simulate(10, 0.5, "text").present(10)


def test_wrong_use_of_the_command_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from data.missing import main

    assert main(["--n", "10", "--type", "sound", "--out", str(tmp_path / "m.json")]) == 2
    assert "no missing pattern 'sound'" in capsys.readouterr().err
    assert main(["--n", "10", "--rate", "2", "--out", str(tmp_path / "m.json")]) == 2
