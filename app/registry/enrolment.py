"""Use cases of a hospital's gateway: offer a one-time code, take it back, enrol with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.audit import chain
from app.audit.actions import Action, Outcome
from app.authz.actor import Machine, Role
from app.authz.policy import Permission, authorize
from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.crypto.digests import sha256_hex
from app.crypto.tokens import new_code, plain_code
from app.registry import errors, queries
from app.registry.addresses import gateway_origin
from app.registry.models import Gateway, GatewayOffer, OrganisationKind

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from app.authz.actor import Actor

OFFER_LIFE = timedelta(hours=1)
CLOCK_TOLERANCE = timedelta(seconds=30)
ROOT_PATH = "/dicom-web"
KINDS = frozenset({OrganisationKind.HOSPITAL, OrganisationKind.CLINIC})


@dataclass(frozen=True)
class Enrolment:
    """What a gateway brings: the code, its public key (RFC 7517, P-256), its clock."""

    code: str
    public_jwk: dict[str, Any]
    at: datetime


@dataclass(frozen=True)
class Enrolled:
    """What it gets: its id, and the hospital it now belongs to."""

    gateway_id: UUID
    organisation_name: str
    base_url: str


def offer(actor: Actor, organisation_id: UUID, address: str, *, tried_out: bool) -> str:
    """Make a code for the gateway at this address; the code is returned and kept nowhere.

    Earlier codes of the hospital that are still open end here.
    """
    code, now = new_code(), clock.now()
    with transaction() as session:
        organisation = queries.managed_organisation(session, actor, organisation_id)
        row = GatewayOffer(
            id=new_id(),
            organisation_id=organisation.id,
            base_url=gateway_origin(address, tried_out=tried_out) + ROOT_PATH,
            code_hash=sha256_hex(plain_code(code)),
            offered_by=actor.account_id,
            offered_at=now,
            expires_at=now + OFFER_LIFE,
        )
        authorize(actor, Permission.GATEWAY_ENROL, row)
        if organisation.kind not in KINDS:
            raise errors.NotAHospital(organisation.kind.value)
        for earlier in session.scalars(queries.open_gateway_offers_visible_to(actor, now)):
            if earlier.organisation_id == organisation.id:
                earlier.withdrawn_at = now
        session.add(row)
        session.flush()
        _record(session, actor, Action.GATEWAY_OFFERED, row)
    return code


def withdraw(actor: Actor, offer_id: UUID) -> None:
    """Take an open code back."""
    with transaction() as session:
        row = queries.managed_gateway_offer(session, actor, offer_id)
        authorize(actor, Permission.GATEWAY_ENROL, row)
        if row.used_at or row.withdrawn_at:
            raise errors.AlreadyClosed("used or withdrawn")
        row.withdrawn_at = clock.now()
        _record(session, actor, Action.GATEWAY_OFFER_WITHDRAWN, row)


def enrol(enrolment: Enrolment) -> Enrolled:
    """Let the gateway that holds this key be the hospital's, once; a former key ends with it.

    The caller has proved that the gateway holds the private key.

    Raises:
        EnrolmentRefused: its subclasses say why; each refusal is audited.
    """
    try:
        return _enrol(enrolment)
    except errors.EnrolmentRefused as refusal:
        _record_refusal(refusal)
        raise


def _enrol(enrolment: Enrolment) -> Enrolled:
    now = clock.now()
    if abs(now - enrolment.at) > CLOCK_TOLERANCE:
        raise errors.ClockApart("clock")
    with transaction() as session:
        code_hash = sha256_hex(plain_code(enrolment.code))
        row = queries.gateway_offer_with_code(session, code_hash)
        if row is None:
            raise errors.OfferUnknown("no such code")
        _require_open(session, row, now)
        _require_own_key(session, row, enrolment.public_jwk)
        gateway = _gateway(session, row, enrolment.public_jwk)
        row.used_at, row.gateway_id = now, gateway.id
        name = queries.organisation_names(session, {row.organisation_id})[row.organisation_id]
        machine = Machine(gateway.id, row.organisation_id, name)
        _record(session, machine, Action.GATEWAY_ENROLLED, row)
        return Enrolled(gateway.id, name, gateway.base_url)


def _require_open(session: Session, row: GatewayOffer, now: datetime) -> None:
    if row.used_at is not None:
        raise errors.OfferUsed("used")
    author, place = row.offered_by, row.organisation_id
    manages = queries.holds_role(
        session, author, place, Role.ADMINISTRATOR, day=clock.japanese_day(now)
    )
    if row.withdrawn_at is not None or not manages:
        raise errors.OfferWithdrawn("withdrawn")
    if row.expires_at <= now:
        raise errors.OfferExpired("expired")


def _require_own_key(session: Session, row: GatewayOffer, jwk: dict[str, Any]) -> None:
    others = queries.gateways_elsewhere(session, row.organisation_id)
    point = (jwk["x"], jwk["y"])
    if any((one.public_jwk.get("x"), one.public_jwk.get("y")) == point for one in others):
        raise errors.KeyTaken("key of another hospital")


def _gateway(session: Session, row: GatewayOffer, jwk: dict[str, Any]) -> Gateway:
    known = queries.gateway_of(session, row.organisation_id)
    gateway = known or Gateway(id=new_id(), organisation_id=row.organisation_id)
    gateway.base_url, gateway.public_jwk, gateway.seen_at = row.base_url, jwk, None
    session.add(gateway)
    session.flush()
    return gateway


def _record(session: Session, agent: Actor | Machine, action: Action, row: GatewayOffer) -> None:
    entity = chain.Entity("gateway", row.gateway_id or row.id)
    chain.record(session, agent, action, entity, organisation_id=row.organisation_id)


def _record_refusal(refusal: errors.EnrolmentRefused) -> None:
    with transaction() as session:
        chain.record(
            session,
            None,
            Action.GATEWAY_REFUSED,
            chain.Entity("gateway"),
            outcome=Outcome.REFUSED,
            detail={"reason": refusal.code},
        )
