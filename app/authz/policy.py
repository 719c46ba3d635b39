"""The policy table. No other file decides; templates ask it through ``can()``."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from app.authz.actor import Actor, Assurance, ClientSystem, Machine, Profession, Role, Scope
from app.core.errors import Forbidden, StepUpRequired

if TYPE_CHECKING:
    from uuid import UUID

Subject: TypeAlias = Actor | Machine | ClientSystem
Rule: TypeAlias = Callable[[Subject, object], bool]


class Permission(StrEnum):
    """Everything that can be asked."""

    CHILD_READ = "child.read"
    CHILD_EXPORT = "child.export"
    CHILD_SEARCH = "child.search"
    CHILD_PLACE = "child.place"
    DOSE_RECORD = "dose.record"
    OWN_DOSE_WRITE = "own_dose.write"
    DOSE_CORRECT = "dose.correct"
    DOSES_UNDO = "doses.undo"
    DOSES_IMPORT = "doses.import"
    WORKLIST_READ = "worklist.read"
    INCIDENT_WRITE = "incident.write"
    PATIENT_LINK = "patient.link"
    PATIENT_READ = "patient.read"
    SHARE_REQUEST = "share.request"
    SHARE_READ = "share.read"
    CONSENT_GIVE = "consent.give"
    CONSENT_WITHDRAW = "consent.withdraw"
    IMAGE_VIEW = "image.view"
    OWN_ACCESS_READ = "own_access.read"
    GATEWAY_REPORT = "gateway.report"
    GATEWAY_ENROL = "gateway.enrol"
    FORECAST_ASK = "forecast.ask"
    OPERATIONS_READ = "operations.read"
    STAFF_READ = "staff.read"
    STAFF_MANAGE = "staff.manage"
    INVITATION_ACCEPT = "invitation.accept"
    LICENSE_CONFIRM = "license.confirm"
    ACCOUNT_READ = "account.read"
    PASSKEY_ADD = "passkey.add"
    PHONE_ADD = "phone.add"
    CREDENTIAL_ADD = "credential.add"
    REGISTRATION_DECIDE = "registration.decide"
    CREDENTIAL_REMOVE = "credential.remove"
    SESSION_END = "session.end"
    CHANNEL_MANAGE = "channel.manage"
    CALENDAR_MANAGE = "calendar.manage"
    LETTER_READ = "letter.read"
    REMINDER_READ = "reminder.read"
    REMINDER_STOP = "reminder.stop"
    REMINDER_PRINT = "reminder.print"


class NotPermitted(Forbidden):
    """The table says no."""

    def __init__(self, permission: Permission) -> None:
        super().__init__(f"not permitted: {permission}")
        self.permission = permission


class CardNeeded(StepUpRequired):
    """The table would say yes with the card in this session."""

    def __init__(self, permission: Permission) -> None:
        super().__init__(f"card needed: {permission}")
        self.permission = permission


@runtime_checkable
class Guarded(Protocol):
    """A record of a child: who guards it and which municipality keeps it."""

    @property
    def guardian_account_ids(self) -> frozenset[UUID]: ...

    @property
    def municipality_id(self) -> UUID: ...


@runtime_checkable
class OfPerson(Protocol):
    """Something about one person, who may decide about it."""

    @property
    def person_id(self) -> UUID: ...


@runtime_checkable
class OfOrganisation(Protocol):
    """Something that belongs to one organisation."""

    @property
    def organisation_id(self) -> UUID: ...


@runtime_checkable
class OfAccount(Protocol):
    """Something that belongs to one account: a credential, a session."""

    @property
    def account_id(self) -> UUID | None: ...


@runtime_checkable
class GrantInForce(Protocol):
    """A grant together with the answer whether it is in force now (``app/imaging/grants.py``)."""

    @property
    def account_id(self) -> UUID: ...

    @property
    def organisation_id(self) -> UUID: ...

    @property
    def in_force(self) -> bool: ...


def either(*rules: Rule) -> Rule:
    """At least one rule says yes."""
    return lambda subject, thing: any(rule(subject, thing) for rule in rules)


def both(*rules: Rule) -> Rule:
    """Every rule says yes."""
    return lambda subject, thing: all(rule(subject, thing) for rule in rules)


def is_guardian(subject: Subject, thing: object) -> bool:
    """The actor guards this child today."""
    return (
        isinstance(subject, Actor)
        and isinstance(thing, Guarded)
        and subject.account_id in thing.guardian_account_ids
    )


def is_assigned_staff(subject: Subject, thing: object) -> bool:
    """The actor works at the health center of the child's municipality."""
    return (
        isinstance(subject, Actor)
        and isinstance(thing, Guarded)
        and thing.municipality_id in subject.organisations(Role.NURSE)
    )


def is_the_person(subject: Subject, thing: object) -> bool:
    """The thing is about the actor."""
    return (
        isinstance(subject, Actor)
        and isinstance(thing, OfPerson)
        and subject.person_id == thing.person_id
    )


def is_of_own_account(subject: Subject, thing: object) -> bool:
    """The thing belongs to the actor's account."""
    return (
        isinstance(subject, Actor)
        and isinstance(thing, OfAccount)
        and subject.account_id == thing.account_id
    )


def works_there_as(*roles: Role) -> Rule:
    """The actor has one of the roles at the organisation the thing belongs to."""

    def rule(subject: Subject, thing: object) -> bool:
        return (
            isinstance(subject, Actor)
            and isinstance(thing, OfOrganisation)
            and thing.organisation_id in subject.organisations(*roles)
        )

    return rule


def has_role(*roles: Role) -> Rule:
    """The actor has one of the roles somewhere."""
    return lambda subject, _thing: (
        isinstance(subject, Actor) and bool(subject.organisations(*roles))
    )


def is_licensed_physician(subject: Subject, _thing: object) -> bool:
    """What: a confirmed physician's licence in force. A card alone never proves it."""
    return isinstance(subject, Actor) and subject.has_license(Profession.PHYSICIAN)


def holds_live_grant(subject: Subject, thing: object) -> bool:
    """The grant names this physician at this organisation and is in force now."""
    return (
        isinstance(subject, Actor)
        and isinstance(thing, GrantInForce)
        and thing.in_force
        and thing.account_id == subject.account_id
        and thing.organisation_id in subject.organisations(Role.PHYSICIAN)
    )


DESK_ROLES = (Role.ADMINISTRATOR, Role.NURSE)
"""Who sits at a municipality's desk for applications."""


def is_anyone(subject: Subject, _thing: object) -> bool:
    """Every account holder, about their own things."""
    return isinstance(subject, Actor)


def is_gateway(subject: Subject, _thing: object) -> bool:
    """A hospital's gateway, proved by its own key."""
    return isinstance(subject, Machine)


def has_scope(scope: Scope) -> Rule:
    """Another organisation's system that was registered for this."""
    return lambda subject, _thing: isinstance(subject, ClientSystem) and scope in subject.scopes


POLICY: dict[Permission, Rule] = {
    Permission.CHILD_READ: either(is_guardian, is_assigned_staff),
    Permission.CHILD_EXPORT: either(is_guardian, is_assigned_staff),
    Permission.CHILD_SEARCH: has_role(Role.NURSE),
    Permission.CHILD_PLACE: is_assigned_staff,
    Permission.DOSE_RECORD: is_assigned_staff,
    Permission.OWN_DOSE_WRITE: is_guardian,
    Permission.DOSE_CORRECT: is_assigned_staff,
    Permission.DOSES_UNDO: works_there_as(Role.NURSE),
    Permission.DOSES_IMPORT: works_there_as(Role.NURSE),
    Permission.WORKLIST_READ: has_role(Role.NURSE),
    Permission.INCIDENT_WRITE: either(is_assigned_staff, works_there_as(Role.NURSE)),
    Permission.PATIENT_LINK: works_there_as(Role.RECEPTIONIST),
    Permission.PATIENT_READ: both(is_licensed_physician, works_there_as(Role.PHYSICIAN)),
    Permission.SHARE_REQUEST: both(is_licensed_physician, works_there_as(Role.PHYSICIAN)),
    Permission.SHARE_READ: either(is_the_person, works_there_as(Role.PHYSICIAN)),
    Permission.CONSENT_GIVE: is_the_person,
    Permission.CONSENT_WITHDRAW: is_the_person,
    Permission.IMAGE_VIEW: both(is_licensed_physician, holds_live_grant),
    Permission.OWN_ACCESS_READ: is_anyone,
    Permission.GATEWAY_REPORT: is_gateway,
    Permission.GATEWAY_ENROL: works_there_as(Role.ADMINISTRATOR),
    Permission.FORECAST_ASK: has_scope(Scope.FORECAST),
    Permission.OPERATIONS_READ: has_role(Role.ADMINISTRATOR),
    Permission.STAFF_READ: has_role(Role.ADMINISTRATOR),
    Permission.STAFF_MANAGE: works_there_as(Role.ADMINISTRATOR),
    Permission.INVITATION_ACCEPT: is_anyone,
    Permission.LICENSE_CONFIRM: works_there_as(Role.ADMINISTRATOR),
    Permission.ACCOUNT_READ: is_anyone,
    Permission.PASSKEY_ADD: is_anyone,
    Permission.PHONE_ADD: is_anyone,
    Permission.CREDENTIAL_ADD: is_anyone,
    Permission.REGISTRATION_DECIDE: works_there_as(*DESK_ROLES),
    Permission.CREDENTIAL_REMOVE: is_of_own_account,
    Permission.SESSION_END: is_of_own_account,
    Permission.CHANNEL_MANAGE: is_of_own_account,
    Permission.CALENDAR_MANAGE: is_of_own_account,
    Permission.LETTER_READ: is_of_own_account,
    Permission.REMINDER_READ: is_assigned_staff,
    Permission.REMINDER_STOP: is_assigned_staff,
    Permission.REMINDER_PRINT: has_role(Role.NURSE),
}

NEEDS_CARD: frozenset[Permission] = frozenset(
    {
        Permission.PATIENT_READ,
        Permission.SHARE_REQUEST,
        Permission.IMAGE_VIEW,
        Permission.OPERATIONS_READ,
        Permission.STAFF_READ,
        Permission.STAFF_MANAGE,
        Permission.GATEWAY_ENROL,
        Permission.INVITATION_ACCEPT,
        Permission.LICENSE_CONFIRM,
        Permission.PASSKEY_ADD,
        Permission.PHONE_ADD,
        Permission.REGISTRATION_DECIDE,
    }
)

PHONE_IS_ENOUGH: frozenset[Permission] = frozenset({Permission.PASSKEY_ADD})
"""Of these, what a person may do about themselves when another party vouches for their card."""


def can(subject: Subject, permission: Permission, thing: object = None) -> bool:
    """Whether the table says yes, the card aside."""
    return POLICY.get(permission, _nobody)(subject, thing)


def authorize(subject: Subject, permission: Permission, thing: object = None) -> None:
    """Return if the subject may; raise ``NotPermitted`` or ``CardNeeded`` if not."""
    if not can(subject, permission, thing):
        raise NotPermitted(permission)
    if isinstance(subject, Actor) and subject.assurance < _level_for(permission):
        raise CardNeeded(permission)


def _level_for(permission: Permission) -> Assurance:
    if permission not in NEEDS_CARD:
        return Assurance.NONE
    return Assurance.PHONE if permission in PHONE_IS_ENOUGH else Assurance.CARD


def _nobody(_subject: Subject, _thing: object) -> bool:
    return False
