"""Reading the files of a data set that nobody vouches for: sizes bounded, paths confined, one sentence each.
`data.output` writes them."""

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MAX_JSON = 8 * 2**20
"""Bytes of one sample's own JSON or XML file."""
MAX_LINE = 4 * 2**20
"""Bytes of one line of a metadata file."""
MAX_NAME = 240
"""Characters of a file name without its ending; file systems take 255 bytes."""
OURS = (
    frozenset({"manifest.json", "records.jsonl"}),
    frozenset({"session.json", ".lock"}),
    frozenset({"experiment.yaml", "index.html"}),
)
"""By which files the folders are known that programs of this project write: runs, sessions, results of experiments."""


_SURROGATE = re.compile("[\ud800-\udfff]")
"""What Python makes of bytes that are not UTF-8, and what no valid text contains."""


class DatasetError(Exception):
    """The data set as a whole cannot be opened; the message is one sentence: what, where, what to do."""


class BadRow(Exception):
    """One row cannot become a sample; the message is one sentence. Readers turn it into a `Fault`."""


def confined(root: Path, name: str, where: str) -> Path:
    """The path `root/name`, which must stay inside `root`, symbolic links followed. The file need not exist.

    Raises `BadRow` with a sentence that begins with `where` (file and row).
    """
    if not name or "\x00" in name:
        raise BadRow(f"{where}: the path is empty or contains a NUL byte; give a path relative to {root}.")
    try:
        base = os.path.realpath(root)
        path = os.path.join(base, name)
        inside = os.path.commonpath((base, os.path.realpath(path))) == base
    except (OSError, RuntimeError, ValueError, UnicodeError):
        raise BadRow(
            f"{where}: the path {shown(name)} cannot be followed; give a path relative to {root}."
        ) from None
    if not inside:
        raise BadRow(
            f"{where}: the path {shown(name)} leads outside the data set's folder {root}; "
            "move the file inside, or open the folder that holds both."
        )
    return Path(path)


def shown(value: object, limit: int = 80) -> str:
    """A value as it may stand in a sentence: quoted, escaped, short."""
    text = value if isinstance(value, str) else repr(value)
    return ascii(text if len(text) <= limit else text[:limit] + "...")


def read_bytes(path: Path, limit: int, where: str = "") -> bytes:
    """The whole of a regular file of at most `limit` bytes; `BadRow` otherwise (absent, a pipe, too large)."""
    told = f"{where}: {path.name}" if where else str(path)
    try:
        # Non-blocking, because opening a named pipe that a data set happens to hold would wait for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as problem:
        raise BadRow(f"{told} cannot be opened ({problem.strerror}).") from None
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise BadRow(f"{told} is not a regular file.")
        if facts.st_size > limit:
            raise BadRow(f"{told} has {facts.st_size:,} bytes, more than the {limit:,} allowed.")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(limit)
    except OSError as problem:
        raise BadRow(f"{told} cannot be read ({problem.strerror}).") from None
    finally:
        os.close(handle)


def read_json(path: Path, limit: int = MAX_JSON) -> Any:
    """One JSON file in UTF-8, with or without byte order mark; `BadRow` names the place where it breaks."""
    data = read_bytes(path, limit)
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as problem:
        raise BadRow(f"{path}: not UTF-8 at byte {problem.start}; save it as UTF-8.") from None
    except json.JSONDecodeError as problem:
        detail = f"line {problem.lineno}, {problem.msg}"
        raise BadRow(f"{path}: not valid JSON ({detail}); the file may be cut short.") from None
    except (ValueError, RecursionError):
        raise BadRow(f"{path}: nested too deep, or holds a number too long; simplify it.") from None


def read_index(path: Path, limit: int = 2**30) -> Any:
    """A JSON file without which the data set cannot be opened: like `read_json`, but raises `DatasetError`."""
    try:
        return read_json(path, limit)
    except BadRow as problem:
        raise DatasetError(str(problem)) from None


def lines(path: Path, limit: int = MAX_LINE) -> Iterator[tuple[int, bytes | None]]:
    """(line number from 1, line without its end) of a file; None instead of a line longer than `limit` bytes."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(limit + 1):
            number += 1
            if len(line) > limit:
                while line and not line.endswith(b"\n"):
                    line = file.readline(limit + 1)
                yield number, None
            else:
                yield number, line.rstrip(b"\r\n")


def clean_text(value: object, where: str, limit: int = 100_000) -> str | None:
    """The text of a sample, stripped; None if there is none (null, empty or blank). `limit` is in characters.

    Raises `BadRow` for what is no text: another type, NUL bytes, bytes that were not UTF-8, or far too long.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadRow(f"{where}: the text is a {type(value).__name__}, not a string.")
    if len(value) > limit:
        raise BadRow(
            f"{where}: the text has {len(value):,} characters, more than the {limit:,} allowed; shorten it."
        )
    if "\x00" in value:
        raise BadRow(
            f"{where}: the text contains NUL bytes; the file may be UTF-16 or damaged, save it as UTF-8."
        )
    if _SURROGATE.search(value):
        raise BadRow(f"{where}: the text is not valid UTF-8 (Latin-1, perhaps); save the file as UTF-8.")
    return value.strip() or None


def clean_id(value: object, where: str) -> str:
    """A sample's id as a non-empty printable string of at most 200 characters; `BadRow` otherwise."""
    name = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not name or len(name) > 200 or not name.isprintable():
        raise BadRow(
            f"{where}: the id {shown(value)} is empty, too long or not printable; give each row a short id."
        )
    return name


def file_name(sample_id: str) -> str:
    """A file name made of a sample's id: unique for distinct ids, never too long, nothing in it can leave a folder."""
    name = re.sub(r"[^A-Za-z0-9._-]|^\.", lambda found: _percent(found[0]), sample_id)
    if len(name) <= MAX_NAME:
        return name
    # No whole name has "%-": after a percent sign stands a hexadecimal digit or "u".
    end = "%-" + hashlib.sha256(sample_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return name[: MAX_NAME - len(end)] + end


def _percent(character: str) -> str:
    """Two digits, or "u" and six: were they as many as a character needs, "[57" would have the name of U+5B57."""
    code = ord(character)
    return f"%{code:02X}" if code < 0x100 else f"%u{code:06X}"


def write_bytes(target: Path, data: bytes) -> None:
    """Writes a new file. A link that stands there is replaced, so that the original it leads to stays as it is."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.write_bytes(data)


def walk(base: Path) -> Iterator[tuple[Path, list[str]]]:
    """(folder, names of its files) from `base` down, sorted. Folders of this project's programs are passed over: what
    a run writes is no data, even where it lies among them."""
    for at, folders, files in os.walk(base):
        folder = Path(at)
        if folder != base and any(ours.issubset(files) for ours in OURS):
            folders.clear()
            continue
        folders.sort()
        yield folder, sorted(files)


def stamp(path: Path) -> str:
    """Name, size and time of a file in one line: what a fingerprint is made of."""
    try:
        facts = path.stat()
    except OSError:
        return f"{path.name} -"
    return f"{path.name} {facts.st_size} {facts.st_mtime_ns}"


def stamps(folder: Path) -> Iterator[str]:
    """`stamp` of every file of one folder, sorted by name; nothing if it does not exist."""
    if folder.is_dir():
        with os.scandir(folder) as entries:
            yield from sorted(stamp(Path(entry.path)) for entry in entries if entry.is_file())
