"""The health center's pages: what was sent, stops and their end, letters on paper."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from app.audit.actions import Action
from app.core import clock
from app.core.db import transaction
from app.family.standing import QuietPeriod, Restriction, RestrictionKind
from app.immunization.objections import Contraindication, Refusal
from app.jobs.work import one_round
from app.reminders.models import Reminder
from tests.app.ledger import all_of, events
from tests.app.told import channel_of
from tests.app.world import restriction

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from app.jobs.work import Office
    from tests.app.browser import Browser
    from tests.app.world import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def place(world: World, child: str = "sakura") -> str:
    return f"/staff/children/{world.children[child]}/reminders"


def stop(browser: Browser, world: World, **fields: str) -> int:
    form = {"from_on": clock.today().isoformat(), **fields}
    return browser.post(f"{place(world)}/stops", form).status_code


def test_staff_see_what_became_of_each_reminder(
    office: Office, world: World, portal: Flask, client_for: Callable[..., Browser]
) -> None:
    channel_of(world["mother"], portal.extensions["sealer"])
    channel_of(world["father"], portal.extensions["sealer"], "gone@nobody.invalid")
    one_round(office)
    page = client_for("nurse").get(place(world)).text
    assert "届きました（未読）" in page
    assert "送信 " in page
    assert "届かないあて先です" in page
    assert "hanako" not in page
    assert "gone@" not in page


@pytest.mark.parametrize(
    ("fields", "table"),
    [
        ({"kind": "loss"}, QuietPeriod),
        ({"kind": "hospital", "until_on": "2099-01-01"}, QuietPeriod),
        ({"kind": "refused", "group": "BCG"}, Refusal),
        ({"kind": "contraindicated", "group": "BCG"}, Contraindication),
    ],
)
def test_a_stop_is_set_and_ended(
    fields: dict[str, str],
    table: type[QuietPeriod | Refusal | Contraindication],
    world: World,
    client_for: Callable[..., Browser],
) -> None:
    nurse = client_for("nurse")
    assert stop(nurse, world, **fields) == 302
    (row,) = all_of(table)
    assert "再開する" in nurse.get(place(world)).text
    assert nurse.post(f"{place(world)}/stops/{row.id}/end").status_code == 302
    (row,) = all_of(table)
    assert row.until_on == clock.today() - timedelta(days=1)
    assert "再開する" not in nurse.get(place(world)).text
    actions = [event.action for event in events(Action.REMINDERS_STOPPED, Action.REMINDERS_RESUMED)]
    assert actions == ["reminders.stopped", "reminders.resumed"]


@pytest.mark.parametrize("kind", RestrictionKind)
def test_a_restricted_guardian_sees_and_hears_nothing_of_the_child(
    world: World, client_for: Callable[..., Browser], kind: RestrictionKind
) -> None:
    father, mother, nurse = client_for("father"), client_for("mother"), client_for("nurse")
    child = f"/handbook/children/{world.children['sakura']}"
    assert father.get(child).status_code == 200
    guardian = str(world["father"].account_id)
    assert stop(nurse, world, kind=kind.value, guardian=guardian) == 302
    (row,) = all_of(Restriction)
    assert (row.account_id, row.kind) == (world["father"].account_id, kind)
    assert father.get(child).status_code == father.get(child + "/vaccinations").status_code == 404
    assert "さくら" not in father.get("/handbook/").text
    assert mother.get(child).status_code == nurse.get(place(world)).status_code == 200
    assert nurse.post(f"{place(world)}/stops/{row.id}/end").status_code == 302
    assert father.get(child).status_code == 200


def test_who_is_restricted_does_not_see_the_child_at_work_either(
    world: World, client_for: Callable[..., Browser]
) -> None:
    nurse = client_for("nurse")
    spell = {"id": uuid4(), "from_on": clock.today(), "kind": RestrictionKind.VIOLENCE}
    with transaction() as session:
        session.add(
            Restriction(
                child_id=world.children["sakura"],
                account_id=world["nurse"].account_id,
                **spell,
            )
        )
    assert nurse.get(place(world)).status_code == 404
    assert "さくら" not in nurse.get("/staff/?q=さくら").text.partition("<tbody")[2]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": "nonsense"},
        {"kind": "refused"},
        {"kind": "refused", "group": "nonsense"},
        {"kind": "violence"},
        {"kind": "violence", "guardian": str(uuid4())},
        {"kind": "loss", "from_on": "2026-02-30"},
        {"kind": "loss", "until_on": (clock.today() - timedelta(days=1)).isoformat()},
    ],
)
def test_an_impossible_stop_is_explained(
    fields: dict[str, str], world: World, client_for: Callable[..., Browser]
) -> None:
    assert stop(client_for("nurse"), world, **fields) == 422
    assert events(Action.REMINDERS_STOPPED) == []


def test_another_city_and_the_family_may_not(
    world: World, client_for: Callable[..., Browser]
) -> None:
    assert stop(client_for("far-nurse"), world, kind="loss") == 404
    assert stop(client_for("mother"), world, kind="loss") == 403
    assert all_of(QuietPeriod) == []


def test_a_stop_of_another_child_is_not_ended_here(
    world: World, client_for: Callable[..., Browser]
) -> None:
    nurse = client_for("nurse")
    stop(nurse, world, kind="loss")
    (row,) = all_of(QuietPeriod)
    assert nurse.post(f"{place(world, 'yuto')}/stops/{row.id}/end").status_code == 404
    assert len(all_of(QuietPeriod)) == 1


def test_the_paper_list_holds_the_own_citys_families_until_they_are_printed(
    office: Office, world: World, portal: Flask, client_for: Callable[..., Browser]
) -> None:
    channel_of(world["mother"], portal.extensions["sealer"])
    one_round(office)
    nurse, far = client_for("nurse"), client_for("far-nurse")
    assert "印刷するものはありません" in nurse.get("/staff/reminders/paper").text
    page = far.get("/staff/reminders/paper").text
    assert "隣\u3000もも 様の保護者様" in page
    assert "住所は、つなぐにはありません" in page
    ids = [str(row.id) for row in all_of(Reminder, child_id=world.children["momo"])]
    nurse.post("/staff/reminders/paper/printed", {"reminder": ids})
    assert {row.printed_at for row in all_of(Reminder)} == {None}
    assert far.post("/staff/reminders/paper/printed", {"reminder": [*ids, "x"]}).status_code == 302
    assert "印刷するものはありません" in far.get("/staff/reminders/paper").text
    assert len(events(Action.REMINDERS_PRINTED)) == 1


def test_the_paper_list_leaves_out_a_child_restricted_for_the_reader(
    office: Office, world: World, client_for: Callable[..., Browser]
) -> None:
    one_round(office)
    far = client_for("far-nurse")
    waiting = [str(row.id) for row in all_of(Reminder, child_id=world.children["momo"])]
    assert all(one in far.get("/staff/reminders/paper").text for one in waiting)
    with transaction() as session:
        session.add(restriction(world, "far-nurse", "momo"))
    assert "印刷するものはありません" in far.get("/staff/reminders/paper").text
    far.post("/staff/reminders/paper/printed", {"reminder": waiting})
    assert {row.printed_at for row in all_of(Reminder)} == {None}


def test_labels_and_letters_stand_in_the_order_of_districts(
    office: Office, world: World, client_for: Callable[..., Browser]
) -> None:
    one_round(office)
    nurse = client_for("nurse")
    assert re.findall(r"見本.(さくら|ゆうと) 様", paper_of(nurse)) == ["さくら", "ゆうと"] * 2
    nurse.post(f"/staff/children/{world.children['yuto']}/district", {"district": "東地区"})
    assert re.findall(r"見本.(さくら|ゆうと) 様", paper_of(nurse)) == ["ゆうと", "さくら"] * 2
    assert "東地区 · T-0002" in paper_of(nurse)


def paper_of(nurse: Browser) -> str:
    """The page of letters to be printed."""
    return nurse.get("/staff/reminders/paper").text
