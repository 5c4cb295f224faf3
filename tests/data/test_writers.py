"""A completed data set in its own layout and as Parquet: read back, it has what it had, and what was completed."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from data.catalog import open_dataset
from data.completed import SIDECAR, Completion, filled, write
from data.files import DatasetError
from data.missing import Mask, Present, as_is, simulate
from data.output import OutFolder
from data.pictures import read_picture
from data.sample import Dataset, Fault, Sample
from data.table import write_table
from data.views import First, Masked, pairs

NO_TEXT, NO_IMAGE = Present(text=False, image=True), Present(text=True, image=False)
FORMS = [
    ("mmimdb", "mmimdb"),
    ("coco", "coco"),
    ("iuxray", "kaggle"),
    ("iuxray", "openi"),
    ("iuxray", "r2gen"),
    ("folder", "own"),
]


def png(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (32, 32), colour).save(out, "PNG")
    return out.getvalue()


def samples(dataset: Dataset) -> dict[str, Sample]:
    return {row.id: row for row in dataset if isinstance(row, Sample)}


def completions(dataset: Dataset, skip: int) -> dict[str, Completion]:
    """A completion for every sample that lacks something, but for every `skip`-th."""
    made: dict[str, Completion] = {}
    for number, row in enumerate(samples(dataset).values()):
        if number % skip and row.image is None:
            made[row.id] = Completion(image=png("magenta"), quality=71.5)
        elif number % skip and row.text is None:
            made[row.id] = Completion(text=f"Completed text of {row.id}.", quality=50.0)
    return made


def is_magenta(sample: Sample) -> bool:
    assert sample.image is not None
    red, green, blue = read_picture(sample.image).getpixel((3, 3))
    return red > 240 and green < 15 and blue > 240


def check(before: Mapping[str, Sample], after: Mapping[str, Sample], made: Mapping[str, Completion]) -> None:
    assert list(after) == list(before)
    for name, old in before.items():
        new, filled = after[name], made.get(name)
        assert new.labels == old.labels and new.group == old.group
        if old.text is not None:
            assert new.text == old.text
        elif filled and filled.text:
            assert new.text == filled.text
        else:
            assert new.text is None, "what was not completed stays missing"
        if old.image is not None:
            assert read_picture(new.image).tobytes() == read_picture(old.image).tobytes()
        elif filled and filled.image:
            assert is_magenta(new)
        else:
            assert new.image is None


@pytest.mark.parametrize(("name", "fixture"), FORMS)
@pytest.mark.parametrize("mode", ["as-is", "text", "image", "mixed", "both"])
@pytest.mark.parametrize("skip", [1, 2, 99])
def test_round_trip_in_its_own_layout(
    name: str, fixture: str, mode: str, skip: int, request: Any, tmp_path: Path
) -> None:
    base = open_dataset(name, request.getfixturevalue(fixture))
    untouched = {path: path.read_bytes() for path in base.root.rglob("*") if path.is_file()}
    mask = (
        as_is(base)
        if mode == "as-is"
        else simulate(len(base), 1.0, "mixed" if mode == "both" else mode, seed=3)
    )  # type: ignore[arg-type]
    if mode == "both":
        mask = Mask(
            type="x", rate=1, total=len(base), details=dict.fromkeys(range(len(base)), Present(False, False))
        )
    view = Masked(base, mask)
    made = completions(view, skip)
    notes = write(view, tmp_path / "out", made)
    again = open_dataset(name, tmp_path / "out", base.split if fixture != "own" else None)
    check(samples(view), samples(again), made)
    assert again.form == base.form and {path: path.read_bytes() for path in untouched} == untouched
    bad = [row.id for row in base if isinstance(row, Fault)]
    assert bool(notes) == bool(bad) and all(each in notes[0] for each in bad)
    listed = [json.loads(line) for line in (tmp_path / "out" / SIDECAR).read_text().splitlines()]
    assert {line["id"] for line in listed} == set(made) and all(line["quality"] for line in listed)


@pytest.mark.parametrize(("name", "fixture"), FORMS)
def test_ground_truth_of_a_mask_is_nowhere_in_what_is_written(
    name: str, fixture: str, request: Any, tmp_path: Path
) -> None:
    base = open_dataset(name, request.getfixturevalue(fixture))
    everything = Mask(type="text", rate=1, total=len(base), details=dict.fromkeys(range(len(base)), NO_TEXT))
    write(Masked(base, everything), tmp_path / "out", {})
    write_table(Masked(base, everything), tmp_path / "table", {})
    texts = [piece for sample in samples(base).values() for piece in (sample.text or "").split("\n") if piece]
    written = b"".join(
        path.read_bytes()
        for path in tmp_path.glob("out/**/*")
        if path.suffix in (".json", ".csv", ".xml", ".jsonl")
    )
    assert texts and not any(text.encode() in written for text in texts)


def test_a_present_part_is_never_replaced(own: Path, tmp_path: Path) -> None:
    made = {
        "a": Completion(text="other"),
        "b": Completion(image=png("magenta")),
        "nobody": Completion(text="x"),
    }
    write(open_dataset("folder", own), tmp_path / "out", made)
    after = samples(open_dataset("folder", tmp_path / "out"))
    assert after["a"].text == "An apple." and not is_magenta(after["b"])
    assert (tmp_path / "out" / SIDECAR).read_text() == ""


def test_completed_picture_as_a_file_and_in_the_layouts_format(mmimdb: Path, tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(png("magenta"))
    write(open_dataset("mmimdb", mmimdb), tmp_path / "out", {"0000003": Completion(image=tmp_path / "blob")})
    poster = tmp_path / "out" / "dataset" / "0000003.jpeg"
    assert poster.read_bytes().startswith(b"\xff\xd8\xff") and Image.open(poster).size == (32, 32)
    assert json.loads((tmp_path / "out" / "dataset" / "0000001.json").read_text())["cover url"] == "y"


def test_coco_annotations_written_back(coco: Path, tmp_path: Path) -> None:
    base = open_dataset("coco", coco)
    view = First(Masked(base, Mask(type="text", rate=0.3, total=3, details={0: NO_TEXT})), 2)
    write(view, tmp_path / "out", {"COCO_train2014_000000000009": Completion(text="A new caption.")})
    captions = json.loads((tmp_path / "out" / "annotations" / "captions_train2014.json").read_text())
    assert [image["id"] for image in captions["images"]] == [9, 25] and captions["info"] == {"year": 2014}
    of_9 = [each for each in captions["annotations"] if each["image_id"] == 9]
    assert [each["caption"] for each in of_9] == ["A new caption."]
    assert len({each["id"] for each in captions["annotations"]}) == len(captions["annotations"]) == 4
    instances = json.loads((tmp_path / "out" / "annotations" / "instances_train2014.json").read_text())
    original = json.loads((coco / "annotations" / "instances_train2014.json").read_text())
    assert (
        instances["annotations"] == original["annotations"][:4]
        and instances["categories"] == original["categories"]
    )


def test_one_report_of_a_study_completed_the_other_kept(kaggle: Path, tmp_path: Path) -> None:
    base = open_dataset("iuxray", kaggle)
    view = Masked(base, Mask(type="text", rate=0.25, total=4, details={0: NO_TEXT}))
    write(view, tmp_path / "out", {"CXR1_IM-0001-4001": Completion(text="A completed report.")})
    after = samples(open_dataset("iuxray", tmp_path / "out"))
    assert after["CXR1_IM-0001-4001"].text == "A completed report."
    assert after["CXR1_IM-0001-3001"].text == "No disease.\nHeart is normal."
    assert after["CXR1_IM-0001-4001"].group == after["CXR1_IM-0001-3001"].group == "1"


def test_arrow_of_mpmm(mmimdb: Path, tmp_path: Path) -> None:
    """Raw -> the table that missing_aware_prompts makes -> read, masked, written, read."""
    import pandas
    import pyarrow as pa

    raw = open_dataset("mmimdb", mmimdb, "train", genres="23")
    table = pandas.DataFrame(
        [
            (
                row.image and row.image.path.read_bytes(),
                [row.text] if row.text else [],
                [0] * 23,
                list(row.labels),
                row.id,
                "train",
            )
            for row in samples(raw).values()
        ],
        columns=["image", "plots", "label", "genres", "image_id", "split"],
    )
    (tmp_path / "arrow").mkdir()
    with pa.ipc.new_file(
        str(tmp_path / "arrow" / "mmimdb_train.arrow"), (made := pa.Table.from_pandas(table)).schema
    ) as sink:
        sink.write_table(made)
    dataset = open_dataset("mmimdb", tmp_path / "arrow", genres="23")
    assert dataset.form == "arrow" and [row.text for row in dataset] == [row.text for row in raw]
    filled = {"0000002": Completion(text="A plot."), "0000003": Completion(image=png("magenta"))}
    write(dataset, tmp_path / "out", filled)
    after = samples(open_dataset("mmimdb", tmp_path / "out", genres="23"))
    check(samples(dataset), after, filled)
    (tmp_path / "arrow" / "mmimdb_dev.arrow").write_bytes(
        (tmp_path / "arrow" / "mmimdb_train.arrow").read_bytes()[:300]
    )
    with pytest.raises(DatasetError, match=r"mmimdb_dev.arrow: not an Arrow file"):
        open_dataset("mmimdb", tmp_path / "arrow", "dev")


@pytest.mark.parametrize("classes", [True, False])
def test_imagefolder_written_back(classes: bool, tmp_path: Path, picture: Any) -> None:
    for split, kind, name in (("train", "cat", "1"), ("train", "dog", "2"), ("test", "cat", "3")):
        picture(tmp_path / "in" / split / kind / f"{name}.png")
    if not classes:
        for split in ("train", "test"):
            files = [
                path.relative_to(tmp_path / "in" / split).as_posix()
                for path in (tmp_path / "in" / split).rglob("*.png")
            ]
            lines = [json.dumps({"file_name": file, "text": None}) + "\n" for file in sorted(files)]
            (tmp_path / "in" / split / "metadata.jsonl").write_text("".join(lines))
    dataset = open_dataset("folder", tmp_path / "in", "train+test")
    made = {next(iter(samples(dataset))): Completion(text="A cat.")}
    write(dataset, tmp_path / "out", made)
    again = open_dataset("folder", tmp_path / "out", None if classes else "train+test")
    check(samples(dataset), samples(again), made)


def test_csv_folder_written_back(tmp_path: Path, picture: Any) -> None:
    picture(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "metadata.csv").write_text(
        'file_name,text,label,price\na.png,"x, y",red;green,1\n,Only text,,2\n'
    )
    dataset = open_dataset("folder", tmp_path / "in")
    second = list(samples(dataset))[1]
    write(dataset, tmp_path / "out", made := {second: Completion(image=png("magenta"))})
    again = open_dataset("folder", tmp_path / "out")
    check(samples(dataset), samples(again), made)
    assert [row.extra["columns"]["price"] for row in samples(again).values()] == ["1", "2"]


@pytest.mark.parametrize("split", ["", "train"])
def test_absolute_paths_are_written_back_below_the_folder(split: str, tmp_path: Path, picture: Any) -> None:
    image = picture(tmp_path / "in" / "photos" / "a.png")
    (tmp_path / "in" / split).mkdir(exist_ok=True)
    (tmp_path / "in" / split / "metadata.csv").write_text(f"id,image,text\n1,{image},\n2,,hello\n")
    dataset = open_dataset("folder", tmp_path / "in")
    made = {"1": Completion(text="A text."), "2": Completion(image=png("magenta"))}
    assert write(dataset, tmp_path / "out", made) == []
    check(samples(dataset), samples(open_dataset("folder", tmp_path / "out")), made)
    assert (tmp_path / "out" / "photos" / "a.png").samefile(image)
    assert str(tmp_path) not in (tmp_path / "out" / split / "metadata.csv").read_text()


@pytest.mark.parametrize("sign", ["字", "😀", "/", "a"])
def test_long_ids_are_written(sign: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    rows = [{"id": sign * 199 + end, "text": "hello"} for end in "xy"]
    (tmp_path / "in" / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    dataset = open_dataset("folder", tmp_path / "in")
    made = {row["id"]: Completion(image=png("magenta")) for row in rows}
    assert write(dataset, tmp_path / "out", made) == [] and write_table(dataset, tmp_path / "t", made) == []
    check(samples(dataset), samples(open_dataset("folder", tmp_path / "out")), made)
    assert len(list((tmp_path / "out" / "completed").iterdir())) == 2


def test_a_bad_completion_and_a_lost_picture_of_own_data_are_noted(own: Path, tmp_path: Path) -> None:
    dataset = open_dataset("folder", own)
    rows = list(dataset)
    (own / "photos" / "a.png").unlink()
    out = OutFolder(tmp_path / "out")
    made = {"c": Completion(image=tmp_path / "gone.png"), "d": Completion(image=png("magenta"))}
    dataset.write(filled(rows, made, []), out)
    assert (
        len(out.notes) == 2 and "a.png: the file of a is gone" in out.notes[0] and "gone.png" in out.notes[1]
    )
    after = samples(open_dataset("folder", tmp_path / "out"))
    assert list(after) == list("abcde") and after["a"].image is None and is_magenta(after["d"])


def test_a_table_and_lines_are_written_as_lines(tmp_path: Path, own: Path, picture: Any) -> None:
    write_table(open_dataset("folder", own), tmp_path / "table", {})
    picture(tmp_path / "in" / "train" / "x.png")
    (tmp_path / "in" / "train" / "metadata.jsonl").write_text('{"id": "x", "image": "x.png"}\n')
    (tmp_path / "in" / "test").mkdir()
    table = next((tmp_path / "table" / "data").glob("*.parquet"))
    table.rename(tmp_path / "in" / "test" / "metadata.parquet")
    dataset = open_dataset("folder", tmp_path / "in", "train+test")
    assert write(dataset, tmp_path / "out", {}) == []
    check(samples(dataset), samples(open_dataset("folder", tmp_path / "out", "train+test")), {})


def test_films_and_reports_that_are_gone_when_they_are_written(
    mmimdb: Path, openi: Path, tmp_path: Path
) -> None:
    for name, root, gone in (
        ("mmimdb", mmimdb, "dataset/0000002.json"),
        ("mmimdb", mmimdb, "dataset/0000001.json"),
        ("iuxray", openi, "ecgen-radiology/1.xml"),
    ):
        dataset = open_dataset(name, root)
        rows = [row for row in dataset if isinstance(row, Sample)]
        (root / gone).unlink()
        out = OutFolder(tmp_path / Path(gone).stem)
        dataset.write(filled(rows, {}, []), out)
        assert len(out.notes) == 1 and Path(gone).name in out.notes[0]
        again = open_dataset(name, tmp_path / Path(gone).stem)
        assert 0 < len(samples(again)) < len(rows) and not [row for row in again if isinstance(row, Fault)]


def test_splits_of_any_length_make_a_table(mmimdb: Path, tmp_path: Path) -> None:
    index = json.loads((mmimdb / "split.json").read_text())
    (mmimdb / "split.json").write_text(json.dumps({f"{name}{'字' * 100}": index[name] for name in index}))
    assert write_table(open_dataset("mmimdb", mmimdb, "all"), tmp_path / "t", {}) == []
    assert "split: joined" in (tmp_path / "t" / "README.md").read_text()
    assert len(samples(open_dataset("folder", tmp_path / "t"))) == 6


def test_parquet_opens_in_huggingface_datasets(own: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    view = Masked(
        open_dataset("folder", own), Mask(type="image", rate=0.4, total=5, details={0: NO_IMAGE, 4: NO_IMAGE})
    )
    made = {
        "a": Completion(image=png("magenta"), quality=80.0),
        "b": Completion(text="A berry.", quality=60.0),
    }
    assert write_table(view, tmp_path / "out", made) == []
    for table in (
        datasets.load_dataset(str(tmp_path / "out"), cache_dir=tmp_path / "c1")["train"],
        datasets.load_dataset(
            "parquet", data_files=f"{tmp_path}/out/data/*.parquet", cache_dir=tmp_path / "c2"
        )["train"],
    ):
        assert isinstance(table.features["image"], datasets.Image)
        assert table["id"][:] == ["a", "b", "c", "d", "e"]
        assert table["missing"][:] == ["image", "text", "image", "image", "image"]
        assert table["completed"][:] == [True, True, False, False, False]
        assert table["quality"][:] == [80.0, 60.0, None, None, None]
        assert (
            table[0]["image"].convert("RGB").getpixel((3, 3)) == (255, 0, 255) and table[4]["image"] is None
        )
        assert (
            table[1]["text"] == "A berry."
            and table[3]["text"] is None
            and table[0]["labels"] == ["fruit", "red"]
        )
        assert table[1]["image"].size == (24, 16)
    again = open_dataset("folder", tmp_path / "out")
    check(samples(view), samples(again), made)
    write(again, tmp_path / "twice", {"c": Completion(image=png("magenta"))})
    assert is_magenta(samples(open_dataset("folder", tmp_path / "twice"))["c"])


def test_joined_splits_and_unreadable_pictures_in_the_table(mmimdb: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    (mmimdb / "dataset" / "0000001.jpeg").write_bytes(b"")
    notes = write_table(open_dataset("mmimdb", mmimdb, "train+dev"), tmp_path / "out", {})
    assert len(notes) == 1 and "zero bytes" in notes[0] and "0000001.jpeg" in notes[0]
    table = datasets.load_dataset(str(tmp_path / "out"), cache_dir=tmp_path / "cache")["train_dev"]
    assert len(table) == 4 and table[0]["image"] is None


def test_every_row_of_the_table_opens_whatever_the_pictures_are(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    whole = png("red")
    files = {"whole.png": whole, "cut.png": whole[:40], "text.png": b"not a picture", "zero.png": b""}
    (tmp_path / "own").mkdir()
    for name, data in files.items():
        (tmp_path / "own" / name).write_bytes(data)
    rows = "".join(json.dumps({"id": name, "image": name}) + "\n" for name in files)
    (tmp_path / "own" / "metadata.jsonl").write_text(rows)
    notes = write_table(open_dataset("folder", tmp_path / "own"), tmp_path / "out", {})
    assert len(notes) == 1 and notes[0].startswith("3 pictures are left empty") and "cut.png" in notes[0]
    table = datasets.load_dataset(str(tmp_path / "out"), cache_dir=tmp_path / "cache")["train"]
    assert {row["id"]: row["image"] is not None for row in table} == {
        name: name == "whole.png" for name in files
    }


def test_views(mmimdb: Path) -> None:
    base = open_dataset("mmimdb", mmimdb)
    view = First(Masked(base, Mask(type="text", rate=0.3, total=3, details={0: NO_TEXT})), 2)
    assert len(view) == len(list(view)) == 2 and view.fingerprint() == base.fingerprint()
    seen, truth = next(iter(pairs(view)))
    assert isinstance(seen, Sample) and isinstance(truth, Sample)
    assert seen.text is None and truth.text == "The long plot of a film." and seen.image == truth.image
    with pytest.raises(DatasetError, match="mask is for 4 samples and mmimdb/train has 3"):
        Masked(base, simulate(4, 0.5, "text"))


def test_a_completion_that_is_no_picture(own: Path, tmp_path: Path) -> None:
    notes = write_table(
        open_dataset("folder", own), tmp_path / "t", {"c": Completion(image=tmp_path / "gone.png")}
    )
    assert "gone.png" in notes[0]


def test_bad_completion_is_noted_and_the_rest_is_written(mmimdb: Path, tmp_path: Path) -> None:
    base = open_dataset("mmimdb", mmimdb)
    notes = write(
        base, tmp_path / "out", {"0000003": Completion(image=b"no picture"), "0000002": Completion(text="T.")}
    )
    assert len(notes) == 1 and "the completion of 0000003: not a picture" in notes[0]
    after = samples(open_dataset("mmimdb", tmp_path / "out"))
    assert after["0000003"].image is None and after["0000002"].text == "T."


def test_the_data_set_itself_is_never_overwritten(own: Path) -> None:
    for writer in (write, write_table):
        with pytest.raises(DatasetError, match="the folder of the data set itself"):
            writer(open_dataset("folder", own), own, {})
