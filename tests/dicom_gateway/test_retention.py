"""What expires, and what must never."""

from __future__ import annotations

import threading
from argparse import Namespace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select, update

from dicom_gateway import clock
from dicom_gateway.assembly import build_made, build_store, build_worker
from dicom_gateway.caretaker import run_expire
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import NameTerm, ReadAccess, StoredObject, Study
from dicom_gateway.media.objects import SENDER
from dicom_gateway.retention import DAY_SECONDS, expire
from tests.dicom_gateway.objects import ct
from tests.dicom_gateway.stage import wait_until
from tests.dicom_gateway.test_ingest import files
from tests.dicom_gateway.test_representations import encoded, names

if TYPE_CHECKING:
    from tests.dicom_gateway.stage import Gateway

LATER = 10 * DAY_SECONDS


def settle(gateway: Gateway) -> None:
    with gateway.engine.begin() as connection:
        connection.execute(update(Study).values(announced_revision=Study.revision))


def after_ten_days(gateway: Gateway) -> tuple[int, int]:
    store = build_store(gateway.settings)
    made = build_made(gateway.settings)
    return expire(gateway.engine, store, made, before=clock.now().timestamp() + LATER)


def test_an_old_study_goes_with_all_that_was_derived(any_gateway: Gateway) -> None:
    any_gateway.take_in(ct(number=1), ct(number=2))
    settle(any_gateway)
    assert after_ten_days(any_gateway) == (1, 2)
    assert files(any_gateway) == []
    with reading(any_gateway.engine) as connection:
        for table in (StoredObject, Study, NameTerm):
            assert connection.scalar(select(func.count()).select_from(table)) == 0
    any_gateway.take_in(ct(number=1))
    assert len(files(any_gateway)) == 1


def test_a_young_study_stays(gateway: Gateway) -> None:
    gateway.take_in(ct())
    settle(gateway)
    store = build_store(gateway.settings)
    made = build_made(gateway.settings)
    assert expire(gateway.engine, store, made, before=clock.now().timestamp() - 60) == (0, 0)


def test_the_worker_forgets_what_is_older_than_the_setting(gateway: Gateway) -> None:
    young = ct(number=2, StudyInstanceUID="1.2.3.99", SeriesInstanceUID="1.2.3.99.1")
    gateway.take_in(ct(number=1), young)
    two_days_ago = clock.now().timestamp() - 2 * DAY_SECONDS
    with gateway.engine.begin() as connection:
        old = update(Study).where(Study.study_instance_uid != "1.2.3.99")
        connection.execute(old.values(changed_at=two_days_ago))
        connection.execute(update(Study).values(announced_revision=Study.revision))
    stop = threading.Event()
    settings = gateway.settings.model_copy(update={"keep_days": 1})
    worker = threading.Thread(target=build_worker(settings, stop).run)
    worker.start()
    try:
        wait_until(lambda: len(files(gateway)) == 1, "the old study is gone")
    finally:
        stop.set()
        worker.join()
    with reading(gateway.engine) as connection:
        assert connection.scalars(select(Study.study_instance_uid)).all() == ["1.2.3.99"]


def test_nothing_is_forgotten_unless_the_setting_says_so(gateway: Gateway) -> None:
    assert build_worker(gateway.settings, threading.Event()).retention is None


def test_a_study_nobody_was_told_of_stays(gateway: Gateway) -> None:
    gateway.take_in(ct())
    assert after_ten_days(gateway) == (0, 0)


def test_a_study_from_a_medium_stays(gateway: Gateway) -> None:
    gateway.take_in(ct())
    settle(gateway)
    with gateway.engine.begin() as connection:
        connection.execute(update(StoredObject).values(sender=SENDER))
    assert after_ten_days(gateway) == (0, 0)


@pytest.mark.parametrize("other", [ct(StudyDescription="Changed"), ct(number=2, PatientID="A-2")])
def test_a_study_with_something_aside_stays(gateway: Gateway, other: object) -> None:
    gateway.take_in(ct(), other)  # type: ignore[arg-type]
    settle(gateway)
    assert after_ten_days(gateway) == (0, 0)


def test_a_study_that_was_read_lately_stays(gateway: Gateway) -> None:
    gateway.take_in(ct())
    settle(gateway)
    at = clock.now().timestamp() + LATER + 60
    row = {
        "token_id": uuid4(), "grant_id": uuid4(), "study_instance_uid": "1.2.3.4", "first_at": at,
        "last_at": at, "instances": 1, "frames": 0, "uses": 1, "reported_uses": 1,
    }  # fmt: skip
    with gateway.engine.begin() as connection:
        connection.execute(insert(ReadAccess).values(row))
    assert after_ten_days(gateway) == (0, 0)


def test_the_command_says_what_it_did(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    gateway.take_in(ct())
    assert run_expire(gateway.settings, Namespace(days=1)) == 0
    assert "0 studies, 0 objects expired" in capsys.readouterr().out
    assert run_expire(gateway.settings, Namespace(days=0)) == 2


def test_the_copy_for_thin_lines_goes_with_its_object(gateway: Gateway) -> None:
    encoded(gateway, ct())
    [name], made = names(gateway), build_made(gateway.settings)
    assert made.has(name)
    settle(gateway)
    assert after_ten_days(gateway) == (1, 1)
    assert not made.has(name)
