"""From a reference to pixels, with every bound checked. All functions are synchronous: call them in a thread.

Whatever a data set holds under a picture's name ends either as an 8-bit RGB picture or as a `PictureError` of
one sentence.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image, ImageOps, UnidentifiedImageError

from data.cells import read_cell
from data.files import BadRow, read_bytes
from data.sample import ImageRef

Format = Literal["PNG", "JPEG"]
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
"""Decoders that may see a data set's bytes. Pillow has more, among them one that starts an external program."""


@dataclass(frozen=True)
class Limits:
    """Bounds for one picture. The largest real ones here, radiographs 2,048 px wide, stay far below."""

    max_bytes: int = 64 * 2**20
    """Of the encoded file."""
    max_pixels: int = 64_000_000
    """Width times height: guards against small files that unpack into gigabytes."""


DEFAULT_LIMITS = Limits()


class PictureError(Exception):
    """A picture that cannot be used; the message is one sentence: what, where, what to do."""


def read_encoded(ref: ImageRef, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The picture's file as it is, not decoded. Raises `PictureError` if it is absent, empty or too large."""
    where = describe(ref)
    try:
        if ref.row is None:
            data = read_bytes(ref.path, limits.max_bytes, where)
        else:
            data = read_cell(ref.path, ref.row, ref.column or "image", limits.max_bytes)
    except BadRow as problem:
        raise PictureError(str(problem)) from None
    if not data:
        raise PictureError(
            f"{where}: the picture has zero bytes; fetch the file again or leave the image out."
        )
    return data


def read_picture(
    ref: ImageRef, limits: Limits = DEFAULT_LIMITS, longest_side: int | None = None
) -> Image.Image:
    """The picture upright, 8-bit RGB, first frame, downscaled to `longest_side` px if that is given and smaller.

    Raises `PictureError` for whatever cannot be decoded.
    """
    return decode(read_encoded(ref, limits), describe(ref), limits, longest_side)


def load(
    ref: ImageRef, longest_side: int | None, fmt: Format = "JPEG", limits: Limits = DEFAULT_LIMITS
) -> tuple[bytes, str]:
    """(encoded picture, media type), downscaled: what is sent to an LMM or kept as a thumbnail."""
    return encode(read_picture(ref, limits, longest_side), longest_side, fmt)


def decode(
    data: bytes, where: str, limits: Limits = DEFAULT_LIMITS, longest_side: int | None = None
) -> Image.Image:
    """Like `read_picture`, from an encoded file in memory; `where` begins the sentence of an error."""
    with _opened(data, where, limits) as image:
        if longest_side is not None and image.format == "JPEG":
            # The decoder can skip most of the work when only an eighth, quarter or half of the size is wanted;
            # never below what is asked for, the rest is done by resampling.
            image.draft(None, (longest_side, longest_side))
        image.load()
        picture = _rgb(_upright(image))
    return shrink(picture, longest_side)


def check(data: bytes, where: str, limits: Limits = DEFAULT_LIMITS) -> None:
    """Raises `PictureError` like `decode` for what is no whole picture, at a fraction of the cost: the check sums of
    a PNG (1 ms instead of 180 for a radiograph of 2,048 px), a JPEG at an eighth of its size."""
    with suppress(PictureError), _opened(data, where, limits) as image:
        if image.format == "PNG":
            image.verify()
            return
    # A wrong sum of a chunk that no viewer needs is not the end: the pixels decide.
    decode(data, where, limits, longest_side=1)


@contextmanager
def _opened(data: bytes, where: str, limits: Limits) -> Iterator[Image.Image]:
    """The picture with its size checked; whatever its decoder reports while it is open ends as a `PictureError`."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > limits.max_pixels:
                raise _too_large(where, f"{image.width} x {image.height} px", limits)
            yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(where, "far too many pixels", limits) from None
    except UnidentifiedImageError:
        raise PictureError(
            f"{where}: not a picture in a known format ({', '.join(FORMATS)}); convert it or leave the image out."
        ) from None
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        ArithmeticError,
        LookupError,
        TypeError,
        MemoryError,
    ) as problem:
        # Decoders report damage in many ways; to the user they all mean the same.
        raise PictureError(
            f"{where}: the picture is damaged or cut short ({str(problem)[:80] or type(problem).__name__}); "
            "fetch the file again or leave the image out."
        ) from None


def shrink(picture: Image.Image, longest_side: int | None) -> Image.Image:
    """The picture with its longest side at most `longest_side` px, in its proportions; never enlarged."""
    if longest_side is None or max(picture.size) <= longest_side:
        return picture
    scale = longest_side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def encode(picture: Image.Image, longest_side: int | None = None, fmt: Format = "JPEG") -> tuple[bytes, str]:
    """(encoded file, media type) of an RGB picture. Equal pictures give equal bytes."""
    out = io.BytesIO()
    picture = shrink(picture, longest_side)
    if fmt == "JPEG":
        picture.save(out, "JPEG", quality=92)
    else:
        picture.save(out, "PNG")
    return out.getvalue(), f"image/{fmt.lower()}"


def describe(ref: ImageRef) -> str:
    """The place of a picture as it stands in a sentence."""
    return str(ref.path) if ref.row is None else f"{ref.path}, row {ref.row + 1}, column {ref.column}"


def media_type(data: bytes) -> str | None:
    """Media type of an encoded picture by its first bytes; None for formats that LMM endpoints do not take."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "image/gif" if data[:4] == b"GIF8" else None


def suffix(data: bytes) -> str:
    """File name ending for an encoded picture."""
    return {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif"}.get(
        media_type(data) or "", ".png"
    )


def as_format(data: bytes, fmt: Format, where: str) -> bytes:
    """The picture encoded as `fmt`: unchanged if it is that already, else decoded and encoded again."""
    if media_type(data) == f"image/{fmt.lower()}":
        return data
    return encode(decode(data, where), None, fmt)[0]


def content(image: bytes | Path, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The encoded picture, whether it is given as bytes or as a file."""
    return image if isinstance(image, bytes) else read_encoded(ImageRef(path=image), limits)


def _too_large(where: str, size: str, limits: Limits) -> PictureError:
    return PictureError(
        f"{where}: the picture has {size}, more than the {limits.max_pixels:,} pixels allowed; scale it down."
    )


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # a damaged EXIF block raises almost anything, and the pixels are still good
        return image


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        image = _eight_bit(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        # What lies under transparent pixels is arbitrary; a viewer would show the page.
        layer = image.convert("RGBA")
        page = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(page, layer).convert("RGB")
    return image.convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """Grey levels of 16 or 32 bits, or floats, as 8 bits.

    The range is the smallest of 8, 10, 12, 14 and 16 bits that holds the brightest pixel: radiographs keep 12
    bits in 16, and dividing by 65,535 would leave them black. Floats up to 1 are taken as 0-1.
    """
    grey = image.convert("F") if image.mode != "F" else image
    _, high = grey.getextrema()
    assert isinstance(high, float | int)
    if not high == high or high in (float("inf"), float("-inf")):
        raise ValueError("grey levels that are not numbers")
    if image.mode == "F" and high <= 1:
        top = 1.0
    else:
        top = next((2.0**bits - 1 for bits in (8, 10, 12, 14, 16) if high < 2**bits), float(high))
    return grey.point(lambda level: level * (255 / top) + 0.0).convert("L")
