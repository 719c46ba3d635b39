"""How the gateway stands, as numbers: no names, no identifiers of patients."""

from __future__ import annotations

import shutil
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, func, select

from dicom_gateway import clock
from dicom_gateway.addresses import near
from dicom_gateway.backlog import Backlog, backlog
from dicom_gateway.index import pulls
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import OutboxEvent, SetAside, StoredObject, Study
from dicom_gateway.places import BucketPlace, local_root, read_place
from dicom_gateway.retention import GIGABYTE

if TYPE_CHECKING:
    from pathlib import Path

    from dicom_gateway.settings import GatewaySettings

JAPAN: Final = timezone(timedelta(hours=9))
LOW_DISK_SHARE: Final = 0.1
PATIENCE_SECONDS: Final = 600.0
TOLERANCE: Final = 1.1
_KNOCK_SECONDS: Final = 0.5
STATES: Final = ("stored", "indexed", "set aside", "unreadable")
EVENT_STATES: Final = ("waiting", "delivered", "rejected")


@dataclass(frozen=True)
class Disk:
    """Bytes of the file system that holds the images."""

    total: int
    free: int

    @property
    def is_low(self) -> bool:
        """Less than a tenth is left."""
        return self.free < self.total * LOW_DISK_SHARE


@dataclass(frozen=True)
class Standing:
    """One look. ``at`` aware UTC; ages in seconds; ``uploads`` only with a bucket."""

    at: datetime
    studies: int
    studies_today: int
    text_uncertain: int
    objects: dict[str, int]
    bytes_kept: int
    bytes_most: int
    other_content: int
    events: dict[str, int]
    oldest_waiting: float | None
    failed_tries: int
    pulls: dict[str, int]
    disk: Disk
    programs: dict[str, bool]
    uploads: Backlog | None = None

    @property
    def quarantined(self) -> int:
        """Objects kept but not shown: conflicting identity, other content, unreadable."""
        return self.objects["set aside"] + self.objects["unreadable"] + self.other_content

    @property
    def is_too_much(self) -> bool:
        """Clearly more is kept than should be: what is over may not go."""
        return 0 < self.bytes_most * TOLERANCE < self.bytes_kept

    @property
    def pulls_waiting(self) -> int:
        """Studies on their way from a peer."""
        return sum(self.pulls[state.value] for state in pulls.ACTIVE)

    @property
    def upload_age(self) -> float:
        """How long the oldest object has waited for the bucket."""
        since = self.uploads.oldest_at if self.uploads is not None else None
        return 0.0 if since is None else max(0.0, self.at.timestamp() - since)

    @property
    def bucket_is_away(self) -> bool:
        """Objects wait for longer than uploading takes."""
        return self.upload_age > PATIENCE_SECONDS

    @property
    def portal_is_away(self) -> bool:
        """Reports wait that were tried in vain."""
        return self.failed_tries > 0


def look(engine: Engine, settings: GatewaySettings) -> Standing:
    """Count everything once."""
    at, place = clock.now(), read_place(settings.storage_url, settings.var)
    with reading(engine) as connection:
        objects = _by_state(connection, STATES, StoredObject)
        events = _by_state(connection, EVENT_STATES, OutboxEvent)
        oldest, tries = _waiting(connection)
        return Standing(
            at=at,
            studies=_count(connection, Study),
            studies_today=_studies_since(connection, japanese_midnight(at)),
            text_uncertain=_uncertain(connection),
            objects=objects,
            bytes_kept=int(connection.scalar(select(func.sum(StoredObject.size))) or 0),
            bytes_most=settings.keep_gigabytes * GIGABYTE,
            other_content=_count(connection, SetAside),
            events=events,
            oldest_waiting=None if oldest is None else max(0.0, at.timestamp() - oldest),
            failed_tries=tries,
            pulls=pulls.counts(connection),
            disk=disk_of(local_root(place, settings.var)),
            programs=answering(settings),
            uploads=backlog(settings.var) if isinstance(place, BucketPlace) else None,
        )


def japanese_midnight(at: datetime) -> float:
    """When the Japanese day of this instant began, Unix seconds."""
    day = at.astimezone(JAPAN).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.timestamp()


def disk_of(folder: Path) -> Disk:
    """The file system below the folder."""
    usage = shutil.disk_usage(folder)
    return Disk(usage.total, usage.free)


def answering(settings: GatewaySettings) -> dict[str, bool]:
    """Which listening programs take a connection."""
    doors = {
        "dimse": (settings.dicom_host, settings.dicom_port),
        "web": (settings.http_host, settings.http_port),
    }
    return {name: _knock(*door) for name, door in doors.items()}


def _knock(host: str, port: int) -> bool:
    try:
        with socket.create_connection((near(host), port), _KNOCK_SECONDS):
            return True
    except OSError:
        return False


def _count(connection: Connection, table: type[Study | SetAside]) -> int:
    return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def _uncertain(connection: Connection) -> int:
    rows = select(func.count()).select_from(Study).where(Study.text_uncertain)
    return int(connection.scalar(rows) or 0)


def _studies_since(connection: Connection, instant: float) -> int:
    rows = select(func.count()).select_from(Study).where(Study.changed_at >= instant)
    return int(connection.scalar(rows) or 0)


def _by_state(
    connection: Connection, states: tuple[str, ...], table: type[StoredObject | OutboxEvent]
) -> dict[str, int]:
    rows = connection.execute(select(table.state, func.count()).group_by(table.state))
    return dict.fromkeys(states, 0) | {row[0]: int(row[1]) for row in rows}


def _waiting(connection: Connection) -> tuple[float | None, int]:
    row = connection.execute(
        select(func.min(OutboxEvent.created_at), func.max(OutboxEvent.attempts)).where(
            OutboxEvent.state == "waiting"
        )
    ).one()
    return row[0], int(row[1] or 0)
