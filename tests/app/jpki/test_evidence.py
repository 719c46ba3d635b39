"""Evidence of a signed text: proved before it is kept, sealed, and recognised as ours later."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from asn1crypto import cms

from app.core.errors import Misconfigured
from app.jpki.document import verify_document
from app.jpki.errors import (
    AlgorithmNotAllowed,
    ContentAltered,
    JpkiRejected,
    MalformedDocument,
    RevocationUnknown,
    SignatureInvalid,
    WrongDocument,
)
from app.jpki.evidence import (
    ANCHOR,
    CERTIFICATE,
    DOCUMENT,
    REPORT,
    STATUS,
    TEXT,
    TIMESTAMP,
    Act,
    EvidenceDesk,
)
from app.jpki.evidence_errors import SealNotOurs, TimestampUnavailable
from app.jpki.fetch import TimestampClient, make_client
from app.jpki.ocsp import build_request, read_response
from app.jpki.revocation import CheckPurpose, FirstAnswer, NotRevoked
from app.jpki.seal import Seal
from simulators.jlis.profile import Purpose
from tests.pki import AT, LocalTimestamps, NothingRevoked, sign_document
from tests.seals import make_seal, seal_files

if TYPE_CHECKING:
    from datetime import datetime

    from app.jpki.anchors import ProvenPath
    from app.jpki.certificates import JpkiCertificate
    from app.jpki.trust import TrustStore
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office

TEXT_SHOWN = "利用申請書\n私は、つなぐの利用を申し込みます。<b>&amp;\n番号: 1\n"
ACT = Act("利用申請の証跡", "0199-0001", CheckPurpose.REGISTRATION, not_before=AT)
FONT = Path("/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf")


class ByOcsp:
    """The office's own responder, asked without HTTP."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def prove_not_revoked(self, path: ProvenPath[JpkiCertificate], *, at: datetime) -> NotRevoked:
        """As the real source."""
        nonce = b"n" * 32
        answer = self.office.ocsp(Purpose.SIGNATURE, build_request(path, nonce), at=at)
        return read_response(answer, path, nonce, at=at)


@pytest.fixture
def desk(office: Office, trust: TrustStore, tmp_path: Path) -> EvidenceDesk:
    """A desk with every part at hand."""
    return EvidenceDesk(
        trust, ByOcsp(office), LocalTimestamps(office, trust), make_seal(tmp_path), FONT
    )


def test_the_file_holds_everything_that_proves_the_signature(
    desk: EvidenceDesk, card: Card, trust: TrustStore
) -> None:
    document = sign_document(card.signing, TEXT_SHOWN)
    kept = desk.accept(document, TEXT_SHOWN, ACT, at=AT)
    files = desk.open(kept.pdf)
    assert set(files) == {TEXT, DOCUMENT, REPORT, CERTIFICATE, ANCHOR, TIMESTAMP, STATUS}
    assert files[TEXT].decode() == TEXT_SHOWN
    assert files[CERTIFICATE] == card.signing.der
    assert files[TIMESTAMP] == kept.stamp.token
    assert b"total-passed" in files[REPORT]
    again = verify_document(files[DOCUMENT], TEXT_SHOWN, trust, NothingRevoked(), at=AT)
    assert again.credential == kept.signer.credential


def test_a_file_is_named_by_its_digest(desk: EvidenceDesk, card: Card) -> None:
    document = sign_document(card.signing, TEXT_SHOWN)
    kept = desk.accept(document, TEXT_SHOWN, ACT, at=AT)
    assert len(kept.sha256) == 64
    assert kept.sha256 != replace(kept, pdf=kept.pdf + b"\n").sha256


def test_what_is_not_proved_is_not_kept(desk: EvidenceDesk, card: Card) -> None:
    document = sign_document(card.signing, TEXT_SHOWN)
    with pytest.raises(WrongDocument):
        desk.accept(document, TEXT_SHOWN + "x", ACT, at=AT)
    with pytest.raises(RevocationUnknown):
        replace(desk, status=FirstAnswer(())).accept(document, TEXT_SHOWN, ACT, at=AT)


def test_without_a_timestamp_nothing_is_kept(
    desk: EvidenceDesk, card: Card, trust: TrustStore
) -> None:
    document = sign_document(card.signing, TEXT_SHOWN)
    with make_client() as client:
        mute = TimestampClient(replace(trust, timestamping=None), client)
        with pytest.raises(TimestampUnavailable):
            replace(desk, timestamps=mute).accept(document, TEXT_SHOWN, ACT, at=AT)


def test_another_seal_is_not_ours(desk: EvidenceDesk, card: Card, tmp_path: Path) -> None:
    kept = desk.accept(sign_document(card.signing, TEXT_SHOWN), TEXT_SHOWN, ACT, at=AT)
    with pytest.raises(SealNotOurs):
        replace(desk, seal=make_seal(tmp_path, 1)).open(kept.pdf)


def test_evidence_of_an_earlier_seal_is_still_ours(
    desk: EvidenceDesk, card: Card, tmp_path: Path
) -> None:
    kept = desk.accept(sign_document(card.signing, TEXT_SHOWN), TEXT_SHOWN, ACT, at=AT)
    key, certificates = seal_files(tmp_path, 1)
    certificates.write_bytes(certificates.read_bytes() + seal_files(tmp_path, 0)[1].read_bytes())
    assert TEXT in replace(desk, seal=Seal.load(key, certificates)).open(kept.pdf)


def test_a_changed_file_is_refused(desk: EvidenceDesk, card: Card) -> None:
    pdf = desk.accept(sign_document(card.signing, TEXT_SHOWN), TEXT_SHOWN, ACT, at=AT).pdf
    place = len(pdf) // 4
    flipped = pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1 :]
    with pytest.raises((ContentAltered, MalformedDocument)):
        desk.open(flipped)
    for broken in (b"", b"%PDF-1.7", pdf[: len(pdf) // 2], pdf + b"\nstartxref\n0\n%%EOF\n"):
        with pytest.raises(JpkiRejected):
            desk.open(broken)


def test_a_font_that_is_missing_keeps_nobody_waiting(
    desk: EvidenceDesk, card: Card, tmp_path: Path
) -> None:
    plain = replace(desk, font=tmp_path / "none.ttf")
    kept = plain.accept(sign_document(card.signing, TEXT_SHOWN), TEXT_SHOWN, ACT, at=AT)
    assert plain.open(kept.pdf)[TEXT].decode() == TEXT_SHOWN


def test_only_a_matching_rsa_pair_is_a_seal(tmp_path: Path) -> None:
    key, certificate = seal_files(tmp_path)
    other = seal_files(tmp_path, 1)[1]
    with pytest.raises(Misconfigured, match="not its key's"):
        Seal.load(key, other)
    with pytest.raises(Misconfigured, match="cannot be read"):
        Seal.load(tmp_path / "none", certificate)
    key.write_bytes(b"nothing")
    with pytest.raises(Misconfigured, match="unencrypted PEM"):
        Seal.load(key, certificate)


def test_a_document_signed_with_another_digest_is_not_kept(desk: EvidenceDesk, card: Card) -> None:
    info = cms.ContentInfo.load(sign_document(card.signing, TEXT_SHOWN))
    info["content"]["signer_infos"][0]["digest_algorithm"] = {"algorithm": "sha1"}
    with pytest.raises(AlgorithmNotAllowed):
        desk.accept(info.dump(force=True), TEXT_SHOWN, ACT, at=AT)
    bad = sign_document(card.signing, TEXT_SHOWN, signature=b"\x01" * 256)
    with pytest.raises(SignatureInvalid):
        desk.accept(bad, TEXT_SHOWN, ACT, at=AT)
