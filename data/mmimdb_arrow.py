"""MM-IMDb as missing_aware_prompts (MPMM, CVPR 2023) keeps it: one Arrow file per split,
`mmimdb_train.arrow`, dev, test.

Columns: image (encoded bytes), plots (list), label (23 zeros and ones), genres (list), image_id, split.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from data.cells import arrow_batches
from data.completed import Filled
from data.files import BadRow, DatasetError, clean_id, stamp
from data.mmimdb import PUBLISHED, MMIMDbOptions, plot_text
from data.output import OutFolder
from data.pictures import PictureError, as_format, content, read_encoded
from data.reader import Reader, chosen_splits
from data.sample import ImageRef, Sample

LABEL_ORDER = [
    "Drama",
    "Comedy",
    "Romance",
    "Thriller",
    "Crime",
    "Action",
    "Adventure",
    "Horror",
    "Documentary",
    "Mystery",
    "Sci-Fi",
    "Fantasy",
    "Family",
    "Biography",
    "War",
    "History",
    "Music",
    "Animation",
    "Musical",
    "Western",
    "Sport",
    "Short",
    "Film-Noir",
]
"""Of the column `label`."""
SCHEMA = pa.schema(
    {
        "image": pa.binary(),
        "plots": pa.list_(pa.string()),
        "label": pa.list_(pa.int64()),
        "genres": pa.list_(pa.string()),
        "image_id": pa.string(),
        "split": pa.string(),
    }
)
BATCH = 64


class ArrowReader(Reader[tuple[str, int]]):
    """An entry is (split, row of its table)."""

    name = "mmimdb"
    form = "arrow"
    expects = "mmimdb_train.arrow (and dev, test) of missing_aware_prompts"
    options_type = MMIMDbOptions
    text_form = "plot"

    def __init__(self, root: Path, split: str | None, options: MMIMDbOptions) -> None:
        super().__init__(root, split, options)
        self.settings = options
        self.labels = options.kept
        known = [each for each in PUBLISHED if _file(root, each).is_file()]
        asked = "+".join(known) if split == "all" else split and split.replace("val", "dev")
        self.splits = chosen_splits(asked, known, known[0], root)
        self.split = "+".join(self.splits)
        self.tables = {each: _open(_file(root, each)) for each in self.splits}
        for each, table in self.tables.items():
            self.check_count(f"films in {each}", table.num_rows, PUBLISHED[each])

    @classmethod
    def find(cls, folder: Path) -> Path | None:
        return folder if any(_file(folder, split).is_file() for split in PUBLISHED) else None

    def __len__(self) -> int:
        return sum(table.num_rows for table in self.tables.values())

    def entries(self) -> Iterator[tuple[str, tuple[str, int]]]:
        for split, table in self.tables.items():
            for row in range(table.num_rows):
                yield f"{split} row {row + 1}", (split, row)

    def read(self, entry: tuple[str, int]) -> Sample:
        split, row = entry
        path, table = _file(self.root, split), self.tables[split]
        where = f"{path}, row {row + 1}"
        try:
            film, plots, genres = (table[name][row].as_py() for name in ("image_id", "plots", "genres"))
            picture = table["image"][row]
            there = bool(picture.is_valid and picture.as_buffer().size)
        except (pa.ArrowException, UnicodeDecodeError, ValueError) as problem:
            raise BadRow(f"{where}: the row cannot be read ({str(problem)[:120]}).") from None
        labels, unknown = self.known_labels(map(str, genres or []), self.settings.dropped)
        return Sample(
            id=clean_id(film, where),
            image=ImageRef(path=path, row=row, column="image") if there else None,
            text=plot_text(plots, self.settings, where),
            labels=tuple(labels),
            extra={"split": split} | ({"unknown_labels": unknown} if unknown else {}),
        )

    def stamps(self) -> Iterator[str]:
        return (stamp(_file(self.root, split)) for split in self.splits)

    def write(self, rows: Iterable[Filled], out: OutFolder) -> None:
        """Texts are written as they were read (one plot per film), genres as they are kept."""
        batches: dict[str, list[dict[str, Any]]] = {}
        writers = {split: pa.ipc.new_file(str(out.own(_name(split))), SCHEMA) for split in self.splits}
        try:
            for row in rows:
                split = row.sample.extra["split"]
                batch = batches.setdefault(split, [])
                batch.append(_cells(row, split, out))
                if len(batch) == BATCH:
                    writers[split].write_batch(pa.RecordBatch.from_pylist(batch, SCHEMA))
                    batch.clear()
            for split, batch in batches.items():
                if batch:
                    writers[split].write_batch(pa.RecordBatch.from_pylist(batch, SCHEMA))
        finally:
            for writer in writers.values():
                writer.close()


def _cells(row: Filled, split: str, out: OutFolder) -> dict[str, Any]:
    picture = None
    try:
        if row.sample.image is not None:
            picture = read_encoded(row.sample.image)
        elif row.drawn is not None:
            picture = as_format(content(row.drawn), "JPEG", f"the completion of {row.sample.id}")
    except PictureError as problem:
        out.note(str(problem))
    return {
        "image": picture,
        "plots": [] if row.text is None else [row.text],
        "label": [int(genre in row.sample.labels) for genre in LABEL_ORDER],
        "genres": list(row.sample.labels),
        "image_id": row.sample.id,
        "split": split,
    }


def _name(split: str) -> str:
    return f"mmimdb_{split}.arrow"


def _file(folder: Path, split: str) -> Path:
    return folder / _name(split)


def _open(path: Path) -> pa.Table:
    try:
        table = arrow_batches(path).read_all()
    except (OSError, pa.ArrowException) as problem:
        raise DatasetError(f"{path}: not an Arrow file, or cut short ({str(problem)[:120]}).") from None
    absent = {"image", "plots", "genres", "image_id"} - set(table.column_names)
    if absent:
        raise DatasetError(
            f"{path}: the columns {', '.join(sorted(absent))} are absent; made by missing_aware_prompts?"
        )
    return table
