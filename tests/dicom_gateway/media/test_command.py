"""The nine troubles of CDs from outside, each on a folder that has it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import DeflatedExplicitVRLittleEndian
from sqlalchemy import func, select

from dicom_gateway.cli import main
from dicom_gateway.index.engine import open_index, reading
from dicom_gateway.index.models import StoredObject
from dicom_gateway.media.command import CHOOSE, run
from dicom_gateway.media.importing import FOLDER, Outcome
from dicom_gateway.settings import GatewaySettings, Mode
from dicom_gateway.storage import BlobStore
from tests.dicom_gateway.objects import ct, encode, sample

if TYPE_CHECKING:
    from pydicom import Dataset


class Chosen:
    """What the command line says."""

    def __init__(self, path: Path, *patients: int) -> None:
        self.path, self.patient = path, list(patients)


@pytest.fixture
def settings(tmp_path: Path) -> GatewaySettings:
    return GatewaySettings(mode=Mode.TEST, gateway_id="gateway-a", var=tmp_path / "var")


@pytest.fixture
def cd(tmp_path: Path) -> Path:
    folder = tmp_path / "cd"
    (folder / "IMAGES").mkdir(parents=True)
    return folder


def burn(cd: Path, name: str, data_set: Dataset, preamble: bytes = bytes(128)) -> None:
    data_set.preamble = preamble
    data_set.save_as(cd / name, enforce_file_format=True)


def bring(settings: GatewaySettings, cd: Path, *patients: int) -> int:
    return run(settings, Chosen(cd, *patients))  # type: ignore[arg-type]


def told(settings: GatewaySettings) -> dict[str, tuple[str, str]]:
    """The last word on every file: (outcome, note)."""
    lines = [
        json.loads(line)
        for path in (settings.var / FOLDER).iterdir()
        for line in path.read_text("utf-8").splitlines()
    ]
    return {line["file"]: (line["outcome"], line["note"]) for line in lines}


def kept(settings: GatewaySettings) -> list[Path]:
    return sorted((settings.var / "objects").rglob("*.dcm"))


def stored(settings: GatewaySettings) -> int:
    engine = open_index("", settings.var)
    with reading(engine) as connection:
        return int(connection.scalar(select(func.count()).select_from(StoredObject)) or 0)


def test_a_medium_in_order_comes_in_whole(
    settings: GatewaySettings, cd: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    burn(cd, "IMAGES/A", ct(number=1))
    burn(cd, "IMAGES/B", ct(number=2))
    assert bring(settings, cd) == 0
    assert {encode(dcmread(path)) for path in kept(settings)} == {
        encode(ct(number=number)) for number in (1, 2)
    }
    captured = capsys.readouterr()
    assert "2  taken" in captured.out
    assert "objects taken in: 2 of 2" in captured.err


def test_several_patients_are_shown_and_only_the_chosen_comes_in(
    settings: GatewaySettings, cd: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    burn(cd, "A", ct(PatientID="A-1"))
    burn(cd, "B", ct("1.2.3.5", PatientID="B-1", PatientName="Other^Person"))
    assert bring(settings, cd) == CHOOSE
    assert "2  Other^Person" in capsys.readouterr().out
    assert not settings.var.exists()
    assert bring(settings, cd, 3) == CHOOSE
    assert bring(settings, cd, 2) == 0
    assert told(settings)["A"][0] == Outcome.NOT_CHOSEN
    assert [dcmread(path).PatientID for path in kept(settings)] == ["B-1"]
    assert bring(settings, cd, 1) == 0
    assert told(settings)["A"][0] == Outcome.TAKEN


def test_the_file_set_of_the_standard_with_its_dicomdir(
    settings: GatewaySettings, tmp_path: Path
) -> None:
    found = get_testdata_file("DICOMDIR")
    assert isinstance(found, str)
    cd = tmp_path / "pdi"
    shutil.copytree(Path(found).parent, cd)
    next(path for path in (cd / "77654033").rglob("*") if path.is_file()).unlink()
    assert bring(settings, cd) == CHOOSE
    assert bring(settings, cd, 1, 2) == 1
    outcomes = [outcome for outcome, _ in told(settings).values()]
    assert outcomes.count(Outcome.MISSING) == 1
    assert outcomes.count(Outcome.TAKEN) == stored(settings) > 5


def test_what_cannot_be_read_is_named_and_the_rest_comes_in(
    settings: GatewaySettings, cd: Path
) -> None:
    burn(cd, "A", ct(number=1))
    (cd / "B").symlink_to(cd / "A")
    (cd / "IMAGES" / "C").write_bytes(b"\0" * 128 + b"DICM" + b"\x02\0\x10\0UI\xff\xff")
    burn(cd, "IMAGES/D", ct(number=2))
    whole = (cd / "IMAGES" / "D").read_bytes()
    (cd / "IMAGES" / "D").write_bytes(whole[:-100])
    assert bring(settings, cd) == 1
    assert {name: outcome for name, (outcome, _) in told(settings).items()} == {
        "A": Outcome.TAKEN,
        "IMAGES/C": Outcome.REFUSED,
        "IMAGES/D": Outcome.REFUSED,
    }


def test_a_scratched_disc_goes_on_and_is_read_again_later(
    settings: GatewaySettings, cd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    burn(cd, "A", ct(number=1))
    burn(cd, "B", ct(number=2))
    read = Path.open

    def scratched(self: Path, *arguments: Any) -> Any:
        if self == cd / "A":
            raise OSError(5, "Input/output error")
        return read(self, *arguments)

    monkeypatch.setattr(Path, "open", scratched)
    assert bring(settings, cd) == 1
    monkeypatch.undo()
    assert told(settings)["A"][0] == Outcome.UNREADABLE
    assert told(settings)["B"][0] == Outcome.TAKEN
    assert bring(settings, cd) == 0
    assert stored(settings) == 2


def test_programs_and_pictures_are_left_on_the_medium_and_named(
    settings: GatewaySettings, cd: Path
) -> None:
    burn(cd, "A", ct())
    (cd / "autorun.inf").write_text("[autorun]\nopen=viewer.exe\n")
    (cd / "VIEWER").write_bytes(b"MZ" + bytes(500))
    (cd / "IMAGES" / "1.JPG").write_bytes(b"\xff\xd8\xff\xe0" + bytes(500))
    (cd / "IMAGES" / "2").write_bytes(b"BM" + bytes(500))
    (cd / "README.TXT").write_text("read me")
    assert bring(settings, cd) == 1
    assert {name: outcome for name, (outcome, _) in told(settings).items()} == {
        "A": Outcome.TAKEN,
        "autorun.inf": Outcome.PROGRAM,
        "VIEWER": Outcome.PROGRAM,
        "IMAGES/1.JPG": Outcome.PICTURE,
        "IMAGES/2": Outcome.PICTURE,
        "README.TXT": Outcome.OTHER,
    }
    assert len(kept(settings)) == 1


def test_program_code_in_a_preamble_is_blanked_and_named(
    settings: GatewaySettings, cd: Path
) -> None:
    burn(cd, "A", ct(), preamble=b"MZ" + b"\x90" * 126)
    assert bring(settings, cd) == 0
    assert "blanked" in told(settings)["A"][1]
    assert kept(settings)[0].read_bytes()[:128] == bytes(128)


def test_compressed_images_come_in_as_they_are(settings: GatewaySettings, cd: Path) -> None:
    sent = sample("MR_small_jpeg_ls_lossless.dcm")
    burn(cd, "A", sent)
    assert bring(settings, cd) == 0
    assert dcmread(kept(settings)[0]) == sent


def test_one_patient_over_two_media_is_one_study_here(
    settings: GatewaySettings, cd: Path, tmp_path: Path
) -> None:
    burn(cd, "A", ct(number=1))
    second = tmp_path / "cd2"
    second.mkdir()
    burn(second, "A", ct(number=2))
    burned_at = (cd / "A").stat().st_mtime
    os.utime(second / "A", (burned_at, burned_at))
    os.utime(cd / "A", (burned_at, burned_at))
    assert (bring(settings, cd), bring(settings, second)) == (0, 0)
    assert stored(settings) == 2
    assert len({path.parent for path in kept(settings)}) == 1


def test_breaches_of_the_standard_are_named_and_the_object_comes_in(
    settings: GatewaySettings, cd: Path
) -> None:
    (cd / "RAW").write_bytes(encode(ct(number=1)))
    burn(cd, "HEAD", ct(number=2))
    whole = (cd / "HEAD").read_bytes()
    (cd / "BARE").write_bytes(whole.replace(b"1.2.3.4.1.2", b"1.2.3.4.1.3")[132:])
    (cd / "HEAD").write_bytes(whole.replace(b"1.2.3.4.1.2", b"1.2.3.4.1.9", 1))
    (cd / "DICOMDIR").write_bytes(b"broken")
    assert bring(settings, cd) == 0
    lines = told(settings)
    assert lines["RAW"] == (Outcome.TAKEN, "no preamble and no head; no transfer syntax named")
    assert lines["BARE"] == (Outcome.TAKEN, "no preamble")
    assert lines["HEAD"] == (Outcome.TAKEN, "the head names another object")
    assert stored(settings) == 3


def test_an_interrupted_import_goes_on_where_it_was(settings: GatewaySettings, cd: Path) -> None:
    burn(cd, "A", ct(number=1))
    burn(cd, "B", ct(number=2))
    assert bring(settings, cd) == 0
    [report] = (settings.var / FOLDER).iterdir()
    first, _ = report.read_text("utf-8").splitlines()
    report.write_text(first + '\n{"file": "B", "outc', "utf-8")
    assert bring(settings, cd) == 0
    assert told_twice(report) == ["A", "B"]
    assert report.read_text("utf-8").count(Outcome.REPEATED) == 1


def told_twice(report: Path) -> list[str]:
    found = []
    for line in report.read_text("utf-8").splitlines():
        try:
            found.append(json.loads(line)["file"])
        except ValueError:
            continue
    return found


def test_a_full_disk_is_said_and_tried_again(settings: GatewaySettings, cd: Path) -> None:
    burn(cd, "A", ct())
    small = settings.model_copy(update={"maximum_object_bytes": 500})
    assert bring(small, cd) == 1
    assert told(settings)["A"][0] == Outcome.NO_ROOM
    assert bring(settings, cd) == 0


def test_a_bomb_in_a_deflated_object_is_refused(settings: GatewaySettings, cd: Path) -> None:
    bomb = ct()
    bomb.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    bomb.PixelData = bytes(80 * 1024 * 1024)
    burn(cd, "A", bomb)
    assert (cd / "A").stat().st_size < 1_000_000
    assert bring(settings, cd) == 1
    assert told(settings)["A"][0] == Outcome.REFUSED


def test_a_path_that_is_no_folder_is_refused(
    tmp_path: Path, settings: GatewaySettings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bring(settings, tmp_path / "nothing") == 2
    assert "mount the medium" in capsys.readouterr().err


def test_the_command_line_knows_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["import"])
    assert "PATH" in capsys.readouterr().err


def test_another_process_starting_leaves_a_living_arrival_alone(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    store.prepare()
    with store.arrival(maximum_bytes=100) as arrival:
        arrival.begin(b"head")
        BlobStore(tmp_path).prepare()
        assert Path(arrival.path).exists()
    left = tmp_path / "incoming" / "gone.part"
    left.write_bytes(b"x")
    BlobStore(tmp_path).prepare()
    assert not left.exists()
