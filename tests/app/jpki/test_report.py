"""The report has the structure of ETSI TS 119 102-2, read back by classes made from its schema."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pyhanko.generated.etsi.ts_11910202 import SignatureValidationReportType, ValidationReport
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig

from app.crypto.digests import sha256
from app.jpki.document import read_document
from app.jpki.examination import Step, examine_document
from app.jpki.report import write_report
from app.jpki.timestamp import signature_imprint, with_signature_timestamp
from tests.app.jpki.test_examination import RevokedAt
from tests.pki import AT, LocalTimestamps, NothingRevoked, sign_document

if TYPE_CHECKING:
    from app.jpki.revocation import RevocationSource
    from app.jpki.trust import TrustStore
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office

TEXT = "同意書\n番号: 1\n"
STRICT = ParserConfig(fail_on_unknown_properties=True, fail_on_unknown_attributes=True)


def read(xml: bytes) -> ValidationReport:
    """By classes that were generated from the ETSI schema; unknown names fail."""
    return XmlParser(config=STRICT).from_bytes(xml, ValidationReport)


def only(report: ValidationReport) -> SignatureValidationReportType:
    (one,) = report.signature_validation_report
    return one


@pytest.fixture
def stamped(office: Office, card: Card, trust: TrustStore) -> bytes:
    """Signed and timestamped at AT."""
    document = sign_document(card.signing, TEXT)
    imprint = signature_imprint(read_document(document).signature)
    stamp = LocalTimestamps(office, trust).stamp(imprint, at=AT)
    return with_signature_timestamp(document, stamp.token)


def report_on(document: bytes, trust: TrustStore, status: RevocationSource) -> bytes:
    found = examine_document(document, TEXT, trust, status, at=AT + timedelta(hours=2))
    return write_report(found)


def test_a_pass_names_policy_times_chain_and_proof(
    stamped: bytes, card: Card, trust: TrustStore
) -> None:
    report = read(report_on(stamped, trust, NothingRevoked()))
    one = only(report)
    status = one.signature_validation_status
    assert status is not None
    assert status.main_indication == "urn:etsi:019102:mainindication:total-passed"
    assert status.sub_indication == ()
    times = one.validation_time_info
    assert times is not None
    assert times.best_signature_time is not None
    assert str(times.best_signature_time.poetime) == "2026-11-01T03:00:00Z"
    assert str(times.validation_time) == "2026-11-01T05:00:00Z"
    evaluation = one.validation_constraints_evaluation_report
    assert evaluation is not None
    names = [c.validation_constraint_identifier for c in evaluation.validation_constraint]
    assert [str(name).rpartition("#")[2] for name in names] == list(Step)
    assert one.signers_document is not None
    digest = one.signers_document.digest_alg_and_value
    assert digest is not None
    assert digest.digest_value is not None
    assert digest.digest_value.value == sha256(TEXT.encode())


def test_every_reference_points_at_an_object_in_the_report(
    stamped: bytes, card: Card, trust: TrustStore
) -> None:
    xml = report_on(stamped, trust, NothingRevoked())
    report = read(xml)
    objects = report.signature_validation_objects
    assert objects is not None
    by_id = {one.id: one for one in objects.validation_object}
    wanted = {part.split(b'"')[0].decode() for part in xml.split(b'VOReference="')[1:]}
    assert wanted <= set(by_id)
    signer = by_id["certificate-signer"].validation_object_representation
    assert signer is not None
    assert signer.base64 == card.signing.der
    assert base64.b64encode(card.signing.der) in xml


def test_a_later_revocation_is_told_with_its_date(stamped: bytes, trust: TrustStore) -> None:
    revoked = RevokedAt(AT + timedelta(hours=1))
    status = only(read(report_on(stamped, trust, revoked))).signature_validation_status
    assert status is not None
    assert str(status.main_indication).endswith(":total-passed")
    (data,) = status.associated_validation_report_data
    assert data.revocation_status_information is not None
    assert str(data.revocation_status_information.revocation_time) == "2026-11-01T04:00:00Z"


def test_a_verdict_that_is_not_to_be_known_reads_indeterminate_with_words(
    stamped: bytes, trust: TrustStore
) -> None:
    xml = report_on(stamped, trust, RevokedAt(AT - timedelta(hours=1)))
    status = only(read(xml)).signature_validation_status
    assert status is not None
    assert status.main_indication == "urn:etsi:019102:mainindication:indeterminate"
    assert status.sub_indication == ("urn:etsi:019102:subindication:REVOKED_NO_POE",)
    assert "有効とは認められません" in xml.decode()


def test_a_document_that_cannot_be_read_has_a_report_too(trust: TrustStore) -> None:
    status = only(read(report_on(b"", trust, NothingRevoked()))).signature_validation_status
    assert status is not None
    assert status.main_indication == "urn:etsi:019102:mainindication:total-failed"


def test_the_report_says_nothing_about_the_holder_in_words(
    stamped: bytes, card: Card, trust: TrustStore
) -> None:
    xml = report_on(stamped, trust, NothingRevoked()).decode()
    assert card.holder.name not in xml
    assert card.holder.address not in xml
