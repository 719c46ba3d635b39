"""Silent associations keep nobody out, and none that is being served gives way."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import pytest
from pynetdicom import AE, build_context, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from dicom_gateway.dimse import reception, retrieve, room, scp, status
from dicom_gateway.peers import Peer, Right
from tests.dicom_gateway.dimse.peer import associate_request
from tests.dicom_gateway.dimse.test_retrieve import CT, EXPLICIT, question
from tests.dicom_gateway.objects import ct
from tests.dicom_gateway.stage import AE_TITLE, free_port, running, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pynetdicom.events import Event

    from tests.dicom_gateway.stage import Gateway

ACCEPTED, REJECTED, ABORTED = 2, 3, 7
PATIENCE_SECONDS = 20.0


@pytest.fixture
def lines() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def silent(lines: ExitStack, gateway: Gateway, address: str, count: int) -> list[socket.socket]:
    """Connections from an address that ask for an association, and then say nothing."""
    found = []
    for _ in range(count):
        one = socket.create_connection(
            ("127.0.0.1", gateway.port), PATIENCE_SECONDS, source_address=(address, 0)
        )
        found.append(lines.enter_context(closing(one)))
        one.sendall(associate_request())
    return found


def heard(line: socket.socket) -> int:
    """The kind of the next PDU, which is read whole."""
    head = line.recv(6, socket.MSG_WAITALL)
    line.recv(int.from_bytes(head[2:6], "big"), socket.MSG_WAITALL)
    return head[0]


def echoes(gateway: Gateway, address: str, title: str = "CT1") -> bool:
    """Whether a C-ECHO from this address is taken."""
    entity = AE(ae_title=title)
    line = entity.associate(
        "127.0.0.1",
        gateway.port,
        [build_context(Verification)],
        ae_title=AE_TITLE,
        bind_address=(address, 0),
    )
    if not line.is_established:
        return False
    line.release()
    return True


def test_one_address_takes_half_of_the_room_at_most(gateway: Gateway, lines: ExitStack) -> None:
    kinds = [heard(one) for one in silent(lines, gateway, "127.0.0.2", room.MAXIMUM_ASSOCIATIONS)]
    assert sorted(kinds) == [ACCEPTED] * 24 + [REJECTED] * 24
    assert echoes(gateway, "127.0.0.3")
    assert not echoes(gateway, "127.0.0.2")


def test_connections_of_one_address_that_ask_for_nothing_leave_room_for_others(
    gateway: Gateway, lines: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "MAXIMUM_CONNECTIONS", 4)
    monkeypatch.setattr(reception, "MAXIMUM_CONNECTIONS_OF_ONE_ADDRESS", 2)
    for _ in range(2):
        half = socket.create_connection(
            ("127.0.0.1", gateway.port), source_address=("127.0.0.2", 0)
        )
        lines.enter_context(closing(half))
    assert not echoes(gateway, "127.0.0.2")
    assert echoes(gateway, "127.0.0.3")


def test_the_longest_silent_gives_way_when_all_room_is_taken(
    gateway: Gateway, lines: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MAXIMUM_ASSOCIATIONS", 5)
    few = silent(lines, gateway, "127.0.0.2", 2)
    assert [heard(one) for one in few] == [ACCEPTED] * 2
    many = []
    for _ in range(3):
        many += silent(lines, gateway, "127.0.0.3", 1)
        assert heard(many[-1]) == ACCEPTED
    assert not echoes(gateway, "127.0.0.4"), "nobody has been silent for long"
    monkeypatch.setattr(room, "GIVES_WAY_SECONDS", 0.0)
    assert echoes(gateway, "127.0.0.4")
    assert heard(many[0]) == ABORTED
    for other in (*few, *many[1:]):
        other.setblocking(False)  # noqa: FBT003
        with pytest.raises(BlockingIOError):
            other.recv(1)


def test_who_may_not_enter_makes_nobody_give_way(
    tmp_path: Path, lines: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MAXIMUM_ASSOCIATIONS", 1)
    monkeypatch.setattr(room, "GIVES_WAY_SECONDS", 0.0)
    with running(tmp_path, peer=(Peer("MODALITY", "127.0.0.2"),)) as gateway:
        [listed] = silent(lines, gateway, "127.0.0.2", 1)
        assert heard(listed) == ACCEPTED
        assert not echoes(gateway, "127.0.0.3", "STRANGER")
        listed.setblocking(False)  # noqa: FBT003
        with pytest.raises(BlockingIOError):
            listed.recv(1)


def test_who_is_being_served_keeps_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MAXIMUM_ASSOCIATIONS", 1)
    monkeypatch.setattr(room, "GIVES_WAY_SECONDS", 0.0)
    arrived, go_on = threading.Event(), threading.Event()

    def keep_slowly(_event: Event) -> int:
        arrived.set()
        go_on.wait(PATIENCE_SECONDS)
        return status.SUCCESS

    archive = AE(ae_title="ARCHIVE")
    archive.add_supported_context(CT, EXPLICIT)
    port, handlers = free_port(), [(evt.EVT_C_STORE, keep_slowly)]
    server: Any = archive.start_server(
        ("127.0.0.1", port),
        block=False,
        evt_handlers=handlers,  # type: ignore[arg-type]
    )
    peers = (
        Peer("MODALITY", "127.0.0.1", rights=frozenset(Right)),
        Peer("ARCHIVE", "127.0.0.1", port),
    )
    with running(tmp_path, peer=peers) as gateway:
        gateway.take_in(ct())
        answers: list[Any] = []
        mover = threading.Thread(target=lambda: answers.extend(moved(gateway)))
        wait_until(lambda: echoes(gateway, "127.0.0.1", "MODALITY"), "the sender is gone")
        mover.start()
        assert arrived.wait(PATIENCE_SECONDS)
        assert not echoes(gateway, "127.0.0.1", "MODALITY")
        go_on.set()
        mover.join(PATIENCE_SECONDS)
    server.shutdown()
    assert answers[-1].Status == status.SUCCESS


def moved(gateway: Gateway) -> list[Any]:
    entity = AE(ae_title="MODALITY")
    entity.add_requested_context(retrieve.STUDY_ROOT_MOVE)
    line = entity.associate("127.0.0.1", gateway.port, ae_title=AE_TITLE)
    assert line.is_established
    asked = question("STUDY", StudyInstanceUID="1.2.3.4")
    found = [one for one, _ in line.send_c_move(asked, "ARCHIVE", retrieve.STUDY_ROOT_MOVE)]
    line.release()
    return found


def test_a_silent_association_ends_with_its_idle_time(
    tmp_path: Path, lines: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scp, "NETWORK_TIMEOUT_SECONDS", 0.2)
    with running(tmp_path) as gateway:
        [one] = silent(lines, gateway, "127.0.0.1", 1)
        assert [heard(one), heard(one)] == [ACCEPTED, ABORTED]
