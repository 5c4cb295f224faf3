"""Writes own data back: the pictures at their places and the metadata file in its format."""

import csv
import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

from data.completed import Filled
from data.files import file_name
from data.output import OutFolder
from data.pictures import PictureError, content, read_encoded, suffix
from data.reader import Reader

DRAWN = "completed"
"""Folder of the completed pictures."""
COLUMNS = ("id", "image", "text", "labels", "group")

Line = Callable[[dict[str, Any]], object]


def write_metadata(rows: Iterable[Filled], out: OutFolder, reader: Reader[Any]) -> None:
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
                path = out.own(_below(split, "metadata.csv" if as_csv else "metadata.jsonl"))
                file = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
                writers[split] = _csv(file, values) if as_csv else _json_lines(file)
            writers[split](values)
    if reader.labels and (reader.root / "labels.txt").is_file():
        out.place(reader.root / "labels.txt", "labels.txt", "the data set")


def _values(row: Filled, out: OutFolder, split: str) -> dict[str, Any]:
    sample, image = row.sample, _put_picture(row, out, split)
    known = {"id": sample.id, "image": image, "text": row.text, "labels": list(sample.labels)}
    other = {key: value for key, value in sample.extra["columns"].items() if key not in known}
    return known | ({"group": sample.group} if sample.group is not None else {}) | other


def _put_picture(row: Filled, out: OutFolder, split: str) -> str | None:
    """Its path relative to the metadata file; None if there is none, or none that can be read or written."""
    own, whose = row.sample.image, row.sample.id
    if own is not None and own.row is None:
        path: str = row.sample.extra["path"]
        return path if out.place(own.path, _below(split, path), whose) else None
    try:
        if own is not None:  # a cell of a table, where another split has no table but a file of lines
            data = read_encoded(own)
        elif row.drawn is not None:
            data = content(row.drawn)
        else:
            return None
    except PictureError as problem:
        out.note(str(problem))
        return None
    path = f"{DRAWN}/{file_name(whose)}{suffix(data)}"
    return path if out.put(data, _below(split, path), whose) else None


def _below(split: str, name: str) -> str:
    return f"{split}/{name}" if split else name


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
