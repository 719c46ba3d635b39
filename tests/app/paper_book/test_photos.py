"""A photo is kept as pixels alone."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from app.paper_book.errors import PhotoUnreadable
from app.paper_book.photos import LONGEST_SIDE, MOST_BYTES, clean_photo

GPS, ORIENTATION, MAKE = 0x8825, 0x0112, 0x010F
TURNED_RIGHT = 6


def picture(
    size: tuple[int, int] = (40, 20), kind: str = "JPEG", exif: Image.Exif | None = None
) -> bytes:
    written = BytesIO()
    image = Image.new("RGB", size, "white")
    image.save(written, kind, **({"exif": exif} if exif else {}))
    return written.getvalue()


def opened(raw: bytes) -> Image.Image:
    return Image.open(BytesIO(raw))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_is_kept_is_a_jpeg_of_the_same_picture(kind: str) -> None:
    image = opened(clean_photo(picture(kind=kind)))
    assert (image.format, image.size, image.mode) == ("JPEG", (40, 20), "RGB")


def test_where_and_with_what_it_was_taken_is_gone_and_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[MAKE] = "SecretCamera"
    exif[ORIENTATION] = TURNED_RIGHT
    exif.get_ifd(GPS)[2] = (35.0, 41.0, 22.0)
    raw = picture(exif=exif) + b"hidden behind the end"
    assert b"SecretCamera" in raw
    clean = clean_photo(raw)
    assert b"SecretCamera" not in clean
    assert b"hidden" not in clean
    image = opened(clean)
    assert dict(image.getexif()) == {}
    assert image.size == (20, 40)


def test_a_large_picture_becomes_smaller() -> None:
    assert max(opened(clean_photo(picture((4000, 1000)))).size) == LONGEST_SIDE


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"no picture at all", "unknown"),
        (b"", "unknown"),
        (picture()[:300], "unknown"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "heic"),
        (b"\xff\xd8" + b"\x00" * MOST_BYTES, "large"),
        (picture((10_000, 6_000), "PNG"), "pixels"),
        (b"GIF89a" + b"\x00" * 40, "unknown"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "unknown"),
    ],
)
def test_what_is_no_photo_is_refused_with_its_reason(raw: bytes, kind: str) -> None:
    with pytest.raises(PhotoUnreadable) as refused:
        clean_photo(raw)
    assert refused.value.kind == kind
