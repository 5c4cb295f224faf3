"""Whatever a data set calls its files, writing it changes nothing outside the folder that it is written into."""

import inspect
import io
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data.catalog import NAMES, _forms, open_dataset
from data.completed import Completion, write
from data.files import BadRow, DatasetError
from data.output import MAX_NOTES, OutFolder
from data.sample import Sample

PART = st.sampled_from(
    ["..", ".", "a", "b", "up", "x.png", "~", "", "away", "a\x00", "\ud800", "n" * 300, "own", "victim"]
)
Hostile = Callable[[Path, Path, Callable[..., Path]], str]
"""Writes a data set into the first folder that aims at the second; returns its name."""


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "magenta").save(out, "JPEG")
    return out.getvalue()


def contents(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


# ---------------------------------------------------------------- the folder


@given(parts=st.lists(PART, min_size=1, max_size=6), absolute=st.booleans(), placed=st.booleans())
def test_a_file_lands_inside_or_is_noted(parts: list[str], absolute: bool, placed: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "victim").mkdir()
        (base / "victim" / "x.png").write_bytes(b"precious")
        (base / "out").mkdir()
        (base / "out" / "up").symlink_to("..")
        (base / "out" / "away").symlink_to(base / "victim")
        (base / "source").write_bytes(b"data")
        before = {name: data for name, data in contents(base).items() if not name.startswith("out")}
        out = OutFolder(base / "out")
        out.own("own").write_bytes(b"mine")
        name = "/" * absolute + "/".join(parts)
        done = out.place(base / "source", name, "s") if placed else out.put(b"data", name, "s")
        assert done is not bool(out.notes)
        assert all(note.isprintable() and "of s is left out" in note for note in out.notes)
        after = contents(base)
        assert {name: data for name, data in after.items() if not name.startswith("out")} == before
        assert after["out/own"] == b"mine"


def test_writing_over_a_link_leaves_the_original_alone(tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.write_bytes(b"old")
    out = OutFolder(tmp_path / "out")
    assert out.place(original, "copy", "s") and (tmp_path / "out" / "copy").samefile(original)
    assert out.put(b"new", "copy", "s") and not out.notes
    assert original.read_bytes() == b"old" and (tmp_path / "out" / "copy").read_bytes() == b"new"


def test_a_file_placed_where_it_lies_is_not_removed_first(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"only")
    out = OutFolder(tmp_path)
    assert out.place(tmp_path / "a", "a", "s") and out.place(tmp_path / "a", "x/../a", "s")
    assert (tmp_path / "a").read_bytes() == b"only"


def test_a_copy_where_links_are_impossible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "a").write_bytes(b"data")
    out = OutFolder(tmp_path / "out")
    assert out.place(tmp_path / "a", "b/a", "s") and (tmp_path / "out" / "b" / "a").read_bytes() == b"data"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert not out.place(tmp_path / "a", "b/c", "s") and not out.place(tmp_path / "gone", "b/d", "s")
    assert "may not be read" in out.notes[0] and "is gone" in out.notes[1]


def test_what_the_writer_fills_itself_is_not_replaced(tmp_path: Path) -> None:
    out = OutFolder(tmp_path / "out", taken=("parquet",))
    out.own("metadata.jsonl").write_text("rows")
    out.make("annotations")
    names = (
        "metadata.jsonl",
        "x/../metadata.jsonl",
        "metadata.jsonl/x",
        "parquet",
        "parquet/x",
        "annotations",
    )
    assert not any(out.put(b"picture", name, "s") for name in names)
    assert len(out.notes) == len(names) and all(
        "has that name" in note or "not take" in note for note in out.notes
    )
    assert contents(tmp_path / "out") == {"metadata.jsonl": b"rows", "annotations": None}
    with pytest.raises(BadRow, match="leads out"):
        out.own("../mine")


def test_a_full_disk_is_no_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        OutFolder(tmp_path).put(b"data", "a", "s")


def test_many_notes_are_few(tmp_path: Path) -> None:
    out = OutFolder(tmp_path)
    for number in range(1000):
        out.put(b"", f"../{number}", "s")
    assert len(out.notes) == MAX_NOTES + 1 and out.notes[-1].startswith("980 more")


def test_every_writer_gets_a_folder_without_a_path() -> None:
    for name in NAMES:
        for form in _forms(name):
            assert inspect.signature(form.write).parameters["out"].annotation is OutFolder, form
    assert not {"__truediv__", "__fspath__", "path"} & set(dir(OutFolder))


# ---------------------------------------------------------------- the forms


def hostile_coco(root: Path, victim: Path, picture: Callable[..., Path]) -> str:
    names = [
        f"{victim}/own.jpg",
        f"{victim}/drawn.jpg",
        "../../../up.jpg",
        "../annotations",
        "../completed.jsonl",
    ]
    images = [{"id": number, "file_name": name} for number, name in enumerate(names, 1)]
    captions = [{"id": each["id"], "image_id": each["id"], "caption": "c"} for each in images]
    (root / "annotations").mkdir()
    (root / "annotations" / "captions_train2014.json").write_text(
        json.dumps({"images": images, "annotations": captions})
    )
    # By a link: what leads to the root from there leads out of a folder without the link.
    (root / "a" / "b" / "train2014").mkdir(parents=True)
    (root / "train2014").symlink_to("a/b/train2014")
    picture(root / f"train2014/{victim}/own.jpg")
    picture(root / "up.jpg")
    return "coco"


def hostile_released(root: Path, victim: Path, picture: Callable[..., Path]) -> str:
    names = [f"{victim}/own.png", "../../victim/up.png"]
    rows = [{"file_name": name, "captions": ["x"], "labels": []} for name in names]
    (root / "trainset.json").write_text(json.dumps(rows))
    return "iuxray"


def hostile_xml(root: Path, victim: Path, picture: Callable[..., Path]) -> str:
    (root / "ecgen-radiology").mkdir()
    for number, (uid, image) in enumerate(
        [("CXR1", f"{victim}/own"), ("CXR2~/../../../victim/evil", "CXR2"), ("CXR3", "../../victim/up")], 1
    ):
        text = '<Abstract><AbstractText Label="FINDINGS">ok</AbstractText></Abstract>' if number != 2 else ""
        (root / "ecgen-radiology" / f"{number}.xml").write_text(
            f'<e><uId id="{uid}"/>{text}<parentImage id="{image}"/></e>'
        )
    return "iuxray"


def hostile_kaggle(root: Path, victim: Path, picture: Callable[..., Path]) -> str:
    (root / "indiana_reports.csv").write_bytes(
        b"uid,MeSH,Problems,image,indication,comparison,findings,impression\n1,normal,,,caf\xe9,,ok,ok\n"
    )
    (root / "indiana_projections.csv").write_text(
        f"uid,filename,projection\n1,/../../../victim/up.dcm.png,Frontal\n1,{'字' * 90}.dcm.png,Lateral\n"
    )
    return "iuxray"


def hostile_r2gen(root: Path, victim: Path, picture: Callable[..., Path]) -> str:
    names = ["../images", "../annotation.json", f"{victim}/own.png", "../../victim/up.png"]
    rows = [{"id": f"s{number}", "report": "r", "image_path": [name]} for number, name in enumerate(names)]
    (root / "annotation.json").write_text(json.dumps({"train": rows, "\ud800": []}))
    return "iuxray"


def hostile_mmimdb(root: Path, victim: Path, picture: Callable[..., Path]) -> str:
    films = [f"{victim}/own", "b"]
    (root / "split.json").write_text(json.dumps({"train": films, "\ud800": []}))
    (root / f"dataset/{victim}").mkdir(parents=True)
    (root / f"dataset/{films[0]}.json").write_text('{"plot": ["p"]}')
    (root / "dataset" / "b.json").write_text('{"cover url": "\\ud800"}')
    return "mmimdb"


def hostile_folder(root: Path, victim: Path, picture: Callable[..., Path]) -> str:
    names = ["../../up.png", "parquet", "metadata.jsonl", "../../metadata.jsonl", None]
    (root / "a" / "b" / "train").mkdir(parents=True)
    (root / "train").symlink_to("a/b/train")
    picture(root / "a" / "up.png")
    (root / "a" / "metadata.jsonl").touch()
    (root / "train" / "parquet").write_bytes(b"a picture, perhaps")
    rows = [{"id": f"{victim}/{number}", "image": name, "text": "t"} for number, name in enumerate(names)]
    (root / "train" / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return "folder"


FORMS = [
    hostile_coco, hostile_released, hostile_xml, hostile_kaggle, hostile_r2gen, hostile_mmimdb, hostile_folder,
]  # fmt: skip


@pytest.mark.parametrize("split", [None, "all"])
@pytest.mark.parametrize("hostile", FORMS)
def test_a_hostile_data_set_is_written_into_its_folder_and_nowhere_else(
    hostile: Hostile, split: str | None, tmp_path: Path, picture: Callable[..., Path]
) -> None:
    root, victim = tmp_path / "in", tmp_path / "victim"
    root.mkdir()
    victim.mkdir()
    for name in ("own", "drawn", "up", "evil", "0", "4"):
        for ending in (".jpg", ".jpeg", ".png", ".json", ".xml"):
            (victim / f"{name}{ending}").write_bytes(b"precious")
    dataset = open_dataset(hostile(root, victim, picture), root, split)
    samples = [row for row in dataset if isinstance(row, Sample)]
    before = contents(tmp_path)
    made = {sample.id: Completion(text="A text.", image=jpeg()) for sample in samples}
    notes = write(dataset, tmp_path / "out" / "here", made)
    assert samples and notes == [note for note in notes if note.isprintable()]
    inside = {name: data for name, data in contents(tmp_path).items() if name.startswith("out/here/")}
    outside = {name for name in contents(tmp_path) if not name.startswith("out/here/")}
    assert outside == {*before, "out", "out/here"}
    assert {name: (tmp_path / name).read_bytes() for name, data in before.items() if data is not None} == {
        name: data for name, data in before.items() if data is not None
    }
    lines = (tmp_path / "out" / "here" / "completed.jsonl").read_text().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines) and inside
    again = open_dataset(dataset.name, tmp_path / "out" / "here", split)
    assert len(list(again)) >= 1


def test_a_folder_that_holds_the_data_set_is_not_written_into(own: Path) -> None:
    with pytest.raises(DatasetError, match="or holds it"):
        write(open_dataset("folder", own), own.parent, {})
