"""Commands for the administrator: ``flask --app wsgi …``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from flask import current_app

from app.audit.chain import verify_chain
from app.core import clock
from app.core.db import reading
from app.jpki.fetch import make_client, refresh_crls
from app.web.session import end_expired_sessions

if TYPE_CHECKING:
    from flask import Flask


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


def register(app: Flask) -> None:
    """Add the commands."""
    for command in (verify_audit, refresh, end_sessions):
        app.cli.add_command(command)
