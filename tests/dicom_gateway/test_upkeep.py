"""Damage is found, copies are whole, and a restore gives every byte back."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

import pytest

from dicom_gateway.assembly import build_made, build_store
from dicom_gateway.caretaker import run_backup, run_restore, run_scrub
from dicom_gateway.cli import COMMANDS
from dicom_gateway.upkeep import CannotCopy, Empty, back_up, restore, scrub
from tests.dicom_gateway.objects import ct
from tests.dicom_gateway.test_ingest import files
from tests.dicom_gateway.test_representations import encoded

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dicom_gateway.stage import Gateway


def take(gateway: Gateway) -> None:
    gateway.take_in(ct(number=1), ct(number=2), ct(number=2, StudyDescription="Changed"))


def test_every_kept_object_is_compared(any_gateway: Gateway) -> None:
    take(any_gateway)
    settings = any_gateway.settings
    found = scrub(any_gateway.engine, build_store(settings), build_made(settings))
    assert (found.sound, found.is_whole, found.unlisted) == (3, True, [])


def test_damage_loss_and_leftovers_are_told_apart(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    take(gateway)
    first, second, third = sorted(files(gateway))
    content = bytearray(first.read_bytes())
    content[-1] ^= 1
    first.write_bytes(content)
    second.unlink()
    third.with_name("left.dcm").write_bytes(b"never acknowledged")
    assert run_scrub(gateway.settings, Namespace()) == 1
    told = capsys.readouterr().out
    assert "1 sound, 1 damaged, 1 missing, 1 unlisted" in told
    assert f"damaged\t{first.relative_to(gateway.settings.var / 'objects')}" in told


def test_a_file_whose_head_is_gone_is_damaged(gateway: Gateway) -> None:
    take(gateway)
    files(gateway)[0].write_bytes(b"")
    settings = gateway.settings
    found = scrub(gateway.engine, build_store(settings), build_made(settings))
    assert len(found.damaged) == 1


def test_a_backup_brought_into_an_empty_folder_has_every_byte(
    gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    take(gateway)
    backup = Namespace(folder=tmp_path / "backup", whole=False)
    assert run_backup(gateway.settings, backup) == 0
    gateway.take_in(ct(number=3))
    assert run_backup(gateway.settings, backup) == 0
    assert "1 objects copied" in capsys.readouterr().out
    elsewhere = gateway.settings.model_copy(update={"var": tmp_path / "new"})
    assert run_restore(elsewhere, backup) == 0
    assert "4 sound, 0 damaged, 0 missing, 0 unlisted" in capsys.readouterr().out
    before = {path.name: path.read_bytes() for path in files(gateway)}
    assert {path.name: path.read_bytes() for path in elsewhere.var.rglob("*.dcm")} == before


def test_a_damaged_backup_is_told_after_the_restore(gateway: Gateway, tmp_path: Path) -> None:
    take(gateway)
    backup = Namespace(folder=tmp_path / "backup", whole=False)
    run_backup(gateway.settings, backup)
    next((tmp_path / "backup").rglob("*.dcm")).write_bytes(b"rotten")
    elsewhere = gateway.settings.model_copy(update={"var": tmp_path / "new"})
    assert run_restore(elsewhere, backup) == 1


def test_a_backup_without_one_of_its_objects_says_so(
    gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    take(gateway)
    files(gateway)[0].unlink()
    assert run_backup(gateway.settings, Namespace(folder=tmp_path / "backup", whole=False)) == 1
    assert "run scrub" in capsys.readouterr().err


def test_copies_for_thin_lines_do_not_outlive_their_objects(gateway: Gateway) -> None:
    encoded(gateway, ct())
    [kept] = gateway.settings.var.rglob("*.jph")
    left = kept.with_name("left.dcm.jph")
    left.write_bytes(kept.read_bytes())
    assert run_scrub(gateway.settings, Namespace()) == 0
    assert (kept.exists(), left.exists()) == (True, False)


def test_a_restore_overwrites_nothing(gateway: Gateway, tmp_path: Path) -> None:
    take(gateway)
    back_up(gateway.engine, build_store(gateway.settings), tmp_path / "backup")
    with pytest.raises(CannotCopy, match="not empty"):
        restore(tmp_path / "backup", Empty(gateway.settings.var, tmp_path / "new"))
    with pytest.raises(CannotCopy, match="not empty"):
        restore(tmp_path / "backup", Empty(tmp_path / "new", gateway.settings.var))
    with pytest.raises(CannotCopy, match="no backup"):
        restore(tmp_path / "nothing", Empty(tmp_path / "new", tmp_path / "new"))
    assert run_restore(gateway.settings, Namespace(folder=tmp_path / "backup")) == 1


def test_a_backup_that_cannot_be_written_says_so(gateway: Gateway, tmp_path: Path) -> None:
    take(gateway)
    (tmp_path / "file").write_bytes(b"")
    assert (
        run_backup(gateway.settings, Namespace(folder=tmp_path / "file" / "below", whole=False))
        == 1
    )


def test_the_commands_are_there() -> None:
    assert {"scrub", "backup", "restore"} <= {command.name for command in COMMANDS}
