"""What can go wrong with a login through デジタル認証アプリ."""

from __future__ import annotations

from app.core.errors import Conflict, NotFound, Rejected, Unavailable


class PhoneLoginNotHere(NotFound):
    """This portal is not registered with the provider."""

    code = "phone-login-not-here"


class PhoneTooLate(Rejected):
    """No such login was begun in this browser: used, expired, or another browser's."""

    code = "phone-too-late"


class PhoneMixedUp(Rejected):
    """The answer names another issuer than the one that was asked (RFC 9207)."""

    code = "phone-mixed-up"


class PhoneCancelled(Rejected):
    """The person stopped at the provider."""

    code = "phone-cancelled"


class PhoneRefusedThere(Rejected):
    """The provider refused: the request, the authorization code, or us."""

    code = "phone-refused-there"


class PhoneUnavailable(Unavailable):
    """The provider does not answer, or not as its specification says."""

    code = "phone-unavailable"


class PhoneTokenInvalid(Rejected):
    """The ID token does not verify: signature, issuer, audience or time."""

    code = "phone-token-invalid"


class PhoneNonceWrong(Rejected):
    """A genuine ID token, made for another login."""

    code = "phone-nonce-wrong"


class PhoneTooWeak(Rejected):
    """The provider says the person was authenticated in another way than was asked."""

    code = "phone-too-weak"


class PhoneStale(Rejected):
    """The person was authenticated too long ago, not for this login."""

    code = "phone-stale"


class PhoneNotLinked(Rejected):
    """A genuine person who has not added this app to an account here."""

    code = "phone-not-linked"


class PhoneTaken(Conflict):
    """The app of this person is linked to an account already."""

    code = "phone-taken"


class TooManyPhones(Conflict):
    """The account holds as many as it may."""

    code = "phone-too-many"
