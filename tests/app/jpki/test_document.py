"""Signed documents: the signer of exactly this text, or a refusal."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from app.crypto.digests import sha256
from app.jpki.document import MAXIMUM_BYTES, VerifiedSigner, verify_document
from app.jpki.errors import (
    AlgorithmNotAllowed,
    CertificateExpired,
    JpkiRejected,
    MalformedDocument,
    NotASignatureCertificate,
    RevocationUnknown,
    SignatureInvalid,
    UnknownIssuer,
    WrongDocument,
)
from app.jpki.revocation import FirstAnswer
from simulators.jlis.card_folder import Card, Issued
from simulators.jlis.profile import Purpose
from tests.forgery import altered
from tests.pki import AT, NothingRevoked, issue_card, rsa_key, sign_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from app.jpki.trust import TrustStore
    from simulators.jlis.office import Office

TEXT = "利用申請書\n私は、つなぐの利用を申し込みます。\n番号: 1\n"


def verified(document: bytes, trust: TrustStore, text: str = TEXT) -> VerifiedSigner:
    return verify_document(document, text, trust, NothingRevoked(), at=AT)


def changed(document: bytes, change: Callable[[Any], None]) -> bytes:
    """A copy of the document with something changed in its SignedData."""
    info = cms.ContentInfo.load(document)
    signed = info["content"]
    change(signed)
    return bytes(
        cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump(force=True)
    )


def test_the_signer_is_named_with_four_attributes_and_claimed_time(
    card: Card, trust: TrustStore
) -> None:
    signer = verified(sign_document(card.signing, TEXT), trust)
    assert signer.credential.serial == card.signing.serial
    assert signer.attributes.name == card.holder.name
    assert signer.claimed_signing_time == AT
    assert (signer.generation, signer.simulated) == (3, True)


def test_openssl_agrees_about_a_good_document(card: Card, office: Office, tmp_path: Path) -> None:
    (tmp_path / "document.p7s").write_bytes(sign_document(card.signing, TEXT))
    root = office.authority(Purpose.SIGNATURE).certificate
    (tmp_path / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    command = "openssl cms -verify -binary -inform DER -in document.p7s -CAfile root.pem"
    done = subprocess.run(  # noqa: S603 - fixed command
        [*command.split(), "-purpose", "any", "-attime", str(int(AT.timestamp()))],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode() == TEXT


@pytest.mark.parametrize("text", [TEXT + " ", TEXT[:-1], TEXT.replace("1", "2"), ""])
def test_a_good_signature_over_another_text_is_refused(
    card: Card, trust: TrustStore, text: str
) -> None:
    with pytest.raises(WrongDocument):
        verified(sign_document(card.signing, TEXT), trust, text)


def test_a_text_changed_after_signing_is_refused(card: Card, trust: TrustStore) -> None:
    document = sign_document(card.signing, TEXT).replace("番号: 1".encode(), "番号: 2".encode())
    with pytest.raises(SignatureInvalid):
        verified(document, trust, TEXT.replace("1", "2"))


def test_another_key_did_not_sign_this(card: Card, trust: TrustStore) -> None:
    with pytest.raises(SignatureInvalid):
        verified(sign_document(Issued(card.signing.certificate, rsa_key(2)), TEXT), trust)


def test_an_authentication_certificate_signs_no_document(card: Card, trust: TrustStore) -> None:
    with pytest.raises(NotASignatureCertificate):
        verified(sign_document(card.auth, TEXT), trust)


def test_a_login_answer_is_never_a_consent(card: Card, trust: TrustStore) -> None:
    """Even the right kind of key: the signed attributes of a CMS never equal a login's bytes."""
    with pytest.raises(SignatureInvalid):
        verified(sign_document(card.signing, TEXT, signature=b"\x01" * 256), trust)


def test_an_expired_certificate_signs_no_document(office: Office, trust: TrustStore) -> None:
    until = AT - timedelta(hours=1)
    card = issue_card(office, at=AT - timedelta(days=9), valid_until=until)
    with pytest.raises(CertificateExpired):
        verified(sign_document(card.signing, TEXT), trust)


def test_a_self_made_certificate_signs_no_document(card: Card, trust: TrustStore) -> None:
    thief = rsa_key(2)
    forged = altered(card.signing.certificate, thief, public_key=thief.public_key())
    issued = Issued(x509.load_der_x509_certificate(forged), thief)
    with pytest.raises(UnknownIssuer):
        verified(sign_document(issued, TEXT), trust)


def test_an_unknown_status_refuses_the_document(card: Card, trust: TrustStore) -> None:
    with pytest.raises(RevocationUnknown):
        verify_document(sign_document(card.signing, TEXT), TEXT, trust, FirstAnswer(()), at=AT)


def two_signers(signed: Any) -> None:
    signed["signer_infos"].append(signed["signer_infos"][0].copy())


def no_signer(signed: Any) -> None:
    signed["signer_infos"] = []


def no_text(signed: Any) -> None:
    signed["encap_content_info"] = {"content_type": "data"}


def no_attributes(signed: Any) -> None:
    del signed["signer_infos"][0]["signed_attrs"]


def no_certificate(signed: Any) -> None:
    signed["certificates"] = []


def twice_the_certificate(signed: Any) -> None:
    signed["certificates"].append(signed["certificates"][0].copy())


@pytest.mark.parametrize(
    "change",
    [two_signers, no_signer, no_text, no_attributes, no_certificate, twice_the_certificate],
)
def test_a_document_of_another_form_is_refused(
    card: Card, trust: TrustStore, change: Callable[[Any], None]
) -> None:
    with pytest.raises(MalformedDocument):
        verified(changed(sign_document(card.signing, TEXT), change), trust)


@pytest.mark.parametrize("digest", ["sha1", "sha512", "md5"])
def test_a_digest_off_the_list_is_refused(card: Card, trust: TrustStore, digest: str) -> None:
    def change(signed: Any) -> None:
        signed["signer_infos"][0]["digest_algorithm"] = {"algorithm": digest}

    with pytest.raises(AlgorithmNotAllowed):
        verified(changed(sign_document(card.signing, TEXT), change), trust)


def certificate_attribute(card_der: bytes) -> dict[str, Any]:
    identifier = {"hash_algorithm": {"algorithm": "sha256"}, "cert_hash": sha256(card_der)}
    return {"type": "signing_certificate_v2", "values": [{"certs": [identifier]}]}


def test_a_signing_certificate_attribute_must_name_the_signer(
    office: Office, card: Card, trust: TrustStore
) -> None:
    own = [certificate_attribute(card.signing.der)]
    other = [certificate_attribute(issue_card(office).signing.der)]
    verified(sign_document(card.signing, TEXT, attributes=own), trust)
    with pytest.raises(MalformedDocument):
        verified(sign_document(card.signing, TEXT, attributes=other), trust)


@pytest.mark.parametrize("name", ["content_type", "message_digest"])
def test_a_doubled_signed_attribute_is_refused(card: Card, trust: TrustStore, name: str) -> None:
    value = "data" if name == "content_type" else sha256(TEXT.encode())
    attributes = [{"type": name, "values": [value]}]
    with pytest.raises(JpkiRejected):
        verified(sign_document(card.signing, TEXT, attributes=attributes), trust)


def test_bytes_after_the_document_or_too_many_are_refused(card: Card, trust: TrustStore) -> None:
    document = sign_document(card.signing, TEXT)
    for bad in (document + b"\x00", document + b"\x00" * MAXIMUM_BYTES, b"", b"\x30\x80"):
        with pytest.raises(MalformedDocument):
            verified(bad, trust)


def test_the_longest_text_of_the_wire_contract_fits(card: Card, trust: TrustStore) -> None:
    text = "見" * 8000
    assert verified(sign_document(card.signing, text), trust, text).credential.serial
