"""The folder of a session: one program at a time, and `session.json` always whole."""

import json
import os
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout
from pydantic import ValidationError

from agent.errors import StoreError
from agent.files import store_error, write_atomic
from agent.walk.errors import Broken, WalkError
from agent.walk.model import Session

SESSION = "session.json"
CHECKPOINTS = "checkpoints.sqlite"
CALLS = "calls.jsonl"
BLOBS = "blobs"
LOCK = ".lock"
LARGEST = 256 * 2**20
"""Bytes of a session.json or an export that are read at most."""


class WalkFolder:
    """Locked from `create` or `open` to `close`."""

    def __init__(self, path: Path, lock: FileLock, session: Session) -> None:
        self.path, self.session = path, session
        self._lock = lock

    @classmethod
    def create(cls, path: Path, session: Session) -> Self:
        """Raises `WalkError` for a folder that holds something, `StoreError` for one that cannot be had."""
        lock = acquire(path)
        try:
            found = sorted(p.name for p in path.iterdir() if p.name != LOCK)
            if SESSION in found:
                raise WalkError(
                    f"{path} holds a session already; resume it, or name another folder for a new one"
                )
            if found:
                raise WalkError(f"{path} is not empty (it has {found[0]!r}); name a new folder")
            folder = cls(path, lock, session)
            folder.save()
            return folder
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises `WalkError` where there is no session, `Broken` for one that cannot be read, `StoreError`."""
        if not (path / SESSION).is_file():
            kept = ""
            if (path / CALLS).is_file():
                kept = f", though {saved(path)}"
            raise WalkError(f"{path} holds no session (no {SESSION}){kept}")
        lock = acquire(path)
        try:
            return cls(path, lock, read_session(path))
        except BaseException:
            lock.release()
            raise

    def save(self, durable: bool = False) -> None:
        """Write `session.json`, whole or not at all. A process that dies loses nothing of it; a power cut the last
        seconds, as with the checkpoints, unless it is `durable`, which waits for the disk. Raises `StoreError`."""
        try:
            data = self.session.model_dump_json(indent=1).encode()
            write_atomic(self.path / SESSION, data, durable=durable)
        except OSError as error:
            raise store_error(error, self.path) from error

    def close(self) -> None:
        self._lock.release()


def read_session(path: Path) -> Session:
    """Raises `Broken` with what is wrong and what is left."""
    file = path / SESSION
    try:
        if file.stat().st_size > LARGEST:
            raise Broken(f"{file} is larger than {LARGEST >> 20} MiB, so it is no session; {saved(path)}")
        session = Session.model_validate_json(file.read_bytes())
        check_tree(session)
        return session
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"])) or "the file"
        raise Broken(f"{file} is broken ({where}: {problem['msg']}); {saved(path)}") from None
    except ValueError as error:
        raise Broken(f"{file} is broken ({error}); {saved(path)}") from None
    except OSError as error:
        raise StoreError(f"cannot read {file}: {error.strerror or error}") from None


def check_tree(session: Session) -> None:
    """Raises `ValueError` unless moments and branches fit together: numbers in order, parents before children."""
    for place, moment in enumerate(session.moments):
        parent = moment.parent
        if moment.number != place or (parent is None) != (place == 0) or (parent or 0) > max(0, place - 1):
            raise ValueError(f"moments.{place}: its number or its parent is wrong")
    if session.current not in session.branches:
        raise ValueError(f"current: there is no branch {session.current!r}")
    for name, branch in session.branches.items():
        if branch.name != name or not 0 <= branch.head < len(session.moments):
            raise ValueError(f"branches.{name}: its name or its head is wrong")


def saved(path: Path) -> str:
    """What of a session's folder can still be used, as the end of a sentence."""
    try:
        with (path / CALLS).open("rb") as file:
            lines = sum(1 for _ in file)
        pictures = sum(1 for _ in (path / BLOBS).glob("*/*"))
    except OSError:
        lines = pictures = 0
    if not lines and not pictures:
        return "nothing else of it is left: start a new session"
    return (
        f"{CALLS} still has {lines} lines with every question and answer, and {BLOBS}/ {pictures} pictures; "
        "a new session of the same sample takes the answers from the response cache"
    )


def acquire(path: Path) -> FileLock:
    """Make the folder if need be, and take it. Raises `StoreError`."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path / LOCK, thread_local=False)
        lock.acquire(timeout=0)
        (path / LOCK).write_text(json.dumps({"pid": os.getpid(), "host": os.uname().nodename}))
        return lock
    except Timeout:
        raise StoreError(
            f"another program{_holder(path)} has the session {path} open; close it there first"
        ) from None
    except OSError as error:
        raise store_error(error, path) from error


def _holder(path: Path) -> str:
    try:
        told = json.loads((path / LOCK).read_text())
        return f" (process {int(told['pid'])} on {told['host']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
