"""Writes own data back: the pictures at their places and the metadata file in its format."""

import csv
import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from data.completed import Filled
from data.files import confined, file_name, place, write_bytes
from data.pictures import content, suffix
from data.reader import Reader

DRAWN = "completed"
"""Folder of the completed pictures."""
COLUMNS = ("id", "image", "text", "labels", "group")

Line = Callable[[dict[str, Any]], object]


def write_metadata(rows: Iterable[Filled], out: Path, reader: Reader[Any]) -> list[str]:
    """One metadata file per split, JSON lines or CSV as it was, with the columns `id, image, text, labels` and the
    data set's other ones. Streams."""
    as_csv = bool(files := getattr(reader, "files", [])) and files[0].suffix == ".csv"
    writers: dict[str, Line] = {}
    with ExitStack() as stack:
        for row in rows:
            extra = row.sample.extra
            split = "" if extra["split"] == "all" or reader.form == "classes" else extra["split"]
            values = _values(row, out, split)
            if split not in writers:
                path = out / split / ("metadata.csv" if as_csv else "metadata.jsonl")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.unlink(missing_ok=True)
                file = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
                writers[split] = _csv(file, values) if as_csv else _json_lines(file)
            writers[split](values)
    if reader.labels and (reader.root / "labels.txt").is_file():
        place(reader.root / "labels.txt", out / "labels.txt")
    return []


def _values(row: Filled, out: Path, split: str) -> dict[str, Any]:
    sample, image = row.sample, None
    if sample.image is not None:
        image = sample.extra["path"]
        target = confined(out, f"{split}/{image}" if split else image, sample.id)
        place(sample.image.path, target)
    elif row.drawn is not None:
        data = content(row.drawn)
        image = f"{DRAWN}/{file_name(sample.id)}{suffix(data)}"
        write_bytes(out / split / image, data)
    known = {"id": sample.id, "image": image, "text": row.text, "labels": list(sample.labels)}
    other = {key: value for key, value in sample.extra["columns"].items() if key not in known}
    return known | ({"group": sample.group} if sample.group is not None else {}) | other


def _json_lines(file: Any) -> Line:
    return lambda values: file.write(json.dumps(values, ensure_ascii=False) + "\n")


def _csv(file: Any, first: dict[str, Any]) -> Line:
    writer = csv.DictWriter(file, list(dict.fromkeys([*first, *COLUMNS])), restval="", extrasaction="ignore")
    writer.writeheader()

    def write(values: dict[str, Any]) -> None:
        cells = {
            key: json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
            for key, value in values.items()
        }
        writer.writerow(cells)

    return write
