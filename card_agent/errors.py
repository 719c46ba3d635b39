"""What can go wrong between a person, a reader and a card. ``code`` picks the words on the page."""

from __future__ import annotations


class CardAgentError(Exception):
    """Anything the agent tells the person at the card."""

    code = "error"


class CardProblem(CardAgentError):
    """The card or its reader cannot do what is asked."""

    code = "card-error"


class ReaderServiceDown(CardProblem):
    """The smart-card service of this computer does not answer."""

    code = "no-reader-service"


class NoReader(CardProblem):
    """The reader is not (or no longer) connected."""

    code = "no-reader"


class NoCard(CardProblem):
    """The reader is empty."""

    code = "no-card"


class CardBusy(CardProblem):
    """Another program or window holds the card."""

    code = "card-busy"


class CardRemoved(CardProblem):
    """The card was taken out while it was being used."""

    code = "card-removed"


class WrongCard(CardProblem):
    """The card has no JPKI application."""

    code = "wrong-card"


class NoSignatureCertificate(CardProblem):
    """The card carries no signature certificate (署名用電子証明書)."""

    code = "no-signature-certificate"


class UnexpectedAnswer(CardProblem):
    """The card answered a status word that this step does not provide for."""

    code = "card-error"

    def __init__(self, step: str, status: int) -> None:
        super().__init__(f"{step}: {status:04X}")
        self.step = step
        self.status = status


class PinBlocked(CardProblem):
    """No tries are left; only the municipal counter can set a new PIN."""

    code = "pin-blocked"


class WrongPin(CardProblem):
    """The PIN was wrong and cost one try."""

    code = "wrong-pin"

    def __init__(self, tries_left: int) -> None:
        super().__init__(f"{tries_left} tries left")
        self.tries_left = tries_left


class MalformedPin(CardProblem):
    """The PIN does not have the form this card uses; it was not shown to the card."""

    code = "malformed-pin"


class PageRefused(CardAgentError):
    """The page's request is not allowed. The code is all the page learns."""

    code = "refused"


class UnknownPage(PageRefused):
    """The page token is missing, spent or too old."""

    code = "page-expired"


class CallerNotAllowed(PageRefused):
    """The origin that opened the window is not on the allow-list."""

    code = "caller-not-allowed"


class MalformedRequest(PageRefused):
    """A challenge, document or choice that the wire contract does not allow."""

    code = "malformed-request"


class UntrustedPeer(PageRefused):
    """The connection belongs to another user of this computer."""

    code = "untrusted-peer"


class CannotStart(Exception):
    """The agent must not run like this. The message says what to change."""
