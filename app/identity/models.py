"""Tables of identity. An account is a person's; certificates are credentials and come and go."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.authz.actor import Role
from app.core.db import Base


class Sex(StrEnum):
    """As in the resident record; ``not_known`` where no document says."""

    MALE = "male"
    FEMALE = "female"
    NOT_KNOWN = "not_known"


class KanaSource(StrEnum):
    """Who says how the name is read: cards carry no reading."""

    RECORD = "record"
    OWN_STATEMENT = "own-statement"


class Person(Base):
    """Somebody: a resident, a child, a practitioner.

    ``address`` is sealed (``app/identity/evidence.py``) and stands only where a signed application
    proved it.
    """

    __tablename__ = "person"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    family_name: Mapped[str] = mapped_column(String(64))
    given_name: Mapped[str] = mapped_column(String(64))
    family_kana: Mapped[str] = mapped_column(String(64))
    given_kana: Mapped[str] = mapped_column(String(64))
    born_on: Mapped[date] = mapped_column(index=True)
    sex: Mapped[Sex]
    kana_source: Mapped[KanaSource] = mapped_column(
        default=KanaSource.RECORD, server_default=KanaSource.RECORD.value
    )
    address: Mapped[bytes | None] = mapped_column(LargeBinary)

    @property
    def name(self) -> str:
        """Family and given name with a full-width space; one name alone stays alone."""
        return f"{self.family_name}\u3000{self.given_name}".strip()

    @property
    def kana(self) -> str:
        """Reading of the name."""
        return f"{self.family_kana}\u3000{self.given_kana}".strip()


class Account(Base):
    """A person's account. Its id never depends on a certificate."""

    __tablename__ = "account"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), unique=True)
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    stable_id: Mapped[str | None] = mapped_column(String(128), unique=True)

    person: Mapped[Person] = relationship()


class CredentialKind(StrEnum):
    """What the credential is good for."""

    JPKI_AUTHENTICATION = "jpki-auth"
    JPKI_SIGNATURE = "jpki-sign"


class Credential(Base):
    """One certificate of one person, named by issuer key and serial.

    ``replaced_by`` names the certificate that took the place of a removed one.
    """

    __tablename__ = "credential"
    __table_args__ = (UniqueConstraint("issuer_key_id", "serial"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[CredentialKind]
    issuer_key_id: Mapped[str] = mapped_column(String(64))
    serial: Mapped[str] = mapped_column(String(64))
    not_after: Mapped[datetime]
    added_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    replaced_by: Mapped[UUID | None] = mapped_column(ForeignKey("credential.id"))


class MembershipRow(Base):
    """A role at an organisation, from one day to another (both inclusive)."""

    __tablename__ = "membership"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    role: Mapped[Role]
    from_on: Mapped[date]
    until_on: Mapped[date | None]


class CardChallenge(Base):
    """A nonce that waits for a card's answer: one use, one purpose, one browser session."""

    __tablename__ = "card_challenge"

    nonce_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    session_hash: Mapped[str] = mapped_column(String(64), index=True)
    purpose: Mapped[str] = mapped_column(String(16))
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Passkey(Base):
    """A discoverable WebAuthn credential, enrolled only in a session opened by card."""

    __tablename__ = "passkey"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1023), unique=True)
    credential_data: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    label: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class StaffInvitation(Base):
    """An administrator's offer of a role at their organisation; accepted once, by card."""

    __tablename__ = "staff_invitation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    role: Mapped[Role]
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    invited_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    invited_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    accepted_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
