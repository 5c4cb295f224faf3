"""Pictures out of data URLs: bounded, checked, RGB."""

import base64
import binascii
import hashlib
import io
import re
from dataclasses import dataclass

from PIL import Image, ImageOps

from mini.endpoint.errors import bad_request

MAX_BYTES = 20 * 2**20
MAX_PIXELS = 40_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
DATA_URL = re.compile(r"data:image/[\w.+-]+;base64,", re.ASCII)


@dataclass(frozen=True)
class Picture:
    """An RGB picture and the SHA-256 of the file it came from."""

    image: Image.Image
    sha256: bytes


def read(url: str, where: str) -> Picture:
    """Decode one `data:image/...;base64,` URL; `where` names it in a refusal.

    The first frame of an animation counts; transparency is laid on white; the camera's orientation is applied.
    """
    match = DATA_URL.match(url)
    if match is None:
        kind = url[:16].split(":", 1)[0] if ":" in url[:16] else "no"
        raise bad_request(
            f"{where}: pictures must be data URLs (data:image/png;base64,...), not a {kind} address; "
            "this endpoint never fetches anything",
            "invalid_image_url",
            where,
        )
    if (len(url) - match.end()) * 3 // 4 > MAX_BYTES:
        raise bad_request(
            f"{where}: the picture is larger than {MAX_BYTES // 2**20} MB", "image_too_large", where
        )
    try:
        data = base64.b64decode(url[match.end() :], validate=True)
    except binascii.Error as error:
        raise bad_request(
            f"{where}: the picture is not valid base64 ({error})", "invalid_image", where
        ) from error
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as file:
            if file.width * file.height > MAX_PIXELS:
                raise Image.DecompressionBombError(f"{file.width} x {file.height} pixels")
            return Picture(_rgb(file), hashlib.sha256(data).digest())
    except Image.DecompressionBombError as error:
        raise bad_request(
            f"{where}: the picture is too large ({error}); at most {MAX_PIXELS:,} pixels are read",
            "image_too_large",
            where,
        ) from error
    # Decoders of broken files raise many types: OSError, SyntaxError, struct.error, EOFError and more.
    except Exception as error:
        raise bad_request(
            f"{where}: the picture cannot be decoded ({error})", "invalid_image", where
        ) from error


def _rgb(file: Image.Image) -> Image.Image:
    image = ImageOps.exif_transpose(file)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")
