"""How the gateway stands, in numbers: no names, no identifiers of patients."""

from __future__ import annotations

from sqlalchemy import Engine, func, select

from dicom_gateway import clock
from dicom_gateway.index.engine import reading
from dicom_gateway.index.models import OutboxEvent, SetAside, StoredObject, Study
from dicom_gateway.words import span


def report(engine: Engine) -> str:
    """A few lines for the administrator."""
    with reading(engine) as connection:
        studies = connection.scalar(select(func.count()).select_from(Study))
        uncertain = connection.scalar(
            select(func.count()).select_from(Study).where(Study.text_uncertain)
        )
        aside = connection.scalar(select(func.count()).select_from(SetAside))
        objects = connection.execute(
            select(StoredObject.state, func.count(), func.sum(StoredObject.size))
            .group_by(StoredObject.state)
            .order_by(StoredObject.state)
        ).all()
        events = connection.execute(
            select(OutboxEvent.state, func.count())
            .group_by(OutboxEvent.state)
            .order_by(OutboxEvent.state)
        ).all()
        oldest = connection.scalar(
            select(func.min(OutboxEvent.created_at)).where(
                OutboxEvent.state == "waiting", OutboxEvent.attempts > 0
            )
        )
    lines = [f"studies {studies}, with text that could not be read {uncertain}"]
    lines += [f"objects {state}: {count}, {int(size):,} bytes" for state, count, size in objects]
    lines.append(f"objects kept beside one of the same identifier: {aside}")
    lines += [f"events {state}: {count}" for state, count in events]
    if oldest is not None:
        age = span(max(0.0, clock.now().timestamp() - oldest))
        lines.append(
            f"the portal does not take reports since {age}: none is lost, they are sent as soon as "
            "it answers; images are shown meanwhile to tokens it signed before"
        )
    return "\n".join(lines) + "\n"
