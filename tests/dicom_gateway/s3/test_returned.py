"""HTJ2K copies go with the near copy of their object, and are made again when it comes back."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from dicom_gateway.assembly import build_made
from dicom_gateway.representations import HTJ2K
from tests.dicom_gateway.objects import ct, sample
from tests.dicom_gateway.s3.test_tiered import carrier_of, forget_here
from tests.dicom_gateway.stage import parts
from tests.dicom_gateway.test_representations import ASK, encoder, frame_of, names

if TYPE_CHECKING:
    from dicom_gateway.encoder import Encoder
    from tests.dicom_gateway.stage import Gateway


def evicted(gateway: Gateway) -> Encoder:
    """The worker's encoder, long running, after bucket and room have taken everything from here."""
    one = encoder(gateway)
    one.returned.look_again_seconds = 0.0
    while one.encode_some():
        pass
    carrier_of(gateway).carry_some()
    one.encode_some()
    forget_here(gateway)
    forget_copies(gateway)
    assert one.encode_some() == 0
    return one


def forget_copies(gateway: Gateway) -> None:
    shutil.rmtree(build_made(gateway.settings).folder, ignore_errors=True)


def copies(gateway: Gateway) -> int:
    made = build_made(gateway.settings)
    return sum(made.has(name) for name in names(gateway))


def read(gateway: Gateway, number: int = 1) -> str:
    """How a frame comes to a client that takes HTJ2K."""
    ((kind, _),) = parts(gateway.get(frame_of(ct(number=number)), "1.2.3.4", accept=ASK))
    return kind


def test_a_copy_is_made_again_when_its_object_comes_back(gateway: Gateway) -> None:
    gateway.take_in(ct(number=1), ct(number=2))
    one = evicted(gateway)
    assert read(gateway).startswith("application/octet-stream")
    assert one.encode_some() == 1
    assert (copies(gateway), one.encode_some()) == (1, 0)
    assert read(gateway) == f"image/jphc; transfer-syntax={HTJ2K}"


def test_an_object_may_come_back_again_and_again(gateway: Gateway) -> None:
    gateway.take_in(ct())
    one = evicted(gateway)
    for _ in range(2):
        read(gateway)
        assert one.encode_some() == 1
        forget_here(gateway)
        forget_copies(gateway)
        one.encode_some()


def test_a_copy_that_made_room_is_not_made_while_its_object_merely_lies_here(
    gateway: Gateway,
) -> None:
    gateway.take_in(ct())
    one = evicted(gateway)
    read(gateway)
    assert one.encode_some() == 1
    forget_copies(gateway)
    assert (one.encode_some(), copies(gateway)) == (0, 0)


def test_what_comes_back_and_cannot_be_recoded_stays_as_it_is(gateway: Gateway) -> None:
    compressed = sample("693_J2KI.dcm")
    gateway.take_in(compressed)
    one = evicted(gateway)
    answer = gateway.get(frame_of(compressed), str(compressed.StudyInstanceUID), accept="*/*")
    assert answer.status_code == 200
    assert (one.encode_some(), copies(gateway)) == (0, 0)


def test_what_came_back_and_went_again_is_left(gateway: Gateway) -> None:
    gateway.take_in(ct())
    one = evicted(gateway)
    read(gateway)
    one.returned.look()
    forget_here(gateway)
    assert (one.encode_some(), copies(gateway)) == (0, 0)
