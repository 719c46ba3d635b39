"""Who may associate, from where, and for what."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from dicom_gateway.crypto import digest
from dicom_gateway.errors import PeerRefused, PeerUnknown
from dicom_gateway.peers import Peer, Peers, Right

PACS = Peer("PACS", "10.0.0.5", 104, frozenset(Right))
CT = Peer("CT1", "10.0.0.6")
SAFE = Peer("SAFE", "127.0.0.1", 2762, frozenset({Right.QUERY}), tls=True)
LISTED = Peers((PACS, CT, SAFE))


def test_a_listed_peer_has_its_rights() -> None:
    assert LISTED.admit("PACS", "10.0.0.5", certificate=b"") == frozenset(Right)
    assert LISTED.admit("CT1", "::ffff:10.0.0.6", certificate=b"") == {Right.STORE}
    assert LISTED.admit("SAFE", "127.0.0.1", certificate=b"any") == {Right.QUERY}


@pytest.mark.parametrize(
    ("title", "address"),
    [("OTHER", "10.0.0.5"), ("PACS", "10.0.0.6"), ("PACS", "::1"), ("SAFE", "127.0.0.1")],
)
def test_another_title_another_address_or_no_tls_is_refused(title: str, address: str) -> None:
    with pytest.raises(PeerRefused):
        LISTED.admit(title, address, certificate=b"")


def test_a_title_may_be_tied_to_one_certificate() -> None:
    own = digest(b"own").hex().upper()
    colons = ":".join(own[at : at + 2] for at in range(0, 64, 2))
    for written in (own, colons):
        peers = Peers((Peer("SAFE", "127.0.0.1", tls=True, certificate_sha256=written),))
        assert peers.admit("SAFE", "127.0.0.1", certificate=b"own") == {Right.STORE}
        for shown in (b"another", b""):
            with pytest.raises(PeerRefused):
                peers.admit("SAFE", "127.0.0.1", certificate=shown)


@pytest.mark.parametrize(("tls", "written"), [(False, "a" * 64), (True, "a" * 63), (True, "own")])
def test_a_fingerprint_that_is_none_is_refused_at_the_start(written: str, *, tls: bool) -> None:
    with pytest.raises(ValidationError, match="certificate_sha256"):
        Peer("SAFE", "127.0.0.1", tls=tls, certificate_sha256=written)


def test_a_host_name_is_looked_up() -> None:
    peers = Peers((Peer("NEAR", "localhost"), Peer("LOST", "no-such-host.invalid")))
    assert peers.admit("NEAR", "127.0.0.1", certificate=b"") == {Right.STORE}
    with pytest.raises(PeerRefused):
        peers.admit("LOST", "127.0.0.1", certificate=b"")


def test_without_rows_callers_may_store_only() -> None:
    assert Peers().admit("ANY", "192.0.2.1", certificate=b"") == {Right.STORE}
    with pytest.raises(PeerRefused):
        Peers(callers=("CT1",)).admit("ANY", "192.0.2.1", certificate=b"")


@pytest.mark.parametrize("title", ["OTHER", "CT1"])
def test_only_a_listed_peer_that_listens_is_a_destination(title: str) -> None:
    assert LISTED.destination("PACS") == PACS
    with pytest.raises(PeerUnknown):
        LISTED.destination(title)


@pytest.mark.parametrize(
    "row",
    [
        {"ae_title": "", "host": "h"},
        {"ae_title": "A" * 17, "host": "h"},
        {"ae_title": "A\\B", "host": "h"},
        {"ae_title": "A", "host": " "},
        {"ae_title": "A", "host": "h", "port": 70000},
        {"ae_title": "A", "host": "h", "rights": ["delete"]},
        {"ae_title": "A", "host": "h", "colour": "red"},
        {"host": "h"},
    ],
    ids=str,
)
def test_a_row_that_cannot_be_meant_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Peer).validate_python(row)


def test_one_title_stands_once() -> None:
    with pytest.raises(ValidationError, match="two peers"):
        Peers((PACS, PACS))
