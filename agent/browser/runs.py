"""Run folders to browse: only those under the given folders, and of each only its records and its pictures."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from agent.browser.listing import Listing, Query, words_of
from agent.browser.replies import Refused
from agent.browser.thumbnails import SIDE, Encoded
from agent.errors import StoreError
from agent.report.digest import row as digest
from agent.store import MANIFEST, RECORDS, read_manifest
from data.pictures import load
from data.record import SUFFIXES, Record
from data.sample import ImageRef

MEDIA_TYPES = {suffix: kind for kind, suffix in SUFFIXES.items() if kind.startswith("image/")}
SHA256 = re.compile(r"[0-9a-f]{64}")
SEARCHED = 4_000
"""Characters per record that a search looks through."""
MOST = 1_000
"""Run folders that are listed."""
STATUS = ("", "completed", "failed", "warned")
MISSING = ("", "image", "text")
SORTS = ("index", "id", "quality", "graph", "clip", "blip", "seconds", "tokens")


@dataclass(frozen=True, slots=True)
class RunRow:
    """One record in the list."""

    row: dict[str, Any]
    offset: int
    """Where its line begins in `records.jsonl`."""
    found_by: str

    def shown(self) -> dict[str, Any]:
        return self.row


@dataclass(frozen=True, slots=True)
class Listed:
    """How far `records.jsonl` is listed."""

    end: int = 0
    """Bytes."""
    last: bytes = b""
    """The last line before `end`."""


class Run:
    """One run folder."""

    def __init__(self, key: str, path: Path) -> None:
        self.key, self.path = key, path
        self.listing: Listing[RunRow] = Listing(self._rows)
        self._listed = Listed()
        self._moved = False
        """Whether a record was not where it was listed."""
        self._places: dict[str, int] = {}

    def describe(self) -> dict[str, Any]:
        """For the list of runs."""
        common = {"key": self.key, "name": self.path.name, "path": str(self.path)}
        try:
            manifest = read_manifest(self.path)
        except StoreError as error:
            return {**common, "problem": str(error)}
        figures = manifest.figures
        return {
            **common,
            "dataset": f"{manifest.data.get('name')} · {manifest.data.get('split')}",
            "miniature": bool(manifest.data.get("miniature")),
            "created": manifest.created,
            "outcome": manifest.outcome,
            "completed": figures.completed,
            "failed": figures.failed,
            "to_complete": figures.to_complete,
            "model": (manifest.models.get("lmm") or {}).get("name"),
        }

    def stale(self) -> bool:
        """Whether `records.jsonl` has been written anew, as `--retry-failed` does."""
        try:
            with (self.path / RECORDS).open("rb") as lines:
                return self._moved or not self._goes_on(lines)
        except OSError:
            return self._listed.end > 0

    def _goes_on(self, lines: BinaryIO) -> bool:
        """Whether an open file begins with all that is listed; it then stands where that ends.

        Its size does not tell: the record of a sample that was done again is longer than its failure was. Nor does its
        inode: a new file may have the number of one that is gone. But every line that was taken out moves the last one.
        """
        listed = self._listed
        lines.seek(listed.end - len(listed.last))
        return lines.read(len(listed.last)) == listed.last

    def refresh(self) -> None:
        """List what a run that still works has added."""
        self.listing.start(again=self._size() > self._listed.end)

    def _size(self) -> int:
        try:
            return (self.path / RECORDS).stat().st_size
        except OSError:
            return 0

    def _rows(self) -> Iterator[RunRow]:
        """From where the last reading ended."""
        try:
            lines = (self.path / RECORDS).open("rb")
        except FileNotFoundError:
            return
        with lines:
            if not self._goes_on(lines):
                return  # it was written anew just now, and places in it are others: it is stale
            for line in lines:
                if not line.endswith(b"\n"):
                    return  # it is being written
                offset = self._listed.end
                self._listed = Listed(offset + len(line), line)
                try:
                    record = Record.model_validate_json(line)
                except ValidationError:
                    continue
                if record.sample_id not in self._places:
                    self._places[record.sample_id] = len(self.listing.rows)
                    yield RunRow(_row(record), offset, _words(record))

    def query(self, text: str, status: str, missing: str, sort: str, down: bool) -> Query[RunRow]:
        """Raises `Refused` for a filter or an order that is not there."""
        if status not in STATUS or missing not in MISSING or sort not in SORTS:
            raise Refused(f"status: {STATUS[1:]}, missing: {MISSING[1:]}, sort: {SORTS}")
        words = words_of(text)

        def keep(row: RunRow) -> bool:
            fits = row.row["warnings"] if status == "warned" else status in ("", row.row["status"])
            return bool(fits) and missing in ("", row.row["missing"])

        return Query((status, missing, sort, str(down), *words), words, keep, _order(sort, down))

    def record(self, sample_id: str) -> Record:
        """Read from the file again. Raises `Refused`."""
        whole, place, rows = self.listing.whole, self._places.get(sample_id), self.listing.rows
        if place is None and whole:
            raise Refused(f"the run {self.path.name} has no record of {sample_id!r}", 404)
        if place is None or place >= len(rows):
            raise Refused(f"the records of the run {self.path.name} are still being read; try again", 404)
        try:
            with (self.path / RECORDS).open("rb") as lines:
                lines.seek(rows[place].offset)
                found = Record.model_validate_json(lines.readline())
        except OSError as error:
            raise Refused(f"the record of {sample_id!r} cannot be read any more ({error})", 404) from None
        except ValidationError:
            found = None
        if found is None or found.sample_id != sample_id:  # written anew since it was found stale or not
            self._moved = True
            raise Refused(f"the record of {sample_id!r} is in another place now; list the run again", 409)
        return found

    def blob(self, sha256: str) -> tuple[Path, str]:
        """(file, media type) of one of its pictures. Raises `Refused` for anything else."""
        return blob(self.path, sha256)

    def thumbnail(self, sha256: str) -> Encoded:
        return load(ImageRef(path=self.blob(sha256)[0]), SIDE)


class Runs:
    """All run folders under the given folders, by keys that say nothing of where they lie."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.folders = folders
        self._known: dict[str, Run] = {}

    def listed(self) -> list[dict[str, Any]]:
        """The newest first. Reads manifests, so call it in a thread."""
        shown = [self._run(path).describe() for path in self._paths()]
        return sorted(shown, key=lambda run: run.get("created") or "", reverse=True)

    def get(self, key: str) -> Run:
        """Raises `Refused`."""
        if key not in self._known:
            for path in self._paths():
                self._run(path)
        if key not in self._known:
            raise Refused("there is no such run folder; --runs says which ones the page may read", 404)
        if self._known[key].stale():
            self._known[key] = Run(key, self._known[key].path)
        return self._known[key]

    def _run(self, path: Path) -> Run:
        key = f"{re.sub(r'[^A-Za-z0-9._-]+', '-', path.name)[:60]}-{hashlib.sha256(bytes(path)).hexdigest()[:8]}"
        return self._known.setdefault(key, Run(key, path))

    def _paths(self) -> list[Path]:
        found: dict[Path, None] = {}
        for folder in self.folders:
            if (folder / MANIFEST).is_file():
                found[folder.resolve()] = None
            elif folder.is_dir():
                inner = sorted(path.parent for path in folder.glob(f"*/{MANIFEST}"))
                found |= dict.fromkeys(
                    path.resolve() for path in inner if path.resolve().parent == folder.resolve()
                )
        return list(found)[:MOST]


def blob(folder: Path, sha256: str) -> tuple[Path, str]:
    """(file, media type) of a picture in a folder's `blobs/`: nothing else has such a name, and links that lead out of
    the folder are not followed. Raises `Refused`."""
    if SHA256.fullmatch(sha256):
        blobs = (folder / "blobs").resolve()
        for suffix, media_type in MEDIA_TYPES.items():
            path = blobs / sha256[:2] / f"{sha256}{suffix}"
            if path.is_file() and path.resolve() == path:
                return path, media_type
    raise Refused("there is no such picture here", 404)


def _row(record: Record) -> dict[str, Any]:
    row: dict[str, Any] = dict(digest(record))
    path = row["picture"]
    return {**row, "picture": Path(path).stem if path else None}


def _words(record: Record) -> str:
    best = record.candidates[record.chosen] if record.chosen is not None else None
    parts = [
        record.sample_id,
        *record.labels,
        record.text or "",
        (record.truth and record.truth.text) or "",
        *(f"{edge.head} {edge.relation} {edge.tail}" for edge in record.graph),
        (best.text or best.description) if best else "",
        *(candidate.subject for candidate in record.candidates),
        record.failure.problem if record.failure else "",
    ]
    return "\n".join(parts)[:SEARCHED].lower()


def _order(sort: str, down: bool) -> Callable[[RunRow], Any]:
    """Rows without the value come last, whichever way."""
    sign = -1 if down else 1
    if sort == "id":
        return lambda row: _natural(row.row["id"], sign)
    return lambda row: (row.row[sort] is None, sign * (row.row[sort] or 0), row.row["index"])


def _natural(text: str, sign: int) -> list[tuple[int, int, Any]]:
    """Numbers in a text by value: a2 before a10."""
    parts = re.split(r"(\d+)", text)
    if sign < 0:
        return [(1, -int(p), ()) if p.isdigit() else (0, 0, tuple(-ord(c) for c in p)) for p in parts]
    return [(1, int(p), ()) if p.isdigit() else (0, 0, tuple(map(ord, p))) for p in parts]
