"""Leaks between splits are found by group, text and picture."""

import json
from pathlib import Path

from data.catalog import open_dataset
from data.leaks import leak_report
from data.views import First


def test_leaks_by_text_picture_and_group(own: Path, tmp_path: Path, picture) -> None:
    other = tmp_path / "other"
    picture(other / "copy.png", "red")
    picture(other / "new.png", "black")
    rows = [
        {"id": "1", "image": "copy.png", "text": "  an APPLE. "},
        {"id": "2", "image": "new.png", "text": "New.", "group": "g1"},
        {"id": "3", "image": "gone.png"},
    ]
    (other / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = leak_report(open_dataset("folder", own), open_dataset("folder", other))
    assert (report.by_text.count, report.by_image.count, report.by_group.count) == (1, 1, 1)
    assert report.by_text.examples == (("a", "1"),) and report.by_group.examples == (("e", "2"),)
    assert report.leaks and "1 of 2 samples have a picture file that is identical" in report.summary()


def test_no_leak(mmimdb: Path) -> None:
    report = leak_report(open_dataset("mmimdb", mmimdb, "train"), open_dataset("mmimdb", mmimdb, "dev"))
    assert not report.leaks and report.summary().startswith("No leak between mmimdb/train and mmimdb/dev")


def test_real_reports_leak_text_even_when_studies_are_kept_whole(real) -> None:
    train, test = (open_dataset("iuxray", real("iuxray"), split) for split in ("train", "test"))
    report = leak_report(train, test)
    assert report.by_group.count == 0 and report.by_group.of == len(test)
    assert 20 < report.by_text.count < report.by_text.of, "normal reports are copied word for word"


def test_real_reports_split_by_picture_leak_by_study(real) -> None:
    whole = open_dataset("iuxray", real("iuxray"))
    report = leak_report(First(whole, 1001), whole)
    assert report.by_group.count >= 1001 and report.by_text.count > 1001
    assert "share a group" in report.summary()
