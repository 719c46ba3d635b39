"""Certificates that break just one rule, made from good ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from simulators.jlis.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

Extension = tuple[x509.ExtensionType, bool]
AnyPublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


def altered(
    certificate: x509.Certificate,
    signer: Authority | rsa.RSAPrivateKey,
    *,
    without: Sequence[type[x509.ExtensionType]] = (),
    extra: Sequence[Extension] = (),
    public_key: AnyPublicKey | None = None,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    issuer: x509.Name | None = None,
    digest: hashes.SHA256 | hashes.SHA512 | None = None,
) -> bytes:
    """A copy with extensions dropped or added, signed anew. DER."""
    builder = (
        x509.CertificateBuilder()
        .issuer_name(issuer or certificate.issuer)
        .subject_name(certificate.subject)
        .public_key(public_key or certificate.public_key())
        .serial_number(certificate.serial_number)
        .not_valid_before(not_before or certificate.not_valid_before_utc)
        .not_valid_after(not_after or certificate.not_valid_after_utc)
    )
    replaced = (*without, *(type(value) for value, _ in extra))
    for extension in certificate.extensions:
        if not isinstance(extension.value, replaced):
            builder = builder.add_extension(extension.value, critical=extension.critical)
    for value, critical in extra:
        builder = builder.add_extension(value, critical=critical)
    key = signer.key if isinstance(signer, Authority) else signer
    return builder.sign(key, digest or hashes.SHA256()).public_bytes(Encoding.DER)


def resigned(
    der: bytes, key: rsa.RSAPrivateKey, change: Callable[[asn1_x509.TbsCertificate], None]
) -> bytes:
    """A copy whose to-be-signed part was changed below what a builder allows."""
    certificate = asn1_x509.Certificate.load(der)
    tbs = certificate["tbs_certificate"].copy()
    change(tbs)
    signature = key.sign(tbs.dump(force=True), padding.PKCS1v15(), hashes.SHA256())
    return bytes(
        asn1_x509.Certificate(
            {
                "tbs_certificate": tbs,
                "signature_algorithm": certificate["signature_algorithm"],
                "signature_value": signature,
            }
        ).dump()
    )
