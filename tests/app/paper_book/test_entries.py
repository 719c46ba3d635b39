"""Families copy their paper book: their own entries, never over those of staff."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.audit.actions import Action
from app.core import clock
from app.core.db import reading
from app.core.provenance import Source
from app.immunization.errors import AlreadyRecorded
from app.immunization.models import Dose
from app.immunization.service import DoseEntry, record_dose
from app.paper_book import service
from app.paper_book.errors import NotOwnEntry
from app.paper_book.models import Attachment
from app.paper_book.service import Copied
from tests.app.imaging.sharing import actor_of
from tests.app.ledger import events
from tests.app.paper_book.test_photos import picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask import Flask
    from werkzeug.test import TestResponse

    from app.crypto.sealing import Sealer
    from tests.app.browser import Browser
    from tests.app.world import World

pytestmark = pytest.mark.usefixtures("portal")


@pytest.fixture
def sealer(portal: Flask) -> Sealer:
    found: Sealer = portal.extensions["sealer"]
    return found


def copied(world: World, product: str = "BCG", **further: Any) -> Copied:
    day = world.born_on("sakura") + timedelta(days=170)
    return Copied(DoseEntry(product, day, "KW1", "みほん小児科"), **further)


def form_of(one: Copied, **further: Any) -> dict[str, Any]:
    entry = one.entry
    return {
        "product": entry.product,
        "given_on": entry.given_on.isoformat(),
        "lot": entry.lot or "",
        "facility": entry.facility or "",
        **further,
    }


def send(browser: Browser, world: World, form: dict[str, Any]) -> TestResponse:
    path = f"/handbook/children/{world.children['sakura']}/own-doses"
    return browser.post(path, form, content_type="multipart/form-data")


def current(child: UUID) -> list[Dose]:
    with reading() as session:
        return list(
            session.scalars(
                select(Dose).where(
                    Dose.child_id == child, Dose.superseded_at.is_(None), Dose.voided.is_(False)
                )
            )
        )


def test_a_copied_dose_carries_the_familys_seal_and_no_organisation(
    world: World, client_for: Callable[..., Browser]
) -> None:
    mother = client_for("mother")
    form = form_of(copied(world), photo=(BytesIO(picture()), "book.jpg"))
    assert send(mother, world, form).status_code == 302
    (dose,) = (d for d in current(world.children["sakura"]) if d.product == "BCG")
    assert (dose.source, dose.organisation_id) == (Source.GUARDIAN, None)
    assert dose.recorded_by == world["mother"].account_id
    page = mother.get(f"/handbook/children/{world.children['sakura']}/vaccinations").text
    assert "保護者の記入" in page
    assert "KW1" in page
    assert len(events(Action.OWN_DOSE_ENTERED)) == 1


def test_the_photo_is_sealed_and_seen_by_guardians_and_own_staff_alone(
    world: World, client_for: Callable[..., Browser], sealer: Sealer
) -> None:
    sakura = world.children["sakura"]
    photo = picture((90, 60))
    service.enter_dose(actor_of(world["mother"]), sakura, copied(world, photo=photo), sealer)
    with reading() as session:
        row = session.scalars(select(Attachment)).one()
        assert photo[:64] not in row.sealed_image
    path = f"/handbook/children/{sakura}/photos/{row.id}"
    for who in ("mother", "father", "nurse"):
        answer = client_for(who).get(path)
        assert (answer.data, answer.mimetype) == (photo, "image/jpeg")
        assert answer.headers["Cache-Control"] == "no-store"
    for who in ("neighbour", "grandmother", "far-nurse", "physician", "admin"):
        assert client_for(who).get(path).status_code == 404
    assert (
        client_for("mother").get(path.replace(str(sakura), str(world.children["yuto"]))).status_code
        == 404
    )
    assert len(events(Action.PHOTO_OPENED)) == 3


def test_what_staff_recorded_is_never_replaced(world: World, sealer: Sealer) -> None:
    mother, sakura = actor_of(world["mother"]), world.children["sakura"]
    before = current(sakura)
    theirs = before[0]
    same = Copied(DoseEntry(theirs.product, theirs.given_on), certain=True)
    with pytest.raises(AlreadyRecorded):
        service.enter_dose(mother, sakura, same, sealer)
    with pytest.raises(NotOwnEntry):
        service.correct_dose(mother, sakura, theirs.id, copied(world), sealer)
    with pytest.raises(NotOwnEntry):
        service.withdraw_dose(mother, sakura, theirs.id)
    assert [d.id for d in current(sakura)] == [d.id for d in before]


def test_a_family_corrects_and_takes_back_its_own_entry_as_versions(
    world: World, sealer: Sealer
) -> None:
    mother, father, sakura = (
        actor_of(world["mother"]),
        actor_of(world["father"]),
        world.children["sakura"],
    )
    first = service.enter_dose(mother, sakura, copied(world, photo=picture()), sealer)
    later = first.given_on + timedelta(days=1)
    second = service.correct_dose(father, sakura, first.id, Copied(DoseEntry("BCG", later)), sealer)
    assert (second.version, second.source) == (2, Source.GUARDIAN)
    assert second.lineage_id == first.lineage_id
    service.withdraw_dose(mother, sakura, second.id)
    assert all(d.product != "BCG" for d in current(sakura))
    with reading() as session:
        versions = session.scalars(select(Dose).where(Dose.lineage_id == first.lineage_id)).all()
        assert sorted(v.version for v in versions) == [1, 2, 3]
        assert session.scalars(select(Attachment)).one().sealed_image == b""


def test_staff_confirm_what_they_compared_and_the_family_leaves_it_then(
    world: World, client_for: Callable[..., Browser], sealer: Sealer
) -> None:
    mother, sakura = actor_of(world["mother"]), world.children["sakura"]
    dose = service.enter_dose(mother, sakura, copied(world), sealer)
    nurse = client_for("nurse")
    assert "保護者の記入（未確認）" in nurse.get(f"/staff/children/{sakura}").text
    confirm = f"/staff/children/{sakura}/own-doses/{dose.id}/confirm"
    for who in ("mother", "far-nurse", "neighbour"):
        assert client_for(who).post(confirm).status_code in {403, 404}
    assert nurse.post(confirm).status_code == 302
    (now,) = (d for d in current(sakura) if d.product == "BCG")
    assert (now.source, now.version) == (Source.HEALTH_CENTER, 2)
    assert now.organisation_id == world.organisations["city"]
    with pytest.raises(NotOwnEntry):
        service.withdraw_dose(mother, sakura, now.id)
    assert nurse.post(confirm).status_code == 404


def test_the_desks_own_record_takes_the_place_of_the_familys(world: World, sealer: Sealer) -> None:
    mother, sakura = actor_of(world["mother"]), world.children["sakura"]
    theirs = service.enter_dose(mother, sakura, copied(world), sealer)
    entry = DoseEntry("BCG", theirs.given_on, "ｋｗ-1", "つなぐ市保健センター")
    record_dose(actor_of(world["nurse"]), sakura, entry)
    (now,) = (d for d in current(sakura) if d.product == "BCG")
    assert (now.lot, now.source, now.version) == ("ｋｗ-1", Source.HEALTH_CENTER, 2)
    assert now.lineage_id == theirs.lineage_id


@pytest.mark.parametrize("who", ["nurse", "neighbour", "grandmother", "physician", "admin"])
def test_only_guardians_copy(world: World, client_for: Callable[..., Browser], who: str) -> None:
    answer = send(client_for(who), world, form_of(copied(world)))
    assert answer.status_code in {403, 404}
    assert all(d.product != "BCG" for d in current(world.children["sakura"]))


def test_what_looks_unusual_is_asked_once_more(
    world: World, client_for: Callable[..., Browser]
) -> None:
    mother, day = client_for("mother"), world.born_on("sakura") + timedelta(days=67)
    form = form_of(Copied(DoseEntry("PCV20", day)))
    page = send(mother, world, form)
    assert page.status_code == 422
    assert "手帳を、もう一度見てください" in page.text
    assert send(mother, world, {**form, "certain": "y"}).status_code == 302


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"product": ""}, "ワクチンを選んでください"),
        ({"product": "NOPE"}, "選択肢から選んでください"),
        ({"given_on": ""}, "接種した日を入れてください"),
        ({"given_on": "令和8年13月1日"}, "日付として読めません"),
        ({"given_on": "2019-01-01"}, "生まれる前の日付です"),
        ({"given_on": "2099-01-01"}, "今日より先の日付です"),
        ({"lot": "x" * 33}, "32字まで"),
        ({"facility": "x" * 101}, "100字まで"),
    ],
)
def test_a_bad_entry_gets_a_clear_answer_and_keeps_what_was_typed(
    world: World, client_for: Callable[..., Browser], change: dict[str, str], words: str
) -> None:
    page = send(client_for("mother"), world, {**form_of(copied(world)), **change})
    assert page.status_code == 422
    assert words in page.text
    if "facility" not in change:
        assert "みほん小児科" in page.text


def test_a_file_that_is_no_photo_keeps_the_entry_out(
    world: World, client_for: Callable[..., Browser]
) -> None:
    form = form_of(copied(world), photo=(BytesIO(b"%PDF-1.7"), "book.jpg"))
    page = send(client_for("mother"), world, form)
    assert page.status_code == 422
    assert "写真として読めません" in page.text
    assert all(d.product != "BCG" for d in current(world.children["sakura"]))


def test_days_are_read_in_the_era_of_the_book(
    world: World, client_for: Callable[..., Browser]
) -> None:
    day = copied(world).entry.given_on
    form = form_of(copied(world), given_on=f"令和{day.year - 2018}年{day.month}月{day.day}日")
    assert send(client_for("mother"), world, form).status_code == 302
    (dose,) = (d for d in current(world.children["sakura"]) if d.product == "BCG")
    assert dose.given_on == day


def test_the_paper_holds_the_whole_record_in_the_readers_language(
    world: World, client_for: Callable[..., Browser], sealer: Sealer
) -> None:
    mother, sakura = client_for("mother"), world.children["sakura"]
    service.enter_dose(actor_of(world["mother"]), sakura, copied(world), sealer)
    page = mother.get(f"/handbook/children/{sakura}/print").text
    for words in (
        "T-0001",
        "KW1",
        "みほん小児科",
        "保護者の記入（未確認）",
        "3〜4か月児健診",
        "6.48 kg",
    ):
        assert words in page
    english = mother.get(f"/handbook/children/{sakura}/print?lang=en").text
    assert "Vaccinations received" in english
    assert re.search(r"<th[^>]*>\s*\w{3} \d{1,2} \w{3} 20\d\d", english)
    assert client_for("neighbour").get(f"/handbook/children/{sakura}/print").status_code == 404
    assert clock.today() == world.made_on
