"""Binding certificates to an account, replacing older ones, and telling the world.

Called by use cases, inside their transaction, after they asked the policy table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from app.core import outbox
from app.core.ids import new_id
from app.identity import queries
from app.identity.errors import CertificateTaken
from app.identity.models import Credential, CredentialKind

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.identity.models import Account
    from app.identity.registration_models import Registration
    from app.jpki.names import CredentialName

CHANGED = "identity.credential_changed"


@dataclass(frozen=True)
class Certificate:
    """A proved certificate to be bound."""

    kind: CredentialKind
    issuer_key_id: str
    serial: str
    not_after: datetime

    @classmethod
    def of(cls, kind: CredentialKind, name: CredentialName, not_after: datetime) -> Certificate:
        """From its name."""
        return cls(kind, name.issuer_key_id, name.serial, not_after)

    def bound_to(self, account_id: UUID, *, at: datetime) -> Credential:
        """A new row that makes it one of the account's, not yet stored."""
        return Credential(
            id=new_id(),
            account_id=account_id,
            kind=self.kind,
            issuer_key_id=self.issuer_key_id,
            serial=self.serial,
            not_after=self.not_after,
            added_at=at,
        )


def both_of(registration: Registration) -> tuple[Certificate, Certificate]:
    """The login and the signature certificate of an application."""
    return (
        Certificate(
            CredentialKind.JPKI_AUTHENTICATION,
            registration.auth_issuer_key_id,
            registration.auth_serial,
            registration.auth_not_after,
        ),
        Certificate(
            CredentialKind.JPKI_SIGNATURE,
            registration.sign_issuer_key_id,
            registration.sign_serial,
            registration.sign_not_after,
        ),
    )


def tell(session: Session, account_id: UUID, change: str) -> None:
    """Let whoever sends notices know that the account's credentials changed."""
    outbox.tell(session, CHANGED, {"account_id": str(account_id), "change": change})


def bind(
    session: Session, account: Account, certificate: Certificate, *, at: datetime
) -> Credential:
    """Make a certificate one of the account's; one taken off earlier comes back.

    Raises ``CertificateTaken`` when it is, or was, another account's.
    """
    known = queries.credential_ever_named(session, certificate.issuer_key_id, certificate.serial)
    if known is not None:
        if known.account_id != account.id:
            raise CertificateTaken("the certificate belongs to another account")
        if known.removed_at is not None:
            known.added_at, known.removed_at, known.replaced_by = at, None, None
        return known
    made = certificate.bound_to(account.id, at=at)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError as conflict:
        raise CertificateTaken("bound at the same moment") from conflict
    return made


def replace_others(session: Session, fresh: Credential, *, at: datetime) -> int:
    """Take off every other live certificate of that kind and account; returns how many."""
    replaced = 0
    for old in queries.live_credentials_of(session, fresh.account_id):
        if old.kind == fresh.kind and old.id != fresh.id:
            old.removed_at, old.replaced_by = at, fresh.id
            replaced += 1
    return replaced
