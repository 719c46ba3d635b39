"""The worklist: nearest deadline first, filtered, paged by key, exported without formulas."""

from __future__ import annotations

import csv
import re
from datetime import date, timedelta
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from app.audit.actions import Action
from app.core import clock
from app.core.db import reading, transaction
from app.core.ids import new_id
from app.family.models import Child
from app.health_center.csv_out import csv_lines, harmless
from app.health_center.queries import count_waiting
from app.health_center.worklist_filter import Filter, Tab, read_filter
from app.identity.models import Person, Sex
from app.immunization.models import VaccineDue
from app.immunization.results import Status
from app.immunization.schedule import load_schedule
from app.immunization.worklist import rebuild, rebuild_if_old
from tests.app.imaging.sharing import actor_of
from tests.app.ledger import all_of, changing, events
from tests.app.world import restriction

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask import Flask

    from tests.app.browser import Browser
    from tests.app.world import World

TODAY = clock.today()


@pytest.fixture
def nurse(client_for: Callable[..., Browser]) -> Browser:
    rebuild(TODAY)
    return client_for("nurse")


def add_children(world: World, count: int, *, days_old: int) -> list[UUID]:
    """Children of the city without a single dose, one born each day."""
    ids = [new_id() for _ in range(count)]
    with transaction() as session:
        for place, child_id in enumerate(ids):
            person = Person(
                id=new_id(), family_name="列", given_name=f"子{place}", family_kana="れつ",
                given_kana=f"こ{place}", sex=Sex.MALE,
                born_on=TODAY - timedelta(days=days_old + place),
            )  # fmt: skip
            session.add(person)
            session.flush()
            city = world.organisations["city"]
            session.add(Child(id=child_id, person_id=person.id, municipality_id=city,
                              handbook_number=f"R-{place:04}"))  # fmt: skip
    return ids


def shown(page: str) -> list[str]:
    """Deadlines of the rows in the order of the page."""
    return re.findall(r'<td class="nowrap">(\d+年\d+月\d+日)[^<]*</td>\s*<th', page)


def test_the_nearest_deadline_stands_first(nurse: Browser, world: World) -> None:
    add_children(world, 4, days_old=345)
    rebuild(TODAY)
    page = nurse.get("/staff/worklist?tab=soon&vaccine=BCG").text
    days = [date(*map(int, re.findall(r"\d+", row))) for row in shown(page)]
    assert len(days) == 4
    assert days == sorted(days)
    assert TODAY <= days[0] <= days[-1] <= TODAY + timedelta(days=30)


def test_only_the_own_citys_children_stand_there(
    nurse: Browser, client_for: Callable[..., Browser], world: World
) -> None:
    def children(browser: Browser) -> set[str]:
        pages = "".join(browser.get(f"/staff/worklist?tab={tab}").text for tab in Tab)
        return {key for key, child in world.children.items() if str(child) in pages}

    assert children(nurse) == {"sakura", "yuto"}
    assert children(client_for("far-nurse")) == {"momo"}


def test_a_recorded_dose_leaves_the_list_at_once(nurse: Browser, world: World) -> None:
    def listed() -> bool:
        return bool(all_of(VaccineDue, child_id=world.children["sakura"], vaccine="BCG"))

    assert listed()
    born = world.born_on("sakura")
    form = {"product": "BCG", "given_on": (born + timedelta(days=200)).isoformat(), "reason": "r"}
    nurse.post(f"/staff/children/{world.children['sakura']}/doses", form)
    assert not listed()


def test_a_record_that_needs_a_review_is_listed_with_its_day(nurse: Browser, world: World) -> None:
    day = world.born_on("sakura") + timedelta(days=97)
    form = {"product": "HEPB", "given_on": day.isoformat(), "reason": "海外"}
    nurse.post(f"/staff/children/{world.children['sakura']}/doses", form)
    (row,) = all_of(VaccineDue, child_id=world.children["sakura"], vaccine="HEPB")
    assert (row.status, row.deadline) == (Status.NEEDS_REVIEW, day)


def test_pages_follow_each_other_without_gap_or_repeat(nurse: Browser, world: World) -> None:
    add_children(world, 60, days_old=120)
    rebuild(TODAY)
    address, seen = "/staff/worklist?tab=due&vaccine=HEPB", []
    for _ in range(3):
        page = nurse.get(address).text
        seen += re.findall(r"data-open>(列[^<]*)</a>", page)
        follows = re.search(r'href="([^"]*)"[^>]*rel="next"', page.replace("\n", " "))
        if not follows:
            break
        address = follows[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 60


def test_a_cohort_is_a_school_year(nurse: Browser, world: World) -> None:
    cohort = Filter(cohort=2025).born
    assert cohort == (date(2025, 4, 2), date(2026, 4, 1))
    born = world.born_on("yuto")
    year = born.year if (born.month, born.day) >= (4, 2) else born.year - 1
    mine = nurse.get(f"/staff/worklist?tab=overdue&cohort={year}").text
    other = nurse.get(f"/staff/worklist?tab=overdue&cohort={year - 1}").text
    yuto = str(world.children["yuto"])
    assert (yuto in mine, yuto in other) == (True, False)


def test_a_district_is_written_at_the_child_and_narrows_list_counts_and_file(
    nurse: Browser, world: World
) -> None:
    sakura, yuto = world.children["sakura"], str(world.children["yuto"])
    place = f"/staff/children/{sakura}/district"
    assert nurse.post(place, {"district": " ﾋｶﾞｼ  地区 "}).status_code == 302
    assert nurse.post(place, {"district": "ヒガシ 地区"}).status_code == 302
    (written,) = events(Action.CHILD_PLACED)
    assert (written.entity_id, written.detail) == (sakura, {})
    assert "地区: ヒガシ 地区" in nurse.get(f"/staff/children/{sakura}").text
    tab = "/staff/worklist?tab=due"
    everybody, east = nurse.get(tab).text, nurse.get(f"{tab}&district=ヒガシ 地区").text
    assert '<option value="ヒガシ 地区" selected>' in east
    assert (str(sakura) in everybody, str(sakura) in east) == (True, True)
    late = [
        nurse.get(f"/staff/worklist?tab=overdue{part}").text
        for part in ("", "&district=ヒガシ 地区")
    ]
    assert [yuto in page for page in late] == [True, False]
    rows = list(
        csv.DictReader(
            StringIO(
                nurse.post("/staff/worklist/export?tab=due&district=ヒガシ 地区").text.lstrip(
                    "\ufeff"
                )
            )
        )
    )
    assert {row["地区"] for row in rows} == {"ヒガシ 地区"}
    nurse.post(place, {"district": ""})
    assert "selected>ヒガシ" not in nurse.get(f"{tab}&district=ヒガシ 地区").text


def test_a_district_too_long_is_refused_and_the_former_stays(nurse: Browser, world: World) -> None:
    sakura = world.children["sakura"]
    place = f"/staff/children/{sakura}/district"
    nurse.post(place, {"district": "東地区"})
    nurse.post(place, {"district": "東" * 41})
    page = nurse.get(f"/staff/children/{sakura}").text
    assert "40字までです。" in page
    assert "地区: 東地区" in page


@pytest.mark.parametrize(
    "query",
    ["tab=x", "vaccine=%27", "cohort=９９", "cohort=0", "place=x", "after=x",
     "after=2026-01-01_x_y",
     "after=2026-13-01_00000000-0000-7000-8000-000000000000_BCG", "after=__"],
)  # fmt: skip
def test_junk_in_the_address_is_as_if_it_were_not_there(nurse: Browser, query: str) -> None:
    assert nurse.get(f"/staff/worklist?{query}").status_code == 200
    pairs = [pair.partition("=")[::2] for pair in query.split("&")]
    assert read_filter(dict(pairs), load_schedule().groups) == Filter()


def test_an_export_is_audited_and_whole(nurse: Browser, world: World) -> None:
    add_children(world, 55, days_old=120)
    rebuild(TODAY)
    answer = nurse.post("/staff/worklist/export?tab=due&vaccine=HEPB")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(StringIO(answer.data.decode("utf-8-sig"))))
    assert len([row for row in rows if row[0].startswith("R-")]) == 55
    (event,) = events(Action.WORKLIST_EXPORTED)
    assert event.detail == {"list": "due", "rows": len(rows) - 1}


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "＝1", "\r=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert harmless(cell) == "'" + cell
    assert "".join(csv_lines([["a", "x,y"]])) == '\ufeffa,"x,y"\r\n'


def test_the_table_is_made_again_only_when_it_is_of_another_day(
    portal: Flask, world: World
) -> None:
    assert rebuild_if_old(TODAY) == len(world.children)
    assert rebuild_if_old(TODAY) == 0
    row = all_of(VaccineDue)[0]
    with changing(VaccineDue, child_id=row.child_id, vaccine=row.vaccine) as changed:
        changed.as_of = TODAY - timedelta(days=1)
        changed.status = Status.EXPIRED
    result = portal.test_cli_runner().invoke(args=["rebuild-worklist"])
    assert f"children evaluated: {len(world.children)}" in result.output
    again = all_of(VaccineDue, child_id=row.child_id, vaccine=row.vaccine)[0]
    assert (again.status, again.as_of) == (row.status, TODAY)


def test_of_a_restricted_child_the_list_its_counts_and_the_file_say_nothing(
    nurse: Browser, world: World
) -> None:
    def listed() -> tuple[bool, bool, int]:
        pages = "".join(nurse.get(f"/staff/worklist?tab={tab}").text for tab in Tab)
        files = "".join(nurse.post(f"/staff/worklist/export?tab={tab}").text for tab in Tab)
        with reading() as session:
            counts = count_waiting(session, actor_of(world["nurse"]), Filter(), TODAY)
        return str(world.children["sakura"]) in pages, "さくら" in files, sum(counts.values())

    before = listed()
    with transaction() as session:
        session.add(restriction(world, "nurse", "sakura"))
    name_shown, name_written, counted = listed()
    assert before[:2] == (True, True)
    assert (name_shown, name_written) == (False, False)
    assert 0 < counted < before[2]


def test_only_districts_of_the_own_municipality_are_offered(
    nurse: Browser, client_for: Callable[..., Browser], world: World
) -> None:
    momo = world.children["momo"]
    client_for("far-nurse").post(f"/staff/children/{momo}/district", {"district": "遠くの地区"})
    nurse.post(f"/staff/children/{world.children['sakura']}/district", {"district": "東地区"})
    for page in ("/staff/worklist", f"/staff/children/{world.children['yuto']}"):
        assert "東地区" in nurse.get(page).text
        assert "遠くの地区" not in nurse.get(page).text
    elsewhere = world.organisations["far-city"]
    page = nurse.get(f"/staff/worklist?place={elsewhere}").text
    assert "東地区" not in page
    assert "遠くの地区" not in page
