"""Use cases of staff: invite, accept, end a role, confirm a licence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.authz.actor import Profession, Role
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.crypto.digests import sha256_hex
from app.crypto.tokens import new_token
from app.identity.models import MembershipRow, StaffInvitation
from app.registry import errors, queries
from app.registry.models import LicenseRow, Practitioner

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.registry.first_administrator import InvitationHandle

INVITATION_LIFE = timedelta(days=7)
LONGEST_LEAD = timedelta(days=366)
LICENSE_NUMBER = re.compile(r"[0-9]{1,6}")
"""医籍登録番号 as the certificate of registration shows it."""


@dataclass(frozen=True)
class InvitationEntry:
    """A role and its first and last day; without a last day it holds until somebody ends it."""

    role: Role
    from_on: date
    until_on: date | None


@dataclass(frozen=True)
class LicenseEntry:
    """What the administrator saw on the certificate, and when."""

    number: str
    confirmed_on: date
    expires_on: date | None


@dataclass(frozen=True)
class Offer:
    """What an invited person reads before accepting."""

    organisation_name: str
    role: Role
    from_on: date
    until_on: date | None


def invite(actor: Actor, organisation_id: UUID, entry: InvitationEntry) -> str:
    """Offer a role at the actor's own organisation; returns the code, which is kept nowhere."""
    code, now = new_token(), clock.now()
    with transaction() as session:
        organisation = queries.managed_organisation(session, actor, organisation_id)
        invitation = StaffInvitation(
            id=new_id(),
            organisation_id=organisation.id,
            role=entry.role,
            code_hash=sha256_hex(code),
            invited_by=actor.account_id,
            invited_at=now,
            expires_at=now + INVITATION_LIFE,
            from_on=entry.from_on,
            until_on=entry.until_on,
        )
        authorize(actor, Permission.STAFF_MANAGE, invitation)
        _require_possible_period(entry, actor.today)
        session.add(invitation)
        session.flush()
        _record(session, actor, Action.STAFF_INVITED, invitation)
    return code


def withdraw_invitation(actor: Actor, invitation_id: UUID) -> None:
    """Take an open invitation back."""
    with transaction() as session:
        invitation = queries.managed_invitation(session, actor, invitation_id)
        authorize(actor, Permission.STAFF_MANAGE, invitation)
        if invitation.accepted_at or invitation.withdrawn_at:
            raise errors.AlreadyClosed("accepted or withdrawn")
        invitation.withdrawn_at = clock.now()
        _record(session, actor, Action.INVITATION_WITHDRAWN, invitation)


def read_invitation(actor: Actor, handle: InvitationHandle | None) -> Offer:
    """What is offered to the actor; raises ``InvitationRefused`` when it cannot be accepted."""
    authorize(actor, Permission.INVITATION_ACCEPT)
    with transaction() as session:
        offered = _offered(session, actor, handle)
        name = queries.organisation_names(session, {offered.organisation_id})
        from_on = max(offered.from_on, actor.today)
        return Offer(name[offered.organisation_id], offered.role, from_on, offered.until_on)


def accept_invitation(actor: Actor, handle: InvitationHandle | None) -> MembershipRow:
    """Take the offered role, once; raises ``InvitationRefused`` when that cannot be."""
    authorize(actor, Permission.INVITATION_ACCEPT)
    with transaction() as session:
        offered = _offered(session, actor, handle)
        offered.accepted_by, offered.accepted_at = actor.account_id, clock.now()
        membership = MembershipRow(
            id=new_id(),
            account_id=actor.account_id,
            organisation_id=offered.organisation_id,
            role=offered.role,
            from_on=max(offered.from_on, actor.today),
            until_on=offered.until_on,
        )
        session.add_all([offered, membership])
        session.flush()
        _record(session, actor, Action.INVITATION_ACCEPTED, offered, person_id=actor.person_id)
        return membership


def end_membership(actor: Actor, membership_id: UUID) -> None:
    """Let today be the last day of somebody's role; one that has not begun never begins."""
    with transaction() as session:
        membership = queries.managed_membership(session, actor, membership_id)
        authorize(actor, Permission.STAFF_MANAGE, membership)
        if membership.account_id == actor.account_id:
            raise errors.OwnMembership("own membership")
        if membership.until_on is not None and membership.until_on <= actor.today:
            raise errors.AlreadyClosed("ends today or earlier")
        membership.until_on = actor.today
        person = queries.person_of(session, membership.account_id)
        chain.record(
            session,
            actor,
            Action.MEMBERSHIP_ENDED,
            chain.Entity("membership", membership.id, person.id),
            organisation_id=membership.organisation_id,
            detail={"role": membership.role.value},
        )


def confirm_license(actor: Actor, membership_id: UUID, entry: LicenseEntry) -> None:
    """Record the licence of a physician of the actor's organisation, as seen by the actor."""
    with transaction() as session:
        membership = queries.managed_membership(session, actor, membership_id)
        authorize(actor, Permission.LICENSE_CONFIRM, membership)
        person_id = _physician(session, actor, membership)
        practitioner = _practitioner(session, person_id)
        _require_possible_license(session, actor, person_id, entry)
        licence = LicenseRow(
            id=new_id(),
            practitioner_id=practitioner.id,
            profession=Profession.PHYSICIAN,
            number=entry.number,
            confirmed_by=actor.account_id,
            confirmed_on=entry.confirmed_on,
            expires_on=entry.expires_on,
        )
        session.add(licence)
        session.flush()
        chain.record(
            session,
            actor,
            Action.LICENSE_CONFIRMED,
            chain.Entity("license", licence.id, person_id),
            organisation_id=membership.organisation_id,
        )


def physician_to_confirm(actor: Actor, membership_id: UUID) -> str:
    """The name of a physician whose licence the actor is about to record."""
    with transaction() as session:
        membership = queries.managed_membership(session, actor, membership_id)
        authorize(actor, Permission.LICENSE_CONFIRM, membership)
        _physician(session, actor, membership)
        return queries.person_of(session, membership.account_id).name


def _offered(session: Session, actor: Actor, handle: InvitationHandle | None) -> StaffInvitation:
    """The invitation behind the handle, open to this actor now."""
    if handle is None:
        raise errors.InvitationUnknown("no link opened")
    offered = queries.invitation_with_code(session, handle.code_hash)
    if offered is None and handle.first is not None:
        offered = handle.first.as_invitation(handle.code_hash, actor.account_id)
        _require_no_administrator(session, actor, offered)
    elif offered is None:
        raise errors.InvitationUnknown("no such code")
    else:
        _require_open(session, actor, offered)
    today = actor.today
    if offered.expires_at <= clock.now() or (offered.until_on and offered.until_on < today):
        raise errors.InvitationExpired("past its last day")
    place = offered.organisation_id
    if queries.holds_role(session, actor.account_id, place, offered.role, day=today):
        raise errors.AlreadyMember("role held already")
    return offered


def _require_open(session: Session, actor: Actor, offered: StaffInvitation) -> None:
    if offered.accepted_at is not None:
        raise errors.InvitationUsed("accepted")
    if offered.withdrawn_at is not None:
        raise errors.InvitationWithdrawn("withdrawn")
    if offered.invited_by == actor.account_id:
        raise errors.OwnInvitation("own invitation")
    author, place = offered.invited_by, offered.organisation_id
    if not queries.holds_role(session, author, place, Role.ADMINISTRATOR, day=actor.today):
        raise errors.InvitationWithdrawn("author administers no more")


def _require_no_administrator(session: Session, actor: Actor, offered: StaffInvitation) -> None:
    """The lock makes two first administrators wait for each other; the later one is refused."""
    if queries.locked_organisation(session, offered.organisation_id) is None:
        raise errors.InvitationUnknown("organisation gone")
    if queries.has_administrator(session, offered.organisation_id, actor.today):
        raise errors.AdministratorExists("not the first")


def _require_possible_period(entry: InvitationEntry, today: date) -> None:
    in_time = today <= entry.from_on <= today + LONGEST_LEAD
    if not in_time or (entry.until_on is not None and entry.until_on < entry.from_on):
        raise errors.ImpossiblePeriod("period")


def _physician(session: Session, actor: Actor, membership: MembershipRow) -> UUID:
    """The person of a physician's live membership, without a licence in force, not the actor."""
    if membership.account_id == actor.account_id:
        raise errors.OwnLicense("own licence")
    over = membership.until_on is not None and membership.until_on < actor.today
    if membership.role is not Role.PHYSICIAN or over:
        raise errors.NotAPhysician("not a physician here")
    person = queries.person_of(session, membership.account_id)
    held = queries.licenses_of(session, person.id)
    if any(one.expires_on is None or actor.today <= one.expires_on for one in held):
        raise errors.LicenseAlreadyConfirmed("licence in force")
    return person.id


def _practitioner(session: Session, person_id: UUID) -> Practitioner:
    known = queries.practitioner_of(session, person_id)
    if known is not None:
        return known
    practitioner = Practitioner(id=new_id(), person_id=person_id)
    session.add(practitioner)
    session.flush()
    return practitioner


def _require_possible_license(
    session: Session, actor: Actor, person_id: UUID, entry: LicenseEntry
) -> None:
    over = entry.expires_on is not None and entry.expires_on < actor.today
    late = entry.confirmed_on > actor.today
    if not LICENSE_NUMBER.fullmatch(entry.number) or late or over:
        raise errors.ImpossibleLicense("number or days")
    holder = queries.holder_of_license(session, Profession.PHYSICIAN, entry.number)
    if holder not in {None, person_id}:
        raise errors.LicenseNumberTaken("another person's number")


def _record(
    session: Session,
    actor: Actor,
    action: Action,
    invitation: StaffInvitation,
    *,
    person_id: UUID | None = None,
) -> None:
    chain.record(
        session,
        actor,
        action,
        chain.Entity("staff_invitation", invitation.id, person_id),
        organisation_id=invitation.organisation_id,
        detail={"role": invitation.role.value},
    )
