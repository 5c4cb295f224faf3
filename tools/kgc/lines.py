"""Text files of a knowledge graph, line by line: size bounded, UTF-8, and every complaint with file and row."""

from collections.abc import Iterator
from pathlib import Path

from data.files import BadRow, read_bytes
from tools.kgc.errors import InputError

MAX_BYTES = 2**30
"""Of one file: some 50 million triples."""


def read_lines(path: Path) -> list[str]:
    """The lines of a file without their ends; blank lines at the end are no lines.

    Only `\\n` and `\\r\\n` end a line: names may hold the other characters that Python splits at.

    Raises:
        InputError: absent, no regular file, too large, or not UTF-8.
    """
    if not path.exists():
        raise InputError(f"there is no file {path}")
    try:
        data = read_bytes(path, MAX_BYTES)
    except BadRow as problem:
        raise InputError(str(problem)) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        row = data.count(b"\n", 0, problem.start) + 1
        raise InputError(f"{path}, line {row}: not UTF-8; save the file as UTF-8") from None
    rows = [line.removesuffix("\r") for line in text.split("\n")]
    while rows and not rows[-1].strip():
        rows.pop()
    return rows


def counted(path: Path) -> Iterator[tuple[int, str]]:
    """(line number, line) of an OpenKE file after its first line, which must be the number of the others.

    Raises:
        InputError: the count is absent or wrong.
    """
    rows = read_lines(path)
    if not rows or not is_id(rows[0].strip()):
        first = repr(rows[0][:40]) if rows else "nothing"
        raise InputError(
            f"{path}, line 1: an OpenKE file starts with the number of its rows, not with {first}"
        )
    count = int(rows[0])
    if count != len(rows) - 1:
        raise InputError(
            f"{path}, line 1: it says {count:,} rows but {len(rows) - 1:,} follow; the file may be cut short, "
            "otherwise correct the number"
        )
    return enumerate(rows[1:], start=2)


def is_id(cell: str) -> bool:
    """Whether a cell is a whole number from 0 on, of a length that fits in 64 bits."""
    return cell.isdecimal() and len(cell) <= 18
