"""What can go wrong with staff, their invitations and their licences."""

from __future__ import annotations

from app.core.errors import Conflict, Forbidden, Invalid, NotFound, Rejected, TsunaguError


class OrganisationNotFound(NotFound):
    """No such organisation, or not one the actor administers."""

    code = "organisation-not-found"


class MembershipNotFound(NotFound):
    """No such membership, or not at an organisation the actor administers."""

    code = "membership-not-found"


class InvitationNotFound(NotFound):
    """No such invitation, or not of an organisation the actor administers."""

    code = "invitation-not-found"


class ImpossiblePeriod(Invalid):
    """A role begins today or later, within a year, and does not end before it begins."""

    code = "impossible-period"


class InvitationRefused(TsunaguError):
    """An invitation that cannot be accepted, by this person or by anybody."""


class InvitationUnknown(InvitationRefused, NotFound):
    """No link was opened in this browser, or its code belongs to no invitation."""

    code = "invitation-unknown"


class InvitationUsed(InvitationRefused, Conflict):
    """Somebody accepted it."""

    code = "invitation-used"


class InvitationWithdrawn(InvitationRefused, Conflict):
    """Taken back, or its author no longer administers the organisation."""

    code = "invitation-withdrawn"


class InvitationExpired(InvitationRefused, Conflict):
    """Its last day, or the last day of the offered role, is past."""

    code = "invitation-expired"


class OwnInvitation(InvitationRefused, Forbidden):
    """Nobody gives themselves a role."""

    code = "own-invitation"


class AlreadyMember(InvitationRefused, Conflict):
    """The person holds this role there already."""

    code = "already-member"


class AdministratorExists(InvitationRefused, Conflict):
    """The organisation has an administrator; from then on only they invite."""

    code = "administrator-exists"


class AlreadyClosed(Conflict):
    """The invitation was accepted, withdrawn or lapsed, or the membership ends today or ended."""

    code = "already-closed"


class OwnMembership(Forbidden):
    """Administrators do not end their own role: nobody might be left to manage the staff."""

    code = "own-membership"


class LicenseRefused(TsunaguError):
    """A licence that cannot be recorded like this."""


class OwnLicense(LicenseRefused, Forbidden):
    """Somebody else has to see the certificate."""

    code = "own-license"


class NotAPhysician(LicenseRefused, Conflict):
    """The membership is not that of a physician, or is over."""

    code = "not-a-physician"


class LicenseAlreadyConfirmed(LicenseRefused, Conflict):
    """A confirmed licence of this person is in force."""

    code = "license-already-confirmed"


class LicenseNumberTaken(LicenseRefused, Conflict):
    """The number stands in the record of another person."""

    code = "license-number-taken"


class ImpossibleLicense(LicenseRefused, Invalid):
    """Up to six digits, confirmed today or earlier, not expired."""

    code = "impossible-license"


class ImpossibleAddress(Invalid):
    """A gateway's address is an https origin that viewers of other hospitals can reach."""

    code = "impossible-address"


class NotAHospital(Conflict):
    """Only hospitals and clinics have a gateway."""

    code = "not-a-hospital"


class GatewayOfferNotFound(NotFound):
    """No such offer, or not of an organisation the actor administers."""

    code = "gateway-offer-not-found"


class EnrolmentRefused(TsunaguError):
    """A gateway that is not taken in like this."""


class BadEnrolment(EnrolmentRefused, Invalid):
    """The request does not follow ``config/wire/gateway-enrolment.schema.json``."""

    code = "bad-enrolment"


class EnrolmentNotSigned(EnrolmentRefused, Rejected):
    """The request is not signed by the key it brings."""

    code = "enrolment-not-signed"


class ClockApart(EnrolmentRefused, Rejected):
    """The gateway's clock is further from ours than tokens bear."""

    code = "clock-apart"


class OfferUnknown(EnrolmentRefused, Rejected):
    """No offer has this code."""

    code = "code-unknown"


class OfferUsed(EnrolmentRefused, Conflict):
    """The code has enrolled a gateway already."""

    code = "code-used"


class OfferExpired(EnrolmentRefused, Conflict):
    """The code's time is over."""

    code = "code-expired"


class OfferWithdrawn(EnrolmentRefused, Conflict):
    """The administrator took the code back, or administers no more."""

    code = "code-withdrawn"


class KeyTaken(EnrolmentRefused, Conflict):
    """Another hospital's gateway proves itself with this key."""

    code = "key-taken"
