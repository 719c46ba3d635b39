"""An import or its undo is killed in mid-step: nothing half is shown, each dose counts once."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from app.audit.actions import Action
from app.immunization import import_service, undo_service
from app.immunization.models import BulkEntry, Dose, DoseImport, ImportState
from config.settings import ROOT
from tests.app.health_center.test_import import (
    good_rows,
    imported,
    run,
    to_the_end,
    until_ready,
)
from tests.app.ledger import all_of, events

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask import Flask

    from tests.app.browser import Browser
    from tests.app.world import World

ON_BOTH = pytest.mark.parametrize(
    "database",
    ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)],
    indirect=True,
)


@pytest.fixture
def nurse(client_for: Callable[..., Browser]) -> Browser:
    return client_for("nurse")


@pytest.fixture
def killed(portal: Flask, database: str, world: World) -> Callable[[str, str], None]:
    """Runs a process of the nurse that dies in the second step of what it does."""
    keys = str(portal.extensions["settings"].sealing_keys)
    who = world["nurse"]
    ids: tuple[UUID, ...] = (who.account_id, who.person_id, world.organisations["city"])

    def kill(moment: str, place: str) -> None:
        arguments = [moment, database, keys, ",".join(map(str, ids)), place.rsplit("/", 1)[1]]
        dead = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "tests.app.health_center.dying_import", *arguments],
            cwd=ROOT,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert dead.returncode == -signal.SIGKILL, dead.stderr.decode()

    return kill


def standing() -> set[UUID]:
    """Doses that everybody sees."""
    return {dose.id for dose in all_of(Dose, superseded_at=None, voided=False)}


@ON_BOTH
def test_a_killed_import_shows_nothing_and_its_second_run_brings_each_dose_once(
    nurse: Browser,
    world: World,
    killed: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(import_service, "PART", 1)
    place, before = until_ready(nurse, good_rows(world)), standing()
    killed("import", place)
    assert len(imported()) == 1
    assert standing() == before
    assert nurse.get(place.replace("/imports/", "/clinic-day/")).status_code == 404
    to_the_end(nurse, place)
    assert {row.state for row in all_of(DoseImport)} == {ImportState.IMPORTED}
    new = [dose for dose in imported() if dose.id in standing() - before]
    assert sorted(dose.product for dose in new) == ["BCG", "MR"]
    assert len(imported()) == 2
    assert len(events(Action.DOSE_RECORDED)) == 2


@ON_BOTH
def test_a_killed_undo_says_how_far_it_is_and_goes_on_where_it_stopped(
    nurse: Browser,
    world: World,
    killed: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = standing()
    done = str(run(nurse, until_ready(nurse, good_rows(world))).location)
    killed("undo", done)
    assert len(standing() - before) == 1
    (bulk,) = all_of(BulkEntry)
    assert (bulk.undone_doses, bulk.undone_at) == (1, None)
    page = nurse.get(done).text
    assert "取消中 1 / 2" in page
    assert "まとめて取り消されています" not in page
    assert "取消中" in nurse.get("/staff/clinic-day").text
    assert nurse.post(done + "/undo", {"reason": "もう一度"}).status_code == 409
    monkeypatch.setattr(undo_service, "CHILDREN_A_STEP", 1)
    while "data-continue" in nurse.get(done).text:
        assert nurse.post(done + "/undo/go-on").status_code == 302
    assert standing() == before
    (bulk,) = all_of(BulkEntry)
    assert bulk.undone_doses == 2
    assert len(events(Action.DOSE_VOIDED)) == 2
    (told,) = events(Action.DOSES_UNDONE)
    assert told.detail == {"doses": 2}
    assert "まとめて取り消されています" in nurse.get(done).text
    assert nurse.post(done + "/undo/go-on").status_code == 409


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_undo_nobody_asked_for_does_not_go_on(
    nurse: Browser,
    world: World,
) -> None:
    done = str(run(nurse, until_ready(nurse, good_rows(world))).location)
    stands = standing()
    assert nurse.post(done + "/undo/go-on").status_code == 409
    assert standing() == stands
