"""Storage commitment: what was acknowledged is vouched for, also after a restart."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from pydicom import Dataset
from pynetdicom import AE, evt
from sqlalchemy import select, update

from dicom_gateway.assembly import build_store
from dicom_gateway.dimse import commitment, status
from dicom_gateway.dimse.commitment import PUSH_MODEL, WELL_KNOWN_INSTANCE
from dicom_gateway.index import commitments
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import Commitment, StoredObject
from dicom_gateway.peers import Peer
from tests.dicom_gateway.objects import ct
from tests.dicom_gateway.stage import AE_TITLE, Gateway, free_port, running, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from pynetdicom.events import Event

CT = "1.2.840.10008.5.1.4.1.1.2"
FIRST, SECOND = "1.2.3.4.1.1", "1.2.3.4.1.2"


def listen(port: int) -> tuple[list[tuple[int, Dataset]], Any]:
    """A modality that takes reports; what it heard, and the server to stop."""
    heard: list[tuple[int, Dataset]] = []

    def take(event: Event) -> tuple[int, None]:
        heard.append((int(event.request.EventTypeID), event.event_information))  # type: ignore[union-attr, arg-type]
        return status.SUCCESS, None

    entity = AE(ae_title="MODALITY")
    entity.add_supported_context(PUSH_MODEL, scu_role=True, scp_role=True)
    handlers: Any = [(evt.EVT_N_EVENT_REPORT, take)]
    return heard, entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)


def information(*instances: str, sop_class: str = CT) -> Dataset:
    wanted = Dataset()
    wanted.TransactionUID = "1.2.99"
    wanted.ReferencedSOPSequence = []
    for uid in instances:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, uid
        wanted.ReferencedSOPSequence.append(item)
    return wanted


def ask(
    gateway: Gateway,
    wanted: Dataset,
    title: str = "MODALITY",
    action: int = 1,
    instance: str = WELL_KNOWN_INSTANCE,
) -> int:
    entity = AE(ae_title=title)
    entity.add_requested_context(PUSH_MODEL)
    line = entity.associate("127.0.0.1", gateway.port, ae_title=AE_TITLE)
    answer, _ = line.send_n_action(wanted, action, PUSH_MODEL, instance)
    line.release()
    return int(answer.Status)


def state(gateway: Gateway) -> str:
    with reading(gateway.engine) as connection:
        return str(connection.scalar(select(Commitment.state)))


def test_what_is_kept_and_what_is_not_is_told(tmp_path: Path) -> None:
    port = free_port()
    heard, server = listen(port)
    with running(tmp_path, peer=(Peer("MODALITY", "127.0.0.1", port),)) as gateway:
        gateway.send(ct(number=1), ct(number=2))
        assert ask(gateway, information(FIRST, SECOND)) == status.SUCCESS
        wait_until(lambda: len(heard) == 1, "the first report")
        assert ask(gateway, information(FIRST, "1.2.8")) == status.SUCCESS
        wait_until(lambda: len(heard) == 2, "the second report")
        wait_until(lambda: state(gateway) == "told", "the row says so")
    server.shutdown()
    [(kind, good), (other, mixed)] = heard
    assert (kind, other) == (commitment.ALL_KEPT, commitment.SOME_NOT_KEPT)
    kept = [item.ReferencedSOPInstanceUID for item in good.ReferencedSOPSequence]
    assert (kept, good.TransactionUID) == ([FIRST, SECOND], "1.2.99")
    [failed] = mixed.FailedSOPSequence
    assert failed.ReferencedSOPInstanceUID == "1.2.8"
    assert failed.FailureReason == commitments.NO_SUCH_INSTANCE


def test_a_restart_forgets_no_transaction(tmp_path: Path) -> None:
    port = free_port()
    peers = (Peer("MODALITY", "127.0.0.1", port),)
    with running(tmp_path, peer=peers) as gateway:
        gateway.send(ct())
        assert ask(gateway, information(FIRST)) == status.SUCCESS
        assert state(gateway) == "waiting"
    heard, server = listen(port)
    with running(tmp_path, peer=peers) as gateway:
        with gateway.engine.begin() as connection:
            connection.execute(update(Commitment).values(next_try_at=0.0))
        wait_until(lambda: state(gateway) == "told", "the report after the restart")
    server.shutdown()
    assert [kind for kind, _ in heard] == [commitment.ALL_KEPT]


@pytest.mark.parametrize(
    ("uid", "sop_class", "reason"),
    [
        ("1.2.8", CT, commitments.NO_SUCH_INSTANCE),
        (FIRST, "1.2.840.10008.5.1.4.1.1.4", commitments.CLASS_CONFLICT),
        (SECOND, CT, commitments.PROCESSING_FAILURE),
    ],
)
def test_each_failure_has_its_reason(
    gateway: Gateway, uid: str, sop_class: str, reason: int
) -> None:
    gateway.send(ct(number=1), ct(number=2))
    store = build_store(gateway.settings)
    with reading(gateway.engine) as connection:
        where = StoredObject.sop_instance_uid == SECOND
        name = connection.scalars(select(StoredObject.file_name).where(where)).one()
        store.path(name).unlink()
        wanted = commitments.Reference(sop_class, uid)
        verdict = commitments.judge(connection, store, (wanted,))
    assert verdict == commitments.Verdict((), ((wanted, reason),))


def test_what_cannot_be_meant_is_refused(tmp_path: Path) -> None:
    peers = (Peer("MODALITY", "127.0.0.1", free_port()),)
    with running(tmp_path, peer=peers) as gateway:
        send = partial(ask, gateway)
        assert send(information(FIRST), action=2) == status.NO_SUCH_ACTION
        assert send(information(FIRST), instance="1.2.3") == status.NO_SUCH_INSTANCE
        missing = information(FIRST)
        del missing.TransactionUID
        assert send(missing) == status.INVALID_ARGUMENT
        assert send(information()) == status.INVALID_ARGUMENT
        assert send(information("../x")) == status.INVALID_ARGUMENT
        assert state(gateway) == "None"


def test_after_a_day_nobody_waits(gateway: Gateway) -> None:
    commitments.ask(gateway.engine, "GONE", "1.2.99", (commitments.Reference(CT, FIRST),))
    with gateway.engine.begin() as connection:
        connection.execute(update(Commitment).values(received_at=0.0))
    [pending] = commitments.due(gateway.engine)
    commitments.postpone(gateway.engine, pending)
    assert state(gateway) == "given up"
    assert commitments.due(gateway.engine) == []


def keep_open(gateway: Gateway, answer: int, *, wanted: Dataset) -> list[int]:
    """Ask as a modality that does not listen, and wait on the same association for the report."""
    heard: list[int] = []
    told = threading.Event()

    def take(event: Event) -> tuple[int, None]:
        heard.append(int(event.request.EventTypeID))  # type: ignore[union-attr, arg-type]
        told.set()
        return answer, None

    entity = AE(ae_title="DEAF")
    entity.add_requested_context(PUSH_MODEL)
    handlers: Any = [(evt.EVT_N_EVENT_REPORT, take)]
    line = entity.associate("127.0.0.1", gateway.port, ae_title=AE_TITLE, evt_handlers=handlers)
    found, _ = line.send_n_action(wanted, 1, PUSH_MODEL, WELL_KNOWN_INSTANCE)
    assert found.Status == status.SUCCESS
    assert told.wait(20)
    assert line.send_n_action(wanted, 2, PUSH_MODEL, WELL_KNOWN_INSTANCE)[0].Status != 0
    line.release()
    return heard


def test_a_peer_that_keeps_its_association_open_is_told_over_it(tmp_path: Path) -> None:
    with running(tmp_path, peer=(Peer("DEAF", "127.0.0.1"), Peer("MODALITY", "127.0.0.1"))) as one:
        one.send(ct(number=1))
        wanted = information(FIRST)
        assert keep_open(one, status.SUCCESS, wanted=wanted) == [commitment.ALL_KEPT]
        wait_until(lambda: state(one) == "told", "the row says so")
        refused = keep_open(one, 0x0110, wanted=wanted)
        assert refused == [commitment.ALL_KEPT]
        wait_until(lambda: attempts(one) == 1, "it cannot be told elsewhere, and is not lost")
        assert state(one) == "waiting"


def attempts(gateway: Gateway) -> int:
    with reading(gateway.engine) as connection:
        return int(connection.scalar(select(Commitment.attempts)) or 0)
