"""Commands for the administrator: ``flask --app wsgi …``."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import click
import structlog
from flask import current_app
from flask.cli import with_appcontext

from app.audit.chain import verify_chain
from app.core import clock
from app.core.db import reading, transaction
from app.fhir.commands import api_client
from app.identity.commands import registration_evidence
from app.immunization.commands import immunization
from app.immunization.queries import drop_old_files
from app.immunization.worklist import rebuild, rebuild_if_old
from app.jobs.commands import jobs
from app.jpki.fetch import make_client, refresh_crls
from app.registry.errors import AdministratorExists, OrganisationNotFound
from app.registry.first_administrator import offer_first_administrator
from app.web.session import end_expired_sessions

if TYPE_CHECKING:
    from flask import Flask

log = structlog.get_logger()

SOON = 20
"""Seconds until a round that could not fetch everything is tried again."""


@click.command("verify-audit")
def verify_audit() -> None:
    """Walk the audit chain; exit status 1 at the first bad number."""
    with reading() as session:
        report = verify_chain(session)
    if report.broken_at is not None:
        raise click.ClickException(f"audit chain broken at number {report.broken_at}")
    click.echo(f"audit chain intact: {report.events} events")


@click.command("refresh-crls")
def refresh() -> None:
    """Fetch and verify the revocation lists of the trust profile."""
    report = refresh_crls(current_app.extensions["trust"], make_client(), at=clock.now())
    click.echo(str(report))
    if report.failures:
        raise click.ClickException("some lists could not be taken in")


@click.command("end-sessions")
def end_sessions() -> None:
    """Delete sessions past their absolute limit."""
    click.echo(f"ended: {end_expired_sessions()}")


@click.command("housekeeping")
@click.option("--every", type=int, default=0, help="seconds between rounds; 0 runs one round")
def housekeeping(every: int) -> None:
    """Refresh lists and the worklist, end sessions, forget uploads; once or until stopped."""
    client = make_client()
    while True:
        report = refresh_crls(current_app.extensions["trust"], client, at=clock.now())
        ended = end_expired_sessions()
        rebuild_if_old(clock.today())
        with transaction() as session:
            drop_old_files(session, clock.now())
        log.info("housekeeping", lists=report.taken, failures=len(report.failures), ended=ended)
        if not every:
            break
        Event().wait(min(every, SOON) if report.failures else every)


@click.command("rebuild-worklist")
@with_appcontext
def rebuild_worklist() -> None:
    """Make the vaccination worklist anew from the doses on record."""
    click.echo(f"children evaluated: {rebuild(clock.today())}")


@click.command("first-administrator")
@click.option("--organisation", required=True, help="official code of the organisation")
@with_appcontext
def first_administrator(organisation: str) -> None:
    """Print a link by which one person becomes the first administrator of an organisation."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    try:
        name, offer = offer_first_administrator(organisation, key)
    except OrganisationNotFound as problem:
        raise click.ClickException(f"no organisation with code {organisation}") from problem
    except AdministratorExists as problem:
        raise click.ClickException("it has an administrator, who can invite others") from problem
    until = offer.expires_at.astimezone(clock.JST)
    click.echo(f"{name}: one use, by card, until {until:%Y-%m-%d %H:%M} Japan time")
    click.echo(f"{current_app.config['ORIGIN']}/invitation/{offer.code(key)}")


def register(app: Flask) -> None:
    """Add the commands."""
    app.cli.add_command(jobs)
    app.cli.add_command(api_client)
    app.cli.add_command(immunization)
    for command in (
        verify_audit,
        refresh,
        end_sessions,
        housekeeping,
        rebuild_worklist,
        first_administrator,
        registration_evidence,
    ):
        app.cli.add_command(command)
