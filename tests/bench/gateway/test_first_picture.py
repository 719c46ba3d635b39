"""A picture that came otherwise than it was sent is no figure."""

from __future__ import annotations

from hashlib import sha256

import imagecodecs
import numpy as np
import pytest

from bench.gateway.first_picture import (
    HTJ2K,
    PACKED,
    STORED,
    Job,
    OtherPictures,
    Picture,
    picture,
    require_as_sent,
)

SENT = np.arange(64 * 64, dtype="<i2").reshape(64, 64)
OTHER = np.where(SENT == 7, 8, SENT).astype("<i2")


def test_the_same_pictures_in_the_form_asked_for_are_taken() -> None:
    require_as_sent(_job(PACKED), {"1.2": _packed(SENT)})
    require_as_sent(_job(STORED), {"1.2": _plain(SENT)})


@pytest.mark.parametrize(
    ("accept", "came"),
    [
        pytest.param(PACKED, "other packed", id="one value differs, packed"),
        pytest.param(STORED, "other plain", id="one value differs, as stored"),
        pytest.param(STORED, "nothing", id="a picture is missing"),
        pytest.param(STORED, "one more", id="a picture nobody sent"),
        pytest.param(PACKED, "plain", id="the copy was asked for"),
        pytest.param(STORED, "packed", id="the stored form was asked for"),
    ],
)
def test_anything_else_ends_the_run(accept: str, came: str) -> None:
    pictures = {
        "other packed": {"1.2": _packed(OTHER)},
        "other plain": {"1.2": _plain(OTHER)},
        "nothing": {},
        "one more": {"1.2": _plain(SENT), "1.3": _plain(SENT)},
        "plain": {"1.2": _plain(SENT)},
        "packed": {"1.2": _packed(SENT)},
    }[came]
    with pytest.raises(OtherPictures):
        require_as_sent(_job(accept), pictures)


def _job(accept: str) -> Job:
    return Job("", "1", accept, {}, {"1.2": sha256(SENT.tobytes()).hexdigest()})


def _plain(pixels: np.ndarray[tuple[int, int], np.dtype[np.int16]]) -> Picture:
    return picture(_part(b"application/octet-stream", pixels.tobytes()))


def _packed(pixels: np.ndarray[tuple[int, int], np.dtype[np.int16]]) -> Picture:
    copy = imagecodecs.htj2k_encode(pixels, reversible=True)
    return picture(_part(b"image/jphc; transfer-syntax=" + HTJ2K, bytes(copy)))


def _part(kind: bytes, content: bytes) -> bytes:
    return b"--b\r\nContent-Type: " + kind + b"\r\n\r\n" + content + b"\r\n--b--"
