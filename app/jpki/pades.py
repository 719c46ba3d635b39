"""PDF signatures (PAdES, ETSI EN 319 142-1): made with a key that is elsewhere, and verified.

``prepare_pdf`` reserves the place and fixes what is signed, ``finish_pdf`` fills it in (B-B, with a
timestamp B-T), ``add_validation_data`` appends what a later verifier needs (B-LT). Reading and
writing of the PDF is pyHanko's; path, status and timestamp are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import parser
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import (
    PdfCMSEmbedder,
    SigIOSetup,
    SigMDPSetup,
    SigObjSetup,
)
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest, SignatureObject
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.status import SignatureCoverageLevel

from app.jpki import cms_draft
from app.jpki.accidents import refuse_accidents
from app.jpki.errors import MalformedDocument
from app.jpki.evidence_errors import AlteredAfterSigning
from app.jpki.signed_data import SignedParts, read_parts, require_integrity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pyhanko.pdf_utils.writer import BasePdfFileWriter
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

    from app.jpki.cms_draft import CmsDraft
    from app.jpki.signature import SignatureAlgorithm

MAXIMUM_BYTES = 16 * 1024 * 1024
RESERVED_HEX_DIGITS = 32 * 1024  # room for the CMS with chain and timestamp
_HARMLESS = {ModificationLevel.NONE, ModificationLevel.LTA_UPDATES}
_WHOLE = {SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION}


@dataclass(frozen=True)
class PdfDraft:
    """A PDF with the place of its signature reserved; ``cms`` says what the key has to sign."""

    pdf: bytes
    digest: bytes
    place: tuple[int, int]
    cms: CmsDraft


@dataclass(frozen=True)
class ValidationData:
    """What a later verifier needs and cannot ask for any more: DER of each."""

    certificates: tuple[bytes, ...] = ()
    ocsp_responses: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class PdfMark:
    """How the signature presents itself: its field, and whether later changes are forbidden."""

    field: str = "Signature"
    reason: str | None = None
    certify: bool = False


def prepare_pdf(
    pdf: bytes | BasePdfFileWriter,
    certificate_der: bytes,
    algorithm: SignatureAlgorithm,
    *,
    at: datetime,
    mark: PdfMark | None = None,
) -> PdfDraft:
    """Reserve the place of a signature in a PDF. Raises MalformedDocument."""
    return refuse_accidents(
        lambda: _prepared(pdf, certificate_der, algorithm, at, mark or PdfMark()),
        MalformedDocument,
    )


def finish_pdf(
    draft: PdfDraft, signature: bytes, *, chain: Iterable[bytes] = (), token: bytes | None = None
) -> bytes:
    """The signed PDF. ``token`` is a timestamp over the signature value (B-T)."""
    document = BytesIO(draft.pdf)
    place = PreparedByteRangeDigest(draft.digest, *draft.place)
    place.fill_with_cms(
        document, cms_draft.assemble(draft.cms, signature, chain=chain, token=token)
    )
    return document.getvalue()


def add_validation_data(pdf: bytes, data: ValidationData) -> bytes:
    """The same PDF with a document security store appended (B-LT). Raises MalformedDocument."""

    def appended() -> bytes:
        stream = BytesIO(pdf)
        (signature,) = PdfFileReader(stream).embedded_regular_signatures
        contents = signature.pkcs7_content.hex().upper().encode()
        writer = IncrementalPdfFileWriter(stream)
        store_validation_data(writer, data, contents)
        writer.write_in_place()  # type: ignore[no-untyped-call]
        return stream.getvalue()

    return refuse_accidents(appended, MalformedDocument)


def store_validation_data(
    writer: BasePdfFileWriter, data: ValidationData, contents: bytes | None = None
) -> None:
    """Write a document security store; with ``contents`` also tied to that signature."""
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        contents,
        certs=[asn1_x509.Certificate.load(der) for der in data.certificates],
        ocsps=[asn1_ocsp.OCSPResponse.load(der) for der in data.ocsp_responses],
        crls=[asn1_crl.CertificateList.load(der) for der in data.crls],
    )


def read_pdf(pdf: bytes) -> SignedParts:
    """The one signature of a PDF, proved to cover the whole document as it was signed.

    After it only validation data and timestamps may have been added. Says nothing about who signed.
    Raises MalformedDocument, SignatureInvalid, AlgorithmNotAllowed, AlteredAfterSigning.
    """
    if len(pdf) > MAXIMUM_BYTES:
        raise MalformedDocument("too long")
    return refuse_accidents(lambda: _read(pdf), MalformedDocument)


def _prepared(
    pdf: bytes | BasePdfFileWriter,
    certificate_der: bytes,
    algorithm: SignatureAlgorithm,
    at: datetime,
    mark: PdfMark,
) -> PdfDraft:
    writer = IncrementalPdfFileWriter(BytesIO(pdf)) if isinstance(pdf, bytes) else pdf
    name = cms_draft.digest_name(algorithm)
    embedder = PdfCMSEmbedder().write_cms(mark.field, writer)
    next(embedder)
    embedder.send(SigObjSetup(_placeholder(mark, at), _permissions(mark, name)))
    prepared, output = embedder.send(SigIOSetup(md_algorithm=name))
    document = output.getvalue()
    place = (prepared.reserved_region_start, prepared.reserved_region_end)
    draft = cms_draft.prepare(prepared.document_digest, certificate_der, algorithm)
    return PdfDraft(document, prepared.document_digest, place, draft)


def _placeholder(mark: PdfMark, at: datetime) -> SignatureObject:
    return SignatureObject(
        timestamp=at,
        subfilter=SigSeedSubFilter.PADES,
        reason=mark.reason,
        bytes_reserved=RESERVED_HEX_DIGITS,
    )


def _permissions(mark: PdfMark, digest_name: str) -> SigMDPSetup | None:
    if not mark.certify:
        return None
    return SigMDPSetup(digest_name, certify=True, docmdp_perms=MDPPerm.NO_CHANGES)


def _read(pdf: bytes) -> SignedParts:
    signatures = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures
    if len(signatures) != 1:
        raise MalformedDocument("not exactly one signature")
    (signature,) = signatures
    if signature.sig_object["/SubFilter"] != SigSeedSubFilter.PADES.value:
        raise MalformedDocument("not a PAdES signature")
    parts = read_parts(_without_padding(signature.pkcs7_content), "data")
    if parts.content is not None or "signing_certificate_v2" not in parts.signed_attributes:
        raise MalformedDocument("not the attributes of PAdES")
    require_integrity(parts, signature.compute_digest())
    _require_unaltered(signature)
    return parts


def _without_padding(contents: bytes) -> bytes:
    length = parser.peek(contents)
    if contents[length:].strip(b"\x00"):
        raise MalformedDocument("bytes after the signature")
    return contents[:length]


def _require_unaltered(signature: EmbeddedPdfSignature) -> None:
    signature.compute_integrity_info()  # type: ignore[no-untyped-call]
    found = signature.summarise_integrity_info()
    if found["coverage"] not in _WHOLE:
        raise AlteredAfterSigning("the signature does not cover the whole document")
    change = found["diff_result"]
    if change is None:
        return
    if not isinstance(change, DiffResult) or change.modification_level not in _HARMLESS:
        raise AlteredAfterSigning("changed after signing")
