"""The response cache: an SQLite file that outlives the run and may be used by several processes at once.

Only validated answers are kept, under the key of the question's first request (`wire.Request.key`), so a
repaired answer needs no second repair and a failed question is asked again by the next run. WAL mode lets
processes read while one writes; every answer is one transaction. SQLite calls run in one thread of their own,
never on the event loop.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

BUSY_MS = 10_000
"""How long a writer waits for another process."""
VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    text TEXT NOT NULL,
    finish_reason TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    repaired INTEGER NOT NULL,
    created TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) WITHOUT ROWID
"""
READ = "SELECT text, finish_reason, prompt_tokens, completion_tokens, repaired FROM answers WHERE key = ?"
WRITE = """
INSERT OR REPLACE INTO answers (key, model, text, finish_reason, prompt_tokens, completion_tokens, repaired)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""


class CacheError(Exception):
    """The cache file cannot be used; one sentence that names it and says what to do."""


@dataclass(frozen=True)
class Answer:
    """A validated answer as the endpoint gave it, with what it cost."""

    text: str
    finish_reason: str
    prompt_tokens: int
    """With the repair turn's, if there was one."""
    completion_tokens: int
    repaired: bool


class Cache:
    """Answers by key. `await Cache.open(path)`, then `get`, `put`, `close`."""

    def __init__(self, path: Path, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self.path = path
        self._connection = connection
        self._thread = thread

    @classmethod
    async def open(cls, path: Path) -> "Cache":
        """Open or create the file. Raises `CacheError` for a file that is damaged, foreign or cannot be
        written."""
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lmm-cache")
        try:
            connection = await asyncio.get_running_loop().run_in_executor(thread, _connect, path)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(path, connection, thread)

    async def get(self, key: str) -> Answer | None:
        """The answer kept under a key. Raises `CacheError` when the file has become unreadable."""
        row = await self._run(lambda: self._connection.execute(READ, (key,)).fetchone())
        return Answer(row[0], row[1], row[2], row[3], bool(row[4])) if row else None

    async def put(self, key: str, model: str, answer: Answer) -> None:
        """Keep an answer. Raises `CacheError` when it cannot be written (disk full, say)."""
        counts = (answer.prompt_tokens, answer.completion_tokens, int(answer.repaired))
        row = (key, model, answer.text, answer.finish_reason, *counts)
        await self._run(lambda: self._connection.execute(WRITE, row))

    async def close(self) -> None:
        """Finish what is queued, then close the file."""
        await self._run(self._connection.close)
        self._thread.shutdown(wait=False)

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            raise CacheError(f"the LMM response cache {self.path} failed: {error}") from error


def _connect(path: Path) -> sqlite3.Connection:
    """Runs in the cache's thread."""
    remedy = "delete or move the file to start a new one, or choose another path"
    connection = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, VERSION):
            raise CacheError(f"the LMM response cache {path} has version {found}, not {VERSION}; {remedy}")
        connection.execute(SCHEMA)
        connection.execute(READ, ("",)).fetchone()
        connection.execute(f"PRAGMA user_version={VERSION}")
        if (state := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise CacheError(f"the LMM response cache {path} is damaged ({state}); {remedy}")
    except (sqlite3.Error, OSError, CacheError) as error:
        if connection is not None:
            connection.close()
        if isinstance(error, CacheError):
            raise
        raise CacheError(f"the LMM response cache {path} cannot be opened: {error}; {remedy}") from error
    return connection
