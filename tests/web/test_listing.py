"""Lists that are read while they are looked at."""

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from web_helpers import PATIENCE

from agent.browser.listing import Listing, Query


@dataclass(frozen=True)
class Name:
    found_by: str

    def shown(self) -> dict[str, Any]:
        return {"name": self.found_by}


def test_an_answer_is_whole_only_if_every_row_was_looked_at() -> None:
    looked = threading.Event()

    def read() -> Iterator[Name]:
        yield Name("early")
        assert looked.wait(PATIENCE)
        yield Name("late")

    listing = Listing(read)

    def keep(row: Name) -> bool:
        """The reader comes to its end while the first row is looked at."""
        looked.set()
        assert listing._thread is not None
        listing._thread.join(PATIENCE)
        return True

    query: Query[Name] = Query(("all",), (), keep)
    listing.start()
    end = time.monotonic() + PATIENCE
    while not listing.rows:
        assert time.monotonic() < end
    first = asyncio.run(listing.window(query, 0, 10))
    assert listing.whole
    assert (first["whole"], first["read"], first["matches"]) == (False, 1, 1)
    then = asyncio.run(listing.window(query, 0, 10))
    assert (then["whole"], then["read"], then["matches"]) == (True, 2, 2)
