"""A photo as it may be kept: decoded, turned upright, made smaller and written anew.

What is written holds pixels alone: no place, no camera, no thumbnail, nothing hidden behind the
picture's end.
"""

from __future__ import annotations

from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

from app.paper_book.errors import PhotoUnreadable

MOST_BYTES: Final = 12 * 1024 * 1024
MOST_PIXELS: Final = 50_000_000
LONGEST_SIDE: Final = 2000
QUALITY: Final = 82
FORMATS: Final = ("JPEG", "PNG", "WEBP")
_HEIC_BRANDS: Final = (b"heic", b"heix", b"mif1", b"heif", b"msf1")


def clean_photo(raw: bytes) -> bytes:
    """The same picture as a JPEG without metadata. Raises ``PhotoUnreadable``."""
    if len(raw) > MOST_BYTES:
        raise PhotoUnreadable("large")
    if raw[4:8] == b"ftyp" and raw[8:12] in _HEIC_BRANDS:
        raise PhotoUnreadable("heic")
    try:
        return _rewritten(raw)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as problem:
        raise PhotoUnreadable("unknown") from problem


def _rewritten(raw: bytes) -> bytes:
    with Image.open(BytesIO(raw), formats=FORMATS) as image:
        if image.width * image.height > MOST_PIXELS:
            raise PhotoUnreadable("pixels")
        image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    plain = Image.new("RGB", upright.size)
    plain.paste(upright)
    written = BytesIO()
    plain.save(written, "JPEG", quality=QUALITY, optimize=True)
    return written.getvalue()
