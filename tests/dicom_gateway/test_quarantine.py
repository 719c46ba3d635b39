"""What is kept aside is seen, decided with a reason, and the decision is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from dicom_gateway.assembly import build_made, build_store
from dicom_gateway.cli import COMMANDS
from dicom_gateway.identity import ANOTHER_BIRTH_DATE, ANOTHER_PATIENT, ANOTHER_SEX
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import Decision, NameTerm, Series, SetAside, StoredObject, Study
from dicom_gateway.quarantine import OTHER_CONTENT, CannotDecide, Kind, decide, held, judgement
from tests.dicom_gateway.objects import ct
from tests.dicom_gateway.test_representations import encoded

if TYPE_CHECKING:
    from tests.dicom_gateway.stage import Gateway


def rule(gateway: Gateway, number: str, kind: Kind) -> None:
    store, made = build_store(gateway.settings), build_made(gateway.settings)
    decide(gateway.engine, store, made, number, judgement(kind, "asked the ward"))


def rows(gateway: Gateway, table: type) -> int:
    with reading(gateway.engine) as connection:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def listed(gateway: Gateway) -> list[str]:
    found = gateway.get("/studies/1.2.3.4/instances", "1.2.3.4").get_json()
    return [one["00080018"]["Value"][0] for one in found or []]


def files(gateway: Gateway) -> int:
    return len(list(gateway.settings.var.rglob("*.dcm")))


def test_each_conflict_of_identity_waits_for_a_decision(any_gateway: Gateway) -> None:
    told = {"PatientBirthDate": "19800102", "PatientSex": "F"}
    any_gateway.take_in(
        ct(number=1),
        ct(number=2, **told),
        ct(number=3, **{**told, "PatientBirthDate": "19800103"}),
        ct(number=4, **{**told, "PatientSex": "M"}),
        ct(number=5, PatientID="A-2"),
        ct(number=6, PatientName="見本^太郎"),
    )
    assert sorted(listed(any_gateway)) == ["1.2.3.4.1.1", "1.2.3.4.1.2", "1.2.3.4.1.6"]
    assert [one.why for one in held(any_gateway.engine)] == [
        ANOTHER_BIRTH_DATE,
        ANOTHER_SEX,
        ANOTHER_PATIENT,
    ]


def test_what_one_object_tells_is_remembered_over_batches(gateway: Gateway) -> None:
    gateway.take_in(ct(number=1))
    gateway.take_in(ct(number=2, PatientSex="F"))
    gateway.take_in(ct(number=3, PatientSex="M"))
    assert [one.why for one in held(gateway.engine)] == [ANOTHER_SEX]


def test_a_released_object_joins_its_study(any_gateway: Gateway) -> None:
    any_gateway.take_in(ct(number=1), ct(number=2, PatientID="A-2"))
    [waiting] = held(any_gateway.engine)
    rule(any_gateway, waiting.number, Kind.RELEASED)
    any_gateway.index()
    assert len(listed(any_gateway)) == 2
    assert held(any_gateway.engine) == []
    with reading(any_gateway.engine) as connection:
        decision = connection.execute(select(Decision.__table__)).one()
    assert (decision.kind, decision.reason) == ("released", "asked the ward")
    assert decision.decided_by


def test_a_rejected_object_is_gone_and_may_come_again(any_gateway: Gateway) -> None:
    wrong = ct(number=2, PatientID="A-2")
    any_gateway.take_in(ct(number=1), wrong)
    [waiting] = held(any_gateway.engine)
    rule(any_gateway, waiting.number, Kind.REJECTED)
    assert (rows(any_gateway, StoredObject), files(any_gateway)) == (1, 1)
    any_gateway.take_in(wrong)
    assert len(held(any_gateway.engine)) == 1


def test_the_copy_for_thin_lines_of_a_rejected_object_goes_too(gateway: Gateway) -> None:
    encoded(gateway, ct(), ct(StudyDescription="Changed"))
    [waiting] = held(gateway.engine)
    rule(gateway, waiting.number, Kind.RELEASED)
    encoded(gateway)
    [formerly] = held(gateway.engine)
    made = list(gateway.settings.var.rglob("*.jph"))
    rule(gateway, formerly.number, Kind.REJECTED)
    assert (len(made), len(list(gateway.settings.var.rglob("*.jph")))) == (2, 1)


def test_a_released_variant_takes_the_place_of_the_listed_object(any_gateway: Gateway) -> None:
    any_gateway.take_in(ct(), ct(number=2), ct(SeriesInstanceUID="1.2.3.4.9", Modality="MR"))
    [waiting] = held(any_gateway.engine)
    assert waiting.why == OTHER_CONTENT
    rule(any_gateway, waiting.number, Kind.RELEASED)
    any_gateway.index()
    found = any_gateway.get("/studies/1.2.3.4/series", "1.2.3.4").get_json()
    assert {one["0020000E"]["Value"][0]: one["00201209"]["Value"][0] for one in found} == {
        "1.2.3.4.1": 1,
        "1.2.3.4.9": 1,
    }
    assert (rows(any_gateway, StoredObject), rows(any_gateway, SetAside)) == (2, 1)
    assert len(held(any_gateway.engine)) == 1
    assert files(any_gateway) == 3


def test_the_only_object_of_a_study_is_exchanged_with_all_that_was_derived(
    any_gateway: Gateway,
) -> None:
    any_gateway.take_in(ct(), ct(PatientName="Other^Person"))
    rule(any_gateway, held(any_gateway.engine)[0].number, Kind.RELEASED)
    assert (rows(any_gateway, Study), rows(any_gateway, Series)) == (0, 0)
    assert rows(any_gateway, NameTerm) == 0
    any_gateway.index()
    [study] = any_gateway.get("/studies", "1.2.3.4").get_json()
    assert study["00100010"]["Value"] == [{"Alphabetic": "Other^Person"}]


def test_a_rejected_variant_leaves_the_listed_object(gateway: Gateway) -> None:
    gateway.take_in(ct(), ct(StudyDescription="Changed"))
    rule(gateway, held(gateway.engine)[0].number, Kind.REJECTED)
    assert (rows(gateway, SetAside), files(gateway), len(listed(gateway))) == (0, 1, 1)


def test_a_series_of_another_study_cannot_be_released(gateway: Gateway) -> None:
    gateway.take_in(ct(), ct("1.2.3.5", SeriesInstanceUID="1.2.3.4.1"))
    [waiting] = held(gateway.engine)
    with pytest.raises(CannotDecide, match="correct it at the sender"):
        rule(gateway, waiting.number, Kind.RELEASED)
    assert (rows(gateway, Decision), len(held(gateway.engine))) == (0, 1)


@pytest.mark.parametrize("number", ["", "o", "o1", "v1", "x1", "o99999999999999999999", "o-1"])
def test_a_number_that_does_not_wait_is_refused(gateway: Gateway, number: str) -> None:
    gateway.take_in(ct())
    with pytest.raises(CannotDecide, match="waits"):
        rule(gateway, number, Kind.REJECTED)


def test_a_decision_needs_a_reason() -> None:
    with pytest.raises(CannotDecide, match="--reason"):
        judgement(Kind.REJECTED, "  ")


def test_the_command_is_there() -> None:
    assert "quarantine" in {command.name for command in COMMANDS}
