"""Timestamps: a token proves when bytes existed, or nothing."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.core.errors import Misconfigured
from app.crypto.digests import sha256
from app.jpki.document import verify_document
from app.jpki.evidence_errors import TimestampRejected, TimestampUnavailable
from app.jpki.fetch import TimestampClient, make_client
from app.jpki.timestamp import (
    MAXIMUM_BYTES,
    build_request,
    read_response,
    signature_imprint,
    verify_token,
    with_signature_timestamp,
)
from app.jpki.trust import TrustStore
from simulators.jlis.timestamps import POLICY, TimestampAuthority, signer_builder
from tests.pki import AT, LocalTimestamps, NothingRevoked, rsa_key, sign_document

if TYPE_CHECKING:
    from pathlib import Path

    from app.jpki.timestamp import VerifiedTimestamp
    from app.jpki.trust import TimestampAuthorities
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office
    from simulators.jlis.server import JlisServer

IMPRINT = sha256(b"what existed")
SECOND = timedelta(seconds=1)


@pytest.fixture
def authorities(trust: TrustStore) -> TimestampAuthorities:
    """The pinned authorities."""
    assert trust.timestamping is not None
    return trust.timestamping


def tst_info(**changes: Any) -> bytes:
    """A good TSTInfo but for what is changed."""
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": IMPRINT}
    good = {
        "version": "v1",
        "policy": POLICY,
        "message_imprint": imprint,
        "serial_number": 255,
        "gen_time": AT,
    }
    return bytes(tsp.TSTInfo(good | changes).dump())


def proved(office: Office, authorities: TimestampAuthorities, **changes: Any) -> VerifiedTimestamp:
    token = office.timestamps.token(tst_info(**changes), at=AT)
    return verify_token(token, IMPRINT, authorities, at=AT)


def test_a_token_proves_the_instant_with_its_certificates(
    office: Office, authorities: TimestampAuthorities
) -> None:
    stamp = proved(office, authorities)
    assert (stamp.generated_at, stamp.serial, stamp.policy) == (AT, "ff", POLICY)
    assert stamp.certificates[1] == authorities.anchors[0].der


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"policy": "1.3.6.1.4.1.32473.9"}, "under another policy"),
        ({"gen_time": AT + timedelta(minutes=6)}, "from the future"),
        (
            {
                "message_imprint": {
                    "hash_algorithm": {"algorithm": "sha256"},
                    "hashed_message": sha256(b"other"),
                }
            },
            "over other bytes",
        ),
        (
            {
                "message_imprint": {
                    "hash_algorithm": {"algorithm": "sha1"},
                    "hashed_message": IMPRINT[:20],
                }
            },
            "another digest algorithm",
        ),
    ],
)
def test_a_token_that_says_something_else_proves_nothing(
    office: Office, authorities: TimestampAuthorities, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(TimestampRejected, match=reason):
        proved(office, authorities, **changes)


def test_an_answer_to_another_question_proves_nothing(
    office: Office, authorities: TimestampAuthorities
) -> None:
    answer = office.timestamps.answer(build_request(IMPRINT, 1), at=AT)
    assert read_response(answer, IMPRINT, authorities, nonce=1, at=AT).generated_at == AT
    with pytest.raises(TimestampRejected, match="another nonce"):
        read_response(answer, IMPRINT, authorities, nonce=2, at=AT)


def test_a_refusal_garbage_and_too_many_bytes_prove_nothing(
    office: Office, authorities: TimestampAuthorities
) -> None:
    refusal = office.timestamps.answer(b"\x30\x00", at=AT)
    for answer in (refusal, b"", b"\x30\x80", b"\x00" * (MAXIMUM_BYTES + 1)):
        with pytest.raises(TimestampRejected):
            read_response(answer, IMPRINT, authorities, nonce=1, at=AT)
        with pytest.raises(TimestampRejected):
            verify_token(answer, IMPRINT, authorities, at=AT)


def test_a_changed_token_proves_nothing(office: Office, authorities: TimestampAuthorities) -> None:
    token = office.timestamps.token(tst_info(), at=AT)
    altered = token.replace(b"20261101030000Z", b"20261101020000Z")
    assert altered != token
    with pytest.raises(TimestampRejected, match="content-altered"):
        verify_token(altered, IMPRINT, authorities, at=AT)


def test_an_authority_nobody_pinned_proves_nothing(authorities: TimestampAuthorities) -> None:
    stranger = TimestampAuthority.create(at=AT, root_key=rsa_key(3), signer_key=rsa_key(4))
    with pytest.raises(TimestampRejected, match="unknown-issuer"):
        verify_token(stranger.token(tst_info(), at=AT), IMPRINT, authorities, at=AT)


@pytest.mark.parametrize(
    ("usage", "critical"),
    [
        ([ExtendedKeyUsageOID.TIME_STAMPING], False),
        ([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CLIENT_AUTH], True),
        ([ExtendedKeyUsageOID.CLIENT_AUTH], True),
    ],
)
def test_a_certificate_for_more_than_timestamps_proves_nothing(
    authorities: TimestampAuthorities, usage: list[x509.ObjectIdentifier], *, critical: bool
) -> None:
    made = TimestampAuthority.create(at=AT, root_key=rsa_key(3), signer_key=rsa_key(4))
    good = signer_builder(made.root, rsa_key(4).public_key(), AT - timedelta(days=1))
    kept = [one for one in good._extensions if one.oid != x509.ExtendedKeyUsage.oid]
    builder = x509.CertificateBuilder(
        made.root.subject,
        made.signer.subject,
        rsa_key(4).public_key(),
        7,
        AT - timedelta(days=1),
        AT + timedelta(days=1),
    )
    for one in kept:
        builder = builder.add_extension(one.value, critical=one.critical)
    builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=critical)
    broken = replace(made, signer=builder.sign(rsa_key(3), hashes.SHA256()))
    with pytest.raises(TimestampRejected, match="wrong-key-usage"):
        verify_token(broken.token(tst_info(), at=AT), IMPRINT, authorities, at=AT)


def test_a_token_outside_its_certificate_s_life_proves_nothing(
    office: Office, authorities: TimestampAuthorities
) -> None:
    with pytest.raises(TimestampRejected, match="issuer-not-valid"):
        proved(office, authorities, gen_time=AT - timedelta(days=2))
    after = office.timestamps.signer.not_valid_after_utc + SECOND
    token = office.timestamps.token(tst_info(), at=AT)
    with pytest.raises(TimestampRejected, match="expired since"):
        verify_token(token, IMPRINT, authorities, at=after)


def test_a_document_keeps_its_signature_when_it_is_stamped(
    office: Office, trust: TrustStore, card: Card
) -> None:
    document = sign_document(card.signing, "本文")
    stamp = LocalTimestamps(office, trust).stamp(signature_imprint(b"value"), at=AT)
    stamped = with_signature_timestamp(document, stamp.token)
    assert stamp.token in stamped
    assert verify_document(stamped, "本文", trust, NothingRevoked(), at=AT).credential.serial


def test_the_authority_is_asked_over_http(
    jlis_server: JlisServer, trust: TrustStore, authorities: TimestampAuthorities
) -> None:
    now = jlis_server.office.timestamps.signer.not_valid_after_utc - timedelta(days=1)
    served = replace(authorities, url=f"http://127.0.0.1:{jlis_server.port}/timestamp")
    with make_client() as client:
        asked = TimestampClient(replace(trust, timestamping=served), client)
        stamp = asked.stamp(IMPRINT, at=now)
    assert stamp.generated_at < now


def test_without_an_authority_or_an_answer_there_is_no_timestamp(
    trust: TrustStore, authorities: TimestampAuthorities
) -> None:
    nowhere = replace(authorities, url="http://127.0.0.1:9/timestamp")
    with make_client() as client:
        for absent in (None, nowhere):
            asked = TimestampClient(replace(trust, timestamping=absent), client)
            with pytest.raises(TimestampUnavailable):
                asked.stamp(IMPRINT, at=AT)


@pytest.mark.parametrize("change", [{"anchors": []}, {"policies": []}, {"url": "file:///etc"}])
def test_a_profile_that_names_no_authority_well_is_refused(
    office: Office, tmp_path: Path, change: dict[str, Any]
) -> None:
    folder = tmp_path / "trust"
    shutil.copytree(office.var / "trust", folder)
    data = json.loads((folder / "trust.json").read_text())
    data["timestamp"] |= change
    (folder / "trust.json").write_text(json.dumps(data))
    with pytest.raises(Misconfigured):
        TrustStore.load(folder)
