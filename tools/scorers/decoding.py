"""Encoded pictures to pixels, in threads, once: CLIP and BLIP look at the same few pictures at the same time."""

import asyncio
import hashlib

from PIL import Image

from data.pictures import decode
from tools.recent import Recent


class Decoder:
    """Decodes pictures and remembers the last `entries` by SHA-256 (3 MB each at 1,024 px).

    One decoder is shared by the scorers of a run.
    """

    def __init__(self, entries: int = 32) -> None:
        self._recent: Recent[Image.Image] = Recent(entries)

    async def decode(self, data: bytes) -> Image.Image:
        """RGB pixels, shared between callers: not to be changed. Raises `data.pictures.PictureError`."""

        def pixels() -> Image.Image:
            return self._recent.get(hashlib.sha256(data).digest(), lambda: decode(data, "a picture to score"))

        return await asyncio.to_thread(pixels)
