"""Long lists that are read in the background and looked at in windows, so that neither waits for the other."""

import asyncio
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

MOST = 500_000
"""Rows of one list."""
WINDOW = 200
"""Rows of one answer."""
QUERIES = 8
"""Results of the last queries that are kept: scrolling asks the same one again and again."""


class Row(Protocol):
    """One line of a list."""

    @property
    def found_by(self) -> str:
        """What a search looks through, in lower case."""
        ...

    def shown(self) -> dict[str, Any]:
        """What the page is given."""
        ...


R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Query(Generic[R]):
    """Which rows, in which order. Equal keys are equal queries."""

    key: tuple[str, ...]
    words: tuple[str, ...]
    """All of which must be found."""
    keep: Callable[[R], bool]
    order: Callable[[R], Any] | None = None
    """None: as they were read."""


class Listing(Generic[R]):
    """Rows of something that takes a while to read; `start` begins it, and what is there so far can be looked at."""

    def __init__(self, read: Callable[[], Iterable[R]]) -> None:
        """`read` runs in a thread of its own; what it raises as a sentence becomes `problem`."""
        self._read = read
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._results: dict[tuple[str, ...], tuple[int, list[int]]] = {}
        self._looking = threading.Lock()
        self.rows: list[R] = []
        self.whole = False
        """Whether everything is read."""
        self.problem: str | None = None

    def start(self, again: bool = False) -> None:
        """Begin to read, if that is not done yet, or to read `again` what has come since. Does not wait."""
        if self._thread is None or (again and self.whole and not self._stop.is_set()):
            self.whole = False
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _work(self) -> None:
        try:
            for row in self._read():
                self.rows.append(row)
                if self._stop.is_set() or len(self.rows) >= MOST:
                    break
        except Exception as error:  # the page shows it in the list's place
            self.problem = str(error) or type(error).__name__
        self.whole = True

    async def window(self, query: Query[R], offset: int, limit: int) -> dict[str, Any]:
        """Rows `offset` to `offset + limit` of a query, and how many there are."""
        # Looked at before the rows are: what is read meanwhile belongs to the next answer, and so does the end.
        whole = self.whole
        read, matches = await asyncio.to_thread(self._look, query)
        rows = [{**self.rows[i].shown(), "place": i} for i in matches[offset : offset + min(limit, WINDOW)]]
        return {
            "rows": rows,
            "offset": offset,
            "matches": len(matches),
            "read": read,
            "whole": whole,
            "problem": self.problem,
        }

    def _look(self, query: Query[R]) -> tuple[int, list[int]]:
        with self._looking:
            return self._matches(query)

    def _matches(self, query: Query[R]) -> tuple[int, list[int]]:
        """How many rows were looked at, and the positions of those of a query. Rows read since the last time are
        added, not everything done again."""
        total = len(self.rows)
        known, found = self._results.pop(query.key, (0, []))
        if known < total:
            new = [i for i in range(known, total) if self._fits(self.rows[i], query)]
            found = [*found, *new]
            if query.order is not None:
                order = query.order
                found.sort(key=lambda i: order(self.rows[i]))
        self._results[query.key] = (total, found)
        while len(self._results) > QUERIES:
            self._results.pop(next(iter(self._results)))
        return total, found

    @staticmethod
    def _fits(row: R, query: Query[R]) -> bool:
        return query.keep(row) and all(word in row.found_by for word in query.words)


def words_of(text: str) -> tuple[str, ...]:
    """What is looked for, word by word."""
    return tuple(text.lower().split()[:12])
