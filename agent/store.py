"""The run folder: opened by one run at a time, appended to record by record, resumed by the same settings.

```
manifest.json   what was run, written before the first call
records.jsonl   one line per finished sample; only ever appended to while a run works
blobs/          pictures by SHA-256
log.jsonl       what happened, with times
completed/      the data set again, without holes
report.html
```
A record's line goes to the operating system in one write, after its pictures, so a killed process loses only the
samples that it had in flight. At most `SYNC_SECONDS` of finished samples are lost to a power cut, and a resumed run
notices: a torn last line is cut off, and a sample whose pictures did not survive is done again.
"""

import asyncio
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import ValidationError

from agent.blobs import BlobStore
from agent.errors import StoreError
from agent.files import store_error, write_atomic
from agent.manifest import Manifest
from data.record import Blob, Record, Usage

MANIFEST = "manifest.json"
RECORDS = "records.jsonl"
RETRIED = "retried.jsonl"
LOCK = ".lock"
SYNC_SECONDS = 2.0


@dataclass(frozen=True)
class Done:
    """A recorded sample: its position in the data set, and completed or failed."""

    index: int
    status: str


class RunFolder:
    """One run's folder, locked from `open` to `close`."""

    def __init__(self, path: Path, manifest: Manifest, lock: FileLock) -> None:
        self.path = path
        self.manifest = manifest
        self.blobs = BlobStore(path)
        self.done: dict[str, Done] = {}
        """Everything that is recorded, by sample id."""
        self.usage = Usage()
        """Of all records together."""
        self.notes: list[str] = []
        """What had to be repaired on opening."""
        self._lock = lock
        self._writing = threading.Lock()
        self._records = -1
        self._size = 0
        self._synced = 0.0

    @classmethod
    def open(cls, path: Path, manifest: Manifest, *, retry_failed: bool = False) -> "RunFolder":
        """Make the folder, or go on in it if it was made by the same settings and data.

        Raises:
            StoreError: it is held by another run, was made by other settings (they are named), is some other
                folder with files in it, or cannot be written.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock = _acquire(path)
        except OSError as error:
            raise store_error(error, path) from error
        folder = cls(path, manifest, lock)
        try:
            folder._continue_or_begin()
            folder._read_records(retry_failed)
            folder.save_manifest()
        except OSError as error:
            folder.close()
            raise store_error(error, path) from error
        except BaseException:
            folder.close()
            raise
        return folder

    def save_manifest(self) -> None:
        try:
            write_atomic(self.path / MANIFEST, self.manifest.to_json().encode(), durable=True)
        except OSError as error:
            raise store_error(error, self.path) from error

    async def append(self, record: Record) -> None:
        """Add one line. When it cannot be written whole, the file is cut back to what it was.

        Raises:
            StoreError: the disk is full or gone, now or when one of the record's pictures was to be written.
        """
        if self.blobs.failure:
            raise self.blobs.failure
        if record.sample_id in self.done:
            raise ValueError(f"sample {record.sample_id} has a record already")
        line = record.model_dump_json().encode() + b"\n"
        await asyncio.to_thread(self._append, line)
        self._note(record)

    def close(self) -> None:
        """Sync what was written and let go of the lock."""
        with self._writing:
            if self._records >= 0:
                with suppress(OSError):  # the writes themselves were checked
                    os.fsync(self._records)
                os.close(self._records)
                self._records = -1
        self._lock.release()

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _append(self, line: bytes) -> None:
        with self._writing:  # also against `close` while a cancelled sample's line is still being written
            if self._records < 0:
                return
            try:
                written = 0
                while written < len(line):
                    written += os.write(self._records, line[written:])
                self._size += len(line)
                if time.monotonic() - self._synced >= SYNC_SECONDS:
                    os.fsync(self._records)
                    self._synced = time.monotonic()
            except OSError as error:
                os.ftruncate(self._records, self._size)
                self.blobs.failure = store_error(error, self.path)
                raise self.blobs.failure from error

    def _continue_or_begin(self) -> None:
        if (self.path / MANIFEST).exists():
            before = read_manifest(self.path)
            differences = before.differences(self.manifest)
            if differences:
                raise StoreError(
                    f"{self.path} was made by other settings: {'; '.join(differences)}; give the same settings to go "
                    "on, or another --out"
                )
            self.manifest = before.continued(self.manifest)
        elif strange := sorted(
            p.name for p in self.path.iterdir() if p.name not in {LOCK, *_left_by_a_kill(p)}
        ):
            raise StoreError(
                f"{self.path} is not a run folder (it has {strange[0]!r} but no {MANIFEST}); name an empty or a new "
                "folder with --out"
            )

    def _read_records(self, retry_failed: bool) -> None:
        path = self.path / RECORDS
        self._records = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        self._cut_torn_line()
        again: dict[int, str] = {}
        for number, line in enumerate(_lines(path), 1):
            why = self._why_again(line, retry_failed)
            if why:
                again[number] = why
        if again:
            self._set_aside(path, again)
        self._size = path.stat().st_size
        self._synced = time.monotonic()

    def _cut_torn_line(self) -> None:
        """The last line has no line end when the machine stopped while writing it."""
        size = os.fstat(self._records).st_size
        end = size
        while end > 0:
            start = max(0, end - 65_536)
            at = os.pread(self._records, end - start, start).rfind(b"\n")
            if at >= 0:
                end = start + at + 1
                break
            end = start
        if end < size:
            os.ftruncate(self._records, end)
            self.notes.append("the last record was cut short by a crash; its sample is done again")

    def _why_again(self, line: bytes, retry_failed: bool) -> str | None:
        """Note the sample of this line as done, or say why it is to be done again."""
        try:
            record = Record.model_validate_json(line)
        except ValidationError:
            return "unreadable"
        if record.sample_id in self.done:
            return "twice"
        if record.status == "failed" and retry_failed:
            return "failed"
        if not all(self.blobs.holds(blob) for blob in _blobs(record)):
            return "pictures lost"
        self._note(record)
        return None

    def _note(self, record: Record) -> None:
        self.done[record.sample_id] = Done(record.index, record.status)
        self.usage += record.usage

    def _set_aside(self, path: Path, again: dict[int, str]) -> None:
        """Move lines out of the records, in two steps that may be interrupted between: copied first, then left out."""
        lines = list(enumerate(_lines(path), 1))
        with (self.path / RETRIED).open("ab") as aside:
            aside.writelines(line for number, line in lines if number in again)
            aside.flush()
            os.fsync(aside.fileno())
        os.close(self._records)
        self._records = -1
        write_atomic(path, b"".join(line for number, line in lines if number not in again), durable=True)
        self._records = os.open(path, os.O_RDWR | os.O_APPEND)
        for why in sorted(set(again.values())):
            count = sum(1 for one in again.values() if one == why)
            self.notes.append(f"{count} records set aside in {RETRIED} ({why})")


def read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"]) or "file"
        raise StoreError(f"{path} is not a manifest of this version ({where}: {problem['msg']})") from None
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from None


def read_records(folder: Path) -> Iterator[Record]:
    """The records of a run in the order in which they were finished.

    Raises:
        StoreError: a line is not a record; the line is named.
    """
    for number, line in enumerate(_lines(folder / RECORDS), 1):
        try:
            yield Record.model_validate_json(line)
        except ValidationError as error:
            problem = error.errors()[0]
            raise StoreError(f"{folder / RECORDS}, line {number}: {problem['msg']}") from None


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _blobs(record: Record) -> Iterator[Blob]:
    candidates = [candidate.image for candidate in record.candidates]
    yield from (blob for blob in (record.image, record.truth and record.truth.image, *candidates) if blob)


def _left_by_a_kill(path: Path) -> set[str]:
    """What a run left that was killed, or found the disk full, before its first manifest was written."""
    empty = path.name == RECORDS and path.is_file() and path.stat().st_size == 0
    return {path.name} if empty or path.name.startswith((f".{MANIFEST}.", f".{RECORDS}.")) else set()


def _acquire(path: Path) -> FileLock:
    lock = FileLock(path / LOCK, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = _holder(path)
        raise StoreError(
            f"another run{holder} is working in {path}; wait for it to end, or name another folder with --out"
        ) from None
    (path / LOCK).write_text(json.dumps({"pid": os.getpid(), "host": os.uname().nodename}))
    return lock


def _holder(path: Path) -> str:
    try:
        told: Any = json.loads((path / LOCK).read_text())
        return f" (process {int(told['pid'])} on {told['host']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
