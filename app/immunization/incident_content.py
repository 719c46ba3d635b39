"""What a report holds, at rest: the record's facts and the answers, sealed and bound to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import BaseModel

from app.immunization.incident_facts import Facts

if TYPE_CHECKING:
    from app.crypto.sealing import Sealer
    from app.immunization.incident_models import Incident


class Content(BaseModel, frozen=True):
    """One version: the facts of that moment and the answers by question."""

    facts: Facts
    answers: Mapping[str, str]


def sealed_content(sealer: Sealer, incident: Incident, content: Content) -> bytes:
    """Content as it is kept."""
    return sealer.seal(content.model_dump_json().encode(), context=_context(incident))


def opened_content(sealer: Sealer, incident: Incident, kept: bytes) -> Content:
    """Content of one version of this report. Raises ``SealBroken``."""
    return Content.model_validate_json(sealer.open(kept, context=_context(incident)))


def _context(incident: Incident) -> str:
    return f"incident {incident.id}"
