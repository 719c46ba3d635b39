"""The exchange by lines: one answer a line, a bad line named, the rest goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from app.immunization.jsonlines import answer_lines
from app.immunization.schedule import DEFAULT_FOLDER, load_schedule

if TYPE_CHECKING:
    from pathlib import Path

ROOT = DEFAULT_FOLDER.parents[1]
CHILD = {
    "born": "2026-04-01",
    "sex": "F",
    "as_of": "2026-11-22",
    "given": [{"product": "RV1", "date": "2026-06-01"}, {"product": "RV1", "date": "2026-06-29"}],
}


def one(line: bytes | dict[str, Any]) -> dict[str, Any]:
    raw = line if isinstance(line, bytes) else json.dumps(line).encode()
    [(text, _)] = answer_lines(load_schedule(), [raw])
    answer: dict[str, Any] = json.loads(text)
    return answer


def test_a_child_is_answered_with_every_vaccine_in_the_agreed_shape() -> None:
    groups = one(CHILD)["groups"]
    assert len(groups) == 13
    assert groups["ROTA"] == {
        "status": "complete",
        "next_dose": None,
        "next_dose_number": None,
        "earliest": None,
        "standard_from": None,
        "standard_to": None,
        "latest": None,
        "last_start_to_complete": None,
        "doses": ["valid", "valid"],
    }
    assert groups["BCG"]["standard_from"] == "2026-08-31"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"born": "2026-02-30"}, "not a day of the calendar"),
        ({"born": "２０２６-04-01"}, "not a date such as"),
        ({"born": "令和8年4月1日"}, "not a date such as"),
        ({"born": "20260401"}, "not a date such as"),
        ({"born": 20260401}, "not a date such as"),
        ({"born": "2025-02-29"}, "not a day of the calendar"),
        ({"as_of": "2026-03-31"}, "before the birth"),
        ({"born": "0001-01-01"}, "lies too far away"),
        ({"born": "9995-01-01", "as_of": "9999-12-31", "given": []}, "lies too far away"),
        ({"as_of": "2200-01-01"}, "lies too far away"),
        ({"sex": "female"}, "neither F nor M"),
        ({"sex": None}, "neither F nor M"),
        ({"given": {}}, "given is not a list"),
        ({"given": ["RV1"]}, "given[0] is not an object"),
        ({"given": [{"date": "2026-06-01"}]}, "given[0].product is missing"),
        ({"given": [{"product": "RV1"}]}, "given[0].date is missing"),
        ({"given": [{"product": "RV2", "date": "2026-06-01"}]}, "product is unknown"),
        ({"given": [{"product": ["RV1"], "date": "2026-06-01"}]}, "product is unknown"),
        ({"given": [{"product": "RV1", "date": "2026-03-31"}]}, "before the birth"),
    ],
)
def test_a_bad_value_is_named(change: dict[str, Any], said: str) -> None:
    answer = one(CHILD | change)
    assert said in answer["error"]
    assert answer["line"] == 1


@pytest.mark.parametrize("name", ["born", "sex", "as_of", "given"])
def test_a_missing_field_is_named(name: str) -> None:
    child = {key: value for key, value in CHILD.items() if key != name}
    assert one(child)["error"] == f"{name} is missing"


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"nonsense", b"[]", b"\xff{}", b"[" * 100_000, b"1" * 5000, b"null"]
)
def test_a_line_that_is_no_child_is_named(line: bytes) -> None:
    assert set(one(line)) == {"error", "line"}


@pytest.mark.parametrize(
    "child",
    [
        CHILD | {"given": [{"product": "HPV9", "date": "2026-06-01"}] * 200},
        CHILD | {"given": [{"product": "MR", "date": "9999-12-31"}]},
        CHILD | {"born": "1900-01-01", "as_of": "2199-12-31"},
        CHILD | {"born": "2199-12-31", "as_of": "2199-12-31", "given": []},
        CHILD | {"sex": "M", "given": [{"product": "HPV9", "date": "2026-06-01"}]},
        {"born": "2024-02-29", "sex": "F", "as_of": "2028-02-29", "given": []},
    ],
)
def test_an_unusual_child_is_answered_all_the_same(child: dict[str, Any]) -> None:
    assert len(one(child)["groups"]) == 13


def test_an_overlong_line_is_refused_unread() -> None:
    assert "longer than" in one(b" " * 1_000_001)["error"]


def test_a_byte_order_mark_is_forgiven() -> None:
    assert "groups" in one(b"\xef\xbb\xbf" + json.dumps(CHILD).encode())


def run(arguments: list[str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "app.immunization", *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=False, cwd=ROOT)  # noqa: S603 - our own program


def test_the_program_answers_line_by_line_and_goes_on_after_a_bad_one() -> None:
    good = json.dumps(CHILD).encode()
    done = run(["forecast"], good + b"\nnonsense\n" + good + b"\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [set(answer) for answer in answers] == [{"groups"}, {"error", "line"}, {"groups"}]
    assert answers[1]["line"] == 2
    assert done.returncode == 0
    assert b"1 line(s) could not be read" in done.stderr


def test_the_program_refuses_a_broken_schedule(tmp_path: Path) -> None:
    done = run(["check", str(tmp_path)])
    assert done.returncode == 2
    assert b"groups.yaml" in done.stderr
    assert run(["check"]).returncode == 0
