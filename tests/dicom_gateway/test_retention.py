"""What expires, and what must never."""

from __future__ import annotations

import threading
from argparse import Namespace
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select, update

from dicom_gateway import clock
from dicom_gateway.assembly import build_made, build_retention, build_store, build_worker
from dicom_gateway.caretaker import run_expire
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import NameTerm, ReadAccess, StoredObject, Study
from dicom_gateway.media.objects import SENDER
from dicom_gateway.retention import DAY_SECONDS, Retention, expire
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
    read_at(gateway, "1.2.3.4", clock.now().timestamp() + LATER + 60)
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


def read_at(gateway: Gateway, study: str, at: float) -> None:
    row = {
        "token_id": uuid4(), "grant_id": uuid4(), "study_instance_uid": study, "first_at": at,
        "last_at": at, "instances": 1, "frames": 0, "uses": 1, "reported_uses": 1,
    }  # fmt: skip
    with gateway.engine.begin() as connection:
        connection.execute(insert(ReadAccess).values(row))


def unused(gateway: Gateway, **hours: float) -> None:
    """Studies 1.2.<letter>, told to the portal, that came so many hours ago."""
    gateway.take_in(*(ct(study=f"1.2.{ord(name)}") for name in hours))
    settle(gateway)
    now = clock.now().timestamp()
    with gateway.engine.begin() as connection:
        for name, ago in hours.items():
            one = update(Study).where(Study.study_instance_uid == f"1.2.{ord(name)}")
            connection.execute(one.values(changed_at=now - ago * 3600))


def left(gateway: Gateway) -> str:
    """Letters of the studies that are listed."""
    with reading(gateway.engine) as connection:
        uids = connection.scalars(select(Study.study_instance_uid)).all()
    return "".join(sorted(chr(int(uid.rpartition(".")[2])) for uid in uids))


def keeping(gateway: Gateway, objects: float) -> Retention:
    """A limit of as many bytes as so many of the kept objects have."""
    with reading(gateway.engine) as connection:
        sizes = connection.scalars(select(StoredObject.size)).all()
    one = build_retention(gateway.settings, gateway.engine, build_store(gateway.settings))
    return replace(one, keep_bytes=int(objects * max(sizes)))


def test_what_was_longest_unused_goes_until_the_rest_fits(any_gateway: Gateway) -> None:
    unused(any_gateway, a=50, b=90, c=70, d=30)
    read_at(any_gateway, f"1.2.{ord('b')}", clock.now().timestamp() - 2 * 3600)
    read_at(any_gateway, f"1.2.{ord('b')}", clock.now().timestamp() - 80 * 3600)
    retention = keeping(any_gateway, 2.0)
    assert retention.expire_due() == 2
    assert left(any_gateway) == "bd"
    assert len(files(any_gateway)) == 2
    assert retention.expire_due() == 0


def test_nothing_goes_while_everything_fits(gateway: Gateway) -> None:
    unused(gateway, a=90, b=70)
    assert keeping(gateway, 2.0).expire_due() == 0
    assert keeping(gateway, 0.0).expire_due() == 0
    assert left(gateway) == "ab"


def test_what_is_being_read_stays_however_full_it_is(gateway: Gateway) -> None:
    unused(gateway, a=90, b=70, c=0.5)
    read_at(gateway, f"1.2.{ord('a')}", clock.now().timestamp() - 60)
    assert keeping(gateway, 0.5).expire_due() == 1
    assert left(gateway) == "ac"


def test_what_may_be_only_here_stays_however_full_it_is(gateway: Gateway) -> None:
    unused(gateway, a=90, b=70, c=50, d=30)
    gateway.take_in(ct(study=f"1.2.{ord('b')}", StudyDescription="Changed"))
    with gateway.engine.begin() as connection:
        medium = update(StoredObject).where(StoredObject.study_instance_uid == f"1.2.{ord('a')}")
        connection.execute(medium.values(sender=SENDER))
        untold = update(Study).where(Study.study_instance_uid == f"1.2.{ord('c')}")
        connection.execute(untold.values(announced_revision=0))
    assert keeping(gateway, 0.5).expire_due() == 1
    assert left(gateway) == "abc"


def test_both_limits_hold_together(gateway: Gateway) -> None:
    unused(gateway, a=90, b=20, c=10)
    assert replace(keeping(gateway, 1.0), keep_days=1).expire_due() == 2
    assert left(gateway) == "c"


def test_gigabytes_alone_make_the_worker_forget(gateway: Gateway) -> None:
    settings = gateway.settings.model_copy(update={"keep_gigabytes": 3})
    retention = build_worker(settings, threading.Event()).retention
    assert retention is not None
    assert (retention.keep_days, retention.keep_bytes) == (0, 3_000_000_000)
