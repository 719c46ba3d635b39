"""Use case of the operator: hand the evidence of one application to an auditor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action
from app.core.db import transaction
from app.crypto.digests import sha256_hex
from app.identity.errors import RegistrationNotFound
from app.identity.evidence import Evidence
from app.identity.models import Account
from app.identity.registration_models import Registration

if TYPE_CHECKING:
    from uuid import UUID

    from app.crypto.sealing import Sealer
    from app.jpki.evidence import EvidenceDesk


@dataclass(frozen=True, repr=False)
class TakenOut:
    """The file that proves an application by itself (PDF), and its SHA-256 (64 hex digits)."""

    pdf: bytes
    sha256: str


def take_out_evidence(desk: EvidenceDesk, sealer: Sealer, registration_id: UUID) -> TakenOut:
    """Open the envelope, prove that the file is as it was sealed, and write the taking down.

    Raises RegistrationNotFound, SealBroken, SealNotOurs, and what a changed file raises.
    """
    with transaction() as session:
        row = session.get(Registration, registration_id)
        if row is None:
            raise RegistrationNotFound("no such application")
        pdf = Evidence.open(sealer, row.id, row.evidence).pdf
        desk.open(pdf)
        taken = TakenOut(pdf, sha256_hex(pdf))
        account = session.get(Account, row.account_id) if row.account_id else None
        entity = chain.Entity("registration", row.id, account.person_id if account else None)
        detail = {"sha256": taken.sha256}
        chain.record(session, None, Action.REGISTRATION_EVIDENCE_TAKEN, entity, detail=detail)
        return taken
