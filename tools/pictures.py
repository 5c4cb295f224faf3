"""Pictures for the nodes: loaded, checked and downscaled in threads, each one decoded once."""

import asyncio
import hashlib

from PIL import Image

from data.pictures import DEFAULT_LIMITS, Format, Limits, decode, encode, read_picture
from data.sample import ImageRef
from tools.lmm.question import Picture
from tools.recent import Recent

SMALL_SIDE = 256
"""Pictures up to this side, in px, are sent as PNG: JPEG's blocks would be a visible part of them."""


class PictureLoader:
    """What `graphs.context.Pictures` asks for, over `data.pictures`. Remembers the last `entries` results.

    Both methods raise `data.pictures.PictureError`, one sentence, for whatever cannot be used.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, entries: int = 128) -> None:
        self._limits = limits
        self._recent: Recent[Picture] = Recent(entries)

    async def load(self, ref: ImageRef, longest_side: int) -> Picture:
        """The picture behind a reference, upright, RGB, at most `longest_side` px."""

        def read() -> Picture:
            return _encoded(read_picture(ref, self._limits, longest_side))

        return await asyncio.to_thread(self._recent.get, (ref, longest_side), read)

    async def shrink(self, data: bytes, longest_side: int) -> Picture:
        """An encoded picture, a candidate say, at most `longest_side` px."""

        def reduce() -> Picture:
            return _encoded(decode(data, "a picture of this run", self._limits, longest_side))

        def hashed() -> Picture:
            return self._recent.get((hashlib.sha256(data).digest(), longest_side), reduce)

        return await asyncio.to_thread(hashed)


def _encoded(picture: Image.Image) -> Picture:
    fmt: Format = "PNG" if max(picture.size) <= SMALL_SIDE else "JPEG"
    data, media_type = encode(picture, fmt=fmt)
    return Picture(data, media_type, hashlib.sha256(data).hexdigest(), picture.width, picture.height)
