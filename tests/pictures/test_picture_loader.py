"""Pictures for the nodes: downscaled, encoded for the wire, decoded once."""

import asyncio
import hashlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

import tools.pictures
from data.pictures import PictureError
from data.sample import ImageRef
from tools.pictures import PictureLoader


def save(folder: Path, name: str, size: tuple[int, int]) -> Path:
    Image.linear_gradient("L").resize(size).save(folder / name)
    return folder / name


async def test_large_pictures_become_jpeg_and_small_ones_stay_exact(tmp_path: Path) -> None:
    loader = PictureLoader()
    large = await loader.load(ImageRef(path=save(tmp_path, "large.png", (1200, 600))), 1024)
    assert large.media_type == "image/jpeg"
    assert Image.open(BytesIO(large.data)).size == (1024, 512)
    assert large.sha256 == hashlib.sha256(large.data).hexdigest()
    assert (large.width, large.height) == (1024, 512), "by which the limit of tokens counts it"
    path = save(tmp_path, "small.png", (128, 96))
    small = await loader.load(ImageRef(path=path), 1024)
    assert small.media_type == "image/png"
    assert Image.open(BytesIO(small.data)).tobytes() == Image.open(path).convert("RGB").tobytes()


async def test_candidates_shrink_to_the_same_bytes_each_time(tmp_path: Path) -> None:
    data = save(tmp_path, "candidate.png", (1024, 1024)).read_bytes()
    first, again = await asyncio.gather(PictureLoader().shrink(data, 448), PictureLoader().shrink(data, 448))
    assert Image.open(BytesIO(first.data)).size == (448, 448)
    assert first == again


async def test_a_picture_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = ImageRef(path=save(tmp_path, "one.png", (300, 300)))
    reads: list[ImageRef] = []
    read = tools.pictures.read_picture
    monkeypatch.setattr(
        tools.pictures, "read_picture", lambda ref, *rest: reads.append(ref) or read(ref, *rest)
    )
    loader = PictureLoader()
    await asyncio.gather(*[loader.load(ref, 256) for _ in range(8)])
    assert reads == [ref]
    await loader.load(ref, 128)
    assert len(reads) == 2


async def test_broken_pictures_are_one_sentence(tmp_path: Path) -> None:
    path = save(tmp_path, "cut.png", (300, 300))
    path.write_bytes(path.read_bytes()[:300])
    loader = PictureLoader()
    with pytest.raises(PictureError, match=r"cut\.png"):
        await loader.load(ImageRef(path=path), 256)
    with pytest.raises(PictureError):
        await loader.shrink(b"", 256)
    # A failure is not remembered: the file may have been repaired.
    save(tmp_path, "cut.png", (300, 300))
    await loader.load(ImageRef(path=path), 256)
