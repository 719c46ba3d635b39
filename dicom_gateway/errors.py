"""What can go wrong in the gateway, by type.

``dimse/scp.py`` alone turns a kind into a C-STORE status, ``dicomweb/problem.py`` alone
into an HTTP status.
"""

from __future__ import annotations

from enum import StrEnum


class GatewayError(Exception):
    """Anything the gateway refuses or cannot do. ``code`` names it in logs and answers."""

    code = "error"


class Misconfigured(GatewayError):
    """The program must not start like this. The message says what to change."""

    code = "misconfigured"


class EnrolmentFailed(GatewayError):
    """The gateway could not be enrolled. The message says what to do."""

    code = "enrolment-failed"


class CheckFailed(GatewayError):
    """A link of the gateway does not hold. The message says what to do."""

    code = "check-failed"


class NotDicom(GatewayError):
    """The bytes are not a complete, well-formed DICOM data set."""

    code = "not-dicom"


class BadUid(NotDicom):
    """An identifier is not 1 to 64 characters of digits and dots (PS3.5 §9.1)."""

    code = "bad-uid"


class Mismatch(GatewayError):
    """The data set is not what the request said it would be."""

    code = "mismatch"


class OutOfResources(GatewayError):
    """Disk or index cannot take the object now."""

    code = "out-of-resources"


class DiskNearlyFull(OutOfResources):
    """Taking the object would use the space kept for the index."""

    code = "disk-nearly-full"


class ObjectTooLarge(OutOfResources):
    """The object is larger than this gateway is set to accept."""

    code = "object-too-large"


class PeerRefused(GatewayError):
    """This caller may not associate: not listed, elsewhere, or without TLS."""

    code = "peer-refused"


class PeerUnknown(GatewayError):
    """No peer of this AE title can be called."""

    code = "peer-unknown"


class IdentifierRefused(GatewayError):
    """A query or retrieve request names nothing that could be looked for (PS3.4 C.4)."""

    code = "identifier-refused"


class TransferFailed(GatewayError):
    """An object could not be handed to a peer over this association."""

    code = "transfer-failed"


class PullReason(StrEnum):
    """Why a study could not be fetched from a peer; kept with its row and said in the log."""

    AWAY = "peer-away"
    SEARCH_REFUSED = "search-refused"
    REFUSED = "retrieve-refused"
    GATEWAY_UNKNOWN = "gateway-unknown"
    BROKEN = "line-broken"
    SILENT = "peer-silent"
    INCOMPLETE = "incomplete"
    NOTHING_CAME = "nothing-came"
    TROUBLE = "trouble-here"
    NOT_CONFIGURED = "not-configured"


class PullFailed(GatewayError):
    """A peer has the study or may have it, and it did not come whole. ``status`` of its answer."""

    code = "pull-failed"

    def __init__(self, reason: PullReason, status: int | None = None) -> None:
        super().__init__(f"the study could not be fetched: {reason.value}")
        self.reason = reason
        self.status = status


class PullPending(GatewayError):
    """The study is on its way from a peer; ``expected`` objects are 0 while that is not known."""

    code = "study-on-its-way"

    def __init__(self, arrived: int, expected: int) -> None:
        super().__init__(
            "This study is being fetched from the hospital's archive. Ask again in a moment."
        )
        self.arrived = arrived
        self.expected = expected


class ArchiveAway(GatewayError):
    """The study could not be fetched now; it is asked for again later."""

    code = "archive-away"


class Unauthenticated(GatewayError):
    """No usable access token came with the request."""

    code = "token-missing"


class TokenExpired(Unauthenticated):
    """The token was right once; its time is over."""

    code = "token-expired"


class TokenInvalid(Unauthenticated):
    """The token does not hold: signature, issuer, audience, age or form."""

    code = "token-invalid"


class BadRequest(GatewayError):
    """The request cannot be understood."""

    code = "bad-request"


class NotAcceptable(GatewayError):
    """None of the representations asked for can be given."""

    code = "not-acceptable"


class Forbidden(GatewayError):
    """The token is right and does not allow this."""

    code = "token-may-not"


class UnsupportedMedia(GatewayError):
    """The body is of a type that is not taken."""

    code = "unsupported-media-type"


class UploadTooLarge(GatewayError):
    """The body of the request is longer than allowed."""

    code = "upload-too-large"


class Contradiction(GatewayError):
    """Parts of the request exclude one another."""

    code = "contradiction"


class NotRenderable(NotAcceptable):
    """No picture can be made of it here."""

    code = "not-renderable"


class RangeNotSatisfiable(GatewayError):
    """No byte lies in the range that is asked for; ``total`` is the length of the whole."""

    code = "range-not-satisfiable"

    def __init__(self, total: int) -> None:
        super().__init__(f"the whole has {total} bytes")
        self.total = total


class TooBroad(GatewayError):
    """Answering would take more than one request may."""

    code = "too-broad"


class NotFound(GatewayError):
    """It does not exist, or this token may not know that it does."""

    code = "not-found"


class BlobMissing(GatewayError):
    """The index lists an object whose file is not there or is too short."""

    code = "blob-missing"


class BlobDamaged(BlobMissing):
    """The bucket gave other bytes than were once acknowledged under this name."""

    code = "blob-damaged"


class BlobUnreachable(GatewayError):
    """The bucket that holds the object cannot be used now. The message says why, without keys."""

    code = "blob-unreachable"
