"""Tables are made, brought up from every earlier layout without loss, and never down."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, select, text

from dicom_gateway.errors import Misconfigured
from dicom_gateway.index.engine import open_index, reading
from dicom_gateway.index.layout import FOLDER, create_schema
from dicom_gateway.index.models import LAYOUT, Base, NameTerm, StoredObject, Study

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = {"vr": "PN", "Value": [{"Alphabetic": "Mihon^Tarou", "Ideographic": "見本^太郎"}]}
ATTRIBUTES = {
    "00100010": json.dumps(NAME, ensure_ascii=False),
    "00100030": '{"vr":"DA","Value":["19800102"]}',
    "00100040": '{"vr":"CS","Value":["M"]}',
}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An index without tables, on each database in turn."""
    url = "" if request.param == "sqlite" else str(request.getfixturevalue("postgresql_url"))
    engine = open_index(url, tmp_path)
    yield engine
    engine.dispose()


def at_layout(engine: Engine, layout: str) -> None:
    """Tables as an earlier program had them, with a study and its object."""
    with engine.connect() as connection, connection.begin():
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(FOLDER))
        config.set_main_option("path_separator", "os")
        command.upgrade(config, layout)
        connection.execute(
            text(
                "INSERT INTO studies VALUES ('1.2.3', 'A-1', 'stale', '', '', '20260701', '', '',"
                " '', :no, :attributes, 1, 1, '{}', 0, 1, 0)"
            ),
            {"no": False, "attributes": json.dumps(ATTRIBUTES, ensure_ascii=False)},
        )
        connection.execute(
            text(
                "INSERT INTO objects VALUES (1, '1.2.3.1.1', '1.2', '1.2.3', '1.2.3.1', '1.2',"
                " 'aa/b.dcm', 9, :raw, 'CT', 0, 0, :raw, :no, 'indexed', '')"
            ),
            {"raw": b"x" * 32, "no": False},
        )


def as_before_alembic(engine: Engine, number: int) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
        connection.execute(text("INSERT INTO schema_version VALUES (:number)"), {"number": number})


def layouts(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return list(connection.scalars(text("SELECT version_num FROM alembic_version")))


def test_new_tables_are_those_the_migrations_make(empty: Engine) -> None:
    create_schema(empty)
    create_schema(empty)
    assert layouts(empty) == [LAYOUT]
    made = inspect(empty).get_table_names()
    with empty.begin() as connection:
        Base.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
    at_layout(empty, "0001")
    as_before_alembic(empty, 1)
    create_schema(empty)
    assert sorted(inspect(empty).get_table_names()) == sorted(made)
    with reading(empty) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_layout_of_this_program_is_the_last_migration() -> None:
    assert ScriptDirectory(str(FOLDER)).get_heads() == [LAYOUT]


@pytest.mark.parametrize("number", [1, 2])
def test_an_index_from_before_migrations_keeps_everything(empty: Engine, number: int) -> None:
    at_layout(empty, f"000{number}")
    as_before_alembic(empty, number)
    create_schema(empty)
    with reading(empty) as connection:
        study = connection.execute(select(Study.__table__)).one()
        objects = connection.scalars(select(StoredObject.file_name)).all()
        terms = set(connection.scalars(select(NameTerm.term)))
    assert objects == ["aa/b.dcm"]
    assert (study.patient_birth_date, study.patient_sex) == ("19800102", "M")
    assert study.announced_revision == 0
    assert study.name_ideographic in terms
    assert study.name_alphabetic != "stale"


def test_an_index_of_a_newer_program_is_not_touched(empty: Engine) -> None:
    create_schema(empty)
    with empty.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Misconfigured, match="9999"):
        create_schema(empty)
    assert layouts(empty) == ["9999"]


def test_an_unknown_number_from_before_migrations_is_not_touched(empty: Engine) -> None:
    at_layout(empty, "0001")
    as_before_alembic(empty, 77)
    with pytest.raises(Misconfigured, match="77"):
        create_schema(empty)


def test_a_program_from_before_migrations_finds_a_number_it_does_not_know(empty: Engine) -> None:
    create_schema(empty)
    with reading(empty) as connection:
        [number] = connection.scalars(text("SELECT version FROM schema_version"))
    assert number > 2


def test_programs_that_start_together_upgrade_once(empty: Engine) -> None:
    at_layout(empty, "0001")
    as_before_alembic(empty, 1)
    troubles: list[BaseException] = []

    def start() -> None:
        try:
            create_schema(empty)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion
            troubles.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert troubles == []
    assert layouts(empty) == [LAYOUT]
