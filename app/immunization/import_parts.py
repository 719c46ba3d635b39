"""The parts of an uploaded file at rest: compressed and sealed, bound to their file."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.crypto.sealing import Sealer
    from app.immunization.csv_rows import Cells
    from app.immunization.models import DoseImport, DoseImportPart


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
