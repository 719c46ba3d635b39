"""How long a clinic day of many children takes to be recorded: one save, one transaction.

On an SQLite file that syncs each commit, as the embedded default does.
"""

from __future__ import annotations

import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

from app.authz.actor import Actor, Assurance, Membership, Role
from app.core import clock, db
from app.core.ids import new_id
from app.family.models import Child
from app.identity.models import Account, Person, Sex
from app.immunization.clinic_day_service import ClinicDay, ClinicRow, record_clinic_day
from app.immunization.entry import DoseEntry
from app.registry.models import Organisation, OrganisationKind
from config.settings import ROOT

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Engine

ROWS = 500
ROUNDS = 3


def batch_entry_s(rows: int = ROWS) -> float:
    """Seconds by the wall clock for one save, the middle one of three."""
    with tempfile.TemporaryDirectory() as folder:
        engine = db.make_engine(f"sqlite:///{Path(folder) / 'bench.sqlite'}")
        migrate(engine)
        figures = sorted(_save(*city(rows)) for _ in range(ROUNDS))
        engine.dispose()
    return figures[ROUNDS // 2]


def migrate(engine: Engine) -> None:
    """The newest tables in an empty database, which the portal then uses."""
    with engine.connect() as connection:
        config = Config(str(ROOT / "alembic.ini"))
        config.set_main_option("script_location", str(ROOT / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    db.bind(engine)


def _save(actor: Actor, children: list[UUID]) -> float:
    entry = DoseEntry("MR", clock.today(), lot="BENCH-1", facility="保健センター")
    day = ClinicDay(new_id(), entry, tuple(ClinicRow(child) for child in children))
    started = time.perf_counter()
    record_clinic_day(actor, day)
    return time.perf_counter() - started


def city(rows: int) -> tuple[Actor, list[UUID]]:
    """A nurse and children of one year of age, in a new city."""
    city, nurse, account = new_id(), new_id(), new_id()
    children = [new_id() for _ in range(rows)]
    with db.transaction() as session:
        kind = OrganisationKind.MUNICIPALITY
        session.add(Organisation(id=city, kind=kind, name="見本市", official_code=str(city)[-12:]))
        session.add(_person(nurse, 12_000))
        session.flush()
        session.add(Account(id=account, person_id=nurse, created_at=clock.now()))
        for place, child in enumerate(children):
            person = _person(new_id(), 400 + place % 200)
            session.add(person)
            session.flush()
            number = str(child)[-20:]
            session.add(
                Child(id=child, person_id=person.id, municipality_id=city, handbook_number=number)
            )
    membership = Membership(city, "見本市", Role.NURSE)
    actor = Actor(account, nurse, "保健師", Assurance.CARD, clock.today(), (membership,))
    return actor, children


def _person(person_id: UUID, days_old: int) -> Person:
    return Person(
        id=person_id,
        family_name="見本",
        given_name="子",
        family_kana="みほん",
        given_kana="こ",
        born_on=clock.today() - timedelta(days=days_old),
        sex=Sex.FEMALE,
    )
