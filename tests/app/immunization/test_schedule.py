"""The schedule's files are read whole, or refused with what is wrong in them."""

from __future__ import annotations

import copy
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from app.immunization.faults import ExpressionInvalid, ScheduleInvalid
from app.immunization.grammar import parse_bound, parse_gap, parse_moment
from app.immunization.schedule import DEFAULT_FOLDER, build_schedule, load_schedule, read_files

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = read_files(DEFAULT_FOLDER)
UNKNOWN_COHORT = {"XX": {"from": "2020-01-01", "to": "2020-02-01"}}


def changed(path: str, value: object) -> dict[str, Any]:
    """The content in force with one value put elsewhere; ``path`` with dots."""
    content = copy.deepcopy(CONTENT)
    *places, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    place: Any = content
    for key in places:
        place = place[key]
    place[last] = value
    return content


def test_the_edition_in_force_has_thirteen_vaccines_of_a_child() -> None:
    schedule = load_schedule()
    assert list(schedule.groups) == [
        "DPT_IPV", "HIB", "PCV", "HEPB", "ROTA", "BCG",
        "MR1", "MR2", "VAR", "JE1", "JE2", "DT2", "HPV",
    ]  # fmt: skip
    assert load_schedule() is schedule


def test_every_row_names_its_sources() -> None:
    rows = [node for node in _dicts(CONTENT) if "basis" in node]
    assert len(rows) > 100
    assert all(row["basis"]["cite"] for row in rows)


def _dicts(node: object) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        return [node, *(found for value in node.values() for found in _dicts(value))]
    if isinstance(node, list):
        return [found for value in node for found in _dicts(value)]
    return []


def test_parents_never_read_three_words() -> None:
    for sentence in CONTENT["wording"].values():
        assert not re.search("異常|遅れ|警告", sentence["ja"] + sentence["easy"])


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("groups.groups.BCG.window.last", "1 year", "is not a day of a life"),
        ("groups.groups.BCG.window.last", "1m", None),
        ("groups.groups.PCV.series.0.doses.1.gap", "27 days", "does not match"),
        ("groups.groups.PCV.series.0.doses.1.gap", "2.5d", "is not a gap"),
        ("groups.groups.BCG.counts", ["BGC"], "unknown product BGC"),
        ("groups.groups.BCG.plans_with", "MR", "which it does not count"),
        ("groups.groups.BCG.basis.cite", ["a dream"], "unknown source 'a dream'"),
        ("groups.groups.BCG.basis.mark", "X", "'X' is not one of"),
        ("groups.groups.BCG.colour", "red", "Additional properties"),
        ("groups.groups.HEPB.born_from", "2016-02-30", "is not a day of the calendar"),
        ("groups.groups.DPT_IPV.window.first.1.since", "2023-04-03", "gap from 2023-03-31"),
        ("groups.groups.DPT_IPV.window.first.1.since", "2023-03-31", "covered by two lines"),
        ("groups.groups.PCV.series.1.start_until", "6m", "must grow from series to series"),
        ("groups.groups.PCV.series.1.start_until", "25m", "must grow from series to series"),
        ("groups.groups.ROTA.series.0.product", "RV5", "one series of its own"),
        ("groups.groups.ROTA.series.0.last", "33w0d", "after the group"),
        ("groups.groups.HEPB.series.0.doses.1.id", "d1", "stands twice"),
        ("groups.groups.BCG.series.0.doses.0.standard.to", "4m", "closes before it opens"),
        ("groups.groups.VAR.series.0.doses.1.standard.to", "prev+5m", "closes before it opens"),
        ("groups.groups.VAR.choose", "by_start_age", None),
        ("groups.groups.VAR.choose", "by_own_product", "one series of its own"),
        ("groups.groups.HIB.follows.group", "VAR", "must stand before it"),
        ("products.between_vaccines.2.since", "2020-10-03", "no rule from 2020-10-01"),
        ("products.between_vaccines.2.since", "2020-09-01", "two rules hold for one pair"),
        ("products.products.PCV13.routine.to", "2012-01-01", "ends before it begins"),
        ("products.switches.0.code", "switch.none", "no wording"),
        ("products.switches.0.before", "PCV99", "something unknown"),
        ("measures.measures.0.cohorts", UNKNOWN_COHORT, "unknown group"),
        ("measures.voluntary.0.product", "XX", "unknown product"),
    ],
)  # fmt: skip
def test_a_broken_row_is_named(path: str, value: object, said: str | None) -> None:
    content = changed(path, value)
    if said is None:
        build_schedule(content)
        return
    with pytest.raises(ScheduleInvalid) as refusal:
        build_schedule(content)
    assert any(said in problem for problem in refusal.value.problems), refusal.value.problems


def test_a_window_that_closes_before_it_opens_is_refused() -> None:
    with pytest.raises(ScheduleInvalid, match="closes on"):
        build_schedule(changed("groups.groups.MR1.window.last", "11m"))


def test_a_missing_file_a_double_key_and_broken_text_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "edition"
    shutil.copytree(DEFAULT_FOLDER, folder)
    (folder / "groups.yaml").unlink()
    (folder / "edition.yaml").write_text("id: a\nid: b\n", encoding="utf-8")
    (folder / "products.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ScheduleInvalid) as refusal:
        load_schedule(folder)
    assert [problem.split(":")[0] for problem in refusal.value.problems] == [
        "edition.yaml",
        "products.yaml",
        "groups.yaml",
    ]
    assert "written twice" in refusal.value.problems[0]


def test_another_folder_is_another_schedule(tmp_path: Path) -> None:
    shutil.copytree(DEFAULT_FOLDER, tmp_path / "edition")
    assert load_schedule(tmp_path / "edition").edition == load_schedule().edition
    assert load_schedule(tmp_path / "edition") is not load_schedule()


@pytest.mark.parametrize("text", ["２m", "2", "m", "14w7d", "fy12", "school", "-1m", "2m+1", ""])
def test_a_day_of_a_life_is_written_one_way(text: str) -> None:
    with pytest.raises(ExpressionInvalid):
        parse_moment(text)


@pytest.mark.parametrize("text", ["", "27", "d27", "2.5d", "2.4m", "prev+27d"])
def test_a_gap_is_written_one_way(text: str) -> None:
    with pytest.raises(ExpressionInvalid):
        parse_gap(text)


def test_an_edge_may_hang_on_a_dose() -> None:
    assert parse_bound("prev+27d") == parse_bound("prev+27d") != parse_bound("first+27d")
