"""What can be recorded, named ``subject.past_participle``."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """One kind of event."""

    LOGIN_SUCCEEDED = "login.succeeded"
    LOGIN_REFUSED = "login.refused"
    LOGOUT = "login.ended"
    PASSKEY_ADDED = "passkey.added"
    PASSKEY_REFUSED = "passkey.refused"
    PHONE_ADDED = "phone.added"
    PHONE_REFUSED = "phone.refused"
    CREDENTIAL_REMOVED = "credential.removed"
    CREDENTIAL_ADDED = "credential.added"
    SESSIONS_ENDED = "sessions.ended"
    SESSION_LOCKED = "session.locked"
    REGISTRATION_SIGNED = "registration.signed"
    REGISTRATION_COMPLETED = "registration.completed"
    REGISTRATION_REFUSED = "registration.refused"
    REGISTRATION_OPENED = "registration.opened"
    REGISTRATION_DECIDED = "registration.decided"
    CHILD_OPENED = "child.opened"
    CHILDREN_SEARCHED = "children.searched"
    DOSE_RECORDED = "dose.recorded"
    DOSE_CORRECTED = "dose.corrected"
    DOSE_VOIDED = "dose.voided"
    DOSE_MOVED = "dose.moved"
    SHOT_DEFERRED = "shot.deferred"
    DOSES_RECORDED = "doses.recorded"
    DOSES_UNDONE = "doses.undone"
    WORKLIST_OPENED = "worklist.opened"
    WORKLIST_EXPORTED = "worklist.exported"
    IMPORT_UPLOADED = "import.uploaded"
    IMPORT_CHECKED = "import.checked"
    IMPORT_DISCARDED = "import.discarded"
    INCIDENT_DRAFTED = "incident.drafted"
    INCIDENT_CHANGED = "incident.changed"
    INCIDENT_COMPLETED = "incident.completed"
    PATIENT_LINKED = "patient.linked"
    PATIENT_OPENED = "patient.opened"
    SHARE_REQUESTED = "share.requested"
    CONSENT_GIVEN = "consent.given"
    CONSENT_REFUSED = "consent.refused"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    IMAGE_TOKEN_ISSUED = "image.token_issued"  # noqa: S105 - an action's name
    IMAGE_REFUSED = "image.refused"
    IMAGE_OPENED = "image.opened"
    IMAGE_READ = "image.read"
    STUDY_ANNOUNCED = "study.announced"
    STAFF_INVITED = "staff.invited"
    INVITATION_WITHDRAWN = "invitation.withdrawn"
    INVITATION_ACCEPTED = "invitation.accepted"
    MEMBERSHIP_ENDED = "membership.ended"
    LICENSE_CONFIRMED = "license.confirmed"


class Outcome(StrEnum):
    """FHIR AuditEvent.outcome, in words."""

    SUCCESS = "success"
    REFUSED = "refused"
