"""Which C-STORE requests the lean path understands, and which it leaves to pynetdicom."""

from __future__ import annotations

import io
import struct

import pytest
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE

from dicom_gateway.dimse.command import StoreRequest, read_store_request
from tests.dicom_gateway.dimse.peer import CT, ECHO, command, store_request


def test_a_request_as_pynetdicom_writes_it_is_read() -> None:
    primitive = C_STORE()
    primitive.MessageID, primitive.Priority = 513, 2
    primitive.AffectedSOPClassUID, primitive.AffectedSOPInstanceUID = CT, "1.2.3"
    primitive.DataSet = io.BytesIO(b"anything")
    message = C_STORE_RQ()
    message.primitive_to_message(primitive)
    first = next(iter(message.encode_msg(1, 16384)))
    [(_, value), *_] = first.presentation_data_value_list
    assert read_store_request(value[1:]) == StoreRequest(513, CT, "1.2.3")


def test_identifiers_lose_their_padding() -> None:
    assert read_store_request(store_request("1.2.33")) == StoreRequest(7, CT, "1.2.33")
    assert read_store_request(store_request("1.2.3")) == StoreRequest(7, CT, "1.2.3")


@pytest.mark.parametrize(
    "changes",
    [
        {"field": b"\x01\x80"},
        {"field": b"\x20\x00"},
        {"data_set": b"\x01\x01"},
        {"priority": b"\x09\x00"},
        {"priority": b""},
        {"message_id": b"\x07\x00\x00\x00"},
        {"instance": b"../../x"},
        {"instance": b""},
        {"instance": b"1" * 65},
        {"sop_class": b"CT Image"},
    ],
    ids=str,
)
def test_what_is_not_plain_is_left(changes: dict[str, bytes]) -> None:
    instance = changes.pop("instance", b"1.2.3").decode()
    assert read_store_request(store_request(instance, **changes)) is None


@pytest.mark.parametrize(
    "whole",
    [
        b"",
        ECHO,
        store_request("1.2.3")[:-1],
        store_request("1.2.3") + b"\0",
        store_request("1.2.3")[12:],
        command((0x0100, b"\x01\x00")),
        store_request("1.2.3") + struct.pack("<HHIH", 0, 0x1031, 2, 9),
        store_request("1.2.3").replace(b"\0\0\x00\x10", b"\x08\0\x00\x10"),
        bytes(2000),
    ],
    ids=len,
)
def test_what_is_not_a_whole_store_request_is_left(whole: bytes) -> None:
    assert read_store_request(whole) is None
