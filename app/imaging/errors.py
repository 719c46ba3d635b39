"""What can go wrong with image sharing."""

from __future__ import annotations

from app.core.errors import Conflict, Forbidden, Invalid, NotFound, Rejected


class PatientNotFound(NotFound):
    """No such patient at this organisation, or not for this person."""

    code = "patient-not-found"


class RequestNotFound(NotFound):
    """No such request, or not for this person."""

    code = "request-not-found"


class GrantNotFound(NotFound):
    """No such grant, or not for this person."""

    code = "grant-not-found"


class NothingChosen(Invalid):
    """A request names at least one study and a purpose."""

    code = "nothing-chosen"


class PatientIdTaken(Conflict):
    """This hospital number already belongs to somebody else."""

    code = "patient-id-taken"


class AlreadyAnswered(Conflict):
    """The request was answered or has lapsed."""

    code = "already-answered"


class NotThePatient(Rejected):
    """The signature is genuine but not of the person whose images are asked for."""

    code = "not-the-patient"


class ConsentEnded(Forbidden):
    """Consent was withdrawn, or its time is over. The viewer blanks its panes."""

    code = "consent-ended"


class GatewayNotTrusted(Rejected):
    """A report that no enrolled gateway signed."""

    code = "gateway-not-trusted"


class BadReport(Invalid):
    """A report that does not follow ``config/wire/gateway-events.schema.json``."""

    code = "bad-report"
