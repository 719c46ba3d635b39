"""Makes HTJ2K representations in the background: after listing, one object at a time.

Before a bucket they are part of the cache and may go with their objects; those of an object that
comes back are made again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy import ColumnElement, Engine, Row, select

from dicom_gateway.errors import BlobMissing, BlobUnreachable
from dicom_gateway.frames import FrameTable
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import Instance, StoredObject
from dicom_gateway.representations import RECODABLE, Shape, encode
from dicom_gateway.returned import Returned
from dicom_gateway.specimen import CHECK_STUDY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dicom_gateway.blobs import Blobs
    from dicom_gateway.representations import Representations

log = structlog.get_logger()

BATCH: Final = 8


class NotLossless(ValueError):
    """A frame did not read back bit for bit; its object stays in one representation."""


@dataclass
class Encoder:
    """Goes through the index by number; what is made already is passed over."""

    engine: Engine
    store: Blobs
    made: Representations
    library: Any
    last_id: int = 0
    returned: Returned = field(init=False)

    def __post_init__(self) -> None:
        self.returned = Returned(self.store)

    def encode_some(self) -> int:
        """Take up the next objects unless others still wait to be listed.

        Returns:
            how many were looked at; 0 when there is nothing to do now.
        """
        self.returned.look()
        if self._others_wait():
            return 0
        rows = self._select(StoredObject.id > self.last_id)
        if not rows:
            back = self.returned.take(BATCH)
            rows = self._select(StoredObject.sop_instance_uid.in_(back.values())) if back else []
            rows = [row for row in rows if row.file_name in back]
        for row in rows:
            self.last_id = max(self.last_id, row.id)
            if not self.made.has(row.file_name) and self.store.is_near(row.file_name):
                self._encode(row)
        return len(rows)

    def _others_wait(self) -> bool:
        with reading(self.engine) as connection:
            waiting = select(StoredObject.id).where(StoredObject.state == "stored").limit(1)
            return connection.scalar(waiting) is not None

    def _select(self, which: ColumnElement[bool]) -> list[Row[Any]]:
        """The next objects of these that a representation can be made of."""
        with reading(self.engine) as connection:
            return list(
                connection.execute(
                    select(StoredObject.__table__, Instance.metadata_json)
                    .join(Instance, Instance.object_id == StoredObject.id)
                    .where(
                        which,
                        StoredObject.state == "indexed",
                        StoredObject.frame_count > 0,
                        StoredObject.transfer_syntax_uid.in_(RECODABLE),
                        StoredObject.study_instance_uid != CHECK_STUDY,
                    )
                    .order_by(StoredObject.id)
                    .limit(BATCH)
                )
            )

    def _encode(self, row: Row[Any]) -> None:
        shape = Shape.of(json.loads(row.metadata_json))
        if shape is None:
            return
        try:
            self.made.keep(row.file_name, self._streams(row, shape), row.frame_count)
        except NotLossless:
            log.warning("frames not represented in HTJ2K", object_id=row.id)
        except BlobUnreachable:
            log.info("object to be represented lies in a bucket that is away", object_id=row.id)
        except BlobMissing:
            log.warning("object to be represented is not there", object_id=row.id)
        if not self._is_listed(row):
            self.made.remove(row.file_name)

    def _is_listed(self, row: Row[Any]) -> bool:
        """Whether the object was not forgotten meanwhile: its copy must not outlive it."""
        with reading(self.engine) as connection:
            same = select(StoredObject.id).where(StoredObject.file_name == row.file_name)
            return connection.scalar(same.where(StoredObject.id == row.id)) is not None

    def _streams(self, row: Row[Any], shape: Shape) -> Iterator[bytes]:
        table = FrameTable(row.frame_count, row.frame_table, row.encapsulated)
        for number in range(1, row.frame_count + 1):
            frame = b"".join(self.store.span(row.file_name, *span) for span in table.spans(number))
            stream = encode(self.library, frame, shape)
            if stream is None:
                raise NotLossless
            yield stream
