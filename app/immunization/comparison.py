"""What another edition of the schedule would change for one child. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.immunization.forecast import forecast_child
from app.immunization.jsonlines import plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from app.immunization.results import GivenDose
    from app.immunization.rules import Schedule, Sex

FIELDS = ("status", "next_dose", "earliest", "latest", "doses")
Changes = dict[str, dict[str, tuple[Any, Any]]]
"""By vaccine and field: the value before and after, as in the exchange by lines."""


def changes(
    old: Schedule,
    new: Schedule,
    *,
    born_on: date,
    sex: Sex,
    given: Sequence[GivenDose],
    as_of: date,
) -> Changes:
    """Every difference; a vaccine that one edition does not know has null values there.

    Raises ``UnknownProduct`` where an edition has lost a product that was given, and the others of
    ``forecast_child``.
    """
    before, after = (
        {
            code: plain(result)
            for code, result in forecast_child(
                edition,
                born_on=born_on,
                sex=sex,
                given=given,
                as_of=as_of,
                with_last_start=False,
            ).items()
        }
        for edition in (old, new)
    )
    found = {code: _differing(before.get(code), after.get(code)) for code in before | after}
    return {code: fields for code, fields in found.items() if fields}


def _differing(
    before: dict[str, Any] | None, after: dict[str, Any] | None
) -> dict[str, tuple[Any, Any]]:
    pairs = {name: ((before or {}).get(name), (after or {}).get(name)) for name in FIELDS}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
