"""What odd data cannot do to a finished run: keep it from being written, or from being gone on with."""

import json
from pathlib import Path

import pytest
from PIL import Image

from agent import store
from agent.finish import TABLE, write_completed
from agent.walk import folder as walk_folder
from data.catalog import open_dataset
from data.files import OURS, BadRow


def finished(tmp_path: Path) -> Path:
    """The folder of a run that completed nothing."""
    run = tmp_path / "run"
    run.mkdir()
    (run / store.RECORDS).touch()
    return run


def test_absolute_paths_in_the_metadata_are_written_back(here, photos):
    rows = [f"{number},{photos / f'{number}.png'},Text {number}.\n" for number in range(2)]
    (photos / "metadata.jsonl").unlink()
    (photos / "metadata.csv").write_text("id,image,text\n" + "".join(rows))
    run = here()
    assert (run.status, run.complained) == (0, "")
    written = (run.out / "completed" / "metadata.csv").read_text()
    assert str(photos) not in written and (run.out / "completed" / "1.png").is_file()


def test_a_picture_that_aims_at_another_file_is_written_into_the_folder(here, tmp_path):
    victim = tmp_path / "victim.jpg"
    victim.write_text("precious")
    root = tmp_path / "coco"
    (root / "annotations").mkdir(parents=True)
    own = root / "train2014" / str(victim).lstrip("/")
    own.parent.mkdir(parents=True)
    Image.new("RGB", (40, 30), "red").save(own)
    index = {"images": [{"id": 1, "file_name": str(victim)}]}
    index["annotations"] = [{"id": 1, "image_id": 1, "caption": "A red wall."}]
    (root / "annotations" / "captions_train2014.json").write_text(json.dumps(index))
    run = here("--dataset", "coco", "--root", str(root))
    assert run.status == 0 and victim.read_text() == "precious"
    assert (run.out / "completed" / "train2014" / str(victim).lstrip("/")).is_file()


def test_a_row_that_no_writer_foresaw_is_a_note(photos, tmp_path, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise BadRow("row 7: it cannot be written.")

    monkeypatch.setattr("agent.finish.write", refuse)
    run = finished(tmp_path)
    assert write_completed(run, open_dataset("folder", photos)) == ["row 7: it cannot be written."]
    assert list((run / "completed" / TABLE / "data").glob("*.parquet"))


@pytest.mark.parametrize("name", [TABLE, f"{TABLE}/data/all-00000.parquet", f"{TABLE}/README.md"])
def test_a_picture_with_the_name_of_the_table_is_a_note(name, photos, tmp_path):
    (photos / name).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), "red").save(photos / name, "PNG")
    with (photos / "metadata.jsonl").open("a") as file:
        file.write(json.dumps({"id": "odd", "image": name, "text": "Odd."}) + "\n")
    run = finished(tmp_path)
    (note,) = write_completed(run, open_dataset("folder", photos))
    assert name in note and "of odd is left out" in note
    lines = (run / "completed" / "metadata.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["image"] is None
    assert len(list(open_dataset("folder", run / "completed" / TABLE))) == 13


@pytest.mark.parametrize("classes", [False, True])
def test_a_run_below_the_root_is_gone_on_with(classes, here, photos):
    if classes:
        (photos / "metadata.jsonl").unlink()
        (photos / "red").mkdir()
        for picture in photos.glob("*.png"):
            picture.rename(photos / "red" / picture.name)
    first = here("--type", "as-is" if classes else "text", out="photos/run")
    assert (first.status, first.complained) == (0, "") and len(first.ids()) == 12
    again = here("--type", "as-is" if classes else "text", out="photos/run")
    assert (again.status, again.complained) == (0, "") and again.ids() == first.ids()
    assert len(again.manifest()["sessions"]) == 2


def test_the_default_folder_below_the_root_is_found_again(here, photos, tmp_path):
    rows = (photos / "metadata.jsonl").read_text().replace('"image": "', '"image": "photos/')
    (tmp_path / "metadata.jsonl").write_text(rows)
    for _ in range(2):
        assert here("--root", ".", "--limit", "1", out=None).status == 0
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_readers_know_what_runs_and_sessions_are_called():
    assert {store.MANIFEST, store.RECORDS} in OURS
    assert {walk_folder.SESSION, walk_folder.LOCK} in OURS
