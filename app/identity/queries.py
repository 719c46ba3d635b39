"""Reads of accounts and credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from app.authz.policy import DESK_ROLES
from app.identity.models import Account, Credential, MembershipRow, Passkey, Person
from app.identity.openid_models import PhoneLink
from app.identity.registration_models import Registration, RegistrationState
from app.web.models import BrowserSession

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor


def credential_named(session: Session, issuer_key_id: str, serial: str) -> Credential | None:
    """The live credential with this issuer key and serial."""
    return session.scalar(
        select(Credential).where(
            Credential.issuer_key_id == issuer_key_id,
            Credential.serial == serial,
            Credential.removed_at.is_(None),
        )
    )


def credential_ever_named(session: Session, issuer_key_id: str, serial: str) -> Credential | None:
    """The credential with this issuer key and serial, removed or not."""
    return session.scalar(
        select(Credential).where(
            Credential.issuer_key_id == issuer_key_id, Credential.serial == serial
        )
    )


def live_credentials_of(session: Session, account_id: UUID) -> Sequence[Credential]:
    """Certificates of an account that were not taken off."""
    return session.scalars(
        select(Credential).where(
            Credential.account_id == account_id, Credential.removed_at.is_(None)
        )
    ).all()


def open_account(session: Session, account_id: UUID) -> Account | None:
    """The account, unless closed."""
    account = session.get(Account, account_id, options=(joinedload(Account.person),))
    return account if account and account.closed_at is None else None


def account_of_person(session: Session, person_id: UUID) -> Account | None:
    """The account of a person, if there is one."""
    return session.scalar(select(Account).where(Account.person_id == person_id))


def memberships_on(session: Session, account_id: UUID, day: date) -> Sequence[MembershipRow]:
    """Roles of an account that hold on this day."""
    return session.scalars(
        select(MembershipRow)
        .where(
            MembershipRow.account_id == account_id,
            MembershipRow.from_on <= day,
            or_(MembershipRow.until_on.is_(None), MembershipRow.until_on >= day),
        )
        .order_by(MembershipRow.id)
    ).all()


def passkey_named(session: Session, credential_id: bytes) -> Passkey | None:
    """The passkey with this id, removed or not, locked until the transaction ends."""
    return session.scalar(
        select(Passkey).where(Passkey.credential_id == credential_id).with_for_update()
    )


def credentials_visible_to(actor: Actor) -> Select[Credential]:
    """Certificates on the actor's own account, oldest first."""
    return (
        select(Credential)
        .where(Credential.account_id == actor.account_id, Credential.removed_at.is_(None))
        .order_by(Credential.added_at, Credential.kind)
    )


def passkeys_visible_to(actor: Actor) -> Select[Passkey]:
    """Passkeys on the actor's own account, oldest first."""
    return (
        select(Passkey)
        .where(Passkey.account_id == actor.account_id, Passkey.removed_at.is_(None))
        .order_by(Passkey.added_at, Passkey.id)
    )


def phone_named(session: Session, issuer: str, subject: str) -> PhoneLink | None:
    """The live link with this issuer and subject."""
    return session.scalar(
        select(PhoneLink).where(
            PhoneLink.issuer == issuer,
            PhoneLink.subject == subject,
            PhoneLink.removed_at.is_(None),
        )
    )


def phones_visible_to(actor: Actor) -> Select[PhoneLink]:
    """Phones on the actor's own account, oldest first."""
    return (
        select(PhoneLink)
        .where(PhoneLink.account_id == actor.account_id, PhoneLink.removed_at.is_(None))
        .order_by(PhoneLink.added_at, PhoneLink.id)
    )


def sessions_visible_to(actor: Actor) -> Select[BrowserSession]:
    """Sessions of the actor's own account, last seen first; some may be past their limits."""
    return (
        select(BrowserSession)
        .where(BrowserSession.account_id == actor.account_id)
        .order_by(BrowserSession.seen_at.desc(), BrowserSession.id_hash)
    )


def people_born_on(session: Session, day: date) -> Sequence[tuple[Person, Account | None]]:
    """Everybody with this birth date, and their accounts: whom an applicant may be."""
    rows = session.execute(
        select(Person, Account)
        .outerjoin(Account, Account.person_id == Person.id)
        .where(Person.born_on == day)
        .order_by(Person.id)
    )
    return [(row[0], row[1]) for row in rows]


def latest_registration(
    session: Session, auth_issuer_key_id: str, auth_serial: str
) -> Registration | None:
    """The newest application that names this login certificate."""
    return session.scalar(
        select(Registration)
        .where(
            Registration.auth_issuer_key_id == auth_issuer_key_id,
            Registration.auth_serial == auth_serial,
        )
        .order_by(Registration.signed_at.desc(), Registration.id.desc())
        .limit(1)
    )


def waiting_registrations_named(
    session: Session, sign_issuer_key_id: str, sign_serial: str
) -> Sequence[Registration]:
    """Undecided applications signed with this certificate."""
    return session.scalars(
        select(Registration).where(
            Registration.sign_issuer_key_id == sign_issuer_key_id,
            Registration.sign_serial == sign_serial,
            Registration.state == RegistrationState.WAITING,
        )
    ).all()


def registrations_visible_to(actor: Actor) -> Select[Registration]:
    """Applications that wait for a desk where the actor works, oldest first."""
    return (
        select(Registration)
        .where(
            Registration.organisation_id.in_(actor.organisations(*DESK_ROLES)),
            Registration.state == RegistrationState.WAITING,
        )
        .order_by(Registration.signed_at, Registration.id)
    )


def sessions_of(session: Session, account_id: UUID) -> Sequence[BrowserSession]:
    """Every session of an account."""
    return session.scalars(
        select(BrowserSession).where(BrowserSession.account_id == account_id)
    ).all()
