"""Every on-disk form is read as it should be, and every kind of bad input becomes a sentence."""

import json
import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from data.catalog import NAMES, open_dataset, option_names
from data.files import DatasetError
from data.pictures import read_picture
from data.reader import Reader
from data.sample import Domain, Fault, Sample


def rows(dataset: Reader[Any]) -> dict[str, Sample | Fault]:
    found = {row.id: row for row in dataset}
    assert len(found) == len(list(dataset)), "ids of rows must differ"
    return found


def faults(dataset: Reader[Any]) -> dict[str, str]:
    return {row.id: row.problem for row in dataset if isinstance(row, Fault)}


# ---------------------------------------------------------------- MM-IMDb


def test_mmimdb(mmimdb: Path) -> None:
    dataset = open_dataset("mmimdb", mmimdb, "train+dev")
    found = rows(dataset)
    assert list(found) == ["0000001", "0000002", "0000003", "0000004"] and len(dataset) == 4
    assert found["0000001"].text == "The long plot of a film." and found["0000002"].text is None
    assert found["0000003"].image is None and found["0000001"].image is not None
    assert found["0000001"].labels == ("Drama", "News") and len(dataset.labels) == 27
    assert (dataset.text_form, dataset.domain) == ("plot", Domain.GENERAL)
    assert "mmimdb/train+dev has 3 films in train; published are 15,552." in dataset.notes
    assert any("1 of 4 films have no poster" in note for note in dataset.notes)
    assert open_dataset("mmimdb", mmimdb.parent).form == "raw", "the folder above is found too"


@pytest.mark.parametrize(
    ("plot", "text"),
    [
        ("first", "Short."),
        ("joined", "Short. The long plot of a film. Third one."),
        ("longest", "The long plot of a film."),
    ],
)
def test_mmimdb_plots(plot: str, text: str, mmimdb: Path) -> None:
    assert rows(open_dataset("mmimdb", mmimdb, plot=plot))["0000001"].text == text


def test_mmimdb_with_23_genres(mmimdb: Path) -> None:
    dataset = open_dataset("mmimdb", mmimdb, genres="23")
    assert rows(dataset)["0000001"].labels == ("Drama",) and len(dataset.labels) == 23
    assert not any("News" in note for note in dataset.notes)


def test_mmimdb_unknown_genre_is_noted_and_the_film_kept(mmimdb: Path) -> None:
    (mmimdb / "dataset" / "0000001.json").write_text(
        json.dumps({"plot": ["p"], "genres": ["Drama", "Opera"]})
    )
    dataset = open_dataset("mmimdb", mmimdb)
    film = rows(dataset)["0000001"]
    assert film.labels == ("Drama",) and film.extra["unknown_labels"] == ["Opera"]
    assert sum("'Opera' is not in the label list" in note for note in dataset.notes) == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not valid JSON"),
        (b'{"plot": ["cut', "may be cut short"),
        (b"[1]", "expected an object"),
        ('{"plot": ["caf\xe9"]}'.encode("latin-1"), "not UTF-8 at byte 14"),
        (b'{"plot": ["a\\u0000b"]}', "NUL bytes"),
        (b'{"plot": ["a\\ud800b"]}', "not valid UTF-8"),
        (b'{"plot": ["' + b"x" * 200_001 + b'"]}', "200,001 characters"),
        (b'{"plot": [5]}', "the text is a int"),
        (b'{"genres": 5}', "genres is not a list"),
        (b'{"plot": "' + b"x" * (9 * 2**20) + b'"}', "more than the 8,388,608 allowed"),
        (b"[" * 200_000, "nested too deep"),
        (b'{"plot": ' + b"9" * 5000 + b"}", "a number too long"),
    ],
)
def test_mmimdb_bad_film_is_a_fault_and_the_rest_goes_on(content: bytes, sentence: str, mmimdb: Path) -> None:
    (mmimdb / "dataset" / "0000001.json").write_bytes(content)
    dataset = open_dataset("mmimdb", mmimdb)
    assert list(faults(dataset)) == ["0000001"] and len(list(dataset)) == 3
    problem = faults(dataset)["0000001"]
    assert sentence in problem and "0000001.json" in problem and "\n" not in problem


def test_mmimdb_byte_order_mark_is_fine(mmimdb: Path) -> None:
    (mmimdb / "dataset" / "0000001.json").write_bytes(b"\xef\xbb\xbf" + b'{"plot": ["p"]}')
    assert rows(open_dataset("mmimdb", mmimdb))["0000001"].text == "p"


def test_mmimdb_absent_and_repeated_and_hostile_ids(mmimdb: Path) -> None:
    split = {
        "train": ["0000001", "0000001", "9999999", "../../etc/passwd", 5, None, "a\x00b", "0000002"],
        "dev": [],
        "test": [],
    }
    (mmimdb / "split.json").write_text(json.dumps(split))
    dataset = open_dataset("mmimdb", mmimdb)
    found = list(dataset)
    assert [isinstance(row, Sample) for row in found] == [
        True,
        False,
        False,
        False,
        False,
        False,
        False,
        True,
    ]
    problems = faults(dataset)
    assert "stands in an earlier row" in problems["0000001 (row 2)"]
    assert "cannot be opened" in problems["9999999"] and "leads outside" in problems["../../etc/passwd"]


def test_mmimdb_poster_that_is_a_link_out_of_the_folder(mmimdb: Path, tmp_path: Path, picture) -> None:
    outside = picture(tmp_path / "outside.jpeg")
    (mmimdb / "dataset" / "0000003.jpeg").symlink_to(outside)
    assert "leads outside the data set's folder" in faults(open_dataset("mmimdb", mmimdb))["0000003"]


def test_mmimdb_halves(mmimdb: Path, tmp_path: Path) -> None:
    os.rename(mmimdb / "split.json", tmp_path / "kept.json")
    with pytest.raises(DatasetError, match=r"dataset/ is there and split.json is not"):
        open_dataset("mmimdb", mmimdb)
    half = tmp_path / "half"
    half.mkdir()
    os.rename(tmp_path / "kept.json", half / "split.json")
    with pytest.raises(DatasetError, match=r"split.json is there, the folder dataset/"):
        open_dataset("mmimdb", half)
    only = tmp_path / "only"
    only.mkdir()
    (only / "multimodal_imdb.hdf5").write_bytes(b"\x89HDF")
    with pytest.raises(DatasetError, match="no plots"):
        open_dataset("mmimdb", only)


def test_mmimdb_in_the_layout_of_mpmm(mmimdb: Path) -> None:
    (mmimdb / "images").mkdir()
    for file in mmimdb.glob("dataset/*.jpeg"):
        os.rename(file, mmimdb / "images" / file.name)
    os.rename(mmimdb / "dataset", mmimdb / "labels")
    found = rows(open_dataset("mmimdb", mmimdb))
    assert found["0000001"].image is not None and found["0000001"].text == "The long plot of a film."


# ---------------------------------------------------------------- COCO


def test_coco(coco: Path) -> None:
    dataset = open_dataset("coco", coco)
    found = rows(dataset)
    assert list(found) == [f"COCO_train2014_{n:012d}" for n in (9, 25, 30)], (
        "pictures without instances are dropped"
    )
    first = found["COCO_train2014_000000000009"]
    assert first.text == "caption 0 of 9" and first.labels == ("person", "toothbrush")
    assert dataset.labels == ("person", "stop sign", "toothbrush") and dataset.text_form == "caption"
    assert found["COCO_train2014_000000000025"].labels == ("stop sign",)
    kept = open_dataset("coco", coco, "train", without_instances="keep", caption="longest")
    assert len(kept) == 4 and rows(kept)["COCO_train2014_000000000009"].text == "caption 1 of 9!"


def test_coco_bad_input(coco: Path) -> None:
    file = coco / "annotations" / "captions_train2014.json"
    value = json.loads(file.read_text())
    value["images"][0]["file_name"] = "../../x.jpg"
    value["annotations"] += [
        {"id": 1, "image_id": 777, "caption": "of no picture"},
        {"id": 2},
        {"id": 3, "image_id": 25, "caption": None},
    ]
    value["annotations"][6]["caption"] = 5
    file.write_text(json.dumps(value))
    os.remove(coco / "train2014" / "COCO_train2014_000000000025.jpg")
    dataset = open_dataset("coco", coco)
    problems = faults(dataset)
    assert "leads outside" in problems["x"] and "the text is a int" in problems["COCO_train2014_000000000030"]
    assert rows(dataset)["COCO_train2014_000000000025"].image is None
    assert any("2 annotations of train2014 are incomplete" in note for note in dataset.notes)
    file.write_text(file.read_text()[:-50])
    with pytest.raises(DatasetError, match=r"captions_train2014.json: not valid JSON"):
        open_dataset("coco", coco)


def test_coco_halves(coco: Path) -> None:
    os.rename(coco / "train2014", coco / "elsewhere")
    with pytest.raises(DatasetError, match=r"the folder train2014/ with the pictures is not"):
        open_dataset("coco", coco)
    os.rename(coco / "elsewhere", coco / "train2014")
    os.remove(coco / "annotations" / "instances_train2014.json")
    dataset = open_dataset("coco", coco)
    assert len(dataset) == 4 and any("have no labels" in note for note in dataset.notes)
    os.remove(coco / "annotations" / "captions_train2014.json")
    with pytest.raises(DatasetError, match=r"captions_\*.json is not"):
        open_dataset("coco", coco)


# ---------------------------------------------------------------- IU X-ray


@pytest.mark.parametrize("form", ["kaggle", "openi"])
def test_iuxray(form: str, request: pytest.FixtureRequest) -> None:
    dataset = open_dataset("iuxray", request.getfixturevalue(form))
    found = rows(dataset)
    samples = {name: row for name, row in found.items() if isinstance(row, Sample)}
    assert list(samples) == ["CXR1_IM-0001-4001", "CXR1_IM-0001-3001", "CXR2_IM-0652-1001", "CXR3"]
    assert [sample.group for sample in samples.values()] == ["1", "1", "2", "3"]
    assert samples["CXR1_IM-0001-4001"].text == "No disease.\nHeart is normal."
    assert samples["CXR2_IM-0652-1001"].text == "Large heart.", "literal quotes are stripped"
    assert samples["CXR2_IM-0652-1001"].image is None and samples["CXR3"].text is None
    assert samples["CXR2_IM-0652-1001"].labels == ("cardiomegaly", "borderline", "opacity", "lung", "right")
    assert (dataset.domain, dataset.text_form, len(dataset.labels)) == (Domain.XRAY, "report", 105)
    assert any("2 of the 3 pictures" in note for note in dataset.notes)
    if form == "openi":
        assert "CXR10" in found and "not valid XML" in faults(dataset)["CXR10"]


def test_iuxray_sections(kaggle: Path) -> None:
    texts = {
        text: rows(open_dataset("iuxray", kaggle, text=text))["CXR1_IM-0001-4001"].text
        for text in ("findings", "impression")
    }
    assert texts == {"findings": "Heart is normal.", "impression": "No disease."}


def test_iuxray_splits_keep_studies_whole(real) -> None:
    parts = [open_dataset("iuxray", real("iuxray"), split) for split in ("train", "val", "test")]
    assert sum(map(len, parts)) == 7_466
    groups = [{row.group for row in part if isinstance(row, Sample)} for part in parts]
    assert not groups[0] & groups[1] and not groups[0] & groups[2] and not groups[1] & groups[2]
    assert 0.6 < len(groups[0]) / 3_851 < 0.8


def test_real_reports_without_pictures(real) -> None:
    dataset = open_dataset("iuxray", real("iuxray"))
    samples = [row for row in dataset if isinstance(row, Sample)]
    assert len(samples) == len(dataset) == 7_466 and all(sample.image is None for sample in samples)
    assert dataset.notes[0].startswith("None of the 7,466 pictures"), (
        "and the published counts fit: no note on them"
    )
    assert samples[0].labels == ("normal",) and sum(sample.text is None for sample in samples) == 40


def test_a_quote_that_is_never_closed_is_no_text_of_a_kaggle_report(kaggle: Path) -> None:
    file = kaggle / "indiana_reports.csv"
    first, *rest = file.read_text().splitlines()
    broken = rest[0].rsplit(",", 1)[0] + ',"never closed'
    file.write_text("\n".join([first, broken, *rest[1:]]) + "\n")
    with pytest.raises(DatasetError, match=r"indiana_reports\.csv: cannot be read as CSV"):
        open_dataset("iuxray", kaggle)


def test_kaggle_half_and_bad_rows(kaggle: Path) -> None:
    file = kaggle / "indiana_reports.csv"
    file.write_bytes(file.read_bytes().replace(b"Heart is normal.", b"caf\xe9"))
    assert list(faults(open_dataset("iuxray", kaggle))) == ["CXR1_IM-0001-4001", "CXR1_IM-0001-3001"]
    file.write_text("uid,nothing\n1,2\n")
    with pytest.raises(DatasetError, match="columns MeSH, Problems"):
        open_dataset("iuxray", kaggle)
    os.remove(file)
    with pytest.raises(DatasetError, match=r"indiana_reports.csv is not"):
        open_dataset("iuxray", kaggle)


@pytest.mark.parametrize("harm", ["<!DOCTYPE a [<!ENTITY b 'c'>]>", "UTF-16"])
def test_xml_with_entities_is_not_read(harm: str, openi: Path) -> None:
    file = openi / "ecgen-radiology" / "1.xml"
    text = file.read_text().replace("?>", "?>" + (harm if harm[0] == "<" else ""))
    file.write_text(text) if harm[0] == "<" else file.write_bytes(
        text.replace("utf-8", "utf-16").encode("utf-16")
    )
    assert "declares XML entities" in faults(open_dataset("iuxray", openi))["CXR1"]


def test_r2gen(r2gen: Path) -> None:
    dataset = open_dataset("iuxray", r2gen)
    found = rows(dataset)
    assert list(found) == ["CXR1_IM-0001_0", "CXR1_IM-0001_1", "CXR2_IM-0652_0"] and dataset.split == "train"
    assert found["CXR1_IM-0001_0"].text == "Normal heart." and found["CXR2_IM-0652_0"].text is None
    assert found["CXR1_IM-0001_0"].group == "1"
    assert any(
        "leads outside" in problem for problem in faults(open_dataset("iuxray", r2gen, "test")).values()
    )
    with pytest.raises(DatasetError, match="no split 'dev'"):
        open_dataset("iuxray", r2gen, "dev")
    with pytest.raises(DatasetError, match="choose the text findings"):
        open_dataset("iuxray", r2gen, text="impression")


def test_lists_of_knowledge_bridger(tmp_path: Path, picture) -> None:
    picture(tmp_path / "images" / "CXR5_IM-1.png")
    caption = '"Impression.\nFindings."'
    listed = [{"file_name": "CXR5_IM-1.png", "labels": ["normal"], "captions": [caption]}, {"nothing": 1}]
    (tmp_path / "trainset.json").write_text(json.dumps(listed))
    for text in ("both", "findings", "impression"):
        dataset = open_dataset("iuxray", tmp_path, text=text)
        assert rows(dataset)["CXR5_IM-1"].text == "Impression.\nFindings."
    assert "expected an object" in next(iter(faults(dataset).values()))


# ---------------------------------------------------------------- own folders


def test_own_folder(own: Path) -> None:
    dataset = open_dataset("folder", own)
    found = rows(dataset)
    assert [(row.image is not None, row.text) for row in found.values()] == [
        (True, "An apple."),
        (True, None),
        (False, "A cherry."),
        (False, None),
        (True, "An eel."),
    ]
    assert dataset.labels == ("fish", "fruit", "red") and found["e"].group == "g1"
    assert found["e"].extra["columns"] == {"price": 3.5}
    assert open_dataset("folder", own, domain="xray", form="report").domain is Domain.XRAY


def test_own_folder_bad_rows(own: Path, tmp_path: Path, picture) -> None:
    (own / "link.png").symlink_to(picture(tmp_path / "outside.png"))
    bad = [
        b'{"id": "a", "text": "twice"}',
        b'{"id": "x1", "image": "photos/none.png"}',
        b'{"id": "x2", "image": "../outside.png"}',
        b'{"id": "x3", "image": "/etc/passwd"}',
        b'{"id": "x4", "image": "link.png"}',
        b'{"id": "x5", "image": 7}',
        b'{"id": "x6", "text": "caf\xe9"}',
        b'{"id": "x7", "text": "a\\u0000"}',
        b'{"id": "x8", "text": ["list"]}',
        b'{"id": "x9", "text": "cut',
        b"[1, 2]",
        b'{"id": "x11", "text": "' + b"y" * (5 * 2**20) + b'"}',
        b'{"id": ["x12"], "text": "z"}',
        b'{"id": "x13", "text": "z", "labels": ["\\ud800"]}',
        b"",
        b'{"id": "last", "text": "still read"}',
    ]
    with (own / "metadata.jsonl").open("ab") as file:
        file.write(b"\n".join(bad))
    dataset = open_dataset("folder", own)
    problems = faults(dataset)
    expected = [
        "earlier row", "does not exist", "leads outside", "leads outside", "leads outside", "the image is a int",
        "not UTF-8", "NUL bytes", "the text is a list", "not valid JSON", "not a JSON object",
        "more than 4,194,304 bytes", "the id", "not valid",
    ]  # fmt: skip
    assert len(problems) == len(expected)
    for problem, part in zip(problems.values(), expected, strict=True):
        assert part in problem and "\n" not in problem and str(own) in problem
    assert rows(dataset)["last"].text == "still read" and len(dataset) == len(list(dataset)) == 20


def test_csv_folder(tmp_path: Path, picture) -> None:
    picture(tmp_path / "a.png")
    head = "\ufefffile_name,text,label\n".encode()
    body = b'a.png,"Two\nlines, one comma",red; green\n,Only text,"[""blue""]"\n'
    (tmp_path / "metadata.csv").write_bytes(head + body + b"a.png,b,c,d\n,caf\xe9,x\n,end,red\n")
    dataset = open_dataset("folder", tmp_path)
    found = list(dataset)
    assert (
        found[0].id == "a"
        and found[0].text == "Two\nlines, one comma"
        and found[0].labels == ("red", "green")
    )
    assert found[1].image is None and found[1].labels == ("blue",)
    assert "has 4 fields, the header 3" in found[2].problem and "line 5" in found[2].problem
    assert "not UTF-8" in found[3].problem and found[4].text == "end"


@pytest.mark.parametrize("name", ["absolute", "linked"])
def test_an_absolute_path_is_kept_relative(name: str, tmp_path: Path, picture) -> None:
    """To the metadata file, so that it can be written elsewhere; the sample's id stays what it was."""
    root = tmp_path / "in"
    picture(root / "shared" / "a.png")
    (tmp_path / "link").symlink_to("in")
    given = (root if name == "absolute" else tmp_path / "link") / "shared" / "a.png"
    (root / "metadata.jsonl").write_text(json.dumps({"image": str(given)}) + "\n")
    (sample,) = open_dataset("folder", root)
    assert sample.extra["path"] == "shared/a.png" and sample.id == str(given.with_suffix(""))
    (root / "train").mkdir()
    (root / "metadata.jsonl").rename(root / "train" / "metadata.jsonl")
    (sample,) = open_dataset("folder", root)
    assert sample.extra["path"] == "../shared/a.png"


QUOTES = [
    # (rows, ids of those that can be read, and parts of what is said of the others)
    ('1,,"never closed\n2,,b\n3,,c\n', ["line 2: a quote that opens in this row is never closed", "line 2 to line 4"]),
    ('1,,a\n2,,"closed"\n3,,"not', ["1", "2", "line 4: a quote that opens", "line 4 to line 4"]),
    ('1,,"open\n2,,"b"\n3,,"c"\n', ["line 2: the row is not valid CSV", "the lines 2 to 3 were not read", "3"]),
    ('1,,"a"x\n2,,b\n', ["line 2: the row is not valid CSV", "2"]),
    ('1,,"a ""word"" and\na line"\n2,,5" screen\n', ["1", "2"]),
    ('1,,"' + "x\n" * 70_000 + "2,,b\n", ["line 2: the row is not valid CSV (field larger", "the lines 2 to 65", "2"]),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "expected"), QUOTES)
def test_csv_quotes_swallow_no_row_without_a_word(rows: str, expected: list[str], tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("id,image,text\n" + rows)
    dataset = open_dataset("folder", tmp_path)
    told = [row.problem if isinstance(row, Fault) else row.id for row in dataset]
    assert len(told) == len(dataset)
    said = " | ".join(told)
    assert all(each in said for each in expected), said
    assert [each for each in expected if len(each) == 1 and each.isdigit()] == [
        row.id for row in dataset if isinstance(row, Sample)
    ]
    assert all("\n" not in each and (each.isdigit() or str(tmp_path) in each) for each in told)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"id,image,text\r1,,hi\r2,,x\r", "its lines end with CR alone, as on old Macs; save the file with LF"),
        (b'"id","text"\r"1","hi"\r', "its lines end with CR alone"),
        (b"id,text\r" + b"1,hello\r" * 600_000, "the first line, which names the columns, has more than"),
        (b'id,"text\n1,hi\n2,x\n', "the first line, which names the columns, is not valid CSV"),
        (b'id,"text"x\n1,hi\n', "the first line, which names the columns, is not valid CSV"),
    ],
)  # fmt: skip
def test_csv_header_that_is_none(content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=sentence) as caught:
        open_dataset("folder", tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "metadata.csv")) and "\n" not in str(caught.value)


def test_closed_label_list(own: Path) -> None:
    (own / "labels.txt").write_text("red\nfruit\n")
    dataset = open_dataset("folder", own)
    assert rows(dataset)["e"].extra["unknown_labels"] == ["fish"] and dataset.labels == ("red", "fruit")
    assert any("'fish'" in note for note in dataset.notes)


def test_imagefolders(tmp_path: Path, picture) -> None:
    for split, kind, name in (("train", "cat", "1"), ("train", "dog", "2"), ("test", "cat", "3")):
        picture(tmp_path / split / kind / f"{name}.png")
    dataset = open_dataset("folder", tmp_path)
    assert [(row.id, row.labels) for row in dataset] == [("train/cat/1", ("cat",)), ("train/dog/2", ("dog",))]
    assert len(open_dataset("folder", tmp_path, "train+test")) == 3
    (tmp_path / "train" / "metadata.jsonl").write_text('{"file_name": "cat/1.png", "text": "A cat."}\n')
    described = list(open_dataset("folder", tmp_path))
    assert [(row.id, row.text) for row in described] == [("cat/1", "A cat.")]


def test_imagefolder_by_a_relative_and_by_a_linked_root(
    tmp_path: Path, picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("train/cat/1", "train/dog/2"):
        picture(tmp_path / "in" / f"{name}.png")
    (tmp_path / "link").symlink_to("in")
    monkeypatch.chdir(tmp_path)
    for root in (Path("in"), tmp_path / "link", Path("in/train"), tmp_path / "in"):
        found = list(open_dataset("folder", root))
        assert [row.labels for row in found if isinstance(row, Sample)] == [("cat",), ("dog",)], root


def test_what_a_run_writes_below_the_root_is_no_data(tmp_path: Path, picture, own: Path) -> None:
    for name in ("train/cat/1", "train/dog/2"):
        picture(tmp_path / "classes" / f"{name}.png")
    for root, split in ((own, None), (tmp_path / "classes", None), (tmp_path / "classes" / "train", None)):
        before = open_dataset("folder", root, split)
        rows_before, first = [row.id for row in before], before.fingerprint()
        for run in ("run", "runs/first", "photos/run", "cat/run"):
            picture(root / run / "blobs" / "ab" / "abc.png")
            (root / run / "manifest.json").write_text("{}")
            (root / run / "records.jsonl").touch()
        after = open_dataset("folder", root, split)
        assert [row.id for row in after] == rows_before and after.fingerprint() == first


def test_pictures_that_rows_name_make_the_fingerprint(tmp_path: Path, picture) -> None:
    root = tmp_path / "in"
    (root / "train").mkdir(parents=True)
    (tmp_path / "outside.png").touch()
    names = ["../shared/a.png", str(root / "shared" / "b.png"), "none.png", "../../outside.png", ""]
    lines = [json.dumps({"image": name, "text": "t"}) + "\n" for name in names]
    (root / "train" / "metadata.jsonl").write_text("".join(lines) + '{"image": 7}\nno row\n')
    pictures = [picture(root / "shared" / "a.png"), picture(root / "shared" / "b.png")]
    seen = [first := open_dataset("folder", root).fingerprint()]
    (root / "notes.txt").write_text("Not named by any row.")
    os.utime(tmp_path / "outside.png", ns=(1, 1))
    assert open_dataset("folder", root).fingerprint() == first
    for path in pictures:
        os.utime(path, ns=(1, 1))
        seen.append(open_dataset("folder", root).fingerprint())
    picture(root / "train" / "none.png")
    seen.append(open_dataset("folder", root).fingerprint())
    assert len(set(seen)) == 4


@pytest.mark.parametrize("form", ["kaggle", "openi", "r2gen"])
def test_stray_files_are_no_part_of_a_fingerprint_of_iu_xray(
    form: str, request: pytest.FixtureRequest
) -> None:
    root = request.getfixturevalue(form)
    first = open_dataset("iuxray", root).fingerprint()
    for folder in {root, *(path.parent for path in root.rglob("*") if path.is_file())}:
        (folder / "notes.txt").write_text("Of nobody's interest.")
    assert open_dataset("iuxray", root).fingerprint() == first


def test_huggingface_parquet(tmp_path: Path, picture) -> None:
    datasets = pytest.importorskip("datasets")
    image = picture(tmp_path / "hf" / "x.png", "lime")
    kinds = {"image": datasets.Image(), "caption": datasets.Value("string")}
    features = datasets.Features(kinds | {"label": datasets.ClassLabel(names=["no", "yes"])})
    inside = {"bytes": image.read_bytes(), "path": None}
    for split, images in (
        ("train", [inside, None]),
        ("test", [{"bytes": None, "path": "../x.png"}, {"bytes": None, "path": "/x"}]),
    ):
        (tmp_path / "hf" / "data").mkdir(exist_ok=True)
        values = {"image": images, "caption": ["green", "none"], "label": [1, 0]}
        table = datasets.Dataset.from_dict(values, features=features).with_format("arrow")[:]
        pq.write_table(table, tmp_path / "hf" / "data" / f"{split}-00000-of-00001.parquet")
    dataset = open_dataset("folder", tmp_path / "hf")
    first, second = list(dataset)
    assert dataset.split == "train" and dataset.labels == ("no", "yes")
    assert first.labels == ("yes",) and first.text == "green" and second.image is None
    assert read_picture(first.image).getpixel((2, 2)) == (0, 255, 0)
    linked, outside = list(open_dataset("folder", tmp_path / "hf", "test"))
    assert read_picture(linked.image).getpixel((2, 2)) == (0, 255, 0)
    assert "leads outside" in outside.problem


def test_metadata_without_what_is_needed(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("id,price\n1,2\n")
    with pytest.raises(DatasetError, match="neither a column of pictures"):
        open_dataset("folder", tmp_path)
    with pytest.raises(DatasetError, match="no column 'words'"):
        open_dataset("folder", tmp_path, text="words")
    assert len(open_dataset("folder", tmp_path, text="price")) == 1
    (tmp_path / "metadata.csv").write_text("")
    with pytest.raises(DatasetError, match="is empty"):
        open_dataset("folder", tmp_path)
    os.remove(tmp_path / "metadata.csv")
    (tmp_path / "metadata.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(DatasetError, match="not a Parquet file"):
        open_dataset("folder", tmp_path)


def test_real_groceries(real) -> None:
    dataset = open_dataset("folder", real("grocery"))
    samples = list(dataset)
    assert len(samples) == len(dataset) == 162 and all(
        isinstance(row, Sample) and row.image and row.labels for row in samples
    )


# ---------------------------------------------------------------- the catalogue


def test_names_and_options_are_checked_with_a_close_match(own: Path, tmp_path: Path) -> None:
    with pytest.raises(
        DatasetError, match=r"'mmimbd' \(did you mean mmimdb\?\); known are mmimdb, coco, iuxray, folder"
    ):
        open_dataset("mmimbd", own)
    with pytest.raises(DatasetError, match=r"no option 'txt' \(did you mean text\?\)"):
        open_dataset("folder", own, txt="x")
    with pytest.raises(DatasetError, match="cannot be 'medical'"):
        open_dataset("folder", own, domain="medical")
    with pytest.raises(DatasetError, match="does not exist"):
        open_dataset("folder", tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="is a file"):
        open_dataset("folder", own / "metadata.jsonl")
    with pytest.raises(DatasetError, match=r"no split 'train'; it has all"):
        open_dataset("folder", own, "train")
    assert all(option_names(name) and all(option_names(name).values()) for name in NAMES)
    for name in NAMES:
        empty = tmp_path / f"empty-{name}"
        empty.mkdir()
        with pytest.raises(DatasetError, match="found nothing"):
            open_dataset(name, empty)


@pytest.mark.parametrize(
    ("name", "fixture"),
    [
        ("mmimdb", "mmimdb"),
        ("coco", "coco"),
        ("iuxray", "kaggle"),
        ("iuxray", "openi"),
        ("iuxray", "r2gen"),
        ("folder", "own"),
    ],
)
def test_fingerprints_follow_the_files_and_the_settings(
    name: str, fixture: str, request: pytest.FixtureRequest
) -> None:
    root = request.getfixturevalue(fixture)
    first = open_dataset(name, root).fingerprint()
    assert open_dataset(name, root).fingerprint() == first and len(first) == 64
    some = next(
        path
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix in (".png", ".jpg", ".jpeg")
    )
    os.utime(some, ns=(1, 1))
    assert open_dataset(name, root).fingerprint() != first


def test_csv_lines_and_fields_that_are_too_long(tmp_path: Path) -> None:
    with (tmp_path / "metadata.csv").open("w") as file:
        file.write(
            "id,text\n1,ok\n2,"
            + "x" * (5 * 2**20)
            + "\n3,"
            + "y" * 200_000
            + "\n4,"
            + "z" * 110_000
            + "\n5,end\n"
        )
    dataset = open_dataset("folder", tmp_path)
    found = list(dataset)
    assert [isinstance(row, Sample) for row in found] == [True, False, False, False, True] and len(
        dataset
    ) == 5
    for row, part in zip(found[1:4], ("4,194,304 bytes", "field larger", "110,000 characters"), strict=True):
        assert isinstance(row, Fault) and part in row.problem


def test_hostile_json_in_own_metadata(tmp_path: Path) -> None:
    deep = "[" * 100_000
    (tmp_path / "metadata.jsonl").write_text(
        f'{{"a": {deep}\n{{"text": {"9" * 5000}}}\n{{"text": "x", "labels": "{deep}"}}\n'
    )
    found = list(open_dataset("folder", tmp_path))
    assert [isinstance(row, Sample) for row in found] == [False, False, True]
    assert all("simplify it" in row.problem for row in found[:2] if isinstance(row, Fault))
