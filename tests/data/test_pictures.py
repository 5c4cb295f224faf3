"""Pictures: whatever lies under a picture's name becomes 8-bit RGB or one sentence."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data.pictures import (
    FORMATS,
    Limits,
    PictureError,
    as_format,
    check,
    decode,
    encode,
    load,
    read_picture,
)
from data.sample import ImageRef


def saved(image: Image.Image, fmt: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, fmt, **options)
    return out.getvalue()


@pytest.mark.parametrize("fmt", FORMATS)
def test_every_listed_format_opens(fmt: str) -> None:
    picture = decode(saved(Image.new("RGB", (20, 10), (200, 30, 30)), fmt), "x")
    assert picture.mode == "RGB" and picture.size == (20, 10)
    red, green, _ = picture.getpixel((5, 5))
    assert red > 180 and green < 60


@pytest.mark.parametrize(
    ("image", "fmt", "expected"),
    [
        (Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", (255, 0, 0)),
        (Image.new("L", (8, 8), 77), "PNG", (77, 77, 77)),
        (Image.new("1", (8, 8), 1), "PNG", (255, 255, 255)),
        (Image.new("LA", (8, 8), (10, 0)), "PNG", (255, 255, 255)),
        (Image.new("RGBA", (8, 8), (255, 0, 0, 128)), "PNG", (255, 127, 127)),
        (
            Image.new("RGB", (8, 8), (0, 128, 255)).convert("P", palette=Image.Palette.ADAPTIVE),
            "PNG",
            (0, 128, 255),
        ),
        (Image.fromarray(np.full((8, 8), 4095, np.uint16)), "PNG", (255, 255, 255)),
        (Image.fromarray(np.full((8, 8), 65535, np.uint16)), "TIFF", (255, 255, 255)),
        (Image.fromarray(np.full((8, 8), 200, np.int32)), "TIFF", (200, 200, 200)),
        (Image.fromarray(np.full((8, 8), 0.5, np.float32)), "TIFF", (127, 127, 127)),
    ],
)
def test_every_mode_becomes_rgb(image: Image.Image, fmt: str, expected: tuple[int, int, int]) -> None:
    picture = decode(saved(image, fmt), "x")
    assert picture.mode == "RGB"
    assert np.abs(np.array(picture.getpixel((4, 4))) - expected).max() <= 3


def test_twelve_bits_in_sixteen_keep_their_range() -> None:
    levels = np.linspace(0, 4000, 64 * 64).reshape(64, 64).astype(np.uint16)
    grey = np.asarray(decode(saved(Image.fromarray(levels), "PNG"), "x"))[..., 0]
    assert grey.min() == 0 and grey.max() in (248, 249) and len(np.unique(grey)) > 200


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(data, "x").getpixel((1, 1)) == (255, 0, 0)


def test_exif_orientation_is_applied() -> None:
    image = Image.new("RGB", (40, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(saved(image, "JPEG", exif=exif), "x").size == (20, 40)


def test_damaged_exif_does_not_cost_the_picture() -> None:
    data = saved(Image.new("RGB", (8, 8)), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff garbage")
    assert decode(data, "x").size == (8, 8)


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    idat = b"IDAT" + zlib.compress(b"\x00" * 1000)
    chunks = b"".join(
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (body, idat, b"IEND")
    )
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize("side", [9_000, 30_000, 60_000])
def test_decompression_bombs_are_refused(side: int) -> None:
    with pytest.raises(PictureError, match="pixels"):
        decode(png_header(side, side), "bomb.png")


def test_bad_files_get_one_sentence(tmp_path: Path) -> None:
    good = saved(Image.effect_noise((64, 64), 50), "JPEG")
    files = {
        "zero.png": b"",
        "cut.jpg": good[: len(good) // 2],
        "text.png": b"not a picture",
        "eps.png": b"%!PS-Adobe-3.0 EPSF",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(PictureError, match=name) as caught:
            read_picture(ImageRef(path=tmp_path / name))
        assert str(caught.value).count("\n") == 0 and str(caught.value).endswith(".")
    with pytest.raises(PictureError, match=r"gone.png.*cannot be opened"):
        read_picture(ImageRef(path=tmp_path / "gone.png"))
    with pytest.raises(PictureError, match="not a regular file"):
        read_picture(ImageRef(path=tmp_path))
    (tmp_path / "big.png").write_bytes(b"\x00" * 2000)
    with pytest.raises(PictureError, match="2,000 bytes"):
        read_picture(ImageRef(path=tmp_path / "big.png"), Limits(max_bytes=1000))


def test_a_named_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PictureError, match="not a regular file"):
        read_picture(ImageRef(path=tmp_path / "pipe.png"))


@settings(deadline=None, max_examples=60)
@given(
    cut=st.integers(0, 2000),
    flips=st.lists(st.tuples(st.integers(0, 1999), st.integers(0, 255)), max_size=8),
    data=st.data(),
)
def test_damage_never_raises_anything_else(
    cut: int, flips: list[tuple[int, int]], data: st.DataObject
) -> None:
    fmt = data.draw(st.sampled_from(FORMATS))
    damaged = bytearray(saved(Image.effect_noise((24, 24), 90).convert("RGB"), fmt)[: cut or None])
    for place, value in flips:
        if place < len(damaged):
            damaged[place] = value
    limits = Limits(max_pixels=10**6)
    try:
        assert decode(bytes(damaged), "x", limits).mode == "RGB"
        check(bytes(damaged), "x", limits)
    except PictureError as problem:
        assert str(problem).startswith("x: ")
        with pytest.raises(PictureError, match=r"^x: "):
            check(bytes(damaged), "x", limits)


def test_a_wrong_sum_that_no_viewer_minds_does_not_cost_the_picture() -> None:
    whole = saved(Image.new("RGB", (8, 8), "red"), "PNG")
    comment = struct.pack(">I4s4sI", 4, b"tEXt", b"a\0bc", 0)
    odd = whole[:-12] + comment + whole[-12:]
    assert decode(odd, "x").getpixel((3, 3)) == (255, 0, 0)
    check(odd, "x")


@given(width=st.integers(1, 300), height=st.integers(1, 300), side=st.integers(1, 200))
@settings(deadline=None, max_examples=40)
def test_downscaling_keeps_proportions_and_never_enlarges(width: int, height: int, side: int) -> None:
    data, media = encode(Image.new("RGB", (width, height)), side, "PNG")
    size = decode(data, "x").size
    assert media == "image/png" and max(size) == min(side, max(width, height)) and min(size) >= 1
    scale = min(1, side / max(width, height))
    assert all(
        abs(made - max(1, exact * scale)) <= 0.5 for made, exact in zip(size, (width, height), strict=True)
    )


def test_load_from_file(tmp_path: Path) -> None:
    Image.effect_noise((2048, 1024), 60).save(tmp_path / "x.jpg")
    data, media = load(ImageRef(path=tmp_path / "x.jpg"), 448)
    assert media == "image/jpeg" and decode(data, "x").size == (448, 224)
    assert load(ImageRef(path=tmp_path / "x.jpg"), 448) == (data, media)
    assert as_format(data, "JPEG", "x") is data and as_format(data, "PNG", "x").startswith(b"\x89PNG")


def test_real_radiographs_and_photographs(real) -> None:
    files = sorted(real("chest").glob("*.png"))[:4] + sorted((real("grocery") / "photos").glob("*.jpg"))[:4]
    for file in files:
        picture = read_picture(ImageRef(path=file), longest_side=448)
        assert max(picture.size) <= 448 and np.asarray(picture).std() > 10
