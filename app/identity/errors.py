"""What can go wrong with identity, beside what ``app/jpki/errors.py`` names."""

from __future__ import annotations

from app.core.errors import Invalid, Rejected


class ChallengeGone(Rejected):
    """No such challenge for this browser and purpose: used, expired, or another session's."""

    code = "challenge-gone"


class UnknownCertificate(Rejected):
    """A genuine, live certificate that belongs to no account here."""

    code = "not-registered"


class AccountClosed(Rejected):
    """The certificate's account was closed."""

    code = "account-closed"


class BadCardAnswer(Invalid):
    """What arrived is not a card's answer."""

    code = "malformed-token"
