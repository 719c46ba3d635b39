"""Bytes that were read but not used stay in order, whoever takes them."""

from __future__ import annotations

import socket

import pytest

from dicom_gateway.dimse.inbox import Inbox
from dicom_gateway.dimse.lean import Fragment, split
from tests.dicom_gateway.dimse.peer import pdu, pdv

NOW = 0.0


@pytest.fixture
def line() -> tuple[socket.socket, socket.socket]:
    sender, receiver = socket.socketpair()
    receiver.settimeout(1)
    return sender, receiver


def test_a_head_is_seen_when_it_is_whole(line: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = line
    inbox = Inbox(64)
    sender.send(pdu(4, b"abcdef")[:5])
    assert inbox.fill(receiver, NOW)
    assert inbox.head() is None
    sender.send(pdu(4, b"abcdef")[5:])
    assert inbox.fill(receiver, NOW)
    assert inbox.head() == (4, 6)
    assert bytes(inbox.look(6, 6)) == b"abcdef"


def test_room_is_made_behind_what_waits(line: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = line
    inbox = Inbox(8)
    for piece in (b"abcdefgh", b"ijkl"):
        sender.send(piece)
        assert inbox.fill(receiver, NOW)
        inbox.drop(5)
    target = bytearray(10)
    assert inbox.take_into(memoryview(target)) == 2
    assert target[:2] == b"kl"
    assert len(inbox) == 0


def test_the_rest_of_a_pdu_gets_a_head_of_its_own(
    line: tuple[socket.socket, socket.socket],
) -> None:
    sender, receiver = line
    first, second = pdv(1, 2, b"used"), pdv(3, 3, b"for another")
    sender.send(pdu(4, first + second) + b"next")
    inbox = Inbox(128)
    assert inbox.fill(receiver, NOW)
    inbox.drop_fragments(len(first), left=len(second))
    assert bytes(inbox.look(0, len(inbox))) == pdu(4, second) + b"next"


def test_a_closed_connection_brings_nothing_and_a_silent_one_nothing_yet(
    line: tuple[socket.socket, socket.socket],
) -> None:
    sender, receiver = line
    inbox = Inbox(8)
    assert inbox.fill(receiver, NOW) is None
    sender.close()
    assert inbox.fill(receiver, NOW) == 0


def test_values_are_found_where_they_lie() -> None:
    field = memoryview(pdv(1, 3, b"command") + pdv(1, 2, b"data"))
    assert split(field) == [Fragment(6, 7, 1, 3), Fragment(19, 4, 1, 2)]
    assert split(memoryview(b"")) == []


@pytest.mark.parametrize(
    "field",
    [pdv(1, 2, b"data")[:-1], pdv(1, 2, b"data") + b"\0", b"\0\0\0\1\1", b"\0\0\0\0\1\2"],
    ids=len,
)
def test_values_that_do_not_fill_their_pdu_are_none(field: bytes) -> None:
    assert split(memoryview(field)) is None
