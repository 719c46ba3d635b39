"""The desk: what a clerk sees of an application, who may decide, and what a decision does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from app.audit.actions import Action
from app.authz.actor import Assurance
from app.identity.models import Account, Credential, Person
from app.identity.registration_models import Registration, RegistrationState
from tests.app.browser import stranger as another_browser
from tests.app.identity.applicant import MOTHER, Applicant, a_card, told
from tests.app.ledger import all_of, events

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask import Flask

    from simulators.jlis.office import Office
    from tests.app.browser import Browser
    from tests.app.world import World

REASON = "窓口でカードを見て確かめた"

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What the first tests prove on both databases does not differ afterwards."""


@pytest.fixture
def applicant(stranger: Browser, jlis: Office) -> Applicant:
    """Somebody with the mother's name, birthday and sex, whose address nobody has on record."""
    one = Applicant(stranger, a_card(jlis, MOTHER))
    assert one.apply().json == {"location": "/register/waiting"}
    return one


@pytest.fixture
def waiting(applicant: Applicant) -> UUID:
    assert applicant.card.auth.serial
    (row,) = all_of(Registration)
    return row.id


def decide(browser: Browser, case: UUID, choice: object, reason: str = REASON) -> int:
    form = {"choice": str(choice), "reason": reason}
    return browser.post(f"/staff/registrations/{case}/decision", form).status_code


def test_the_list_names_nobody_and_opening_is_written_down(
    client_for: Callable[..., Browser], waiting: UUID, world: World
) -> None:
    clerk = client_for("admin")
    listing = clerk.get("/staff/registrations/").text
    assert str(waiting) in listing
    assert "記録に住所がありません" in listing
    assert "花子" not in listing
    page = clerk.get(f"/staff/registrations/{waiting}").text
    for words in ("見本　花子", MOTHER.address, "にいがお", "記録にありません", "登録があります"):
        assert words in page
    (event,) = events(Action.REGISTRATION_OPENED)
    assert event.agent_id == world["admin"].account_id
    assert event.agent_organisation_id == world.organisations["city"]


def test_a_clerk_links_the_applicant_to_the_record(
    client_for: Callable[..., Browser],
    waiting: UUID,
    applicant: Applicant,
    world: World,
    portal: Flask,
) -> None:
    mother = world["mother"]
    assert decide(client_for("nurse"), waiting, mother.person_id) == 302
    (row,) = all_of(Registration)
    assert (row.state, row.reason) == (RegistrationState.COMPLETED, REASON)
    assert row.decided_by == world["nurse"].account_id
    (bound,) = all_of(Credential, serial=applicant.card.auth.serial)
    assert bound.account_id == mother.account_id
    assert told() == [(str(mother.account_id), "card-added")]
    (event,) = events(Action.REGISTRATION_DECIDED)
    assert event.person_id == mother.person_id
    assert event.detail == {"decision": "link", "doubts": ["no-address"]}
    assert another_browser(portal).log_in(applicant.card.auth).status_code == 200


@ONE_DATABASE
def test_a_clerk_makes_somebody_new(
    client_for: Callable[..., Browser], waiting: UUID, applicant: Applicant, world: World
) -> None:
    assert decide(client_for("admin"), waiting, "create") == 302
    (bound,) = all_of(Credential, serial=applicant.card.auth.serial)
    assert bound.account_id != world["mother"].account_id
    assert len(all_of(Person, given_name="花子")) == 2
    assert told() == [(str(bound.account_id), "registered")]


@ONE_DATABASE
def test_a_declined_applicant_is_told_so(
    client_for: Callable[..., Browser], waiting: UUID, applicant: Applicant
) -> None:
    accounts = len(all_of(Account))
    assert decide(client_for("admin"), waiting, "decline") == 302
    refusal = applicant.browser.log_in(applicant.card.auth).json
    assert refusal is not None
    assert refusal["code"] == "registration-declined"
    assert len(all_of(Account)) == accounts
    assert told() == []
    assert applicant.apply().json == {"location": "/register/waiting"}, "may apply again"


@ONE_DATABASE
def test_a_decision_is_made_once(client_for: Callable[..., Browser], waiting: UUID) -> None:
    assert decide(client_for("admin"), waiting, "decline") == 302
    assert decide(client_for("nurse"), waiting, "create") == 409
    assert client_for("admin").get(f"/staff/registrations/{waiting}").status_code == 409
    assert "待っている申請はありません" in client_for("admin").get("/staff/registrations/").text


@ONE_DATABASE
@pytest.mark.parametrize("reason", ["", "あ" * 201])
def test_a_decision_needs_a_reason(
    client_for: Callable[..., Browser], waiting: UUID, reason: str
) -> None:
    assert decide(client_for("admin"), waiting, "create", reason) == 422
    assert not events(Action.REGISTRATION_DECIDED)


@ONE_DATABASE
def test_nobody_but_the_similar_can_be_chosen(
    client_for: Callable[..., Browser], waiting: UUID, world: World
) -> None:
    assert decide(client_for("admin"), waiting, world["father"].person_id) == 422
    assert decide(client_for("admin"), waiting, "") == 422


@ONE_DATABASE
def test_another_municipality_and_other_roles_know_nothing_of_it(
    client_for: Callable[..., Browser], waiting: UUID
) -> None:
    assert "待っている申請はありません" in client_for("far-nurse").get("/staff/registrations/").text
    for key in ("far-nurse", "reception-a", "physician", "mother"):
        browser = client_for(key)
        assert browser.get(f"/staff/registrations/{waiting}").status_code == 404
        assert decide(browser, waiting, "create") == 404


@ONE_DATABASE
def test_the_desk_needs_the_card(client_for: Callable[..., Browser], waiting: UUID) -> None:
    sent = client_for("admin", Assurance.PASSKEY).get(f"/staff/registrations/{waiting}")
    assert "why=card" in sent.location


@ONE_DATABASE
def test_nobody_decides_about_themselves(
    client_for: Callable[..., Browser], stranger: Browser, jlis: Office, world: World
) -> None:
    admin = replace(MOTHER, name="練習　管理", sex=type(MOTHER.sex).MALE)
    Applicant(stranger, a_card(jlis, admin)).apply()
    (row,) = all_of(Registration)
    browser = client_for("admin")
    assert decide(browser, row.id, world["admin"].person_id) == 409
    assert decide(client_for("nurse"), row.id, world["admin"].person_id) == 302


@ONE_DATABASE
def test_a_newer_application_takes_the_place_of_one_that_waits(
    applicant: Applicant, jlis: Office, portal: Flask
) -> None:
    again = replace(applicant.card, auth=a_card(jlis, MOTHER).auth)
    Applicant(another_browser(portal), again).apply()
    states = sorted(row.state.value for row in all_of(Registration))
    assert states == ["superseded", "waiting"]


@ONE_DATABASE
def test_without_an_exact_birth_date_nobody_new_is_made(
    stranger: Browser,
    jlis: Office,
    client_for: Callable[..., Browser],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type(MOTHER), "coded_birth", property(lambda _self: "319550000"))
    Applicant(stranger, a_card(jlis, replace(MOTHER, born_on=date(1955, 1, 1)))).apply()
    (row,) = all_of(Registration)
    assert row.doubts == ["birth-date-unknown"]
    page = client_for("admin").get(f"/staff/registrations/{row.id}").text
    assert "分からない部分があります" in page
    assert decide(client_for("admin"), row.id, "create") == 422
    assert decide(client_for("admin"), row.id, "decline") == 302
