"""Where an accident in a parsing or validating library becomes a refusal.

Certificates and documents come from anybody, and the libraries that read them raise whatever they
like on hostile input. A crash must never read as a decision: it is a typed refusal, logged by the
kind of the error only. This is the one broad ``except`` of trust code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import structlog

from app.core.errors import TsunaguError

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.jpki.errors import JpkiRejected

log = structlog.get_logger(__name__)

ResultT = TypeVar("ResultT")


def refuse_accidents(work: Callable[[], ResultT], refusal: type[JpkiRejected]) -> ResultT:
    """Do ``work``; our own errors pass, any other becomes ``refusal`` with the error's kind."""
    try:
        return work()
    except TsunaguError:
        raise
    except Exception as error:
        log.warning("jpki.accident", kind=type(error).__name__)
        raise refusal(type(error).__name__) from error
