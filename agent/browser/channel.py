"""What a session tells, to every page that shows it: server-sent events that survive a broken connection."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

KEPT = 20_000
"""Events that are kept for pages that come later or come again; a long step with all its tokens has a few thousand."""
BREATH = 0.03
"""Seconds between two parts of the stream, so that tokens go out in handfuls."""
HEARTBEAT = 15.0
"""Seconds after which silence is broken, so that dead connections are noticed."""
MISSED = '{"type":"missed"}'
"""The page does not know what has happened meanwhile, so it has to ask for everything anew."""


class Channel:
    """Events of one session, numbered. Told in the event loop."""

    def __init__(self) -> None:
        self._name = secrets.token_hex(4)
        """Tells the numbers of this channel from those of an earlier process."""
        self._events: list[str] = []
        self._first = 0
        """Number of the first event that is kept."""
        self._activity = 0
        """Number of the event with which the present activity began."""
        self._news: set[asyncio.Event] = set()
        self._closed = False

    @property
    def last(self) -> int:
        """Number of the next event."""
        return self._first + len(self._events)

    def begin(self) -> None:
        """An activity begins: a page that comes now is told everything from here on."""
        self._activity = self.last

    def tell(self, event: dict[str, Any]) -> None:
        self.tell_text(json.dumps(event, ensure_ascii=False, separators=(",", ":"), default=str))

    def tell_text(self, event: str) -> None:
        """An event that is JSON already."""
        if len(self._events) >= KEPT:
            del self._events[: KEPT // 2]
            self._first += KEPT // 2
        self._events.append(event)
        for news in self._news:
            news.set()

    def close(self) -> None:
        """End every stream once it has told everything; browsers come again by themselves."""
        self._closed = True
        for news in self._news:
            news.set()

    def position(self, last_id: str | None, busy: bool) -> tuple[int, bool]:
        """From where a page is to be told, and whether it has missed something: it goes on where it was, or hears of
        the present activity from its beginning."""
        name, _, number = (last_id or "").partition("-")
        if name == self._name and number.isdigit() and self._first <= int(number) <= self.last:
            return int(number), False
        return max(self._first, self._activity) if busy else self.last, bool(last_id)

    async def stream(self, position: int, missed: bool = False) -> AsyncIterator[bytes]:
        """The events from a position on, as text/event-stream, until the page goes or the channel closes. `missed`:
        tell the page first that it must look again."""
        news = asyncio.Event()
        self._news.add(news)
        try:
            # A page that has heard nothing yet needs a number too, to tell this channel from the next one.
            yield b"retry: 1000\n" + self._number(position) + b"\n"
            if missed:
                yield self._frame(position, MISSED)
            while not self._closed or position < self.last:
                if position < self._first:
                    position = self.last
                    yield self._frame(position, MISSED)
                elif position < self.last:
                    found = self._events[position - self._first :]
                    frames = [self._frame(position + k, event) for k, event in enumerate(found, 1)]
                    position += len(found)
                    yield b"".join(frames)
                    await asyncio.sleep(BREATH)
                else:
                    news.clear()
                    try:
                        await asyncio.wait_for(news.wait(), HEARTBEAT)
                    except TimeoutError:
                        yield b": still here\n\n"
        finally:
            self._news.discard(news)

    def _frame(self, position: int, event: str) -> bytes:
        """An event with the position after it."""
        return self._number(position) + f"data: {event}\n\n".encode("utf-8", "replace")

    def _number(self, position: int) -> bytes:
        """What a page that comes again sends back."""
        return f"id: {self._name}-{position}\n".encode()
