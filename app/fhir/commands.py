"""``flask --app wsgi api-client …``: systems of other organisations that may ask over FHIR."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from flask.cli import AppGroup

from app.authz.actor import Scope
from app.core.db import reading
from app.fhir import queries
from app.fhir.clients import add_client, end_client
from app.fhir.errors import BadClientKey, ClientNotFound
from app.registry.errors import OrganisationNotFound

if TYPE_CHECKING:
    from uuid import UUID

LONGEST_NAME = 100
SCOPES = [scope.value for scope in Scope]

api_client = AppGroup("api-client", help="Systems that may ask over FHIR.")


@api_client.command("add")
@click.option("--organisation", required=True, help="official code of the organisation")
@click.option("--name", required=True, help="what the system is called")
@click.option("--key", required=True, type=click.Path(path_type=Path), help="public key, a JWK")
@click.option("--scope", "scopes", required=True, multiple=True, type=click.Choice(SCOPES))
def add(organisation: str, name: str, key: Path, scopes: tuple[str, ...]) -> None:
    """Register a system by its public key; prints the id that it signs under."""
    if not 1 <= len(name) <= LONGEST_NAME:
        raise click.ClickException(f"the name has 1 to {LONGEST_NAME} characters")
    try:
        client = add_client(organisation, name, _read_jwk(key), [Scope(one) for one in scopes])
    except OrganisationNotFound as problem:
        raise click.ClickException(f"no organisation with code {organisation}") from problem
    except BadClientKey as problem:
        raise click.ClickException(f"{key}: {problem}") from problem
    click.echo(str(client.id))


@api_client.command("list")
def show() -> None:
    """One line for each system: id, organisation, name, scopes, and whether it was ended."""
    with reading() as session:
        for one in queries.all_api_clients(session):
            state = "ended" if one.ended_at else "live"
            code = one.organisation.official_code
            click.echo(f"{one.id} {code} {state} {','.join(one.scopes)} {one.name}")


@api_client.command("end")
@click.argument("client_id", type=click.UUID)
def end(client_id: UUID) -> None:
    """From now on refuse a system."""
    try:
        end_client(client_id)
    except ClientNotFound as problem:
        raise click.ClickException(f"no system with id {client_id}") from problem
    click.echo("ended")


def _read_jwk(path: Path) -> dict[str, Any]:
    try:
        jwk = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise BadClientKey("not a readable JSON file") from problem
    if not isinstance(jwk, dict):
        raise BadClientKey("not a JWK")
    return jwk
