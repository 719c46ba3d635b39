"""The evidence of a real registration in the hands of an auditor, who has programs of their own."""

from __future__ import annotations

import stat
import subprocess
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from app.audit.actions import Action
from app.crypto.digests import sha256_hex
from app.identity.models import Person
from app.identity.registration_models import Registration
from tests.app.identity.applicant import Applicant, a_card
from tests.app.ledger import all_of, changing, events

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result
    from flask import Flask

    from simulators.jlis.office import Office
    from tests.app.browser import Browser

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def registered(stranger: Browser, jlis: Office) -> Registration:
    """Somebody applied through the pages and was let in."""
    assert Applicant(stranger, a_card(jlis)).apply().status_code == 200
    (row,) = all_of(Registration)
    return row


def take_out(portal: Flask, registration_id: object, out: Path) -> Result:
    arguments = ["registration-evidence", str(registration_id), "--out", str(out)]
    return portal.test_cli_runner().invoke(args=arguments)


def pdfsig(path: Path) -> str:
    done = subprocess.run(  # noqa: S603 - fixed command
        ["pdfsig", "-nocert", path.name],  # noqa: S607 - the distribution's own
        cwd=path.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_file_of_one_registration_is_opened_by_an_independent_program(
    portal: Flask, registered: Registration, tmp_path: Path
) -> None:
    out = tmp_path / "evidence.pdf"
    done = take_out(portal, registered.id, out)
    assert done.exit_code == 0, done.output
    digest = sha256_hex(out.read_bytes())
    assert digest in done.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    said = pdfsig(out)
    assert said.count("Signature #") == 1
    assert "Total document signed" in said
    assert "Signature Validation: Signature is Valid." in said
    (person,) = all_of(Person, family_name="新顔")
    (event,) = events(Action.REGISTRATION_EVIDENCE_TAKEN)
    assert (event.entity_id, event.person_id) == (registered.id, person.id)
    assert event.detail == {"sha256": digest}


def test_what_cannot_be_taken_out_is_told_and_leaves_no_file(
    portal: Flask, registered: Registration, tmp_path: Path
) -> None:
    out = tmp_path / "evidence.pdf"
    unknown = take_out(portal, uuid4(), out)
    assert (unknown.exit_code, "no application" in unknown.output) == (1, True)
    with changing(Registration, id=registered.id) as row:
        row.evidence = row.evidence[:-1] + bytes([row.evidence[-1] ^ 1])
    altered = take_out(portal, registered.id, out)
    assert (altered.exit_code, "not as it was sealed" in altered.output) == (1, True)
    assert not out.exists()
    assert not events(Action.REGISTRATION_EVIDENCE_TAKEN)


def test_no_file_is_overwritten(portal: Flask, registered: Registration, tmp_path: Path) -> None:
    out = tmp_path / "evidence.pdf"
    out.write_text("another", encoding="ascii")
    assert take_out(portal, registered.id, out).exit_code == 1
    assert out.read_text(encoding="ascii") == "another"
    assert not events(Action.REGISTRATION_EVIDENCE_TAKEN)
