"""The parts of an uploaded file at rest: compressed and sealed, bound to their file."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from app.immunization import csv_rows, queries
from app.immunization.errors import ImportElsewhere

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.crypto.sealing import Sealer
    from app.immunization.csv_rows import Cells, Finding
    from app.immunization.models import DoseImport, DoseImportPart, ImportState


def sealed(sealer: Sealer, row: DoseImport, content: Any) -> bytes:
    """Rows or findings as they are kept."""
    plain = json.dumps(content, ensure_ascii=False).encode()
    return sealer.seal(zlib.compress(plain), context=_context(row))


def opened(sealer: Sealer, row: DoseImport, part: DoseImportPart) -> list[Cells]:
    """The rows of a part. Raises ``SealBroken``."""
    plain = zlib.decompress(sealer.open(part.content, context=_context(row)))
    return [(line, tuple(cells)) for line, cells in json.loads(plain)]


def kept_findings(row: DoseImport, parts: Iterable[DoseImportPart], sealer: Sealer) -> list[Any]:
    """What was found in the rows that are not simply new, by line. Raises ``SealBroken``."""
    found = [
        one
        for part in parts
        if part.findings is not None
        for one in json.loads(zlib.decompress(sealer.open(part.findings, context=_context(row))))
    ]
    return sorted(found, key=lambda one: int(one["line"]))


def _context(row: DoseImport) -> str:
    return f"dose_import.part {row.id}"


def file_at(session: Session, actor: Actor, import_id: UUID, state: ImportState) -> DoseImport:
    """The file, ours, if it stands where the page thought. Raises ``ImportElsewhere``."""
    row = queries.dose_import(session, actor, import_id, to_change=True)
    if row.state is not state:
        raise ImportElsewhere(row.state)
    return row


def look_at(
    session: Session,
    actor: Actor,
    row: DoseImport,
    rows: Iterable[Cells],
    doubtful: frozenset[int] | None = None,
) -> list[Finding]:
    """What rows of the file come to. ``doubtful``: as for ``csv_rows.Reading``."""
    reading = csv_rows.Reading(
        row.columns or {},
        len(row.header),
        row.organisation_id,
        doubtful,
    )
    return csv_rows.find_rows(session, actor, rows, reading)
