"""Reads of accounts and credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from app.identity.models import Account, Credential, MembershipRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session


def credential_named(session: Session, issuer_key_id: str, serial: str) -> Credential | None:
    """The live credential with this issuer key and serial."""
    return session.scalar(
        select(Credential).where(
            Credential.issuer_key_id == issuer_key_id,
            Credential.serial == serial,
            Credential.removed_at.is_(None),
        )
    )


def open_account(session: Session, account_id: UUID) -> Account | None:
    """The account, unless closed."""
    account = session.get(Account, account_id)
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
