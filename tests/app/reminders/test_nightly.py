"""The nightly round: planned from the forecast, looked at again, one digest a family and day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from app.audit.actions import Action
from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.family.models import Child
from app.family.standing import QuietPeriod, QuietReason, Residence, Restriction, RestrictionKind
from app.immunization.models import Dose
from app.immunization.objections import Contraindication, Refusal
from app.jobs.models import JobName, JobRun
from app.jobs.runs import open_day
from app.jobs.work import Office, nightly, one_round, work_through
from app.messagebox.models import Letter
from app.messagebox.posting import read_letter
from app.notifications.models import Channel, Delivery
from app.notifications.sending import send_due
from app.reminders.models import Reminder
from tests.app.ledger import all_of, changing, events
from tests.app.told import channel_of
from tests.app.world import guardianship, provenance

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from app.core.db import Base
    from tests.app.told import Mails
    from tests.app.world import World


ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def add(*rows: Base) -> None:
    with transaction() as session:
        session.add_all(rows)


def about(portal: Flask, account_id: object) -> set[tuple[str, str]]:
    """Child and vaccine of everything a person's letters say."""
    letters = all_of(Letter, account_id=account_id)
    return {
        (item["child"], item["group"])
        for letter in letters
        for item in read_letter(letter, portal.extensions["sealer"])["items"]
    }


def spell(world: World, child: str = "sakura") -> dict[str, object]:
    """Columns of a stop from today on."""
    return {"id": new_id(), "child_id": world.children[child], "from_on": clock.today()}


def test_a_family_gets_one_letter_each_and_one_mail_without_content(
    office: Office, world: World, portal: Flask, mails: Mails
) -> None:
    channel_of(world["mother"], portal.extensions["sealer"])
    done = one_round(office)
    assert done.sent > 0
    assert done.deliveries.sent == 1
    (mail,) = mails.received()
    text = mail["Subject"] + mail.get_content()
    assert mail["Subject"] == "つなぐにお知らせがあります"
    assert "http://127.0.0.1:8000/handbook/news" in text
    assert not any(word in text for word in ("さくら", "見本", "ワクチン", "接種", "BCG"))
    children = {child for child, _ in about(portal, world["mother"].account_id)}
    assert children == {str(world.children[key]) for key in ("sakura", "yuto")}
    assert len(all_of(Letter, account_id=world["mother"].account_id)) == 1
    assert len(all_of(Letter, account_id=world["father"].account_id)) == 1
    assert len(events(Action.LETTER_DELIVERED)) == len(all_of(Letter))


def test_the_same_is_never_said_twice(
    office: Office, world: World, portal: Flask, mails: Mails
) -> None:
    channel_of(world["mother"], portal.extensions["sealer"])
    one_round(office)
    letters, reminders = len(all_of(Letter)), len(all_of(Reminder))
    nightly(office, clock.now() + timedelta(days=1))
    one_round(office)
    assert len(mails.received()) == 1
    assert (len(all_of(Letter)), len(all_of(Reminder))) == (letters, reminders)


SILENT: dict[str, Callable[[World], Base]] = {
    "loss": lambda world: QuietPeriod(reason=QuietReason.LOSS, **spell(world)),
    "deceased": lambda world: QuietPeriod(reason=QuietReason.DECEASED, **spell(world)),
    "hospital": lambda world: QuietPeriod(
        reason=QuietReason.HOSPITAL, until_on=clock.today(), **spell(world)
    ),
    "moved": lambda world: Residence(
        municipality_id=world.organisations["city"],
        until_on=clock.today() - timedelta(days=1),
        **spell(world) | {"from_on": date(2026, 4, 1)},
    ),
}


@ONE_DATABASE
@pytest.mark.parametrize("why", SILENT)
def test_a_silenced_child_is_left_out_and_its_sibling_is_not(
    why: str, office: Office, world: World, portal: Flask
) -> None:
    add(SILENT[why](world))
    one_round(office)
    children = {child for child, _ in about(portal, world["mother"].account_id)}
    assert children == {str(world.children["yuto"])}
    assert all_of(Letter, account_id=world["father"].account_id) == []


@ONE_DATABASE
@pytest.mark.parametrize("table", [Refusal, Contraindication])
def test_a_refused_or_contraindicated_vaccine_is_not_spoken_of(
    table: type[Refusal | Contraindication], office: Office, world: World, portal: Flask
) -> None:
    add(table(group="HEPB", **spell(world)))
    one_round(office)
    groups = {group for _, group in about(portal, world["father"].account_id)}
    assert "HEPB" not in groups
    assert "PCV" in groups


@ONE_DATABASE
def test_a_restricted_guardian_hears_nothing_and_the_other_does(
    office: Office, world: World, portal: Flask, mails: Mails
) -> None:
    sealer = portal.extensions["sealer"]
    channel_of(world["father"], sealer, "father@example.jp")
    channel_of(world["mother"], sealer, "mother@example.jp")
    kind, account_id = RestrictionKind.VIOLENCE, world["father"].account_id
    add(Restriction(account_id=account_id, kind=kind, **spell(world)))
    one_round(office)
    assert all_of(Letter, account_id=account_id) == []
    assert [str(mail["To"]) for mail in mails.received()] == ["mother@example.jp"]


@ONE_DATABASE
def test_a_former_guardian_hears_nothing(office: Office, world: World) -> None:
    one_round(office)
    assert all_of(Letter, account_id=world["grandmother"].account_id) == []


def plan_only(office: Office) -> None:
    open_day(clock.today())
    work_through(JobName.PLAN_REMINDERS, office, clock.today())


def send_only(office: Office) -> None:
    work_through(JobName.SEND_REMINDERS, office, clock.today())


@ONE_DATABASE
def test_what_was_planned_is_looked_at_again_before_it_is_sent(
    office: Office, world: World, portal: Flask
) -> None:
    plan_only(office)
    assert all_of(Reminder, child_id=world.children["sakura"])
    add(QuietPeriod(reason=QuietReason.LOSS, **spell(world)))
    send_only(office)
    assert all_of(Reminder, child_id=world.children["sakura"]) == []
    sakura = str(world.children["sakura"])
    assert sakura not in {child for child, _ in about(portal, world["mother"].account_id)}


@ONE_DATABASE
def test_a_dose_recorded_after_planning_is_not_reminded_of(
    office: Office, world: World, portal: Flask
) -> None:
    plan_only(office)
    day = clock.today()
    child_id = world.children["sakura"]
    add(Dose(child_id=child_id, product="BCG", given_on=day, **provenance(world, day)))
    send_only(office)
    assert (str(child_id), "BCG") not in about(portal, world["father"].account_id)


@ONE_DATABASE
def test_a_mail_does_not_leave_once_everything_it_was_about_is_done(
    office: Office, world: World, portal: Flask, mails: Mails
) -> None:
    channel_of(world["father"], portal.extensions["sealer"])
    nightly(office, clock.now())
    add(QuietPeriod(reason=QuietReason.ASKED, **spell(world)))
    assert send_due(office.post).ended == 1
    assert mails.received() == []
    (delivery,) = all_of(Delivery)
    assert (delivery.sent_at, delivery.failure) == (None, "not-wanted")


@ONE_DATABASE
def test_a_family_is_written_to_once_a_day(office: Office, world: World) -> None:
    one_round(office)
    mother = world["mother"].account_id
    with transaction() as session:
        for row in session.query(Reminder).filter_by(child_id=world.children["sakura"]):
            row.sent_at = None
        session.query(JobRun).delete()
    one_round(office)
    assert len(all_of(Letter, account_id=mother)) == 1
    waiting = [row for row in all_of(Reminder) if row.sent_at is None]
    assert waiting
    nightly(office, clock.now() + timedelta(days=1))
    assert len(all_of(Letter, account_id=mother)) == 2


@ONE_DATABASE
def test_half_siblings_with_different_parents_are_one_family(office: Office, world: World) -> None:
    add(guardianship(world, "neighbour", "yuto"))
    one_round(office)
    for key in ("mother", "father", "neighbour"):
        assert len(all_of(Letter, account_id=world[key].account_id)) == 1


@ONE_DATABASE
def test_a_family_without_a_channel_goes_on_the_paper_list(
    office: Office, world: World, portal: Flask
) -> None:
    channel_of(world["mother"], portal.extensions["sealer"])
    one_round(office)
    assert {row.on_paper for row in all_of(Reminder, child_id=world.children["sakura"])} == {False}
    assert {row.on_paper for row in all_of(Reminder, child_id=world.children["momo"])} == {True}


@ONE_DATABASE
def test_a_child_without_guardians_gets_paper_and_no_letter(office: Office, world: World) -> None:
    with changing(Child, id=world.children["momo"]) as child:
        for one in child.guardianships:
            one.until_on = clock.today() - timedelta(days=1)
    one_round(office)
    assert all_of(Letter, account_id=world["neighbour"].account_id) == []
    rows = all_of(Reminder, child_id=world.children["momo"])
    assert rows
    assert all(row.on_paper and row.sent_at for row in rows)


@ONE_DATABASE
def test_an_address_that_is_gone_is_flagged_and_written_to_no_more(
    office: Office, world: World, portal: Flask, mails: Mails
) -> None:
    channel_of(world["mother"], portal.extensions["sealer"], "gone@nobody.invalid")
    done = one_round(office)
    assert (done.deliveries.sent, done.deliveries.ended) == (0, 1)
    (channel,) = all_of(Channel)
    assert channel.bounced_at is not None
    (delivery,) = all_of(Delivery)
    assert delivery.failure == "bounced 550"
    assert len(events(Action.CHANNEL_BOUNCED)) == 1
    assert mails.received() == []


@ONE_DATABASE
def test_a_server_that_says_later_is_asked_again_with_the_same_message(
    office: Office, world: World, portal: Flask
) -> None:
    channel_of(world["mother"], portal.extensions["sealer"], "full@busy.invalid")
    done = one_round(office)
    assert done.deliveries.postponed == 1
    (delivery,) = all_of(Delivery)
    assert (delivery.attempts, delivery.failure) == (1, "451")
    assert delivery.due_at is not None
    assert delivery.due_at > clock.now()


@ONE_DATABASE
def test_nobody_is_written_to_before_the_hour(office: Office) -> None:
    night = clock.now().astimezone(clock.JST).replace(hour=3)
    planned, sent = nightly(Office(office.post, first_hour=9), night)
    assert planned > 0
    assert sent == 0
    assert all_of(Letter) == []


@ONE_DATABASE
def test_an_unreadable_record_does_not_stop_the_others(office: Office, world: World) -> None:
    day = world.born_on("momo") - timedelta(days=3)
    child_id = world.children["momo"]
    add(Dose(child_id=child_id, product="BCG", given_on=day, **provenance(world, day)))
    one_round(office)
    runs = all_of(JobRun, name=JobName.PLAN_REMINDERS)
    assert sorted(run.unreadable for run in runs) == [0, 1]
    assert all_of(Letter, account_id=world["mother"].account_id)
