"""What the record itself knows about a dose that may have been wrong: age, intervals, verdict."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from pydantic import BaseModel

from app.core.provenance import Source
from app.immunization import incident_queries, queries
from app.immunization.entry import DoseEntry, check_entry
from app.immunization.errors import DoseNotFound
from app.immunization.family_copies import copies_among
from app.immunization.incident_form import EXPIRED, OTHER, WRONG_CHILD, load_report_form
from app.immunization.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from app.family.models import Child
    from app.immunization.models import Dose

MOST_EARLIER = 20
LANGUAGES: tuple[Literal["ja", "en", "easy"], ...] = ("ja", "en", "easy")


class Earlier(BaseModel, frozen=True):
    """A dose given before, and how many days lie between. ``unconfirmed``: as the family wrote."""

    product: str
    given_on: date
    days: int
    unconfirmed: bool = False


class Facts(BaseModel, frozen=True):
    """One dose as the record has it. ``words``: why the schedule speaks against it, by language.

    ``allowed_from``: first day on which it would have counted. ``lot_expires_on`` as on the box.
    ``earlier``: the doses before it, the last one first.
    """

    dose_id: UUID
    born_on: date
    product: str
    given_on: date
    lot: str | None
    lot_expires_on: date | None
    facility: str | None
    reason: str | None
    voided: bool
    verdict: Verdict | None
    words: dict[str, str]
    allowed_from: date | None
    earlier: tuple[Earlier, ...]

    @property
    def is_past_expiry(self) -> bool:
        """Whether the lot was used after its last day."""
        return self.lot_expires_on is not None and self.given_on > self.lot_expires_on

    @property
    def suggested_kind(self) -> str:
        """What kind of error the record speaks of."""
        if self.voided:
            return WRONG_CHILD
        suggested = load_report_form().suggest(self.verdict)
        return EXPIRED if suggested == OTHER and self.is_past_expiry else suggested


def facts_of(session: Session, child: Child, lineage_id: UUID) -> Facts:
    """The facts today, for a caller that has shown it may know. Raises ``DoseNotFound``."""
    rows = incident_queries.newest_doses(session, child)
    dose = next((row for row in rows if row.lineage_id == lineage_id), None)
    if dose is None:
        raise DoseNotFound(str(lineage_id))
    before = [
        row for row in rows if row is not dose and not row.voided and row.given_on <= dose.given_on
    ]
    return _facts(session, child, dose, before)


def _facts(session: Session, child: Child, dose: Dose, before: Sequence[Dose]) -> Facts:
    entry = DoseEntry(dose.product, dose.given_on)
    copies = queries.given_doses(copies_among(before))
    check = check_entry(child, entry, queries.given_doses(before), copies)
    said = (*check.reasons, *check.warnings)
    return Facts(
        dose_id=dose.id,
        born_on=child.person.born_on,
        product=dose.product,
        given_on=dose.given_on,
        lot=dose.lot,
        lot_expires_on=incident_queries.lot_expiry(session, dose),
        facility=dose.facility,
        reason=dose.reason,
        voided=dose.voided,
        verdict=check.verdict,
        words={name: " ".join(getattr(one, name) for one in said) for name in LANGUAGES},
        allowed_from=check.allowed_from,
        earlier=tuple(
            Earlier(
                product=row.product,
                given_on=row.given_on,
                days=(dose.given_on - row.given_on).days,
                unconfirmed=row.source is Source.GUARDIAN,
            )
            for row in before[:MOST_EARLIER]
        ),
    )
