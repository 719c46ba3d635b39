"""The lean path holds the same conversations as pynetdicom, which stays the reference."""

from __future__ import annotations

import subprocess
import tracemalloc
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from dicom_gateway.dimse import scp, status
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import StoredObject
from tests.dicom_gateway.dimse.peer import (
    ABORT,
    COMMAND,
    ECHO,
    LAST,
    RELEASE,
    Peer,
    associate_request,
    pdu,
    pdv,
    store_request,
)
from tests.dicom_gateway.objects import ct, encode
from tests.dicom_gateway.stage import AE_TITLE, Gateway, running, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

A_ABORT, A_RELEASE_RP, P_DATA, A_ASSOCIATE_AC, A_ASSOCIATE_RJ = 7, 6, 4, 2, 3
BOTH = pytest.mark.parametrize("lean", [True, False], ids=["lean", "reference"])


def objects(gateway: Gateway) -> list[str]:
    with reading(gateway.engine) as connection:
        return sorted(connection.scalars(select(StoredObject.sop_instance_uid)))


def files(gateway: Gateway) -> list[Path]:
    return [path for path in gateway.settings.var.rglob("*") if path.suffix in {".dcm", ".part"}]


def has_no_leftover(gateway: Gateway) -> bool:
    return len(files(gateway)) == len(objects(gateway))


def stores_and_releases(peer: Peer) -> None:
    peer.associate()
    for number in (1, 2, 3):
        peer.store(ct(number=number), fragment_bytes=100 * number + 1)
    peer.say(RELEASE)
    peer.hear_the_end()


def splits_the_command(peer: Peer) -> None:
    peer.associate()
    request = store_request(ct().SOPInstanceUID)
    peer.say(pdu(4, pdv(1, COMMAND, request[:40])), pdu(4, pdv(1, COMMAND | LAST, request[40:])))
    peer.say(pdu(4, pdv(1, LAST, encode(ct()))))
    peer.hear()
    peer.store(ct(number=2))
    peer.say(RELEASE)
    peer.hear_the_end()


def names_an_originator(peer: Peer) -> None:
    peer.associate()
    request = store_request(ct().SOPInstanceUID)[12:]
    more = b"\0\0\x30\x10\x08\0\0\0MOVERAE " + b"\0\0\x31\x10\x02\0\0\0\x09\0"
    whole = request + more
    head = b"\0\0\0\0\x04\0\0\0" + len(whole).to_bytes(4, "little")
    peer.say(pdu(4, pdv(1, COMMAND | LAST, head + whole)), pdu(4, pdv(1, LAST, encode(ct()))))
    peer.hear()
    peer.say(RELEASE)
    peer.hear_the_end()


def echoes_between_objects(peer: Peer) -> None:
    peer.associate()
    for number in (1, 2):
        peer.store(ct(number=number))
        peer.say(pdu(4, pdv(3, COMMAND | LAST, ECHO)))
        peer.hear()
    peer.say(RELEASE)
    peer.hear_the_end()


def names_a_path_as_identifier(peer: Peer) -> None:
    peer.associate()
    peer.say(pdu(4, pdv(1, COMMAND | LAST, store_request("../../x"))))
    peer.say(pdu(4, pdv(1, LAST, encode(ct()))))
    peer.hear()
    peer.say(RELEASE)
    peer.hear_the_end()


def sends_no_dicom(peer: Peer) -> None:
    peer.associate()
    peer.announce(ct())
    peer.say(pdu(4, pdv(1, LAST, b"<html></html>" * 50)))
    peer.hear()
    peer.store(ct(number=2))
    peer.say(RELEASE)
    peer.hear_the_end()


def asks_for_another_title(peer: Peer) -> None:
    peer.associate(called="SOMEONE")
    peer.hear_the_end()


def aborts_inside_an_object(peer: Peer) -> None:
    peer.associate()
    peer.announce(ct())
    peer.say(pdu(4, pdv(1, 0, encode(ct())[:300])), ABORT)
    peer.hear_the_end()


def releases_inside_an_object(peer: Peer) -> None:
    peer.associate()
    peer.announce(ct())
    peer.say(pdu(4, pdv(1, 0, encode(ct())[:300])), RELEASE)
    peer.hear_the_end()


def sends_a_value_longer_than_its_pdu(peer: Peer) -> None:
    peer.associate()
    peer.say(pdu(4, b"\0\0\xff\xff\x01\x03" + store_request("1.2.3")))
    peer.hear_the_end()


def sends_a_malformed_value_inside_an_object(peer: Peer) -> None:
    peer.associate()
    peer.announce(ct())
    peer.say(pdu(4, b"\0\0\xff\xff\x01\x00" + encode(ct())))
    peer.hear_the_end()


def sends_an_unknown_pdu_inside_an_object(peer: Peer) -> None:
    peer.associate()
    peer.announce(ct())
    peer.say(pdu(4, pdv(1, 0, encode(ct())[:300])), pdu(0x42, b""))
    peer.hear_the_end()


def associates_twice(peer: Peer) -> None:
    peer.associate()
    peer.store(ct())
    peer.say(associate_request())
    peer.hear_the_end()


def announces_a_pdu_too_long(peer: Peer) -> None:
    peer.associate()
    peer.store(ct())
    peer.say(b"\x04\0\x40\0\0\0", bytes(4000))
    peer.hear_the_end()


CONVERSATIONS = [
    stores_and_releases,
    splits_the_command,
    names_an_originator,
    echoes_between_objects,
    names_a_path_as_identifier,
    sends_no_dicom,
    asks_for_another_title,
    aborts_inside_an_object,
    releases_inside_an_object,
    sends_a_value_longer_than_its_pdu,
    sends_a_malformed_value_inside_an_object,
    sends_an_unknown_pdu_inside_an_object,
    associates_twice,
    announces_a_pdu_too_long,
]


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_both_paths_give_the_same_answers_and_keep_the_same_objects(tmp_path: Path) -> None:
    for lean in (True, False):
        (tmp_path / str(lean)).mkdir()
    with (
        running(tmp_path / "True", lean=True) as ours,
        running(tmp_path / "False", lean=False) as reference,
    ):
        for conversation in CONVERSATIONS:
            answers = [held(conversation, gateway.port) for gateway in (ours, reference)]
            assert answers[0] == answers[1], conversation.__name__
            assert objects(ours) == objects(reference), conversation.__name__
            for gateway in (ours, reference):
                wait_until(partial(has_no_leftover, gateway), "nothing is left over")


def held(conversation: Callable[[Peer], None], port: int) -> list[bytes]:
    """What a conversation heard."""
    peer = Peer(port)
    try:
        conversation(peer)
    finally:
        peer.close()
    return peer.heard


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
@BOTH
def test_answers_are_what_the_standard_says(tmp_path: Path, *, lean: bool) -> None:
    with running(tmp_path, lean=lean) as gateway:
        kinds = {
            conversation: [answer[0] for answer in held(conversation, gateway.port) if answer]
            for conversation in CONVERSATIONS
        }
    assert kinds[stores_and_releases] == [A_ASSOCIATE_AC, P_DATA, P_DATA, P_DATA, A_RELEASE_RP]
    assert kinds[asks_for_another_title] == [A_ASSOCIATE_RJ]
    assert kinds[releases_inside_an_object] == [A_ASSOCIATE_AC, A_RELEASE_RP]
    assert kinds[aborts_inside_an_object] == [A_ASSOCIATE_AC]
    assert kinds[sends_a_malformed_value_inside_an_object] == [A_ASSOCIATE_AC, A_ABORT]
    assert kinds[sends_an_unknown_pdu_inside_an_object] == [A_ASSOCIATE_AC, A_ABORT]


def test_what_is_no_association_at_all_is_aborted_and_hung_up(gateway: Gateway) -> None:
    peer = Peer(gateway.port)
    peer.say(b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n")
    peer.hear_the_end()
    assert [answer[:1] for answer in peer.heard] == [bytes((A_ABORT,)), b""]


def test_one_pdu_may_hold_two_objects_and_an_echo(gateway: Gateway) -> None:
    first, second = ct(number=1), ct(number=2)
    body = encode(first)
    peer = Peer(gateway.port)
    peer.associate()
    peer.say(
        pdu(
            4,
            pdv(1, COMMAND | LAST, store_request(first.SOPInstanceUID))
            + pdv(1, 0, body[:300])
            + pdv(1, LAST, body[300:])
            + pdv(1, COMMAND | LAST, store_request(second.SOPInstanceUID))
            + pdv(1, LAST, encode(second))
            + pdv(3, COMMAND | LAST, ECHO),
        )
    )
    assert [peer.hear()[0] for _ in range(3)] == [P_DATA] * 3
    assert peer.heard[3][6 + 4] == 3, "the echo is answered on its own context"
    assert objects(gateway) == ["1.2.3.4.1.1", "1.2.3.4.1.2"]
    peer.close()


def test_a_command_inside_a_data_set_aborts_the_association(gateway: Gateway) -> None:
    peer = Peer(gateway.port)
    peer.associate()
    peer.announce(ct())
    peer.say(pdu(4, pdv(1, 0, encode(ct())[:300]) + pdv(1, COMMAND | LAST, ECHO)))
    peer.hear_the_end()
    assert peer.heard[1][0] == A_ABORT
    wait_until(lambda: files(gateway) == [], "the unfinished object is gone")


def test_a_fragment_of_another_context_aborts_the_association(gateway: Gateway) -> None:
    peer = Peer(gateway.port)
    peer.associate()
    peer.announce(ct())
    peer.say(pdu(4, pdv(5, LAST, encode(ct()))))
    peer.hear_the_end()
    assert peer.heard[1][0] == A_ABORT
    assert objects(gateway) == []


@BOTH
def test_bytes_may_come_in_any_pieces(tmp_path: Path, *, lean: bool) -> None:
    body = encode(ct())
    line = pdu(4, pdv(1, COMMAND | LAST, store_request(ct().SOPInstanceUID)))
    line += pdu(4, pdv(1, 0, body[:501])) + pdu(4, pdv(1, LAST, body[501:]))
    with running(tmp_path, lean=lean) as gateway:
        peer = Peer(gateway.port)
        peer.associate()
        for at in range(0, len(line), 97):
            peer.say(line[at : at + 97])
        assert peer.hear()[0] == P_DATA
        peer.close()
        assert objects(gateway) == ["1.2.3.4.1.1"]


def test_one_pdu_may_hold_thousands_of_fragments(gateway: Gateway) -> None:
    data_set = ct(Rows=32, Columns=32, PixelData=bytes(range(256)) * 8)
    body = encode(data_set)
    peer = Peer(gateway.port)
    peer.associate()
    peer.announce(data_set)
    pieces = [pdv(1, 0, body[at : at + 1]) for at in range(len(body) - 1)]
    peer.say(pdu(4, b"".join(pieces) + pdv(1, LAST, body[-1:])))
    assert peer.hear()[0] == P_DATA
    peer.close()
    [kept] = files(gateway)
    assert kept.read_bytes().endswith(body)


@BOTH
def test_a_connection_cut_inside_an_object_leaves_nothing(tmp_path: Path, *, lean: bool) -> None:
    with running(tmp_path, lean=lean) as gateway:
        peer = Peer(gateway.port)
        peer.associate()
        peer.announce(ct())
        peer.say(pdu(4, pdv(1, 0, encode(ct())[:300])))
        wait_until(lambda: len(files(gateway)) == 1, "the object has begun")
        peer.close()
        wait_until(lambda: files(gateway) == [], "the unfinished object is gone")
        assert objects(gateway) == []


def test_a_peer_that_stands_still_holds_up_nobody(gateway: Gateway) -> None:
    still = [Peer(gateway.port) for _ in range(3)]
    still[0].say(associate_request()[:40])
    for peer in still[1:]:
        peer.associate()
        peer.announce(ct(number=9))
    still[2].say(pdu(4, pdv(1, LAST, encode(ct(number=9))))[:200])
    assert gateway.send(ct(number=1), ct(number=2)) == [status.SUCCESS] * 2
    for peer in still:
        peer.close()


@BOTH
def test_a_peer_that_falls_silent_inside_an_object_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, lean: bool
) -> None:
    monkeypatch.setattr(scp, "NETWORK_TIMEOUT_SECONDS", 0.3)
    with running(tmp_path, lean=lean) as gateway:
        peer = Peer(gateway.port)
        peer.associate()
        peer.announce(ct())
        peer.say(pdu(4, pdv(1, 0, encode(ct())[:300])))
        peer.hear_the_end()
        assert peer.heard[1][0] == A_ABORT
        wait_until(lambda: files(gateway) == [], "the unfinished object is gone")


def test_memory_does_not_grow_with_the_object(gateway: Gateway) -> None:
    whole = ct(Rows=4096, Columns=4096, PixelData=bytes(2 * 4096 * 4096))
    body = encode(whole)
    pieces = [body[at : at + 100_000] for at in range(0, len(body), 100_000)]
    peer = Peer(gateway.port)
    peer.associate()
    peer.announce(whole)
    tracemalloc.start()
    try:
        for piece in pieces[:-1]:
            peer.say(pdu(4, pdv(1, 0, piece)))
        peer.say(pdu(4, pdv(1, LAST, pieces[-1])))
        assert peer.hear()[0] == P_DATA
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024**2
    finally:
        tracemalloc.stop()
        peer.close()
    assert objects(gateway) == ["1.2.3.4.1.1"]


@BOTH
@pytest.mark.parametrize("tuning", [["TCP_NODELAY=1", "TCP_BUFFER_LENGTH=1048576"], []], ids=len)
def test_dcmtk_is_served(tmp_path: Path, tuning: list[str], *, lean: bool) -> None:
    sent = tmp_path / "sent"
    sent.mkdir()
    for number in range(1, 6):
        ct(number=number).save_as(sent / f"{number}.dcm", enforce_file_format=True)
    (tmp_path / "var").mkdir()
    with running(tmp_path, lean=lean) as gateway:
        base = ["env", "-u", "TCP_NODELAY", "-u", "TCP_BUFFER_LENGTH", *tuning]
        where = ["-aec", AE_TITLE, "127.0.0.1", str(gateway.port)]
        for command in (
            ["/usr/bin/echoscu", *where],
            ["/usr/bin/echoscu", "--repeat", "3", "--abort", *where],
            ["/usr/bin/storescu", "-xe", "+sd", *where, str(sent)],
        ):
            done = subprocess.run([*base, *command], capture_output=True, check=False)  # noqa: S603
            assert done.returncode == 0, done.stderr
        refused = [*base, "/usr/bin/echoscu", "-aec", "OTHER", *where[2:]]
        assert subprocess.run(refused, capture_output=True, check=False).returncode != 0  # noqa: S603
        assert len(objects(gateway)) == 5
