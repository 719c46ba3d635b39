"""What can go wrong with identity, beside what ``app/jpki/errors.py`` names."""

from __future__ import annotations

from app.core.errors import Conflict, Invalid, NotFound, Rejected


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


class AnotherPersonsCredential(Rejected):
    """A card or passkey of somebody else than whose session this browser holds."""

    code = "another-person"


class PasskeysNotHere(NotFound):
    """Browsers allow no passkeys at this portal's address."""

    code = "passkeys-not-here"


class BadPasskeyAnswer(Invalid):
    """What arrived is not an answer of a passkey, or of a kind nobody asked for."""

    code = "passkey-malformed"


class BadPasskeyLabel(Invalid):
    """The name of a passkey is too long or cannot be shown."""

    code = "passkey-label"


class PasskeyTooLate(Rejected):
    """No such challenge for this browser and ceremony: used, expired, or another session's."""

    code = "passkey-too-late"


class PasskeyOfAnotherSite(Rejected):
    """The answer was made for another origin or relying party."""

    code = "passkey-of-another-site"


class PasskeyUserNotVerified(Rejected):
    """The device did not check who used it."""

    code = "passkey-user-not-verified"


class PasskeySignatureInvalid(Rejected):
    """The signature is not of the key that was enrolled."""

    code = "passkey-signature-invalid"


class PasskeyUnknown(Rejected):
    """No passkey of this id and owner was ever enrolled here."""

    code = "passkey-unknown"


class PasskeyRemoved(Rejected):
    """The passkey was taken off its account."""

    code = "passkey-removed"


class PasskeyCopied(Rejected):
    """The signature counter went back: two devices use one key."""

    code = "passkey-copied"

    def __init__(self, known: int, shown: int) -> None:
        super().__init__("signature counter went back")
        self.known = known
        self.shown = shown


class PasskeyTaken(Conflict):
    """A passkey with this id was enrolled before."""

    code = "passkey-taken"


class TooManyPasskeys(Conflict):
    """The account holds as many as it may."""

    code = "passkey-too-many"


class LastCard(Conflict):
    """Without this certificate nobody could log in with a card any more."""

    code = "last-card"


class CredentialGone(NotFound):
    """Not a live credential of the actor."""

    code = "credential-gone"


class SessionGone(NotFound):
    """Not a live session of the actor elsewhere."""

    code = "session-gone"


class CredentialReplaced(Rejected):
    """The certificate's place was taken by a newer one."""

    code = "credential-replaced"


class CredentialWasRemoved(Rejected):
    """The certificate was taken off its account."""

    code = "credential-removed"


class RegistrationWaiting(Rejected):
    """An application with this certificate waits for the desk."""

    code = "registration-waiting"


class RegistrationDeclined(Rejected):
    """The desk declined the last application with this certificate."""

    code = "registration-declined"


class AlreadyRegistered(Conflict):
    """The login certificate opens an account already."""

    code = "already-registered"


class CertificateTaken(Conflict):
    """The certificate is, or was, another account's."""

    code = "certificate-taken"


class RegistrationTooLate(Rejected):
    """Between the card's answer and the signature too much time passed, or the card is missing."""

    code = "registration-too-late"


class TooYoungToApply(Rejected):
    """Under fifteen: the parent's account carries the child."""

    code = "too-young"


class NoDeskForAddress(Conflict):
    """A desk has to decide, and no municipality here answers for this address."""

    code = "no-desk"


class RegistrationNotFound(NotFound):
    """No such application at a desk of the actor."""

    code = "registration-not-found"


class AlreadyDecided(Conflict):
    """Somebody decided this application, or it was superseded."""

    code = "already-decided"


class OwnRegistration(Conflict):
    """Nobody decides about themselves."""

    code = "own-registration"


class ImpossibleDecision(Invalid):
    """The person chosen is not among those who may be meant, or nobody new can be made."""

    code = "impossible-decision"
