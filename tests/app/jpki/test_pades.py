"""PDF signatures: the card signs a digest, the document is proved whole or refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from pyhanko.pdf_utils.generic import NumberObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from reportlab.pdfgen.canvas import Canvas

from app.jpki import cms_draft, pades
from app.jpki.document import signer_path, verify_document, verify_pdf
from app.jpki.errors import (
    JpkiRejected,
    MalformedDocument,
    NotASignatureCertificate,
    RevocationUnknown,
    SignatureInvalid,
)
from app.jpki.evidence_errors import AlteredAfterSigning
from app.jpki.examination import examine_pdf
from app.jpki.indications import Indication
from app.jpki.pades import PdfDraft, PdfMark, ValidationData, finish_pdf, prepare_pdf, read_pdf
from app.jpki.revocation import FirstAnswer
from app.jpki.signature import SignatureAlgorithm
from app.jpki.timestamp import signature_imprint
from tests.app.jpki.test_examination import RevokedAt
from tests.pki import AT, LocalTimestamps, NothingRevoked, rsa_key

if TYPE_CHECKING:
    from app.jpki.trust import TrustStore
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office

RS256, PS256 = SignatureAlgorithm.RS256, SignatureAlgorithm.PS256


def blank_pdf() -> bytes:
    """One page."""
    output = BytesIO()
    canvas = Canvas(output, invariant=1)
    canvas.drawString(100, 700, "Specimen")
    canvas.save()
    return output.getvalue()


def signed_by_card(card: Card, draft: PdfDraft) -> bytes:
    """The card sees 32 bytes and nothing else."""
    digest = draft.cms.digest_to_sign
    assert len(digest) == 32
    return card.signing.key.sign(digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))


def signed_pdf(card: Card, mark: PdfMark | None = None) -> bytes:
    draft = prepare_pdf(blank_pdf(), card.signing.der, RS256, at=AT, mark=mark)
    return finish_pdf(draft, signed_by_card(card, draft))


def test_the_card_signs_only_a_digest_and_the_pdf_verifies(card: Card, trust: TrustStore) -> None:
    parts = read_pdf(signed_pdf(card))
    path = signer_path(parts, trust, at=AT)
    assert format(path.certificate.serial, "x") == card.signing.serial


def test_a_signed_pdf_names_its_live_signer(card: Card, trust: TrustStore) -> None:
    signer = verify_pdf(signed_pdf(card), trust, NothingRevoked(), at=AT)
    assert signer.credential.serial == card.signing.serial
    with pytest.raises(RevocationUnknown):
        verify_pdf(signed_pdf(card), trust, FirstAnswer(()), at=AT)


def test_a_login_certificate_signs_no_pdf(card: Card, trust: TrustStore) -> None:
    draft = prepare_pdf(blank_pdf(), card.auth.der, RS256, at=AT)
    signature = card.auth.key.sign(draft.cms.to_be_signed, padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(NotASignatureCertificate):
        verify_pdf(finish_pdf(draft, signature), trust, NothingRevoked(), at=AT)


def test_a_pdf_is_judged_with_its_timestamp(card: Card, office: Office, trust: TrustStore) -> None:
    draft = prepare_pdf(blank_pdf(), card.signing.der, RS256, at=AT)
    signature = signed_by_card(card, draft)
    stamp = LocalTimestamps(office, trust).stamp(signature_imprint(signature), at=AT)
    pdf = finish_pdf(draft, signature, token=stamp.token)
    later = RevokedAt(AT + timedelta(hours=1))
    found = examine_pdf(pdf, trust, later, at=AT + timedelta(hours=2))
    assert (found.passed, found.best_signature_time) == (True, AT)
    without = finish_pdf(draft, signature)
    assert not examine_pdf(without, trust, later, at=AT + timedelta(hours=2)).passed
    changed = pdf.replace(b"/Lang", b"/Long").replace(b"anonymous", b"Anonymous")
    assert changed != pdf
    broken = examine_pdf(changed, trust, later, at=AT)
    assert broken.indication is not Indication.PASSED


def test_a_timestamp_and_validation_data_leave_the_signature_whole(
    card: Card, office: Office, trust: TrustStore
) -> None:
    draft = prepare_pdf(blank_pdf(), card.signing.der, RS256, at=AT)
    signature = signed_by_card(card, draft)
    stamp = LocalTimestamps(office, trust).stamp(signature_imprint(signature), at=AT)
    pdf = finish_pdf(draft, signature, token=stamp.token)
    data = ValidationData(certificates=(card.signing.der, *stamp.certificates))
    long_term = pades.add_validation_data(pdf, data)
    assert long_term.startswith(pdf)
    assert b"/DSS" in long_term
    assert read_pdf(long_term).signature == signature


def test_a_change_after_signing_is_refused(card: Card) -> None:
    pdf = signed_pdf(card)
    stream = BytesIO(pdf)
    writer = IncrementalPdfFileWriter(stream)
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = NumberObject(90)  # type: ignore[no-untyped-call]
    writer.update_container(page)
    writer.write_in_place()  # type: ignore[no-untyped-call]
    with pytest.raises(AlteredAfterSigning):
        read_pdf(stream.getvalue())


def test_a_changed_byte_is_refused(card: Card) -> None:
    pdf = signed_pdf(card)
    changed = pdf.replace(b"/Producer (", b"/Producer [", 1)
    assert changed != pdf
    with pytest.raises((SignatureInvalid, MalformedDocument)):
        read_pdf(changed)


def test_another_key_did_not_sign_this_pdf(card: Card) -> None:
    draft = prepare_pdf(blank_pdf(), card.signing.der, RS256, at=AT)
    stranger = rsa_key(5).sign(draft.cms.to_be_signed, padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(SignatureInvalid):
        read_pdf(finish_pdf(draft, stranger))


def test_two_signatures_or_none_are_refused(card: Card) -> None:
    once = signed_pdf(card)
    draft = prepare_pdf(once, card.signing.der, RS256, at=AT, mark=PdfMark("Second"))
    twice = finish_pdf(draft, signed_by_card(card, draft))
    for pdf in (twice, blank_pdf()):
        with pytest.raises(MalformedDocument):
            read_pdf(pdf)


def test_bytes_hidden_behind_the_signature_are_refused(card: Card) -> None:
    pdf = signed_pdf(card)
    end = pdf.index(b"0" * 64 + b">")
    with pytest.raises(MalformedDocument):
        read_pdf(pdf[:end] + b"41" + pdf[end + 2 :])


def test_garbage_is_refused_both_ways(card: Card) -> None:
    for garbage in (b"", b"%PDF-1.7\n", b"\x00" * 100, b"%PDF" + b"\xff" * 5000):
        with pytest.raises(MalformedDocument):
            read_pdf(garbage)
        with pytest.raises(MalformedDocument):
            prepare_pdf(garbage, card.signing.der, RS256, at=AT)
    with pytest.raises(MalformedDocument):
        read_pdf(b"\x00" * (pades.MAXIMUM_BYTES + 1))


def test_a_draft_waits_between_two_requests(card: Card) -> None:
    draft = prepare_pdf(blank_pdf(), card.signing.der, RS256, at=AT)
    copy = replace(draft)
    assert finish_pdf(copy, signed_by_card(card, draft)) == finish_pdf(
        draft, signed_by_card(card, draft)
    )


def test_a_text_is_signed_by_digest_alone(card: Card, trust: TrustStore) -> None:
    draft = cms_draft.prepare_text("本文", card.signing.der, RS256, signing_time=AT)
    signature = card.signing.key.sign(
        draft.digest_to_sign, padding.PKCS1v15(), Prehashed(hashes.SHA256())
    )
    document = cms_draft.assemble(draft, signature)
    signer = verify_document(document, "本文", trust, NothingRevoked(), at=AT)
    assert signer.claimed_signing_time == AT


@pytest.mark.parametrize("algorithm", [PS256, SignatureAlgorithm.ES384])
def test_next_generation_algorithms_are_refused_until_an_anchor_lists_them(
    card: Card, trust: TrustStore, algorithm: SignatureAlgorithm
) -> None:
    draft = cms_draft.prepare_text("本文", card.signing.der, algorithm, signing_time=AT)
    if algorithm is PS256:
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        signature = card.signing.key.sign(draft.to_be_signed, pss, hashes.SHA256())
    else:
        key = ec.generate_private_key(ec.SECP384R1())
        signature = key.sign(draft.to_be_signed, ec.ECDSA(hashes.SHA384()))
    with pytest.raises(JpkiRejected):
        verify_document(
            cms_draft.assemble(draft, signature), "本文", trust, NothingRevoked(), at=AT
        )
