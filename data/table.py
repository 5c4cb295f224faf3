"""A completed data set as Parquet with the pictures in it, in the form that Hugging Face `datasets` opens:

    datasets.load_dataset("OUT")            # a folder that write_table wrote
    datasets.load_dataset("parquet", data_files="OUT/data/*.parquet")

Columns: id, image (encoded picture, decoded on access), text, labels, group, missing (image, text or null:
what the run saw as missing), completed (whether that was filled), quality (Eq. 2 of the paper, null where
nothing was completed).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data.completed import Completion, Filled, filled, left_out_note, prepare
from data.files import file_name
from data.output import OutFolder
from data.pictures import Limits, PictureError, check, content, describe, read_encoded, suffix
from data.sample import Dataset

GROUP_ROWS, GROUP_BYTES = 100, 32 * 2**20
"""A row group ends at whichever comes first: readers hold one at a time, and so does the writer."""
SHARD_BYTES = 2**30
MAX_SPLIT = 200
"""Bytes of a split's name. An index may call its splits anything, and the files of the table are called after them."""


def _schema() -> pa.Schema:
    kinds = {
        "id": "string",
        "text": "string",
        "group": "string",
        "missing": "string",
        "completed": "bool",
        "quality": "float64",
    }
    features: dict[str, Any] = {name: {"dtype": kind, "_type": "Value"} for name, kind in kinds.items()}
    features["image"] = {"_type": "Image"}
    features["labels"] = {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"}
    columns = {
        "id": pa.string(),
        "image": pa.struct({"bytes": pa.binary(), "path": pa.string()}),
        "text": pa.string(),
        "labels": pa.list_(pa.string()),
        "group": pa.string(),
        "missing": pa.string(),
        "completed": pa.bool_(),
        "quality": pa.float64(),
    }
    info = {"info": {"features": {name: features[name] for name in columns}}}
    return pa.schema(columns, metadata={"huggingface": json.dumps(info)})


def write_table(
    dataset: Dataset, out: Path, completions: Mapping[str, Completion], limits: Limits | None = None
) -> list[str]:
    """Writes `dataset` (or a view of one) with its completions as Parquet shards into `out/data/`, and a
    `README.md` that names the split. Streams: at most one row group, about 32 MiB of pictures, is held.
    Returns notes: rows that cannot be read are left out, a picture that cannot be read is null, since
    one that cannot be decoded would break the loop of whoever loads the table."""
    folder = prepare(dataset, out)
    left_out: list[str] = []
    write_rows(filled(dataset, completions, left_out), folder, dataset.split, limits)
    return folder.notes + left_out_note(left_out)


def write_rows(rows: Iterable[Filled], out: OutFolder, split: str, limits: Limits | None = None) -> None:
    """`write_table` for samples that are already matched with their completions."""
    # Splits of Hugging Face are words, and `all` is taken there; ours may be joined with a plus sign.
    name = "train" if split == "all" else re.sub(r"\W+", "_", split)
    name = name if len(name.encode()) <= MAX_SPLIT else "joined"
    out.make("data")
    out.clear(f"data/{name}-*.parquet")
    schema, unreadable = _schema(), list[str]()
    writer: pq.ParquetWriter | None = None
    shard = written = 0
    try:
        for group, size in _groups(rows, limits or Limits(), unreadable):
            if writer is None or written + size > SHARD_BYTES:
                if writer is not None:
                    writer.close()
                writer = pq.ParquetWriter(out.own(f"data/{name}-{shard:05d}.parquet"), schema)
                shard, written = shard + 1, 0
            writer.write_table(pa.Table.from_pylist(group, schema))
            written += size
        if writer is None:
            pq.write_table(schema.empty_table(), out.own(f"data/{name}-00000.parquet"))
    finally:
        if writer is not None:
            writer.close()
    files = f"  data_files:\n  - split: {name}\n    path: data/{name}-*.parquet\n"
    card = f"---\nconfigs:\n- config_name: default\n{files}---\n\nA completed data set.\n"
    out.put(card.encode(), "README.md", "the data set")
    if unreadable:
        out.note(_empty_note(unreadable))


def _empty_note(problems: list[str]) -> str:
    """One note for all pictures that are null: a data set may have thousands of them."""
    what = "1 picture is" if len(problems) == 1 else f"{len(problems):,} pictures are"
    example = "because it" if len(problems) == 1 else "because they"
    return f"{what} left empty in the Parquet table {example} cannot be read: {problems[0]}"


def _groups(
    rows: Iterable[Filled], limits: Limits, unreadable: list[str]
) -> Iterator[tuple[list[dict[str, Any]], int]]:
    """Row groups with the bytes of their pictures."""
    group: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        cells = _cells(row, limits, unreadable)
        group.append(cells)
        size += len(cells["image"]["bytes"]) if cells["image"] else 0
        if len(group) == GROUP_ROWS or size >= GROUP_BYTES:
            yield group, size
            group, size = [], 0
    if group:
        yield group, size


def _cells(row: Filled, limits: Limits, unreadable: list[str]) -> dict[str, Any]:
    sample, picture = row.sample, None
    try:
        if sample.image is not None:
            found = read_encoded(sample.image, limits)
            check(found, describe(sample.image), limits)
            picture = found
        elif row.drawn is not None:
            picture = content(row.drawn, limits)
    except PictureError as problem:
        unreadable.append(str(problem))
    name = sample.image.path.name if sample.image and sample.image.row is None else None
    return {
        "id": sample.id,
        "image": picture and {"bytes": picture, "path": name or file_name(sample.id) + suffix(picture)},
        "text": row.text,
        "labels": list(sample.labels),
        "group": sample.group,
        "missing": row.missing and row.missing.value,
        "completed": row.fills is not None,
        "quality": row.completion.quality if row.completion and row.fills else None,
    }
