"""Small copies of pictures, made in threads, the last ones kept in memory."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

SIDE = 112
"""Longest side in px: a thumbnail of the list on a screen with two pixels per CSS pixel."""
KEPT = 1_000
AT_ONCE = 4

Encoded = tuple[bytes, str]
"""(bytes, media type)."""


class Thumbnails:
    """By whatever key names a picture."""

    def __init__(self) -> None:
        self._kept: OrderedDict[object, Encoded] = OrderedDict()
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def get(self, key: object, make: Callable[[], Encoded]) -> Encoded:
        """The picture under `key`, made by `make` in a thread if it is not kept. Raises what `make` raises."""
        async with self._slots:
            if key not in self._kept:
                self._kept[key] = await asyncio.to_thread(make)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]
