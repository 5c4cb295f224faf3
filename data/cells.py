"""One cell of a Parquet or Arrow table, read without holding the table."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data.files import BadRow


def read_cell(path: Path, row: int, column: str, limit: int) -> bytes:
    """The bytes of one binary cell (plain, or Hugging Face's struct of bytes and path); at most `limit` bytes.

    An Arrow file is mapped, so a cell costs nothing but its own bytes. In Parquet the pages of the row group
    before the cell are decoded as a stream: cheap for the row groups of about a hundred pictures that are
    usual there. Raises `BadRow` if there is no such cell, or it is too large.
    """
    where = f"{path}, row {row + 1}, column {column}"
    try:
        value = (
            _arrow_cell(path, row, column) if path.suffix == ".arrow" else _parquet_cell(path, row, column)
        )
    except (OSError, pa.ArrowException, KeyError, IndexError) as problem:
        raise BadRow(f"{where}: the cell cannot be read ({str(problem)[:120]}).") from None
    if pa.types.is_struct(value.type):
        value = value["bytes"] if value.is_valid else value
    if not value.is_valid:
        raise BadRow(f"{where}: the cell is empty.")
    if not (pa.types.is_binary(value.type) or pa.types.is_large_binary(value.type)):
        raise BadRow(f"{where}: the cell holds {value.type}, not the bytes of a picture.")
    data = value.as_buffer()
    if data.size > limit:
        raise BadRow(f"{where}: the picture has {data.size:,} bytes, more than the {limit:,} allowed.")
    return bytes(data)


def arrow_batches(path: Path) -> pa.RecordBatchFileReader:
    """An Arrow IPC file, mapped into memory; raises `OSError` or `pa.ArrowException`."""
    return pa.ipc.open_file(pa.memory_map(str(path)))


def _arrow_cell(path: Path, row: int, column: str) -> Any:
    reader = arrow_batches(path)
    for number in range(reader.num_record_batches):
        batch = reader.get_batch(number)
        if row < batch.num_rows:
            return batch.column(column)[row]
        row -= batch.num_rows
    raise IndexError("the table has fewer rows")


def _parquet_cell(path: Path, row: int, column: str) -> Any:
    with pq.ParquetFile(path, memory_map=True) as file:
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if row >= rows:
                row -= rows
                continue
            for batch in file.iter_batches(batch_size=16, row_groups=[group], columns=[column]):
                if row < batch.num_rows:
                    return batch.column(column)[row]
                row -= batch.num_rows
    raise IndexError("the table has fewer rows")
