"""The rows of a metadata file (JSON lines, CSV, Parquet), one at a time, each with its place for a sentence."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data.files import MAX_LINE, DatasetError, lines

SUFFIXES = (".jsonl", ".csv", ".parquet")


_TOO_LONG = "\0long"
"""Stands for a line of a CSV file that is too long to be read."""


@dataclass(frozen=True)
class Row:
    """One row. `problem` is a sentence if it cannot be read; `cells` are the columns that hold a picture's bytes."""

    where: str
    number: int
    """From 0, within its file."""
    path: Path
    values: dict[str, Any] = field(default_factory=dict)
    cells: frozenset[str] = frozenset()
    problem: str | None = None


def read_rows(path: Path) -> Iterator[Row]:
    """All rows of a metadata file. Raises `DatasetError` if the file as a whole is none."""
    readers = {".jsonl": _json_lines, ".csv": _csv, ".parquet": _parquet}
    try:
        yield from readers[path.suffix.lower()](path)
    except OSError as problem:
        raise DatasetError(f"{path} cannot be read ({problem.strerror or problem}).") from None


def _json_lines(path: Path) -> Iterator[Row]:
    count = 0
    for number, line in lines(path):
        where = f"{path}, line {number}"
        if line is None:
            yield Row(
                where, count, path, problem=f"{where}: the line has more than {MAX_LINE:,} bytes; shorten it."
            )
        elif line.strip():
            yield _json_row(line, where, count, path)
        else:
            continue
        count += 1


def _json_row(line: bytes, where: str, number: int, path: Path) -> Row:
    problem = "is not a JSON object; write one object per line"
    try:
        values = json.loads(line.decode("utf-8-sig"))
        if isinstance(values, dict):
            return Row(where, number, path, values)
    except UnicodeDecodeError:
        problem = "is not UTF-8 (Latin-1, perhaps); save the file as UTF-8"
    except json.JSONDecodeError as error:
        problem = f"is not valid JSON ({error.msg} at column {error.colno}); correct it"
    except (ValueError, RecursionError):
        problem = "is nested too deep or holds a number too long; simplify it"
    return Row(where, number, path, problem=f"{where}: the line {problem}.")


class _CsvLines:
    """The lines of a CSV file as `csv.reader` takes them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ended = False
        """Whether a line was asked for after the last one."""

    def __iter__(self) -> Iterator[str]:
        for number, line in lines(self.path):
            # Bytes that are not UTF-8 become surrogates, so that only the row that has them is refused.
            encoding = "utf-8-sig" if number == 1 else "utf-8"
            yield (_TOO_LONG if line is None else line.decode(encoding, "surrogateescape")) + "\n"
        self.ended = True


def _csv_header(reader: Iterator[list[str]], path: Path) -> list[str]:
    try:
        header = next(reader, None)
    except csv.Error as problem:
        _, first = next(lines(path))
        if b"\r" in (first or b""):
            raise DatasetError(
                f"{path}: its lines end with CR alone, as on old Macs; save the file with LF or CRLF line ends."
            ) from None
        raise DatasetError(
            f"{path}: the first line, which names the columns, is not valid CSV ({problem}); correct it."
        ) from None
    if not header:
        raise DatasetError(
            f"{path} is empty; its first line must name the columns (id, image, text, labels)."
        )
    if _TOO_LONG in header:
        raise DatasetError(
            f"{path}: the first line, which names the columns, has more than {MAX_LINE:,} bytes; "
            "save the file with LF or CRLF line ends."
        )
    return header


def _csv(path: Path) -> Iterator[Row]:
    source = _CsvLines(path)
    # Strict, since else a quote that is never closed makes one text of all rows after it, without a word.
    reader = csv.reader(source, strict=True)
    header = _csv_header(reader, path)
    # A row that cannot be read still has its columns, or a file of such rows would seem to lack them.
    empty = dict.fromkeys(header)
    number = 0
    while True:
        first = reader.line_num + 1
        where = f"{path}, line {first}"
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            odd = f"{where}: the row is not valid CSV ({problem}); correct it."
            advice = "close the quote, and double the quotes inside a text."
            if source.ended:
                odd = (
                    f"{where}: a quote that opens in this row is never closed, so the rest of the file, from line "
                    f"{first} to line {reader.line_num}, was not read; {advice}"
                )
            elif reader.line_num > first:
                odd = (
                    f"{where}: the row is not valid CSV ({problem}), and a quote joins it with the lines after it, so "
                    f"the lines {first} to {reader.line_num} were not read; {advice}"
                )
            yield Row(where, number, path, empty, problem=odd)
            number += 1
            continue
        if not fields:
            continue
        if _TOO_LONG in fields[-1]:
            odd = f"{where}: the line has more than {MAX_LINE:,} bytes; shorten it."
            yield Row(where, number, path, empty, problem=odd)
        elif any("\udc80" <= sign <= "\udcff" for each in fields for sign in each):
            odd = f"{where}: the row is not UTF-8 (Latin-1, perhaps); save the file as UTF-8."
            yield Row(where, number, path, empty, problem=odd)
        elif len(fields) != len(header):
            odd = f"{where}: the row has {len(fields)} fields, the header {len(header)}; quote texts with commas."
            yield Row(where, number, path, empty, problem=odd)
        else:
            yield Row(where, number, path, dict(zip(header, fields, strict=True)))
        number += 1


def _parquet(path: Path) -> Iterator[Row]:
    """Pictures in cells are not read here: of Hugging Face's struct of bytes and path only the path is."""
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            structs = {
                each.name for each in schema if pa.types.is_struct(each.type) and "bytes" in each.type.names
            }
            binary = {
                each.name
                for each in schema
                if pa.types.is_binary(each.type) or pa.types.is_large_binary(each.type)
            }
            columns = [f"{each.name}.path" if each.name in structs else each.name for each in schema]
            classes = _class_names(schema)
            number = 0
            for group in range(file.num_row_groups):
                held = binary | (structs - _without_bytes(file.metadata.row_group(group)))
                for batch in file.iter_batches(batch_size=64, row_groups=[group], columns=columns):
                    for values in batch.to_pylist():
                        for name in binary:
                            values[name] = True if values[name] else None
                        for name, names in classes.items():
                            values[name] = _class_name(values[name], names)
                        cells = frozenset(name for name in held if values[name])
                        yield Row(f"{path}, row {number + 1}", number, path, values, cells)
                        number += 1
    except (pa.ArrowException, UnicodeDecodeError) as problem:
        raise DatasetError(f"{path}: not a Parquet file, or cut short ({str(problem)[:120]}).") from None


def _without_bytes(group: Any) -> set[str]:
    """Columns of a row group whose structs hold paths only, told by the statistics: no picture is read for it."""
    found = set()
    for index in range(group.num_columns):
        column = group.column(index)
        facts = column.statistics
        if (
            column.path_in_schema.endswith(".bytes")
            and facts is not None
            and facts.null_count == group.num_rows
        ):
            found.add(column.path_in_schema.removesuffix(".bytes"))
    return found


def _class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """Names of the classes of columns that Hugging Face `datasets` wrote as ClassLabel."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        found = {name: each.get("feature", each) for name, each in features.items() if isinstance(each, dict)}
        return {
            name: list(each["names"])
            for name, each in found.items()
            if isinstance(each, dict) and each.get("_type") == "ClassLabel" and name in schema.names
        }
    except (KeyError, ValueError, AttributeError, TypeError):
        return {}


def _class_name(value: Any, names: list[str]) -> Any:
    if isinstance(value, list):
        return [_class_name(each, names) for each in value]
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else None
