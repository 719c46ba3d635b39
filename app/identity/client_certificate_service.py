"""The use case of the login by TLS client certificate. It happens before there is an actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.audit import chain
from app.audit.actions import Action, Outcome
from app.core import clock
from app.core.db import transaction
from app.core.errors import TsunaguError
from app.identity.client_certificate import handed_on, prove_holder
from app.identity.service import KnownHolder, account_of_holder, require_same_person

if TYPE_CHECKING:
    from uuid import UUID

    from app.identity.client_certificate import Arrived, CertificatePort
    from app.identity.service import CardVerifier

ACR = "card-tls"


def log_in_with_certificate(
    verifier: CardVerifier,
    port: CertificatePort | None,
    arrived: Arrived,
    session_of: UUID | None,
) -> KnownHolder:
    """Prove whose card answered the TLS handshake. Each refusal is its own type, and audited."""
    try:
        shown = handed_on(port, arrived)
        proved = prove_holder(shown, verifier.trust, verifier.status, at=clock.now())
        holder = account_of_holder(proved)
        require_same_person(holder, session_of)
    except TsunaguError as refusal:
        detail = {"reason": refusal.code, "acr": ACR}
        with transaction() as session:
            entity = chain.Entity("session")
            chain.record(
                session, None, Action.LOGIN_REFUSED, entity, outcome=Outcome.REFUSED, detail=detail
            )
        raise
    with transaction() as session:
        entity = chain.Entity("account", holder.account_id, holder.person_id)
        chain.record(session, None, Action.LOGIN_SUCCEEDED, entity, detail={"acr": ACR})
    return holder
