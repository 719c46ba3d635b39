"""Evidence of one signed text: everything a later reader needs, closed by the portal's own seal.

One PDF shows the text and carries as attachments what proves it: the text byte for byte, the
resident's signed document with its timestamp, both certificates, the status answer, and the
validation report. The seal (PAdES B-T, validation data inside) covers all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from pyhanko.pdf_utils import embed
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter, copy_into_new_writer

from app.core.clock import JST
from app.crypto.digests import sha256_hex
from app.jpki.accidents import refuse_accidents
from app.jpki.document import VerifiedSigner, read_document, verify_document
from app.jpki.errors import MalformedDocument
from app.jpki.evidence_errors import SealNotOurs, TimestampRejected
from app.jpki.evidence_page import write_pages
from app.jpki.examination import examine_document
from app.jpki.pades import (
    PdfMark,
    ValidationData,
    finish_pdf,
    prepare_pdf,
    read_pdf,
    store_validation_data,
)
from app.jpki.reasons import plain_reason
from app.jpki.report import write_report
from app.jpki.revocation import KnownStatus
from app.jpki.timestamp import signature_imprint, with_signature_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from app.jpki.examination import Examination
    from app.jpki.revocation import CheckPurpose, RevocationSource
    from app.jpki.seal import Seal
    from app.jpki.timestamp import Timestamper, VerifiedTimestamp
    from app.jpki.trust import TrustStore

TEXT, DOCUMENT, REPORT = "signed-text.txt", "signature.p7s", "validation-report.xml"
CERTIFICATE, ANCHOR = "certificate.cer", "anchor.cer"
TIMESTAMP, STATUS = "timestamp.tst", "status.ors"
_TYPES: Final = {
    TEXT: "text/plain",
    DOCUMENT: "application/pkcs7-signature",
    REPORT: "application/xml",
    CERTIFICATE: "application/pkix-cert",
    ANCHOR: "application/pkix-cert",
    TIMESTAMP: "application/timestamp-reply",
    STATUS: "application/ocsp-response",
}


@dataclass(frozen=True)
class Act:
    """What was done by signing: ``title`` heads the page, ``reference`` names the record (an id).

    ``not_before``: when the nonce inside the text was given out; the signature cannot be older.
    """

    title: str
    reference: str
    purpose: CheckPurpose
    not_before: datetime | None = None


@dataclass(frozen=True)
class SealedEvidence:
    """A proved signer and the sealed file (PDF) that will still prove it later."""

    signer: VerifiedSigner
    examination: Examination
    stamp: VerifiedTimestamp
    pdf: bytes

    @property
    def sha256(self) -> str:
        """64 hex digits naming the file."""
        return sha256_hex(self.pdf)


@dataclass(frozen=True)
class EvidenceDesk:
    """Where a signed text is verified, timestamped, reported on and sealed."""

    trust: TrustStore
    status: RevocationSource
    timestamps: Timestamper
    seal: Seal
    font: Path

    def accept(
        self, cms_der: bytes, expected_text: str, act: Act, *, at: datetime
    ) -> SealedEvidence:
        """Prove that a live signature certificate signed exactly this text, and keep the proof.

        Raises what ``verify_document`` raises, TimestampUnavailable and TimestampRejected.
        """
        signer = verify_document(
            cms_der, expected_text, self.trust, self.status, at=at, purpose=act.purpose
        )
        imprint = signature_imprint(read_document(cms_der).signature)
        stamp = self.timestamps.stamp(imprint, at=at)
        document = with_signature_timestamp(cms_der, stamp.token)
        found = self._examined(document, expected_text, act, signer, at)
        pdf = self._sealed(act, found, document, at)
        return SealedEvidence(signer, found, stamp, pdf)

    def open(self, pdf: bytes) -> dict[str, bytes]:
        """The attachments of an evidence file that our own seal closed, by name.

        Raises SealNotOurs, and MalformedDocument, SignatureInvalid or AlteredAfterSigning when the
        file is not as it was sealed.
        """
        parts = read_pdf(pdf)
        if parts.certificate.dump() not in self.seal.certificates:
            raise SealNotOurs("sealed by another key")
        return refuse_accidents(lambda: _attachments(pdf), MalformedDocument)

    def _examined(
        self, document: bytes, text: str, act: Act, signer: VerifiedSigner, at: datetime
    ) -> Examination:
        """Judge what will be kept, by the status just proved. Raises TimestampRejected."""
        found = examine_document(
            document,
            text,
            self.trust,
            KnownStatus(signer.status),
            at=at,
            not_before=act.not_before,
            purpose=act.purpose,
        )
        if not found.passed or found.stamp is None:
            raise TimestampRejected(found.sub_indication or "the document does not carry it")
        return found

    def _sealed(self, act: Act, found: Examination, document: bytes, at: datetime) -> bytes:
        files = _files(found, document)
        subject = f"{act.title} {act.reference}"
        facts = _facts(act, found, files)
        text = files[TEXT].decode()
        pages = write_pages(act.title, text, facts, subject=subject, font=self.font)
        writer = copy_into_new_writer(PdfFileReader(BytesIO(pages)))
        for name, content in files.items():
            _attach(writer, name, content)
        store_validation_data(writer, _validation_data(found, self.seal))
        draft = prepare_pdf(
            writer,
            self.seal.certificate,
            self.seal.algorithm,
            at=at,
            mark=PdfMark("Seal", reason="証跡の封印", certify=True),
        )
        signature = self.seal.sign(draft.cms.to_be_signed)
        stamp = self.timestamps.stamp(signature_imprint(signature), at=at)
        return finish_pdf(draft, signature, token=stamp.token)


def _files(found: Examination, document: bytes) -> dict[str, bytes]:
    files = {TEXT: found.text, DOCUMENT: document, REPORT: write_report(found)}
    if found.path is not None:
        files[CERTIFICATE] = found.path.certificate.der
        files[ANCHOR] = found.path.anchor.der
    if found.stamp is not None:
        files[TIMESTAMP] = found.stamp.token
    if found.status is not None and found.status.ocsp_response is not None:
        files[STATUS] = found.status.ocsp_response
    return files


def _attach(writer: PdfFileWriter, name: str, content: bytes) -> None:
    data = embed.EmbeddedFileObject.from_file_data(writer, content, mime_type=_TYPES[name])
    spec = embed.FileSpec(name, name, data, af_relationship=pdf_name("/Data"))
    embed.embed_file(writer, spec)


def _attachments(pdf: bytes) -> dict[str, bytes]:
    tree = PdfFileReader(BytesIO(pdf)).root["/Names"]["/EmbeddedFiles"]["/Names"]
    return {str(tree[index]): tree[index + 1]["/EF"]["/F"].data for index in range(0, len(tree), 2)}


def _validation_data(found: Examination, seal: Seal) -> ValidationData:
    certificates = list(seal.certificates)
    if found.path is not None:
        certificates += [found.path.certificate.der, found.path.anchor.der]
    if found.stamp is not None:
        certificates += found.stamp.certificates
    answer = found.status.ocsp_response if found.status else None
    return ValidationData(tuple(certificates), (answer,) if answer else ())


def _facts(act: Act, found: Examination, files: Iterable[str]) -> list[tuple[str, str]]:
    facts = [
        ("検証結果", plain_reason(found)),
        ("記録番号", act.reference),
        ("署名された文章のSHA-256", sha256_hex(found.text)),
    ]
    if found.stamp is not None:
        facts.append(("時刻認証", _instant(found.stamp.generated_at)))
    if found.status is not None:
        source = f"{found.status.source.upper()}　{_instant(found.status.as_of)}時点"
        facts.append(("失効していないことの確認", source))
    facts.append(("添付", "、".join(files)))
    return facts


def _instant(at: datetime) -> str:
    return at.astimezone(JST).strftime("%Y-%m-%d %H:%M:%S%z")
