"""A folder with `metadata.jsonl`, `.csv` or `.parquet`, with one row per sample: id, image, text, labels.

A missing modality is null, empty, or a column that is not there. Also read: Hugging Face's imagefolder with
metadata (`file_name`, one folder per split) and Parquet tables that hold the pictures
(`data/train-00000-of-00001.parquet`). Other columns are kept.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import Field

from data.completed import Filled
from data.files import BadRow, DatasetError, clean_id, clean_text, confined, lines, shown, stamp
from data.folder.rows import SUFFIXES, Row, read_rows
from data.output import OutFolder
from data.reader import Options, Reader, chosen_splits
from data.sample import Domain, ImageRef, Sample

NAMES = {
    "id": ("id", "image_id", "uid"),
    "image": ("image", "file_name", "image_path", "filename"),
    "text": ("text", "caption", "report", "description", "plot"),
    "labels": ("labels", "label", "classes"),
}
"""Column names that are tried when none is given."""
KNOWN_SPLITS = ("train", "validation", "val", "dev", "test")


class FolderOptions(Options):
    id: str = Field(
        "", description="column of the id (default: id, image_id or uid; else the picture's file name)"
    )
    image: str = Field(
        "", description="column of the picture's path (default: image, file_name, image_path or filename)"
    )
    text: str = Field(
        "", description="column of the text (default: text, caption, report, description or plot)"
    )
    labels: str = Field("", description="column of the labels (default: labels, label or classes)")
    group: str = Field("group", description="column of the group that must stay in one split")
    domain: Domain = Field(Domain.GENERAL, description="which knowledge rules apply: general or xray")
    form: str = Field(
        "description",
        description="the form of the texts: plot, caption, report or description; xray has no plot",
    )


class MetadataReader(Reader[Row]):
    """An entry is a row of a metadata file."""

    name = "folder"
    form = "metadata"
    expects = (
        "metadata.jsonl, metadata.csv or metadata.parquet (or train/metadata.*), or data/train-*.parquet"
    )
    options_type = FolderOptions

    def __init__(self, root: Path, split: str | None, options: FolderOptions) -> None:
        super().__init__(root, split, options)
        self.settings, self.domain, self.text_form = options, options.domain, options.form
        known = _files(root)
        asked = "+".join(known) if split == "all" else split
        splits = chosen_splits(asked, list(known), "train" if "train" in known else next(iter(known)), root)
        self.split = "+".join(splits)
        self.files = [file for each in splits for file in known[each]]
        self.columns: dict[str, str | None] = {}
        self._scan()

    @classmethod
    def find(cls, folder: Path) -> Path | None:
        return folder if _files(folder) else None

    def _scan(self) -> None:
        """One pass over the metadata: how many rows, which columns, which labels."""
        self.count, columns, labels = 0, dict[str, None](), dict[str, None]()
        closed = self.root / "labels.txt"
        for file in self.files:
            for row in read_rows(file):
                self.count += 1
                columns |= dict.fromkeys(row.values)
                if not closed.is_file() and row.problem is None:
                    column = self.settings.labels or _first(NAMES["labels"], row.values)
                    labels |= dict.fromkeys(split_labels(row.values.get(column or "")))
        for part, names in NAMES.items():
            given = getattr(self.settings, part)
            if given and given not in columns:
                raise DatasetError(
                    f"{self.files[0]} has no column {given!r}; it has {', '.join(columns) or 'none'}."
                )
            self.columns[part] = given or _first(names, columns)
        if self.count and self.columns["image"] is None and self.columns["text"] is None:
            raise DatasetError(
                f"{self.files[0]} has neither a column of pictures ({', '.join(NAMES['image'])}) nor one of texts "
                f"({', '.join(NAMES['text'])}); name it by an option."
            )
        self.other = set(columns) - {*self.columns.values(), self.settings.group}
        """Columns that are carried along."""
        if closed.is_file():
            self.labels = tuple(
                (line or b"").decode("utf-8", "replace").strip() for _, line in lines(closed) if line
            )
        else:
            self.labels = tuple(sorted(labels))

    def __len__(self) -> int:
        return self.count

    def entries(self) -> Iterator[tuple[str, Row]]:
        for file in self.files:
            for row in read_rows(file):
                column = self.columns["id"]
                name = str(row.values.get(column, "") or "") if column else ""
                known = bool(name) and len(name) <= 200 and name.isprintable()
                yield (name if known else f"{file.name} row {row.number + 1}"), row

    def read(self, entry: Row) -> Sample:
        if entry.problem:
            raise BadRow(entry.problem)
        values = entry.values
        given = {part: values.get(column) if column else None for part, column in self.columns.items()}
        image, path = self._image(entry, given["image"])
        if given["id"] not in (None, ""):
            identity = clean_id(given["id"], entry.where)
        elif path:
            identity = clean_id(Path(path).with_suffix("").as_posix(), entry.where)
        else:
            identity = f"{entry.path.stem}-{entry.number + 1:05d}"
        labels, unknown = self.known_labels(split_labels(given["labels"]))
        group = values.get(self.settings.group)
        used = {*self.columns.values(), self.settings.group}
        other = {key: value for key, value in values.items() if key not in used and _plain(value)}
        extra: dict[str, Any] = {"split": self._split_of(entry.path), "columns": other}
        extra["path"] = self._below(entry, path) if path and image and image.row is None else path
        return Sample(
            id=identity,
            image=image,
            text=clean_text(given["text"], entry.where),
            labels=tuple(labels),
            group=None if group in (None, "") else str(group),
            extra=extra | ({"unknown_labels": unknown} if unknown else {}),
        )

    def _image(self, row: Row, value: Any) -> tuple[ImageRef | None, str | None]:
        """(reference, path as it stands in the row). A path that leads nowhere is a mistake, not a missing modality."""
        column = self.columns["image"]
        name = _path_in(value)
        if column in row.cells:
            return ImageRef(path=row.path, row=row.number, column=column), name if isinstance(
                name, str
            ) else None
        if name is None or name == "":
            return None, None
        if not isinstance(name, str):
            raise BadRow(
                f"{row.where}: the image is a {type(name).__name__}; give a path relative to {row.path.parent}."
            )
        path = self._found(row, name)
        if not path.is_file():
            raise BadRow(
                f"{row.where}: the picture {shown(name)} does not exist; correct the path or leave it empty."
            )
        return ImageRef(path=path), name

    def _found(self, row: Row, name: str) -> Path:
        """Paths are relative to their metadata file, and must stay in the data set's folder. Raises `BadRow`."""
        return confined(self.root, (row.path.parent.relative_to(self.root) / name).as_posix(), row.where)

    def _below(self, row: Row, name: str) -> str:
        """The path as it can be written elsewhere: relative to the metadata file, even if it is absolute here."""
        if not os.path.isabs(name):
            return name
        inside = os.path.relpath(os.path.realpath(self._found(row, name)), os.path.realpath(self.root))
        return os.path.relpath(inside, row.path.parent.relative_to(self.root))

    def _split_of(self, file: Path) -> str:
        return (
            next(split for split, files in _files(self.root).items() if file in files)
            if "+" in self.split
            else self.split
        )

    def stamps(self) -> Iterator[str]:
        """Of what the rows name and nothing else: a run that writes below the root changes no data."""
        for file in self.files:
            yield stamp(file)
        yield stamp(self.root / "labels.txt")
        if (column := self.columns["image"]) is None:
            return
        for file in self.files:
            for row in read_rows(file):
                name = _path_in(row.values.get(column))
                if isinstance(name, str) and name and column not in row.cells:
                    with suppress(BadRow):
                        yield stamp(self._found(row, name))

    def write(self, rows: Iterable[Filled], out: OutFolder) -> None:
        from data.folder.writing import write_metadata
        from data.table import write_rows

        if self.files and self.files[0].suffix == ".parquet":
            dropped = sorted(self.other - {"missing", "completed", "quality"})
            if dropped:
                out.note(f"The columns {', '.join(dropped)} are not written to the completed table.")
            write_rows(rows, out, self.split)
        else:
            write_metadata(rows, out, self)


def split_labels(value: Any) -> list[str]:
    """Labels of a row: a list, a JSON list in a string, or names separated by semicolons or bars."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return [value]
    if isinstance(value, str):
        value = re.split(r"[;|]", value)
    if not isinstance(value, list):
        value = [] if value is None else [value]
    return [name for name in (str(each).strip() for each in value if each is not None) if name]


def _first(names: Iterable[str], columns: Iterable[str]) -> str | None:
    there = set(columns)
    return next((name for name in names if name in there), None)


def _path_in(value: Any) -> Any:
    """Hugging Face writes a picture as a struct of bytes and path."""
    return value.get("path") if isinstance(value, dict) else value


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool | list)


def _files(root: Path) -> dict[str, list[Path]]:
    """Metadata files by split; `all` where the folder has no splits."""
    found = {split: [file] for split in KNOWN_SPLITS if (file := _metadata(root / split))}
    if found:
        return found
    if file := _metadata(root):
        return {"all": [file]}
    tables: dict[str, list[Path]] = {}
    for folder in (root / "data", root):
        for path in sorted(folder.glob("*.parquet")):
            match = re.match(rf"({'|'.join(KNOWN_SPLITS)})(?![A-Za-z])", path.name)
            tables.setdefault(match[1] if match else "all", []).append(path)
        if tables:
            break
    return tables


def _metadata(folder: Path) -> Path | None:
    return next((path for suffix in SUFFIXES if (path := folder / f"metadata{suffix}").is_file()), None)
