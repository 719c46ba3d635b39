"""Others' programs on the same certificates, in the same run: so that ratios mean something."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.validate import validate_path

from app.jpki.certificates import require_known_key
from bench.jpki_world import AT, make_list

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.jpki_world import World

PEER_ENTRIES = 1_000


def bare_pyhanko(world: World) -> Callable[[], object]:
    """Path and status by the library alone, with a list of 1,000 parsed at each login."""
    anchor = asn1_x509.Certificate.load(world.trust.authentication.anchors[-1].der)
    crl = make_list(world.issuer, PEER_ENTRIES)
    rule = RevocationCheckingRule.CRL_REQUIRED
    policy = CertRevTrustPolicy(RevocationCheckingPolicy(rule, rule))

    def validate() -> None:
        leaf = asn1_x509.Certificate.load(world.card.auth.der)
        context = ValidationContext(
            trust_roots=[anchor], moment=AT, crls=[crl], revinfo_policy=policy
        )
        validate_path(context, ValidationPath(CertTrustAnchor(anchor), [], leaf))

    return validate


def bare_rsa(world: World) -> Callable[[], object]:
    """The signature alone."""

    def verify() -> None:
        certificate = x509.load_der_x509_certificate(world.card.auth.der)
        key = require_known_key(certificate.public_key())
        if not isinstance(key, rsa.RSAPublicKey):
            raise TypeError("the card's key is not RSA")
        signed = world.challenge.signed_bytes
        key.verify(world.token.signature, signed, padding.PKCS1v15(), hashes.SHA256())

    return verify


def openssl_verify(world: World, entries: int) -> Callable[[], object]:
    """``openssl verify`` with a list of this many entries, process start included."""
    folder = world.folder
    crl = x509.load_der_x509_crl(make_list(world.issuer, entries))
    (folder / "leaf.pem").write_bytes(world.card.auth.certificate.public_bytes(Encoding.PEM))
    (folder / "root.pem").write_bytes(world.issuer.certificate.public_bytes(Encoding.PEM))
    (folder / "list.pem").write_bytes(crl.public_bytes(Encoding.PEM))
    options = "-crl_check -no_check_time -CAfile root.pem -CRLfile list.pem leaf.pem"
    command = ["openssl", "verify", *options.split()]

    def verify() -> None:
        subprocess.run(command, cwd=folder, capture_output=True, check=True)  # noqa: S603 - fixed command

    return verify
