"""Pictures as data URLs, encoded once however many questions show them."""

import asyncio
import base64
from collections import OrderedDict

from tools.lmm.flight import Flights
from tools.lmm.question import Picture

LARGE_BYTES = 256 * 1024
"""From here on base64 takes over a tenth of a millisecond and leaves the event loop."""
KEPT_BYTES = 64 * 1024 * 1024


class DataUrls:
    """The most recently used data URLs, up to `kept_bytes` characters in all."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._most = kept_bytes
        self._size = 0
        self._urls: OrderedDict[str, str] = OrderedDict()
        self._under_way: Flights[str] = Flights()

    async def url(self, picture: Picture) -> str:
        """`data:image/png;base64,...`"""
        key = f"{picture.media_type};{picture.sha256}"
        if key in self._urls:
            self._urls.move_to_end(key)
            return self._urls[key]
        if len(picture.data) < LARGE_BYTES:
            url = _encode(picture)
        else:
            url, _ = await self._under_way.once(key, lambda: asyncio.to_thread(_encode, picture))
        self._keep(key, url)
        return url

    def _keep(self, key: str, url: str) -> None:
        if key in self._urls:
            return
        self._urls[key] = url
        self._size += len(url)
        while self._size > self._most:
            _, oldest = self._urls.popitem(last=False)
            self._size -= len(oldest)


def _encode(picture: Picture) -> str:
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode('ascii')}"
