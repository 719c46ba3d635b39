"""Reads of organisations, licences and gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Select, exists, or_, select

from app.authz.actor import License, Profession, Role
from app.identity.models import Account, MembershipRow, Person, StaffInvitation
from app.registry.errors import (
    GatewayOfferNotFound,
    InvitationNotFound,
    MembershipNotFound,
    OrganisationNotFound,
)
from app.registry.models import (
    Gateway,
    GatewayOffer,
    LicenseRow,
    Organisation,
    OrganisationKind,
    Practitioner,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from app.authz.actor import Actor


def organisation_names(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    """Names of organisations by id."""
    rows = session.execute(
        select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids))
    )
    return {row.id: row.name for row in rows}


def municipality_named_in(session: Session, address: str) -> UUID | None:
    """The one municipality whose name stands in an address, the longest name first."""
    rows = session.execute(
        select(Organisation.id, Organisation.name).where(
            Organisation.kind == OrganisationKind.MUNICIPALITY
        )
    )
    named = [(len(row.name), row.id) for row in rows if row.name in address]
    longest = max((length for length, _ in named), default=0)
    found = [organisation_id for length, organisation_id in named if length == longest]
    return found[0] if len(found) == 1 else None


def licenses_of(session: Session, person_id: UUID) -> tuple[License, ...]:
    """Confirmed licences of a person."""
    rows = session.scalars(
        select(LicenseRow)
        .join(Practitioner, Practitioner.id == LicenseRow.practitioner_id)
        .where(Practitioner.person_id == person_id)
    )
    return tuple(License(row.profession, row.confirmed_on, row.expires_on) for row in rows)


def gateway_by_id(session: Session, gateway_id: UUID) -> Gateway | None:
    """An enrolled gateway."""
    return session.get(Gateway, gateway_id)


def gateway_to_change(session: Session, gateway_id: UUID) -> Gateway:
    """An enrolled gateway, ours until the transaction ends: its reports are taken in one by one."""
    return session.get_one(Gateway, gateway_id, with_for_update={"of": Gateway})


def all_gateways(session: Session) -> Sequence[Gateway]:
    """Every enrolled gateway, by hospital name. For operations only."""
    return session.scalars(select(Gateway).join(Organisation).order_by(Organisation.name)).all()


def gateway_of(session: Session, organisation_id: UUID) -> Gateway | None:
    """The gateway of a hospital."""
    return session.scalar(select(Gateway).where(Gateway.organisation_id == organisation_id))


def gateways_elsewhere(session: Session, organisation_id: UUID) -> Sequence[Gateway]:
    """Gateways of every other hospital."""
    return session.scalars(select(Gateway).where(Gateway.organisation_id != organisation_id)).all()


def gateways_visible_to(actor: Actor) -> Select[Gateway]:
    """Gateways of the organisations the actor administers."""
    return select(Gateway).where(
        Gateway.organisation_id.in_(actor.organisations(Role.ADMINISTRATOR))
    )


def open_gateway_offers_visible_to(actor: Actor, at: datetime) -> Select[GatewayOffer]:
    """Codes that can still be used where the actor administers, newest first."""
    return (
        select(GatewayOffer)
        .where(
            GatewayOffer.organisation_id.in_(actor.organisations(Role.ADMINISTRATOR)),
            GatewayOffer.used_at.is_(None),
            GatewayOffer.withdrawn_at.is_(None),
            GatewayOffer.expires_at > at,
        )
        .order_by(GatewayOffer.offered_at.desc())
    )


def managed_gateway_offer(session: Session, actor: Actor, offer_id: UUID) -> GatewayOffer:
    """One code where the actor administers, locked; raises ``GatewayOfferNotFound``."""
    row = session.get(GatewayOffer, offer_id, with_for_update=True)
    if row is None or row.organisation_id not in actor.organisations(Role.ADMINISTRATOR):
        raise GatewayOfferNotFound(str(offer_id))
    return row


def gateway_offer_with_code(session: Session, code_hash: str) -> GatewayOffer | None:
    """The offer whose code has this SHA-256, locked until the transaction ends."""
    return session.scalar(
        select(GatewayOffer).where(GatewayOffer.code_hash == code_hash).with_for_update()
    )


def managed_organisations_visible_to(actor: Actor) -> Select[Organisation]:
    """Organisations the actor administers, by name."""
    return (
        select(Organisation)
        .where(Organisation.id.in_(actor.organisations(Role.ADMINISTRATOR)))
        .order_by(Organisation.name)
    )


def members_visible_to(actor: Actor) -> Select[MembershipRow, Person]:
    """Memberships in force or to come where the actor administers, by the person's reading."""
    return (
        select(MembershipRow, Person)
        .join(Account, Account.id == MembershipRow.account_id)
        .join(Person, Person.id == Account.person_id)
        .where(
            MembershipRow.organisation_id.in_(actor.organisations(Role.ADMINISTRATOR)),
            _not_over(actor.today),
        )
        .order_by(Person.family_kana, Person.given_kana, MembershipRow.id)
    )


def physicians_to_confirm_visible_to(actor: Actor) -> Select[MembershipRow, Person]:
    """Of ``members_visible_to`` the physicians without a confirmed licence in force."""
    licensed = exists().where(
        Practitioner.person_id == Person.id,
        LicenseRow.practitioner_id == Practitioner.id,
        _in_force(actor.today),
    )
    return members_visible_to(actor).where(MembershipRow.role == Role.PHYSICIAN, ~licensed)


def open_invitations_visible_to(actor: Actor, at: datetime) -> Select[StaffInvitation]:
    """Invitations somebody can still accept where the actor administers, newest first."""
    return (
        select(StaffInvitation)
        .where(
            StaffInvitation.organisation_id.in_(actor.organisations(Role.ADMINISTRATOR)),
            StaffInvitation.accepted_at.is_(None),
            StaffInvitation.withdrawn_at.is_(None),
            StaffInvitation.expires_at > at,
        )
        .order_by(StaffInvitation.invited_at.desc())
    )


def managed_organisation(session: Session, actor: Actor, organisation_id: UUID) -> Organisation:
    """One organisation the actor administers; raises ``OrganisationNotFound``."""
    scope = managed_organisations_visible_to(actor).where(Organisation.id == organisation_id)
    found = session.scalar(scope)
    if found is None:
        raise OrganisationNotFound(str(organisation_id))
    return found


def managed_membership(session: Session, actor: Actor, membership_id: UUID) -> MembershipRow:
    """One membership where the actor administers, locked; raises ``MembershipNotFound``."""
    row = session.get(MembershipRow, membership_id, with_for_update=True)
    if row is None or row.organisation_id not in actor.organisations(Role.ADMINISTRATOR):
        raise MembershipNotFound(str(membership_id))
    return row


def managed_invitation(session: Session, actor: Actor, invitation_id: UUID) -> StaffInvitation:
    """One invitation where the actor administers, locked; raises ``InvitationNotFound``."""
    row = session.get(StaffInvitation, invitation_id, with_for_update=True)
    if row is None or row.organisation_id not in actor.organisations(Role.ADMINISTRATOR):
        raise InvitationNotFound(str(invitation_id))
    return row


def invitation_with_code(session: Session, code_hash: str) -> StaffInvitation | None:
    """The invitation whose code has this SHA-256, locked until the transaction ends."""
    return session.scalar(
        select(StaffInvitation).where(StaffInvitation.code_hash == code_hash).with_for_update()
    )


def organisation_by_code(session: Session, official_code: str) -> Organisation | None:
    """The organisation with this official code, locked: offers to it wait in line."""
    return session.scalar(
        select(Organisation).where(Organisation.official_code == official_code).with_for_update()
    )


def locked_organisation(session: Session, organisation_id: UUID) -> Organisation | None:
    """The organisation, ours until the transaction ends."""
    return session.get(Organisation, organisation_id, with_for_update=True)


def has_administrator(session: Session, organisation_id: UUID, day: date) -> bool:
    """Whether somebody administers it on this day or will."""
    return bool(
        session.scalar(
            select(
                exists().where(
                    MembershipRow.organisation_id == organisation_id,
                    MembershipRow.role == Role.ADMINISTRATOR,
                    _not_over(day),
                )
            )
        )
    )


def holds_role(
    session: Session, account_id: UUID, organisation_id: UUID, role: Role, *, day: date
) -> bool:
    """Whether the account has the role there on this day or will."""
    return bool(
        session.scalar(
            select(
                exists().where(
                    MembershipRow.account_id == account_id,
                    MembershipRow.organisation_id == organisation_id,
                    MembershipRow.role == role,
                    _not_over(day),
                )
            )
        )
    )


def person_of(session: Session, account_id: UUID) -> Person:
    """The person of an account that exists."""
    return session.get_one(Account, account_id).person


def practitioner_of(session: Session, person_id: UUID) -> Practitioner | None:
    """The practitioner's record of a person, locked."""
    return session.scalar(
        select(Practitioner).where(Practitioner.person_id == person_id).with_for_update()
    )


def holder_of_license(session: Session, profession: Profession, number: str) -> UUID | None:
    """The person in whose record this licence number stands."""
    return session.scalar(
        select(Practitioner.person_id)
        .join(LicenseRow, LicenseRow.practitioner_id == Practitioner.id)
        .where(LicenseRow.profession == profession, LicenseRow.number == number)
        .limit(1)
    )


def _not_over(day: date) -> ColumnElement[bool]:
    return or_(MembershipRow.until_on.is_(None), MembershipRow.until_on >= day)


def _in_force(day: date) -> ColumnElement[bool]:
    return or_(LicenseRow.expires_on.is_(None), LicenseRow.expires_on >= day)
