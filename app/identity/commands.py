"""``flask --app wsgi registration-evidence ID --out FILE``: evidence for an auditor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import with_appcontext

from app.core.errors import TsunaguError
from app.identity.errors import RegistrationNotFound
from app.identity.evidence_service import take_out_evidence

if TYPE_CHECKING:
    from uuid import UUID

OWNER_ONLY = 0o600


@click.command("registration-evidence")
@click.argument("registration_id", type=click.UUID)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="a new file, PDF")
@with_appcontext
def registration_evidence(registration_id: UUID, out: Path) -> None:
    """Write the sealed evidence of one application to a new file; the audit names the taking.

    The file holds the applicant's name and address: hand it over as such.
    """
    if out.exists():
        raise click.ClickException(f"{out} exists; nothing was taken out")
    known = current_app.extensions
    try:
        taken = take_out_evidence(known["evidence_desk"], known["sealer"], registration_id)
    except RegistrationNotFound as problem:
        raise click.ClickException(f"no application {registration_id}") from problem
    except TsunaguError as problem:
        raise click.ClickException(f"the evidence is not as it was sealed: {problem}") from problem
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb") as new:
            new.write(taken.pdf)
    except OSError as problem:
        raise click.ClickException(f"{out} cannot be written: {problem.strerror}") from problem
    click.echo(f"{out}: SHA-256 {taken.sha256}")
