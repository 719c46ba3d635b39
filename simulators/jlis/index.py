"""Which certificates were issued and revoked: one SQLite file for the command and the server.

Serials are lower-case hex. Every method is one transaction, so that a revocation by another process
is seen by the next answer of a running server.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simulators.jlis.profile import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS issued (
    purpose TEXT NOT NULL, generation INTEGER NOT NULL, serial TEXT NOT NULL,
    municipality TEXT NOT NULL, card TEXT NOT NULL, issued_at INTEGER NOT NULL, der BLOB NOT NULL,
    revoked_at INTEGER, reason TEXT,
    PRIMARY KEY (purpose, generation, serial)
);
CREATE TABLE IF NOT EXISTS crl (
    purpose TEXT NOT NULL, generation INTEGER NOT NULL, municipality TEXT NOT NULL,
    number INTEGER NOT NULL, revoked_count INTEGER NOT NULL, made_at INTEGER NOT NULL,
    der BLOB NOT NULL,
    PRIMARY KEY (purpose, generation, municipality)
);
"""
_COLUMNS = "purpose, generation, serial, municipality, card, issued_at, der, revoked_at, reason"


@dataclass(frozen=True)
class IssuedRow:
    """One issued certificate; ``revoked_at`` is None while it stands."""

    purpose: Purpose
    generation: int
    serial: str
    municipality: str
    card: str
    issued_at: datetime
    der: bytes
    revoked_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Partition:
    """One CRL's scope: hierarchy, generation and municipality."""

    purpose: Purpose
    generation: int
    municipality: str

    @property
    def file_name(self) -> str:
        """``auth-g3-131016.crl``."""
        return f"{self.purpose}-g{self.generation}-{self.municipality}.crl"


@dataclass(frozen=True)
class PublishedCrl:
    """The CRL that was last published for a partition."""

    number: int
    revoked_count: int
    made_at: datetime
    der: bytes


class IssuedIndex:
    """The register of one simulated J-LIS."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.exclusive() as connection:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)

    @contextmanager
    def exclusive(self) -> Iterator[sqlite3.Connection]:
        """One immediate transaction on a connection of its own."""
        connection = sqlite3.connect(self._path, timeout=15, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        finally:
            connection.close()

    def add(self, row: IssuedRow) -> None:
        """Enter a certificate that was just issued."""
        values = (
            row.purpose,
            row.generation,
            row.serial,
            row.municipality,
            row.card,
            _seconds(row.issued_at),
            row.der,
        )
        with self.exclusive() as connection:
            connection.execute(
                f"INSERT INTO issued ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)",  # noqa: S608 - constant columns
                values,
            )

    def find(self, purpose: Purpose, generation: int, serial: str) -> IssuedRow | None:
        """One certificate of one authority."""
        rows = self._select(
            "purpose = ? AND generation = ? AND serial = ?", (purpose, generation, serial)
        )
        return rows[0] if rows else None

    def of_serial(self, serial: str) -> list[IssuedRow]:
        """Certificates with this serial, of any authority."""
        return self._select("serial = ?", (serial.lower().lstrip("0"),))

    def of_card(self, card: str) -> list[IssuedRow]:
        """Every certificate ever issued for a card folder, oldest first."""
        return self._select("card = ?", (card,))

    def revoked_in(self, partition: Partition) -> list[IssuedRow]:
        """What belongs into one partition's CRL."""
        return self._select(
            "purpose = ? AND generation = ? AND municipality = ? AND revoked_at IS NOT NULL",
            (partition.purpose, partition.generation, partition.municipality),
        )

    def partitions(self) -> list[Partition]:
        """Every partition in which a certificate was issued."""
        query = "SELECT DISTINCT purpose, generation, municipality FROM issued ORDER BY 1, 2, 3"
        with self.exclusive() as connection:
            rows = connection.execute(query).fetchall()
        return [Partition(Purpose(row[0]), row[1], row[2]) for row in rows]

    def revoke(self, row: IssuedRow, *, at: datetime, reason: str) -> None:
        """Withdraw a certificate; the first revocation stands."""
        with self.exclusive() as connection:
            connection.execute(
                "UPDATE issued SET revoked_at = ?, reason = ? WHERE purpose = ? "
                "AND generation = ? AND serial = ? AND revoked_at IS NULL",
                (_seconds(at), reason, row.purpose, row.generation, row.serial),
            )

    def published(self, partition: Partition) -> PublishedCrl | None:
        """The CRL last published for a partition."""
        with self.exclusive() as connection:
            row = connection.execute(
                "SELECT number, revoked_count, made_at, der FROM crl "
                "WHERE purpose = ? AND generation = ? AND municipality = ?",
                (partition.purpose, partition.generation, partition.municipality),
            ).fetchone()
        return PublishedCrl(row[0], row[1], _instant(row[2]), row[3]) if row else None

    def publish(self, partition: Partition, crl: PublishedCrl) -> None:
        """Keep the newest CRL of a partition; a lower number never replaces a higher one."""
        with self.exclusive() as connection:
            connection.execute(
                "INSERT INTO crl VALUES (?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (purpose, generation, municipality) DO UPDATE SET "
                "number = excluded.number, revoked_count = excluded.revoked_count, "
                "made_at = excluded.made_at, der = excluded.der "
                "WHERE excluded.number > crl.number",
                (
                    partition.purpose,
                    partition.generation,
                    partition.municipality,
                    crl.number,
                    crl.revoked_count,
                    _seconds(crl.made_at),
                    crl.der,
                ),
            )

    def _select(self, where: str, values: tuple[Any, ...]) -> list[IssuedRow]:
        query = f"SELECT {_COLUMNS} FROM issued WHERE {where} ORDER BY issued_at, rowid"  # noqa: S608 - constant clauses
        with self.exclusive() as connection:
            rows = connection.execute(query, values).fetchall()
        return [_row(values) for values in rows]


def _row(values: tuple[Any, ...]) -> IssuedRow:
    purpose, generation, serial, municipality, card, issued_at, der, revoked_at, reason = values
    return IssuedRow(
        Purpose(purpose),
        generation,
        serial,
        municipality,
        card,
        _instant(issued_at),
        der,
        None if revoked_at is None else _instant(revoked_at),
        reason,
    )


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
