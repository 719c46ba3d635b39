"""A simulated time-stamping authority (RFC 3161): its root, its signer, its answers.

It is not J-LIS's business; it lives in the same process because the development world needs one.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simulators.jlis.authority import der, key_pem, load_key, new_key
from simulators.jlis.profile import authority_key_identifier, key_usage, new_serial

if TYPE_CHECKING:
    from pathlib import Path

POLICY = "1.3.6.1.4.1.32473.1.1"  # RFC 5612: an arc for examples
SERIAL_BITS = 63
_LIFE = timedelta(days=11 * 365)
_SEQUENCE = 0x30
_ACCEPTED = {"sha256", "sha384", "sha512"}


@dataclass(frozen=True)
class TimestampAuthority:
    """A root, and the signer it certified for time-stamping alone."""

    root: x509.Certificate
    signer: x509.Certificate
    signer_key: rsa.RSAPrivateKey

    @classmethod
    def create(
        cls,
        *,
        at: datetime,
        root_key: rsa.RSAPrivateKey | None = None,
        signer_key: rsa.RSAPrivateKey | None = None,
    ) -> Self:
        """A new authority, valid from a day before ``at`` for eleven years."""
        root_key, signer_key = root_key or new_key(), signer_key or new_key()
        since = at - timedelta(days=1)
        root = _root_builder(root_key.public_key(), since).sign(root_key, hashes.SHA256())
        builder = signer_builder(root, signer_key.public_key(), since)
        return cls(root, builder.sign(root_key, hashes.SHA256()), signer_key)

    @classmethod
    def load_or_create(cls, folder: Path, *, at: datetime) -> Self:
        """The authority kept in a folder; made when there is none."""
        if not (folder / "tsa.cer").exists():
            made = cls.create(at=at)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "tsa-root.cer").write_bytes(der(made.root))
            (folder / "tsa.key.pem").write_bytes(key_pem(made.signer_key))
            (folder / "tsa.cer").write_bytes(der(made.signer))
            return made
        return cls(
            x509.load_der_x509_certificate((folder / "tsa-root.cer").read_bytes()),
            x509.load_der_x509_certificate((folder / "tsa.cer").read_bytes()),
            load_key(folder / "tsa.key.pem"),
        )

    def answer(self, request_der: bytes, *, at: datetime) -> bytes:
        """The response to one request, as DER."""
        try:
            request = tsp.TimeStampReq.load(request_der, strict=True)
            imprint = request["message_imprint"]
            digest = imprint["hash_algorithm"]["algorithm"].native
            nonce = request["nonce"].native
        except (ValueError, TypeError):
            return _refusal("bad_data_format")
        if digest not in _ACCEPTED:
            return _refusal("bad_alg")
        info = {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": imprint,
            "serial_number": 1 + secrets.randbits(SERIAL_BITS),
            "gen_time": at,
        }
        if nonce is not None:
            info["nonce"] = nonce
        token = self.token(tsp.TSTInfo(info).dump(), at=at)
        return bytes(
            tsp.TimeStampResp(
                {"status": {"status": "granted"}, "time_stamp_token": cms.ContentInfo.load(token)}
            ).dump()
        )

    def token(self, info_der: bytes, *, at: datetime) -> bytes:
        """A signed token around a TSTInfo, as DER."""
        certificate = asn1_x509.Certificate.load(der(self.signer))
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [_sha256(info_der)]},
                {"type": "signing_time", "values": [cms.Time({"utc_time": at})]},
                {
                    "type": "signing_certificate_v2",
                    "values": [{"certs": [{"cert_hash": _sha256(certificate.dump())}]}],
                },
            ]
        )
        signature = self.signer_key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256())
        signed = {
            "version": "v3",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {
                "content_type": "tst_info",
                "content": cms.ParsableOctetString(info_der),
            },
            "certificates": [certificate],
            "signer_infos": [_signer_info(certificate, attributes, signature)],
        }
        info = {"content_type": "signed_data", "content": cms.SignedData(signed)}
        return bytes(cms.ContentInfo(info).dump())


def _signer_info(
    certificate: asn1_x509.Certificate, attributes: cms.CMSAttributes, signature: bytes
) -> dict[str, object]:
    return {
        "version": "v1",
        "sid": {
            "issuer_and_serial_number": {
                "issuer": certificate.issuer,
                "serial_number": certificate.serial_number,
            }
        },
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": "rsassa_pkcs1v15"},
        "signature": signature,
    }


def _refusal(reason: str) -> bytes:
    status = tsp.PKIStatusInfo({"status": "rejection", "fail_info": {reason}}).dump()
    return bytes([_SEQUENCE, len(status)]) + bytes(status)  # the library insists on a token


def _sha256(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize()


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "TSA-SIMULATED"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _root_builder(key: rsa.RSAPublicKey, since: datetime) -> x509.CertificateBuilder:
    name = _name("Simulated Time-Stamping Root")
    ski = x509.SubjectKeyIdentifier.from_public_key(key)
    return (
        x509.CertificateBuilder(name, name, key, new_serial(), since, since + _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(ski, critical=False)
    )


def signer_builder(
    root: x509.Certificate, key: rsa.RSAPublicKey, since: datetime
) -> x509.CertificateBuilder:
    """The signer's certificate, unsigned, so that a test can break one rule of it."""
    name = _name("Simulated Time-Stamping Unit 1")
    return (
        x509.CertificateBuilder(root.subject, name, key, new_serial(), since, since + _LIFE)
        .add_extension(key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .add_extension(authority_key_identifier(root), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )
