"""A sealed evidence file in the hands of a program that is not ours (poppler)."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.jpki.evidence import Act, EvidenceDesk
from app.jpki.revocation import CheckPurpose
from tests.pki import (
    AT,
    LocalTimestamps,
    NothingRevoked,
    card,
    office,
    sign_document,
    trust,
)
from tests.seals import make_seal

if TYPE_CHECKING:
    from app.jpki.trust import TrustStore
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office

__all__ = ["card", "office", "trust"]

SIGNED = "利用申請書\n私は、つなぐの利用を申し込みます。\n番号: 1\n"
FONT = Path("/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf")


@pytest.fixture
def evidence(card: Card, office: Office, trust: TrustStore, tmp_path: Path) -> Path:
    """One registration's evidence as a file."""
    desk = EvidenceDesk(
        trust, NothingRevoked(), LocalTimestamps(office, trust), make_seal(tmp_path), FONT
    )
    act = Act("利用申請の証跡", "0199-0001", CheckPurpose.REGISTRATION)
    kept = desk.accept(sign_document(card.signing, SIGNED), SIGNED, act, at=AT)
    path = tmp_path / "evidence.pdf"
    path.write_bytes(kept.pdf)
    return path


def run(*command: str, folder: Path) -> str:
    done = subprocess.run(  # noqa: S603 - fixed command
        command, cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_pdfsig_finds_one_valid_seal_over_the_whole_file(evidence: Path) -> None:
    said = run("pdfsig", "-nocert", evidence.name, folder=evidence.parent)
    assert said.count("Signature #") == 1
    assert "Signature Type: ETSI.CAdES.detached" in said
    assert "Total document signed" in said
    assert "Signature Validation: Signature is Valid." in said


def test_pdfsig_sees_a_changed_byte(evidence: Path) -> None:
    pdf = evidence.read_bytes()
    evidence.write_bytes(pdf.replace(b"/Lang (ja)", b"/Lang (jp)", 1))
    assert evidence.read_bytes() != pdf
    said = run("pdfsig", "-nocert", evidence.name, folder=evidence.parent)
    assert "Signature is Valid." not in said


def test_poppler_reads_the_japanese_text_and_takes_out_the_attachments(evidence: Path) -> None:
    text = run("pdftotext", evidence.name, "-", folder=evidence.parent)
    assert "私は、つなぐの利用を申し込みます。" in text
    assert "署名は有効です。" in text
    run("pdfdetach", "-saveall", evidence.name, folder=evidence.parent)
    assert (evidence.parent / "signed-text.txt").read_text(encoding="utf-8") == SIGNED
    fonts = run("pdffonts", evidence.name, folder=evidence.parent)
    assert "IPAexGothic" in fonts
