"""Other systems: which one signed a request; registering and ending one from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.audit import chain
from app.audit.actions import Action
from app.authz.actor import ClientSystem, Scope
from app.core import clock
from app.core.db import reading, transaction
from app.core.errors import Misconfigured
from app.core.ids import new_id
from app.crypto.signing import VerifyingKeys
from app.fhir import queries
from app.fhir.errors import BadClientKey, ClientNotFound, ClientNotTrusted
from app.fhir.models import ApiClient
from app.registry.errors import OrganisationNotFound
from app.registry.queries import organisation_by_code
from app.web.signed_requests import RequestNotSigned, bearer_token, claimed_id, require_signed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

TOKEN_TYPE = "tsunagu-client+jwt"  # noqa: S105 - a media type
PUBLIC_MEMBERS = ("kty", "crv", "x", "y")
PRIVATE_MEMBER = "d"


def proved_client(authorization: str, body: bytes, *, audience: str) -> ClientSystem:
    """The registered system whose key signed this very body. Raises ``ClientNotTrusted``."""
    try:
        token = bearer_token(authorization)
        client = _live_client(claimed_id(token))
        require_signed(
            token, body, by=client.id, jwk=client.public_jwk, typ=TOKEN_TYPE, audience=audience
        )
    except RequestNotSigned as refusal:
        raise ClientNotTrusted(str(refusal)) from refusal
    known = [scope for scope in Scope if scope in client.scopes]
    return ClientSystem(client.id, client.organisation_id, client.name, frozenset(known))


def _live_client(client_id: UUID) -> ApiClient:
    with reading() as session:
        client = queries.api_client_by_id(session, client_id)
    if client is None or client.ended_at is not None:
        raise ClientNotTrusted("unknown system")
    return client


def add_client(
    organisation_code: str, name: str, jwk: Mapping[str, Any], scopes: Sequence[Scope]
) -> ApiClient:
    """Register a system. Raises ``OrganisationNotFound``, ``BadClientKey``."""
    public = _public_half(jwk)
    with transaction() as session:
        organisation = organisation_by_code(session, organisation_code)
        if organisation is None:
            raise OrganisationNotFound(organisation_code)
        client = ApiClient(
            id=new_id(),
            organisation_id=organisation.id,
            name=name,
            public_jwk=public,
            scopes=sorted(set(scopes)),
            added_at=clock.now(),
        )
        session.add(client)
        session.flush()
        _audit(session, Action.API_CLIENT_ADDED, client)
        return client


def end_client(client_id: UUID) -> None:
    """From now on nothing of this system is accepted. Raises ``ClientNotFound``."""
    with transaction() as session:
        client = queries.api_client_by_id(session, client_id)
        if client is None:
            raise ClientNotFound(str(client_id))
        if client.ended_at is None:
            client.ended_at = clock.now()
            _audit(session, Action.API_CLIENT_ENDED, client)


def _audit(session: Session, action: Action, client: ApiClient) -> None:
    """The operator at the command line has no account: the event names nobody."""
    entity = chain.Entity("api_client", client.id)
    chain.record(session, None, action, entity, organisation_id=client.organisation_id)


def _public_half(jwk: Mapping[str, Any]) -> dict[str, Any]:
    if PRIVATE_MEMBER in jwk:
        raise BadClientKey("the file holds a private key; give the public half only")
    try:
        public = {name: jwk[name] for name in PUBLIC_MEMBERS}
        VerifyingKeys.named("check", public)
    except (KeyError, Misconfigured) as problem:
        raise BadClientKey("the file holds no public EC P-256 key as a JWK") from problem
    return public
