"""A validation report in the XML of ETSI TS 119 102-2 v1.2.1, with a reason in plain Japanese.

It names certificates by their DER and dates by their sources; it repeats nothing that a certificate
says about its holder in words of ours.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

from app.crypto.digests import sha256
from app.jpki.reasons import plain_reason

if TYPE_CHECKING:
    from datetime import datetime

    from app.jpki.examination import Check, Examination
    from app.jpki.indications import Indication

NAMESPACE = "http://uri.etsi.org/19102/v1.2.1#"
_XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_XADES = "http://uri.etsi.org/01903/v1.3.2#"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XSD = "http://www.w3.org/2001/XMLSchema"
_URN: Final = "urn:etsi:019102:"
POLICY_URI = "https://tsunagu.example/policies/jpki-signature/1"
CONSTRAINT_URI = "https://tsunagu.example/policies/jpki-signature/1#"
PROCESS_URI = f"{_URN}validationprocess:Basic"
PROCESS_WITH_TIME_URI = f"{_URN}validationprocess:LTVM"
for _prefix, _uri in (("vr", NAMESPACE), ("ds", _XMLDSIG), ("xades", _XADES), ("xsi", _XSI)):
    register_namespace(_prefix, _uri)


def write_report(found: Examination) -> bytes:
    """The report on one examination, UTF-8 XML."""
    root = Element(_name("ValidationReport"))
    report = _child(root, "SignatureValidationReport")
    _identifier(report, found)
    _constraints(report, found)
    _times(report, found)
    _document(report, found)
    _attributes(report, found)
    if found.parts is not None:
        signer = _child(report, "SignerInformation")
        _child(signer, "SignerCertificate", VOReference="certificate-signer")
    process = _child(report, "SignatureValidationProcess")
    process_id = PROCESS_WITH_TIME_URI if found.stamp else PROCESS_URI
    _child(process, "SignatureValidationProcessID", process_id)
    _status(_child(report, "SignatureValidationStatus"), found)
    _objects(root, found)
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _identifier(report: Element, found: Examination) -> None:
    identifier = _child(report, "SignatureIdentifier", id="signature-1")
    signature = b"" if found.parts is None else found.parts.signature
    _digest(_child(identifier, "DigestAlgAndValue"), sha256(signature))
    if signature:
        value = SubElement(identifier, f"{{{_XMLDSIG}}}SignatureValue")
        value.text = _base64(signature)
    _child(identifier, "HashOnly", "false")
    _child(identifier, "DocHashOnly", "false")


def _constraints(report: Element, found: Examination) -> None:
    evaluation = _child(report, "ValidationConstraintsEvaluationReport")
    policy = _child(evaluation, "SignatureValidationPolicy")
    identifier = _child(policy, "SignaturePolicyIdentifier")
    policy_id = SubElement(identifier, f"{{{_XADES}}}SignaturePolicyId")
    SubElement(
        SubElement(policy_id, f"{{{_XADES}}}SigPolicyId"), f"{{{_XADES}}}Identifier"
    ).text = POLICY_URI
    _digest(SubElement(policy_id, f"{{{_XADES}}}SigPolicyHash"), sha256(POLICY_URI.encode()))
    for check in found.checks:
        _constraint(evaluation, check)


def _constraint(evaluation: Element, check: Check) -> None:
    constraint = _child(evaluation, "ValidationConstraint")
    _child(constraint, "ValidationConstraintIdentifier", CONSTRAINT_URI + check.step)
    _child(_child(constraint, "ConstraintStatus"), "Status", f"{_URN}constraintStatus:applied")
    _indications(_child(constraint, "ValidationStatus"), check.indication, check.sub_indication)


def _times(report: Element, found: Examination) -> None:
    times = _child(report, "ValidationTimeInfo")
    _child(times, "ValidationTime", _instant(found.examined_at))
    best = _child(times, "BestSignatureTime")
    _child(best, "POETime", _instant(found.best_signature_time))
    _child(best, "TypeOfProof", f"{_URN}poetype:validation")
    if found.stamp:
        _child(best, "POEObject", VOReference="timestamp-1")


def _document(report: Element, found: Examination) -> None:
    document = _child(report, "SignersDocument")
    _digest(_child(document, "DigestAlgAndValue"), sha256(found.text))
    _child(document, "SignersDocumentRepresentation", VOReference="document-1")


def _attributes(report: Element, found: Examination) -> None:
    attributes = _child(report, "SignatureAttributes")
    if found.claimed_at is not None:
        signing_time = _child(attributes, "SigningTime", Signed="true")
        _child(signing_time, "Time", _instant(found.claimed_at))
    if found.stamp is not None:
        stamp = _child(attributes, "SignatureTimeStamp", Signed="false")
        _child(stamp, "AttributeObject", VOReference="timestamp-1")
        _child(stamp, "TimeStampValue", _instant(found.stamp.generated_at))


def _status(status: Element, found: Examination) -> None:
    _indications(status, found.indication, found.sub_indication)
    data = _child(status, "AssociatedValidationReportData")
    if found.path is not None:
        _child(data, "TrustAnchor", VOReference="certificate-anchor")
        chain = _child(data, "CertificateChain")
        _child(chain, "SigningCertificate", VOReference="certificate-signer")
        _child(chain, "TrustAnchor", VOReference="certificate-anchor")
    if found.revocation is not None:
        revoked = _child(data, "RevocationStatusInformation")
        _child(revoked, "ValidationObjectId", VOReference="certificate-signer")
        _child(revoked, "RevocationTime", _instant(found.revocation.revoked_at))
        _child(revoked, "RevocationReason", f"{_URN}revocationReason:{found.revocation.reason}")
    facts = [("reason-ja", plain_reason(found))]
    if found.not_before is not None:
        facts.append(("not-signed-before", _instant(found.not_before)))
    if found.status is not None:
        facts.append(("status-source", found.status.source.value))
        facts.append(("status-as-of", _instant(found.status.as_of)))
    further = _child(data, "AdditionalValidationReportData")
    for kind, text in facts:
        entry = _child(further, "ReportData")
        _child(entry, "Type", CONSTRAINT_URI + kind)
        value = _child(entry, "Value", text)
        value.set(f"{{{_XSI}}}type", "xs:string")
        value.set("xmlns:xs", _XSD)


def _objects(root: Element, found: Examination) -> None:
    objects = _child(root, "SignatureValidationObjects")
    document = _object(objects, "document-1", "signedData")
    _digest(_child(document, "DigestAlgAndValue"), sha256(found.text))
    if found.parts is not None:
        _whole(objects, "certificate-signer", "certificate", found.parts.certificate.dump())
    if found.path is not None:
        _whole(objects, "certificate-anchor", "certificate", found.path.anchor.der)
    if found.stamp is not None:
        _whole(objects, "timestamp-1", "timestamp", found.stamp.token)
    if found.status is not None and found.status.ocsp_response is not None:
        _whole(objects, "ocsp-1", "OCSPResponse", found.status.ocsp_response)


def _object(objects: Element, identifier: str, kind: str) -> Element:
    one = _child(objects, "ValidationObject", id=identifier)
    _child(one, "ObjectType", f"{_URN}validationObject:{kind}")
    return _child(one, "ValidationObjectRepresentation")


def _whole(objects: Element, identifier: str, kind: str, der: bytes) -> None:
    _child(_object(objects, identifier, kind), "base64", _base64(der))


def _indications(parent: Element, main: Indication, sub: str | None) -> None:
    """The indications of the whole signature, or of one constraint, which has no "total"."""
    of_constraint = parent.tag == _name("ValidationStatus")
    urn = main.value.removeprefix("total-") if of_constraint else main.value
    _child(parent, "MainIndication", f"{_URN}mainindication:{urn}")
    if sub is not None:
        _child(parent, "SubIndication", f"{_URN}subindication:{sub}")


def _digest(parent: Element, value: bytes) -> None:
    SubElement(parent, f"{{{_XMLDSIG}}}DigestMethod", Algorithm=_SHA256)
    SubElement(parent, f"{{{_XMLDSIG}}}DigestValue").text = _base64(value)


def _child(parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
    child = SubElement(parent, _name(name), attributes)
    child.text = text
    return child


def _name(local: str) -> str:
    return f"{{{NAMESPACE}}}{local}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
