"""A DICOM sender made of bytes, so that a test can say exactly what goes over the line."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.dicom_gateway.objects import encode
from tests.dicom_gateway.stage import AE_TITLE

if TYPE_CHECKING:
    from pydicom import Dataset

CT: Final = "1.2.840.10008.5.1.4.1.1.2"
VERIFICATION: Final = "1.2.840.10008.1.1"
STUDY_ROOT_FIND: Final = "1.2.840.10008.5.1.4.1.2.2.1"
EXPLICIT: Final = "1.2.840.10008.1.2.1"
IMPLICIT: Final = "1.2.840.10008.1.2"
COMMAND, LAST = 0x01, 0x02
PATIENCE_SECONDS: Final = 20.0
CONTEXTS: Final = {1: (CT, EXPLICIT), 3: (VERIFICATION, IMPLICIT), 5: (STUDY_ROOT_FIND, EXPLICIT)}

RELEASE: Final = struct.pack(">BBII", 5, 0, 4, 0)
ABORT: Final = struct.pack(">BBIBBBB", 7, 0, 4, 0, 0, 0, 0)


def pdu(kind: int, body: bytes) -> bytes:
    """One PDU."""
    return struct.pack(">BBI", kind, 0, len(body)) + body


def pdv(context_id: int, control: int, value: bytes) -> bytes:
    """One presentation data value."""
    return struct.pack(">IBB", len(value) + 2, context_id, control) + value


def associate_request(called: str = AE_TITLE, calling: str = "MODALITY") -> bytes:
    """A-ASSOCIATE-RQ for the contexts above (PS3.8 Table 9-11)."""
    contexts = b"".join(
        _item(0x20, bytes((number, 0, 0, 0)) + _item(0x30, sop.encode()) + _item(0x40, ts.encode()))
        for number, (sop, ts) in CONTEXTS.items()
    )
    user = _item(0x51, struct.pack(">I", 131072)) + _item(0x52, b"1.2.3.4")
    titles = called.ljust(16).encode() + calling.ljust(16).encode()
    fixed = struct.pack(">HH", 1, 0) + titles + bytes(32)
    return pdu(1, fixed + _item(0x10, b"1.2.840.10008.3.1.1.1") + contexts + _item(0x50, user))


def _item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(value)) + value


def command(*elements: tuple[int, bytes]) -> bytes:
    """A command set with its group length; values padded to even length with NUL."""
    padded = [(number, value + b"\0" * (len(value) % 2)) for number, value in elements]
    body = b"".join(struct.pack("<HHI", 0, number, len(v)) + v for number, v in padded)
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def store_request(instance: str, **changes: bytes) -> bytes:
    """The command set of a C-STORE-RQ."""
    values = {
        "sop_class": CT.encode(),
        "field": b"\x01\x00",
        "message_id": b"\x07\x00",
        "priority": b"\x00\x00",
        "data_set": b"\x00\x00",
        "instance": instance.encode(),
        **changes,
    }
    numbers = (0x0002, 0x0100, 0x0110, 0x0700, 0x0800, 0x1000)
    return command(*zip(numbers, values.values(), strict=True))


ECHO: Final = command(
    (0x0002, VERIFICATION.encode()), (0x0100, b"\x30\x00"), (0x0110, b"\x05\x00"),
    (0x0800, b"\x01\x01"),
)  # fmt: skip


@dataclass
class Peer:
    """One connection to a gateway. ``heard`` keeps every PDU that came back, ``b""`` the end."""

    port: int
    heard: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._connection = socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def associate(self, **titles: str) -> None:
        """Ask for an association and hear the answer."""
        self.say(associate_request(**titles))
        self.hear()

    def say(self, *pieces: bytes) -> None:
        """Send these bytes."""
        self._connection.sendall(b"".join(pieces))

    def store(self, data_set: Dataset, *, fragment_bytes: int = 400) -> None:
        """A C-STORE in several P-DATA-TF PDUs; the answer is heard."""
        self.announce(data_set)
        body = encode(data_set)
        for at in range(0, len(body), fragment_bytes):
            is_last = at + fragment_bytes >= len(body)
            value = body[at : at + fragment_bytes]
            self.say(pdu(4, pdv(1, LAST if is_last else 0, value)))
        self.hear()

    def announce(self, data_set: Dataset) -> None:
        """Only the request of a C-STORE."""
        request = store_request(str(data_set.SOPInstanceUID))
        self.say(pdu(4, pdv(1, COMMAND | LAST, request)))

    def hear(self) -> bytes:
        """The next PDU; ``b""`` when the gateway has closed."""
        try:
            head = self._exactly(6)
            whole = head + self._exactly(int.from_bytes(head[2:6], "big")) if head else b""
        except ConnectionError:
            whole = b""
        self.heard.append(whole)
        return whole

    def hear_the_end(self) -> None:
        """Everything until the gateway closes."""
        while self.hear():
            pass

    def _exactly(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            piece = self._connection.recv(count - len(got))
            if not piece:
                return b""
            got += piece
        return got

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
