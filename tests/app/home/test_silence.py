"""What a family's situation takes off its pages, page by page; the record itself stays."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.family.standing import QuietPeriod, QuietReason, Residence
from app.health_center import pages as desk
from app.home import pages
from app.immunization.objections import Contraindication, Refusal
from app.record import pages as record
from tests.app.imaging.sharing import actor_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.db import Base
    from tests.app.browser import Browser
    from tests.app.world import World

pytestmark = [
    pytest.mark.usefixtures("portal"),
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
]
PAGES = ("", "/vaccinations", "/growth", "/checkups", "/print", "/own-doses")
TO_COME = (
    "受ける時期です",
    "早めに受けましょう",
    "もう受けられます",
    "これから</",
    "医師に相談</",
    "あと",
    "つぎの予防接種",
    "これからの予防接種",
)


def add(*rows: Base) -> None:
    with transaction() as session:
        session.add_all(rows)


def quiet(world: World, reason: QuietReason, **days: object) -> QuietPeriod:
    spell = {"from_on": clock.today()} | days
    return QuietPeriod(id=new_id(), child_id=world.children["sakura"], reason=reason, **spell)


def moved(world: World) -> Residence:
    return Residence(
        id=new_id(),
        child_id=world.children["sakura"],
        municipality_id=world.organisations["city"],
        from_on=world.born_on("sakura"),
        until_on=clock.today() - timedelta(days=1),
    )


def read(browser: Browser, world: World, page: str) -> str:
    """The body of a page of さくら."""
    answer = browser.get(f"/handbook/children/{world.children['sakura']}{page}")
    assert answer.status_code == 200
    return answer.text.partition("<main")[2].replace("これからの予定は", "")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("reason", QuietReason)
def test_in_silence_no_page_of_the_child_says_what_is_to_come(
    client_for: Callable[..., Browser], world: World, reason: QuietReason, page: str
) -> None:
    add(quiet(world, reason))
    text = read(client_for("mother"), world, page)
    assert not [words for words in TO_COME if words in text]
    assert not re.search(r"生後\d+か月|\d+歳", text.partition("<svg")[0].partition('role="tab')[0])


@pytest.mark.parametrize("row", ["loss", "hospital", "moved", "refused", "at ease"])
def test_in_silence_a_dose_copied_from_the_book_is_taken_without_naming_a_day(
    client_for: Callable[..., Browser], world: World, row: str
) -> None:
    sakura = world.children["sakura"]
    refusal = Refusal(id=new_id(), child_id=sakura, group="HPV", from_on=clock.today())
    rows = {"moved": moved(world), "refused": refusal, "at ease": None}
    standing = rows[row] if row in rows else quiet(world, QuietReason(row))
    add(*([standing] if standing else []))
    too_early = (world.born_on("sakura") + timedelta(days=100)).isoformat()
    form = {"product": "MR", "given_on": too_early}
    place, kind = f"/handbook/children/{sakura}/own-doses", "multipart/form-data"
    answer = client_for("mother").post(place, form, content_type=kind)
    asked = row in {"refused", "at ease"}
    assert answer.status_code == (422 if asked else 302)
    assert ("受けられるのは" in answer.text) is asked


def test_without_silence_the_same_pages_say_it(
    client_for: Callable[..., Browser], world: World
) -> None:
    mother = client_for("mother")
    text = "".join(read(mother, world, page) for page in PAGES)
    shown = {words for words in TO_COME if words in text}
    assert {"つぎの予防接種", "これからの予防接種", "早めに受けましょう"} <= shown


@pytest.mark.parametrize("reason", [QuietReason.LOSS, QuietReason.DECEASED])
def test_after_a_loss_the_first_screen_speaks_of_the_brother_alone_and_the_record_stays(
    client_for: Callable[..., Browser], world: World, reason: QuietReason
) -> None:
    add(quiet(world, reason))
    actor, mother = actor_of(world["mother"]), client_for("mother")
    sakura = world.children["sakura"]
    (card,) = [card for card in pages.family(actor) if card.child.id == sakura]
    assert (card.upcoming, card.visit) == ((), None)
    schedule = pages.schedule(actor)
    spoken_of = {row.child.id for row in schedule.visits} | {
        row.child.id for row in schedule.deadlines
    }
    assert spoken_of == {world.children["yuto"]}
    assert f'/handbook/children/{sakura}"' in mother.get("/handbook/").text
    page = record.vaccination_page(actor, sakura)
    assert len(page.doses) == 5
    assert page.picture.today_x is None
    assert {row.on for row in page.plan} == {dose.given_on for dose in page.doses}
    assert "記録はいつでもご覧になれます" in read(mother, world, "/vaccinations")


def test_the_only_child_lost_is_no_reason_to_say_that_dates_will_come(
    client_for: Callable[..., Browser], world: World
) -> None:
    row = quiet(world, QuietReason.LOSS)
    row.child_id = world.children["momo"]
    add(row)
    assert "つぎの時期が近づくと" not in client_for("neighbour").get("/handbook/").text


def test_who_moved_away_reads_where_the_dates_come_from_now(
    client_for: Callable[..., Browser], world: World
) -> None:
    add(moved(world))
    text = read(client_for("mother"), world, "/vaccinations")
    assert "いまお住まいの市区町村がお知らせします" in text
    assert not [words for words in TO_COME if words in text]
    assert "か月" in text


@pytest.mark.parametrize("table", [Refusal, Contraindication])
def test_a_vaccine_not_wanted_or_not_advised_is_left_out_of_everything_to_come(
    client_for: Callable[..., Browser], world: World, table: type[Refusal | Contraindication]
) -> None:
    actor, sakura = actor_of(world["mother"]), world.children["sakura"]
    before = record.vaccination_page(actor, sakura)
    group = before.upcoming[0].group
    add(table(id=new_id(), child_id=sakura, group=group, from_on=clock.today()))
    page, schedule = record.vaccination_page(actor, sakura), pages.schedule(actor)
    card = next(card for card in pages.family(actor) if card.child.id == sakura)
    visits = [visit for row in schedule.visits if row.child.id == sakura for visit in (row.visit,)]
    assert page.upcoming
    assert group not in {item.group for item in (*page.upcoming, *card.upcoming)}
    assert group not in {dose.group for visit in (*visits, *page.visits) for dose in visit.doses}
    assert group not in {row.group for row in page.plan if row.on is None}
    assert group not in {row.group for row in record.print_page(actor, sakura).plan}
    assert [dose.id for dose in page.doses] == [dose.id for dose in before.doses]
    assert "予定に出していないワクチン" in read(client_for("mother"), world, "/vaccinations")


def test_the_desk_goes_on_seeing_the_whole_plan(world: World) -> None:
    actor, sakura = actor_of(world["nurse"]), world.children["sakura"]
    before = desk.child(actor, sakura).record
    add(quiet(world, QuietReason.HOSPITAL))
    after = desk.child(actor, sakura).record
    assert after.upcoming == before.upcoming
    assert after.plan == before.plan


def test_silence_ends_with_its_last_day(world: World) -> None:
    past = {"from_on": clock.today() - timedelta(days=9)}
    add(quiet(world, QuietReason.HOSPITAL, until_on=clock.today() - timedelta(days=1), **past))
    page = record.child_page(actor_of(world["mother"]), world.children["sakura"])
    assert page.upcoming
