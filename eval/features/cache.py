"""Features that were computed once: one SQLite file per encoder, by the content they are of."""

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from eval.task import Floats

ASK_AT_ONCE = 500


class FeatureCache:
    """Content key -> unit vector; and file stamp -> content key, so that unchanged files are not read again.

    Safe for several processes: SQLite locks, and equal keys have equal vectors.
    """

    def __init__(self, folder: Path, encoder_digest: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{encoder_digest}.sqlite"
        self._database = sqlite3.connect(self.path, timeout=60)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS features (key TEXT PRIMARY KEY, vector BLOB NOT NULL)"
        )
        self._database.execute("CREATE TABLE IF NOT EXISTS files (stamp TEXT PRIMARY KEY, key TEXT NOT NULL)")
        self._database.commit()

    def get(self, keys: Iterable[str]) -> dict[str, Floats]:
        """The vectors [d] of those keys that are known."""
        return {
            key: np.frombuffer(vector, dtype="<f4").astype(np.float32)
            for key, vector in self._select("SELECT key, vector FROM features WHERE key IN ({})", keys)
        }

    def put(self, vectors: Mapping[str, Floats]) -> None:
        rows = [(key, vector.astype("<f4").tobytes()) for key, vector in vectors.items()]
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO features VALUES (?, ?)", rows)

    def files(self, stamps: Iterable[str]) -> dict[str, str]:
        """Content keys of those file stamps that are known."""
        return {
            stamp: str(key)
            for stamp, key in self._select("SELECT stamp, key FROM files WHERE stamp IN ({})", stamps)
        }

    def put_files(self, keys: Mapping[str, str]) -> None:
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO files VALUES (?, ?)", keys.items())

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _select(self, query: str, values: Iterable[str]) -> list[tuple[str, Any]]:
        wanted, rows = list(dict.fromkeys(values)), []
        for start in range(0, len(wanted), ASK_AT_ONCE):
            some = wanted[start : start + ASK_AT_ONCE]
            rows += self._database.execute(query.format(",".join("?" * len(some))), some).fetchall()
        return rows


def content_key(kind: str, content: bytes) -> str:
    """`image:<SHA-256>` or `text:<SHA-256>`."""
    return f"{kind}:{hashlib.sha256(content).hexdigest()}"
