"""A small hierarchy root → intermediate → leaf with CRLs, for breaking one rule at a time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from app.jpki import path
from simulators.jlis.profile import key_usage, new_serial
from tests.pki import AT, rsa_key

if TYPE_CHECKING:
    from collections.abc import Sequence

YEAR = timedelta(days=365)
DAY = timedelta(days=1)
POLICY = "1.2.392.200149.8.5.1.3.30"


@dataclass(frozen=True)
class Policies:
    """The four policy inputs."""

    initial_policy_set: frozenset[str] = frozenset({POLICY})
    initial_explicit_policy: bool = True
    initial_policy_mapping_inhibit: bool = False
    initial_any_policy_inhibit: bool = False


def name(common_name: str) -> x509.Name:
    """C=JP, CN=..."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


@dataclass(frozen=True)
class Node:
    """One certificate; the defaults make a good authority."""

    subject: str
    key: int
    issuer: str = "root"
    issuer_key: int = 10
    serial: int = field(default_factory=new_serial)
    since: datetime = AT - YEAR
    until: datetime = AT + YEAR
    usage: x509.KeyUsage = field(
        default_factory=lambda: key_usage(key_cert_sign=True, crl_sign=True)
    )
    constraints: x509.BasicConstraints | None = field(
        default_factory=lambda: x509.BasicConstraints(ca=True, path_length=None)
    )
    policy: str | None = POLICY
    extra: tuple[x509.ExtensionType, ...] = ()

    def der(self) -> bytes:
        """Signed with the issuer's key."""
        key, issuer_key = rsa_key(self.key), rsa_key(self.issuer_key)
        builder = (
            x509.CertificateBuilder(
                name(self.issuer),
                name(self.subject),
                key.public_key(),
                self.serial,
                self.since,
                self.until,
            )
            .add_extension(self.usage, critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
                critical=False,
            )
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
        )
        if self.constraints is not None:
            builder = builder.add_extension(self.constraints, critical=True)
        if self.policy is not None:
            policy = x509.PolicyInformation(x509.ObjectIdentifier(self.policy), None)
            builder = builder.add_extension(x509.CertificatePolicies([policy]), critical=False)
        for extension in self.extra:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(issuer_key, hashes.SHA256()).public_bytes(Encoding.DER)


@dataclass(frozen=True)
class List:
    """One CRL."""

    issuer: str
    key: int
    serials: tuple[int, ...] = ()
    until: datetime = AT + DAY

    def der(self) -> bytes:
        """Signed with the issuer's key."""
        key = rsa_key(self.key)
        builder = (
            x509.CertificateRevocationListBuilder(name(self.issuer), AT - DAY, self.until)
            .add_extension(x509.CRLNumber(1), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()),
                critical=False,
            )
        )
        for serial in self.serials:
            entry = x509.RevokedCertificateBuilder(serial, AT - DAY).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


ROOT = Node("root", key=10)
MIDDLE = Node("middle", key=11)
LEAF = Node(
    "leaf",
    key=12,
    issuer="middle",
    issuer_key=11,
    usage=key_usage(digital_signature=True),
    constraints=None,
)
ROOT_LIST = List("root", key=10)
MIDDLE_LIST = List("middle", key=11)


@dataclass(frozen=True)
class World:
    """Everything right; a test replaces one part."""

    root: Node = ROOT
    middle: Node = MIDDLE
    leaf: Node = LEAF
    lists: Sequence[List] = (ROOT_LIST, MIDDLE_LIST)
    policies: Policies = field(default_factory=Policies)
    at: datetime = AT
    budget_seconds: float = 5.0

    def validate(self) -> None:
        """Ask the validator."""
        path.validate(
            self.leaf.der(),
            [self.middle.der()],
            [self.root.der()],
            [one.der() for one in self.lists],
            self.at,
            self.policies,
            budget_seconds=self.budget_seconds,
        )

    def but(self, **changes: Any) -> World:
        """A copy with one part replaced."""
        return replace(self, **changes)
