"""A patient's name is found through the whole index, folded and with wildcards, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from dicom_gateway.index import name_search
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import NameTerm
from dicom_gateway.index.name_search import suffixes
from dicom_gateway.index.queries import Page, StudyQuery, study_pages, study_rows
from tests.dicom_gateway.objects import ct

if TYPE_CHECKING:
    import pytest

    from tests.dicom_gateway.stage import Gateway

PEOPLE = {
    "1.1": "Mihon^John",
    "1.2": "Mihon^Tarou=見本^太郎=みほん^たろう",
    "1.3": "ﾐﾎﾝ^ﾊﾅｺ=見本^花子=みほん^はなこ",
    "1.4": "Rei^Ken=例^健=れい^けん",
    "1.5": "Takarei^Ken=髙例^健=たかれい^けん",
    "1.6": "O_no 100%^A!",
}
SEARCHES = [
    ("Mihon^John", ["1.1"]),
    ("mihon*", ["1.1", "1.2"]),
    ("MIH?N^T*", ["1.2"]),
    ("*本*", ["1.2", "1.3"]),
    ("見本*", ["1.2", "1.3"]),
    ("*=見本*", ["1.2", "1.3"]),
    ("*==みほん*", ["1.2", "1.3"]),
    ("Mihon*=*太*", ["1.2"]),
    ("*ミホン*", ["1.2", "1.3"]),
    ("ﾐﾎﾝ*", ["1.3"]),
    ("*ﾐﾎﾝ*", ["1.2", "1.3"]),
    ("高例*", ["1.5"]),
    ("*例^健", ["1.4", "1.5"]),
    ("れい^けん", ["1.4"]),
    ("*_no100%*", ["1.6"]),
    ("*a!", ["1.6"]),
    ("*nn*", []),
    ("*", ["1.1", "1.2", "1.3", "1.4", "1.5", "1.6"]),
    ("??", []),
]


def fill(gateway: Gateway) -> None:
    """Everybody's study, all of one day but the first."""
    gateway.take_in(
        *(
            ct(
                uid,
                SpecificCharacterSet="ISO_IR 192",
                PatientName=name,
                StudyDate=f"2026070{uid[-1]}",
            )
            for uid, name in PEOPLE.items()
        )
    )


def found(gateway: Gateway, pattern: str, visible: frozenset[str] | None) -> list[str]:
    """Identifiers of the studies that fit, in the order of their identifiers."""
    query = StudyQuery(patient_name=pattern)
    with reading(gateway.engine) as connection:
        rows = study_rows(connection, visible, query, Page(100, 0))
    return sorted(row.study_instance_uid for row in rows)


def test_every_road_to_a_name_finds_the_same(
    any_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(any_gateway)
    everyone = frozenset(PEOPLE)
    for pattern, expected in SEARCHES:
        assert found(any_gateway, pattern, None) == expected, pattern
        assert found(any_gateway, pattern, everyone) == expected, pattern
        assert found(any_gateway, pattern, everyone - {"1.2"}) == [
            uid for uid in expected if uid != "1.2"
        ], pattern
    monkeypatch.setattr(name_search, "MOST_TERMS", 0)
    for pattern, expected in SEARCHES:
        assert found(any_gateway, pattern, None) == expected, pattern


def test_pages_follow_one_another_without_gap_or_repetition(any_gateway: Gateway) -> None:
    fill(any_gateway)
    with reading(any_gateway.engine) as connection:
        pages = list(study_pages(connection, None, StudyQuery(), 4))
        assert [len(page) for page in pages] == [4, 2]
        uids = [row.study_instance_uid for page in pages for row in page]
    assert uids == sorted(PEOPLE, reverse=True)


def test_a_name_is_listed_once_however_many_studies_bear_it(gateway: Gateway) -> None:
    gateway.take_in(ct("1.1", PatientName="Mihon^A"))
    gateway.take_in(ct("1.2", PatientName="mihon^a"))
    with reading(gateway.engine) as connection:
        listed = connection.scalars(select(NameTerm.suffix)).all()
    assert sorted(listed) == sorted(suffixes("mihon^a"))


def test_an_ending_is_cut_and_named_once() -> None:
    assert suffixes("aa") == ["a", "aa"]
    assert max(map(len, suffixes("x" * 64))) == 12
