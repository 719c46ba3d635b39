"""A file of doses: read in any usual form, looked at row by row, imported whole, undone whole."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.audit.actions import Action
from app.core import clock
from app.core.db import reading, transaction
from app.core.provenance import Source
from app.family.models import Child
from app.immunization.csv_file import MOST_BYTES, FileUnreadable, guess_columns, read_csv
from app.immunization.import_service import PART
from app.immunization.models import (
    BulkEntry,
    Dose,
    DoseImport,
    DoseImportPart,
    ImportState,
    VaccineDue,
)
from app.immunization.queries import drop_old_files
from tests.app.ledger import all_of, changing, events

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.test import TestResponse

    from tests.app.browser import Browser
    from tests.app.world import World

HEAD = "手帳番号,生年月日,ワクチン,接種日,ロット番号,医療機関"
ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
COLUMNS = {"number": 0, "born_on": 1, "product": 2, "given_on": 3, "lot": 4, "facility": 5}


@pytest.fixture
def nurse(client_for: Callable[..., Browser]) -> Browser:
    return client_for("nurse")


def born(world: World, child: str) -> str:
    return world.born_on(child).isoformat()


def day(world: World, child: str, days: int) -> str:
    return (world.born_on(child) + timedelta(days=days)).isoformat()


def good_rows(world: World) -> list[str]:
    return [
        f"T-0001,{born(world, 'sakura')},BCG,{day(world, 'sakura', 170)},B-1,みほん医院",
        f"t-0002,{born(world, 'yuto')},ＭＲ,{day(world, 'yuto', 380)},M-1,みほん医院",
    ]


def upload(nurse: Browser, data: bytes) -> TestResponse:
    return nurse.post("/staff/imports", {"file": (BytesIO(data), "doses.csv")})


def until_ready(nurse: Browser, rows: list[str], encoding: str = "utf-8-sig") -> str:
    """The address of a file whose rows have all been looked at."""
    place = str(upload(nurse, "\r\n".join([HEAD, *rows]).encode(encoding)).location)
    chosen = {f"column-{field}": str(at) for field, at in COLUMNS.items()}
    assert nurse.post(place + "/columns", chosen).status_code == 302
    while "data-continue" in nurse.get(place).text:
        assert nurse.post(place + "/check").status_code == 302
    return place


def run(nurse: Browser, place: str, **form: Any) -> TestResponse:
    return nurse.post(place + "/run", {"source": "clinic"} | form)


def imported() -> list[Dose]:
    with reading() as session:
        return list(session.scalars(select(Dose).where(Dose.bulk_entry_id.is_not(None))))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_file_is_imported_whole_and_gone(nurse: Browser, world: World, encoding: str) -> None:
    place = until_ready(nurse, good_rows(world), encoding)
    assert imported() == []
    assert run(nurse, place).status_code == 302
    doses = {(dose.product, dose.lot, dose.facility, dose.source) for dose in imported()}
    assert doses == {
        (product, lot, "みほん医院", Source.CLINIC)
        for product, lot in (("BCG", "B-1"), ("MR", "M-1"))
    }
    assert all_of(DoseImportPart) == []
    assert run(nurse, place).status_code == 409
    assert len(events(Action.DOSE_RECORDED)) == 2


def test_an_import_is_undone_exactly(nurse: Browser, world: World) -> None:
    before = {dose.id for dose in all_of(Dose)}
    done = str(run(nurse, until_ready(nurse, good_rows(world))).location)
    assert nurse.post(done + "/undo", {"reason": "ちがうファイル"}).status_code == 302
    assert {dose.id for dose in all_of(Dose, superseded_at=None, voided=False)} == before


def test_each_bad_row_says_what_it_is_and_the_good_ones_are_imported(
    nurse: Browser, world: World
) -> None:
    sakura = f"T-0001,{born(world, 'sakura')}"
    (known, *_) = all_of(Dose, child_id=world.children["sakura"])
    bad = {
        f"{sakura},BCG": "列の数が見出しと合いません",
        f"{sakura},BCG,2026-02-30,,": "日付が読めません",
        f"{sakura},なぞ,{day(world, 'sakura', 170)},,": "ワクチンの名前が分かりません",
        f"X-1,{born(world, 'sakura')},BCG,{day(world, 'sakura', 170)},,": "お子さんがいません",
        f"T-0001,2001-01-01,BCG,{day(world, 'sakura', 170)},,": "お子さんがいません",
        f"T_0003%,{born(world, 'momo')},BCG,{day(world, 'momo', 170)},,": "お子さんがいません",
        f"{sakura},BCG,2999-01-01,,": "今日より先の日付です",
        f"{sakura},BCG,2001-01-01,,": "生まれる前の日付です",
        f"{sakura},{known.product},{known.given_on.isoformat()},,": "もう記録があります",
        f"{sakura},BCG,{day(world, 'sakura', 170)},{'L' * 33},": "長すぎます",
        f",{born(world, 'sakura')},BCG,{day(world, 'sakura', 170)},,": "手帳番号もお名前も",
    }
    place = until_ready(nurse, [*bad, *good_rows(world)])
    page = nurse.get(place).text
    for words in bad.values():
        assert words in page
    listed = nurse.post(place + "/findings").data.decode("utf-8-sig")
    assert len(listed.splitlines()) == 1 + len(bad)
    assert run(nurse, place).status_code == 302
    assert {dose.product for dose in imported()} == {"BCG", "MR"}


def test_a_doubtful_row_is_imported_only_with_a_reason(nurse: Browser, world: World) -> None:
    row = f"T-0001,{born(world, 'sakura')},MR,{day(world, 'sakura', 100)},,"
    place = until_ready(nurse, [row])
    assert "受けられるのは" in nurse.get(place).text
    assert run(nurse, place).status_code == 422
    assert imported() == []
    assert run(nurse, place, reason="他市の記録のとおり").status_code == 302
    assert [dose.reason for dose in imported()] == ["他市の記録のとおり"]


def test_the_same_dose_twice_in_a_file_is_one_dose(nurse: Browser, world: World) -> None:
    row = good_rows(world)[0]
    run(nurse, until_ready(nurse, [row, row, row]))
    assert len(imported()) == 1


def test_children_are_found_by_name_and_birth_too(nurse: Browser, world: World) -> None:
    head = "氏名;フリガナ;生年月日;接種名;接種日"
    row = f"見本　さくら;ミホン サクラ;{born(world, 'sakura')};ＢＣＧ;{day(world, 'sakura', 170)}"
    place = str(upload(nurse, f"{head}\n{row}\n".encode()).location)
    guessed = {"name": 0, "kana": 1, "born_on": 2, "product": 3, "given_on": 4}
    assert guess_columns(head.split(";")) == guessed
    nurse.post(place + "/columns", {f"column-{k}": str(v) for k, v in guessed.items()})
    nurse.post(place + "/check")
    run(nurse, place)
    assert [dose.child_id for dose in imported()] == [world.children["sakura"]]


def test_columns_that_are_missing_are_named_and_the_choice_is_remembered(
    nurse: Browser, world: World
) -> None:
    head = "a,b,c,d\n" + f"T-0001,{born(world, 'sakura')},BCG,{day(world, 'sakura', 170)}"
    place = str(upload(nurse, head.encode()).location)
    refused = nurse.post(place + "/columns", {"column-product": "2", "column-given_on": "99"})
    assert refused.status_code == 422
    assert "生年月日" in refused.text
    names = ("number", "born_on", "product", "given_on")
    chosen = {f"column-{name}": str(at) for at, name in enumerate(names)}
    assert nurse.post(place + "/columns", chosen).status_code == 302
    again = nurse.get(str(upload(nurse, head.encode()).location)).text
    assert re.search(r'<option value="3" selected>4\. d</option>', again)


@pytest.fixture
def half(nurse: Browser, world: World) -> str:
    """A file whose rows are written and not published: so many rows of nobody need more steps."""
    nobody = [f"X-{n},{born(world, 'sakura')},BCG,2026-11-01,," for n in range(2 * PART)]
    place = until_ready(nurse, [*good_rows(world), *nobody])
    assert run(nurse, place).location == place
    return place


def to_the_end(nurse: Browser, place: str) -> None:
    while "data-continue" in nurse.get(place).text:
        assert nurse.post(place + "/go-on").status_code == 302


def test_a_half_written_file_is_seen_by_nobody_and_goes_on(
    nurse: Browser, half: str, world: World, client_for: Callable[..., Browser]
) -> None:
    page = f"/handbook/children/{world.children['sakura']}/vaccinations"
    entry = half.replace("/imports/", "/clinic-day/")
    assert len(imported()) == 2
    assert "B-1" not in client_for("mother").get(page).text
    assert "B-1" not in nurse.get(f"/staff/children/{world.children['sakura']}").text
    assert nurse.get(entry).status_code == 404
    assert "取り込んでいます" in nurse.get(half).text
    to_the_end(nurse, half)
    assert "B-1" in client_for("mother").get(page).text
    assert nurse.get(entry).status_code == 200
    assert {row.state for row in all_of(DoseImport)} == {ImportState.IMPORTED}
    bcg = all_of(VaccineDue, child_id=world.children["sakura"], vaccine="BCG")
    assert bcg == []
    assert nurse.post(half + "/go-on").status_code == 409


def test_a_dose_that_came_in_meanwhile_is_not_doubled(
    nurse: Browser, half: str, world: World
) -> None:
    sakura = world.children["sakura"]
    typed = {"product": "BCG", "given_on": day(world, "sakura", 170), "lot": "DESK"}
    assert nurse.post(f"/staff/children/{sakura}/doses", typed).status_code == 302
    to_the_end(nurse, half)
    assert [dose.lot for dose in all_of(Dose, child_id=sakura, product="BCG")] == ["DESK"]
    assert [row.doses for row in all_of(BulkEntry)] == [1]


@ONE_DATABASE
@pytest.mark.parametrize("by_hand", [True, False])
def test_a_half_written_file_can_be_given_up_or_gets_too_old(
    nurse: Browser, half: str, *, by_hand: bool
) -> None:
    if by_hand:
        assert nurse.post(half + "/discard").status_code == 302
    with changing(DoseImport) as old:
        old.expires_at = clock.now() - timedelta(seconds=1)
    with transaction() as session:
        drop_old_files(session, clock.now())
    assert imported() == []
    assert all_of(DoseImportPart) == []
    assert {row.state for row in all_of(DoseImport)} == {ImportState.DISCARDED}
    assert nurse.post(half + "/go-on").status_code == 409
    assert "<table" not in nurse.get("/staff/clinic-day").text


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "no-rows-in-file"),
        (HEAD.encode(), "no-rows-in-file"),
        (b"\xff\xfe\x00\x01", "unknown-encoding"),
        (b"a,b\n\x00,1", "unknown-encoding"),
        (b'a,b\n"open', "not-csv"),
        (b"a\n" + b"1\n" * 100_001, "too-many-rows"),
        (b"x" * (MOST_BYTES + 1), "file-too-large"),
        (b"a," * 80 + b"\n1", "not-csv"),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",
)
def test_a_file_that_is_none_says_why(data: bytes, code: str) -> None:
    with pytest.raises(FileUnreadable) as refused:
        read_csv(data)
    assert refused.value.code == code


def test_a_file_that_cannot_be_used_is_answered_on_the_page(nurse: Browser) -> None:
    page = upload(nurse, b"")
    assert page.status_code == 422
    assert "記録の行がありません。" in page.text
    assert all_of(DoseImport) == []


def test_a_file_may_be_large_where_other_forms_may_not(nurse: Browser) -> None:
    large = HEAD.encode() + b"\n" + (b"x" * 30 + b",,,,,\n") * 65_000
    assert upload(nurse, large).status_code == 302
    assert nurse.post("/staff/scan", {"code": "x" * 3_000_000}).status_code == 413


def test_what_waits_is_sealed(nurse: Browser, world: World) -> None:
    until_ready(nurse, [f"T-0001,{born(world, 'sakura')},MR,{day(world, 'sakura', 100)},,SECRET"])
    (part,) = all_of(DoseImportPart)
    assert part.findings is not None
    for kept in (part.content, part.findings):
        assert b"T-0001" not in kept


def test_a_file_can_be_thrown_away_and_goes_by_itself(nurse: Browser, world: World) -> None:
    first, second = (until_ready(nurse, good_rows(world)) for _ in range(2))
    assert nurse.post(first + "/discard").status_code == 302
    assert nurse.post(first + "/discard").status_code == 409
    waiting = second.rsplit("/", 1)[1]
    row = next(row for row in all_of(DoseImport) if str(row.id) == waiting)
    with changing(DoseImport, id=row.id) as old:
        old.expires_at = clock.now() - timedelta(seconds=1)
    with transaction() as session:
        drop_old_files(session, clock.now())
    assert all_of(DoseImportPart) == []
    assert {one.state for one in all_of(DoseImport)} == {ImportState.DISCARDED}
    assert run(nurse, second).status_code == 409


def test_another_citys_file_is_not_found(
    nurse: Browser, client_for: Callable[..., Browser], world: World
) -> None:
    place = until_ready(nurse, good_rows(world))
    far = client_for("far-nurse")
    assert far.get(place).status_code == 404
    assert run(far, place).status_code == 404
    assert upload(client_for("mother"), b"a\n1").status_code == 403
    assert imported() == []


def with_districts(nurse: Browser, world: World, *said: str) -> str:
    """The address of a checked file whose rows say where the children live."""
    rows = [f"{row},{district}" for row, district in zip(good_rows(world), said, strict=True)]
    place = str(upload(nurse, "\n".join([f"{HEAD},地区", *rows]).encode()).location)
    chosen = {f"column-{field}": str(at) for field, at in (COLUMNS | {"district": 6}).items()}
    nurse.post(place + "/columns", chosen)
    nurse.post(place + "/check")
    return place


@ONE_DATABASE
def test_a_file_says_where_children_live_in_the_names_already_in_use(
    nurse: Browser, world: World
) -> None:
    sakura, yuto = world.children["sakura"], world.children["yuto"]
    nurse.post(f"/staff/children/{sakura}/district", {"district": "東地区"})
    far = with_districts(nurse, world, "西地区", "東地区")
    assert "まだ使われていない地区の名前です" in nurse.get(far).text
    nurse.post(far + "/discard")
    place = with_districts(nurse, world, "", " 東地区 ")
    assert "まだ使われていない地区の名前です" not in nurse.get(place).text
    assert [child.district for child in all_of(Child, id=yuto)] == [None]
    done = str(run(nurse, place).location)
    assert [child.district for child in all_of(Child, id=yuto)] == ["東地区"]
    assert [child.district for child in all_of(Child, id=sakura)] == ["東地区"]
    assert len(events(Action.CHILD_PLACED)) == 2
    assert all_of(DoseImportPart) == []
    nurse.post(done + "/undo", {"reason": "ちがうファイル"})
    assert [child.district for child in all_of(Child, id=yuto)] == ["東地区"]


def test_a_heading_of_districts_is_recognised() -> None:
    assert guess_columns(["地区名"]) == {"district": 0}
