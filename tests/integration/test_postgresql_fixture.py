"""The private PostgreSQL cluster of the suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text

if TYPE_CHECKING:
    from collections.abc import Callable


def test_each_call_gives_an_empty_database_of_its_own(
    postgresql_database: Callable[[], str],
) -> None:
    first, second = (create_engine(postgresql_database()) for _ in range(2))
    with first.begin() as connection:
        connection.execute(text("CREATE TABLE only_here (id int)"))
    with second.begin() as connection:
        tables = text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert connection.scalar(tables) == 0
    first.dispose()
    second.dispose()


def test_its_text_is_utf_8_and_its_address_is_no_network_port(postgresql_url: str) -> None:
    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT length('見本太郎')")) == 4
        assert connection.scalar(text("SHOW listen_addresses")) == ""
    engine.dispose()
