"""What the operator's desk shows: is everything sound?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.audit.actions import Action
from app.audit.chain import ChainReport, verify_chain
from app.audit.queries import last_events
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import reading
from app.registry import queries as registry
from app.registry.enrolment import KINDS
from app.registry.errors import MembershipNotFound, OrganisationNotFound
from app.registry.queries import all_gateways

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.identity.models import MembershipRow, Person, StaffInvitation
    from app.registry.models import Gateway, GatewayOffer, Organisation


@dataclass(frozen=True)
class OperationsPage:
    """Gateways with their last report, and the audit chain."""

    gateways: Sequence[Gateway]
    chain: ChainReport
    checked_at: datetime


@dataclass(frozen=True)
class Member:
    """Somebody's role, the day of their last login, and what can be done about it."""

    membership: MembershipRow
    person: Person
    last_login_on: date | None
    may_end: bool
    may_confirm: bool
    is_self: bool


@dataclass(frozen=True)
class Workplace:
    """One organisation of the administrator."""

    organisation: Organisation
    members: Sequence[Member]
    invitations: Sequence[StaffInvitation]

    @property
    def unconfirmed(self) -> Sequence[Member]:
        """Physicians whose licence somebody else has to see."""
        return [member for member in self.members if member.may_confirm]


@dataclass(frozen=True)
class StaffPage:
    """Every organisation the administrator answers for; ``today`` is the actor's day."""

    workplaces: Sequence[Workplace]
    today: date


@dataclass(frozen=True)
class Site:
    """One hospital or clinic, its gateway, and codes that wait for one."""

    organisation: Organisation
    gateway: Gateway | None
    offers: Sequence[GatewayOffer]


@dataclass(frozen=True)
class GatewaysPage:
    """Every hospital and clinic the administrator answers for."""

    sites: Sequence[Site]


def overview(actor: Actor) -> OperationsPage:
    """Read the state of operations."""
    authorize(actor, Permission.OPERATIONS_READ)
    with reading() as session:
        return OperationsPage(all_gateways(session), verify_chain(session), clock.now())


def staff(actor: Actor) -> StaffPage:
    """Members and open invitations of the actor's own organisations."""
    authorize(actor, Permission.STAFF_READ)
    with reading() as session:
        members = _members(session, actor)
        invitations = session.scalars(
            registry.open_invitations_visible_to(actor, clock.now())
        ).all()
        places = session.scalars(registry.managed_organisations_visible_to(actor)).all()
    workplaces = [
        Workplace(
            place,
            [member for member in members if member.membership.organisation_id == place.id],
            [one for one in invitations if one.organisation_id == place.id],
        )
        for place in places
    ]
    return StaffPage(workplaces, actor.today)


def member(actor: Actor, membership_id: UUID) -> Member:
    """One member in force or to come; raises ``MembershipNotFound``."""
    authorize(actor, Permission.STAFF_READ)
    with reading() as session:
        for one in _members(session, actor):
            if one.membership.id == membership_id:
                return one
    raise MembershipNotFound(str(membership_id))


def organisation(actor: Actor, organisation_id: UUID) -> Organisation:
    """One organisation of the actor, for a new invitation."""
    authorize(actor, Permission.STAFF_READ)
    with reading() as session:
        return registry.managed_organisation(session, actor, organisation_id)


def gateways(actor: Actor) -> GatewaysPage:
    """Gateways and open codes of the actor's own hospitals and clinics."""
    authorize(actor, Permission.OPERATIONS_READ)
    with reading() as session:
        places = session.scalars(registry.managed_organisations_visible_to(actor)).all()
        found = {
            one.organisation_id: one for one in session.scalars(registry.gateways_visible_to(actor))
        }
        offers = session.scalars(registry.open_gateway_offers_visible_to(actor, clock.now())).all()
    sites = [
        Site(place, found.get(place.id), [one for one in offers if one.organisation_id == place.id])
        for place in places
        if place.kind in KINDS
    ]
    return GatewaysPage(sites)


def site(actor: Actor, organisation_id: UUID) -> Site:
    """One hospital or clinic of the actor; raises ``OrganisationNotFound``."""
    for one in gateways(actor).sites:
        if one.organisation.id == organisation_id:
            return one
    raise OrganisationNotFound(str(organisation_id))


def _members(session: Session, actor: Actor) -> list[Member]:
    rows = session.execute(registry.members_visible_to(actor)).all()
    unconfirmed = set(session.scalars(registry.physicians_to_confirm_visible_to(actor)))
    logins = last_events(session, Action.LOGIN_SUCCEEDED, {person.id for _, person in rows})
    return [
        Member(
            membership,
            person,
            last_login_on=clock.japanese_day(logins[person.id]) if person.id in logins else None,
            may_end=membership.account_id != actor.account_id
            and membership.until_on != actor.today,
            may_confirm=membership in unconfirmed,
            is_self=membership.account_id == actor.account_id,
        )
        for membership, person in rows
    ]
