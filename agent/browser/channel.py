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
        """End every stream; browsers come again by themselves."""
        self._closed = True
        for news in self._news:
            news.set()

    def position(self, last_id: str | None, busy: bool) -> int:
        """From where a page is to be told: after the last event that it knows, or the present activity."""
        name, _, number = (last_id or "").partition("-")
        if name == self._name and number.isdigit() and self._first <= int(number) + 1 <= self.last:
            return int(number) + 1
        return max(self._first, self._activity) if busy else self.last

    async def stream(self, position: int) -> AsyncIterator[bytes]:
        """The events from a position on, as text/event-stream, until the page goes or the channel closes."""
        news = asyncio.Event()
        self._news.add(news)
        try:
            yield b"retry: 1000\n\n"
            while not self._closed:
                if position < self._first:
                    position = self.last
                    yield self._frame(position - 1, '{"type":"missed"}')
                elif position < self.last:
                    found = self._events[position - self._first :]
                    frames = [self._frame(position + k, event) for k, event in enumerate(found)]
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

    def _frame(self, number: int, event: str) -> bytes:
        return f"id: {self._name}-{number}\ndata: {event}\n\n".encode("utf-8", "replace")
