"""The parts of an uploaded file at rest: compressed and sealed, bound to their file."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.family.queries import district_names
from app.immunization import csv_rows, queries
from app.immunization.errors import ImportElsewhere
from app.immunization.family_copies import AboutCopy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor
    from app.crypto.sealing import Sealer
    from app.immunization.csv_rows import Cells, Finding, Looked
    from app.immunization.models import DoseImport, DoseImportPart, ImportState

WRITTEN = -1
"""Parts count from 0; the first one written becomes -1, the next -2."""


def sealed(sealer: Sealer, row: DoseImport, content: Any) -> bytes:
    """Rows or findings as they are kept."""
    plain = json.dumps(content, ensure_ascii=False).encode()
    return sealer.seal(zlib.compress(plain), context=_context(row))


def opened(sealer: Sealer, row: DoseImport, part: DoseImportPart) -> list[Cells]:
    """The rows of a part. Raises ``SealBroken``."""
    return [(line, tuple(cells)) for line, cells in json.loads(_plain(row, part, sealer))]


def kept_findings(row: DoseImport, parts: Iterable[DoseImportPart], sealer: Sealer) -> list[Any]:
    """What was found in the rows that are not simply new, by line. Raises ``SealBroken``."""
    found = [
        one
        for part in parts
        if part.findings is not None
        for one in json.loads(zlib.decompress(sealer.open(part.findings, context=_context(row))))
    ]
    return sorted(found, key=lambda one: int(one["line"]))


def keep_choices(
    row: DoseImport,
    parts: Iterable[DoseImportPart],
    chosen: Mapping[int, AboutCopy],
    sealer: Sealer,
) -> int:
    """Write what staff decided to the rows that differ from a family's entry; to how many."""
    decided = 0
    for part in parts if chosen else ():
        findings = kept_findings(row, [part], sealer)
        differing = [one for one in findings if one["code"] == csv_rows.DIFFERS]
        mine = [one for one in differing if one["line"] in chosen]
        for one in mine:
            one["about_copy"] = chosen[one["line"]].value
        if mine:
            part.findings = sealed(sealer, row, findings)
        decided += len(mine)
    return decided


def looked_at(row: DoseImport, part: DoseImportPart, sealer: Sealer) -> Looked:
    """What was found in the rows of a part, and decided."""
    findings = kept_findings(row, [part], sealer)
    against = frozenset(one["line"] for one in findings if one["code"] == csv_rows.AGAINST)
    differing = [one for one in findings if one["code"] == csv_rows.DIFFERS]
    said = {one["line"]: one.get("about_copy") for one in differing}
    return csv_rows.Looked(
        against, {line: AboutCopy(word) if word else None for line, word in said.items()}
    )


def keep_districts(
    row: DoseImport, part: DoseImportPart, found: Iterable[Finding], sealer: Sealer
) -> bool:
    """Of a part that is written only what it says of districts waits on, sealed; whether any."""
    said = [
        [str(one.child.id), one.district]
        for one in found
        if one.child and one.district and one.code in csv_rows.TO_WRITE
    ]
    part.number, part.findings = WRITTEN - part.number, None
    part.content = sealed(sealer, row, said)
    return bool(said)


def districts_of(
    row: DoseImport, parts: Iterable[DoseImportPart], sealer: Sealer
) -> dict[UUID, str]:
    """Where the children of a file live, as its last rows say."""
    said = [pair for part in parts for pair in json.loads(_plain(row, part, sealer))]
    return {UUID(child): district for child, district in said}


def _plain(row: DoseImport, part: DoseImportPart, sealer: Sealer) -> bytes:
    return zlib.decompress(sealer.open(part.content, context=_context(row)))


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
    looked: Looked | None = None,
) -> list[Finding]:
    """What rows of the file come to. ``looked``: as for ``csv_rows.Reading``."""
    reading = csv_rows.Reading(
        row.columns or {},
        len(row.header),
        row.organisation_id,
        frozenset(district_names(session, actor, row.organisation_id)),
        looked,
    )
    return csv_rows.find_rows(session, actor, rows, reading)
