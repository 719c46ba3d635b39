"""The number by which a refusal is found again, from the page the person reads to the log.

A script is answered first and the page is opened after it: so this browser's session carries the
number across. It says nothing by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from flask import session

from app.web.errors import reference

if TYPE_CHECKING:
    from app.core.errors import TsunaguError

log = structlog.get_logger(__name__)

KEPT = "refusal"


def noted(refusal: TsunaguError) -> str:
    """Log a refusal under its number and keep that for the page; returns the refusal's code."""
    log.info("web.refused", code=refusal.code, reference=reference())
    session[KEPT] = [refusal.code, reference()]
    return refusal.code


def number_of(code: str) -> str | None:
    """The number of this browser's last refusal, if that was for this reason."""
    last, number = session.get(KEPT) or (None, None)
    return number if last == code else None
