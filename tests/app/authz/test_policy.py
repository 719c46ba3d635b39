"""The policy table itself: deny by default, the card where it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from app.authz.actor import (
    Actor,
    Assurance,
    ClientSystem,
    License,
    Machine,
    Membership,
    Profession,
    Role,
    Scope,
)
from app.authz.policy import (
    NEEDS_CARD,
    PHONE_IS_ENOUGH,
    POLICY,
    CardNeeded,
    NotPermitted,
    Permission,
    authorize,
    can,
)

if TYPE_CHECKING:
    from uuid import UUID

TODAY = date(2026, 11, 22)
PLACE, ELSEWHERE = uuid4(), uuid4()
ME, MYSELF, SOMEBODY = uuid4(), uuid4(), uuid4()
FOR_ANYONE = {
    Permission.OWN_ACCESS_READ,
    Permission.INVITATION_ACCEPT,
    Permission.ACCOUNT_READ,
    Permission.PASSKEY_ADD,
    Permission.PHONE_ADD,
    Permission.CREDENTIAL_ADD,
}
OF_OWN_ACCOUNT = {
    Permission.CREDENTIAL_REMOVE,
    Permission.SESSION_END,
    Permission.CALENDAR_MANAGE,
    Permission.CHANNEL_MANAGE,
    Permission.LETTER_READ,
}
LICENCE = License(Profession.PHYSICIAN, date(2026, 4, 1), None)


@dataclass(frozen=True)
class Thing:
    """Something with every face the table asks about."""

    guardian_account_ids: frozenset[UUID] = frozenset()
    municipality_id: UUID = PLACE
    person_id: UUID = SOMEBODY
    organisation_id: UUID = PLACE
    account_id: UUID = ME
    in_force: bool = True


def actor(
    *roles: Role,
    place: UUID = PLACE,
    assurance: Assurance = Assurance.CARD,
    licenses: tuple[License, ...] = (),
) -> Actor:
    memberships = tuple(Membership(place, "", role) for role in roles)
    return Actor(ME, MYSELF, "", assurance, TODAY, memberships, licenses)


def test_every_permission_has_its_rule() -> None:
    assert set(POLICY) == set(Permission)


@pytest.mark.parametrize("permission", sorted(set(Permission) - FOR_ANYONE - OF_OWN_ACCOUNT))
def test_somebody_without_roles_may_nothing(permission: Permission) -> None:
    assert not can(actor(), permission, Thing())
    assert not can(actor(), permission)
    with pytest.raises(NotPermitted):
        authorize(actor(), permission, Thing())


@pytest.mark.parametrize("permission", sorted(set(Permission) - {Permission.GATEWAY_REPORT}))
def test_a_gateway_may_only_report(permission: Permission) -> None:
    machine = Machine(uuid4(), PLACE, "")
    assert not can(machine, permission, Thing(person_id=machine.id))
    assert can(machine, Permission.GATEWAY_REPORT)


@pytest.mark.parametrize("permission", sorted(Permission))
def test_another_system_may_only_ask_for_what_it_was_registered_for(permission: Permission) -> None:
    system = ClientSystem(uuid4(), PLACE, "", frozenset(Scope))
    asked = permission is Permission.FORECAST_ASK
    assert can(system, permission, Thing(person_id=system.id)) is asked
    assert not can(ClientSystem(uuid4(), PLACE, "", frozenset()), permission, Thing())


@pytest.mark.parametrize("permission", sorted(Permission))
def test_a_role_elsewhere_is_no_role_here(permission: Permission) -> None:
    asked_somewhere = {
        Permission.CHILD_SEARCH,
        Permission.OPERATIONS_READ,
        Permission.STAFF_READ,
        Permission.WORKLIST_READ,
        Permission.REMINDER_PRINT,
        *FOR_ANYONE,
        *OF_OWN_ACCOUNT,
    }
    busy = actor(*Role, place=ELSEWHERE, licenses=(LICENCE,))
    assert can(busy, permission, Thing()) is (permission in asked_somewhere)


@pytest.mark.parametrize("permission", sorted(OF_OWN_ACCOUNT))
def test_ones_own_account_is_ones_own_whatever_the_role(permission: Permission) -> None:
    assert can(actor(assurance=Assurance.PASSKEY), permission, Thing())
    assert not can(actor(*Role), permission, Thing(account_id=uuid4()))
    assert not can(actor(*Role), permission)


def test_guardians_and_staff_read_only_staff_records() -> None:
    guarded = Thing(guardian_account_ids=frozenset({ME}), municipality_id=ELSEWHERE)
    assert can(actor(), Permission.CHILD_READ, guarded)
    assert can(actor(), Permission.CHILD_EXPORT, guarded)
    assert not can(actor(), Permission.DOSE_RECORD, guarded)
    assert can(actor(Role.NURSE), Permission.DOSE_RECORD, Thing())
    assert can(actor(Role.NURSE), Permission.CHILD_EXPORT, Thing())
    assert not can(actor(Role.PHYSICIAN), Permission.DOSE_RECORD, Thing())


@pytest.mark.parametrize(
    ("expires_on", "allowed"),
    [(None, True), (TODAY, True), (TODAY - timedelta(days=1), False)],
)
def test_a_licence_holds_to_its_last_day(expires_on: date | None, allowed: bool) -> None:  # noqa: FBT001
    licence = License(Profession.PHYSICIAN, date(2026, 4, 1), expires_on)
    doctor = actor(Role.PHYSICIAN, licenses=(licence,))
    assert can(doctor, Permission.IMAGE_VIEW, Thing()) is allowed
    assert can(doctor, Permission.PATIENT_READ, Thing()) is allowed


def test_images_need_a_grant_in_force_for_this_very_physician() -> None:
    doctor = actor(Role.PHYSICIAN, licenses=(LICENCE,))
    assert can(doctor, Permission.IMAGE_VIEW, Thing())
    assert not can(doctor, Permission.IMAGE_VIEW, Thing(in_force=False))
    assert not can(doctor, Permission.IMAGE_VIEW, Thing(account_id=uuid4()))
    assert not can(doctor, Permission.IMAGE_VIEW, Thing(organisation_id=ELSEWHERE))
    assert not can(actor(licenses=(LICENCE,)), Permission.IMAGE_VIEW, Thing())


@pytest.mark.parametrize("permission", sorted(NEEDS_CARD))
@pytest.mark.parametrize("assurance", [Assurance.NONE, Assurance.PASSKEY])
def test_less_than_the_card_is_not_enough(permission: Permission, assurance: Assurance) -> None:
    roles = (Role.PHYSICIAN, Role.ADMINISTRATOR)
    authorize(actor(*roles, licenses=(LICENCE,)), permission, Thing())
    with pytest.raises(CardNeeded):
        authorize(actor(*roles, licenses=(LICENCE,), assurance=assurance), permission, Thing())


@pytest.mark.parametrize("permission", sorted(NEEDS_CARD))
def test_the_phone_counts_as_the_card_only_where_it_is_listed(permission: Permission) -> None:
    roles = (Role.PHYSICIAN, Role.ADMINISTRATOR)
    by_phone = actor(*roles, licenses=(LICENCE,), assurance=Assurance.PHONE)
    if permission in PHONE_IS_ENOUGH:
        authorize(by_phone, permission, Thing())
        return
    with pytest.raises(CardNeeded):
        authorize(by_phone, permission, Thing())


def test_what_the_phone_is_enough_for_concerns_the_person_alone() -> None:
    assert PHONE_IS_ENOUGH < NEEDS_CARD
    assert PHONE_IS_ENOUGH <= FOR_ANYONE | OF_OWN_ACCOUNT
