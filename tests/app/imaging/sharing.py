"""Requests, consents and grants for tests, made by the product's own use cases."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from app.actors import load_actor
from app.authz.actor import Actor, Assurance
from app.core import clock
from app.imaging import service
from app.imaging.models import ShareRequest
from card_agent.cms import sign_text
from tests.app.ledger import all_of
from tests.app.world import OTHER_STUDY_UID, STUDY_UID, Resident, World
from tests.pki import sign_rs256

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask
    from werkzeug.test import TestResponse

    from simulators.jlis.card_folder import Issued
    from tests.app.browser import Browser

PURPOSE = "手術の前の確認のため"


def actor_of(resident: Resident, assurance: Assurance = Assurance.CARD) -> Actor:
    """The actor as the portal would load it now."""
    actor = load_actor(resident.account_id, assurance)
    assert actor is not None
    return actor


def signed(issued: Issued, text: str) -> bytes:
    """The CMS the card agent makes with this key."""
    return sign_text(
        text,
        issued.der,
        at=clock.now(),
        signer=lambda data: sign_rs256(issued.key, data),
    )


def in_json(cms: bytes) -> dict[str, str]:
    """As the page sends it."""
    return {"cms": base64.b64encode(cms).decode()}


@dataclass(frozen=True)
class Desk:
    """One physician asking one patient."""

    portal: Flask
    world: World
    physician: str = "physician"
    patient: str = "father"
    place: str = "clinic"

    def of(self, **changes: Any) -> Desk:
        """The same with other people."""
        return replace(self, **changes)

    def ask(self, *uids: str) -> ShareRequest:
        """A request for these studies; both of the father's when none is named."""
        chosen = tuple(self.world.studies[uid] for uid in uids or (STUDY_UID, OTHER_STUDY_UID))
        entry = service.RequestEntry(PURPOSE, chosen)
        link = self.world.link(self.patient, self.place)
        return service.request_share(actor_of(self.world[self.physician]), link, entry)

    def consent(self, request: ShareRequest) -> UUID:
        """The patient's signature under the request; the grant's id."""
        patient = self.world[self.patient]
        cms = signed(patient.card.signing, request.document)
        verifier = self.portal.extensions["card_verifier"]
        return service.give_consent(actor_of(patient), request.id, cms, verifier).id

    def grant(self, *uids: str) -> UUID:
        """A grant in force."""
        return self.consent(self.ask(*uids))


def send_consent(browser: Browser, request: ShareRequest, cms: bytes) -> TestResponse:
    """The patient's page sends the signed declaration."""
    return browser.send(f"/imaging/requests/{request.id}/consent", in_json(cms))


def the_request(request: ShareRequest) -> ShareRequest:
    """As it stands in the database now."""
    (row,) = all_of(ShareRequest, id=request.id)
    return row
