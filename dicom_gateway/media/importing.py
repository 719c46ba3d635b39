"""A medium from beginning to end: survey, choose whose, take in, tell of every file.

The report is a file beside the index, one line a file, written as it goes. The same medium inserted
again goes on where it was.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from dicom_gateway.crypto import digest
from dicom_gateway.errors import GatewayError, NotDicom, OutOfResources
from dicom_gateway.index.arrivals import Standing
from dicom_gateway.media import directory
from dicom_gateway.media.files import Found, Kind, Listing, list_medium
from dicom_gateway.media.objects import MediumObject, Patient, read_object, take_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dicom_gateway.ingest import Ingest

FOLDER = "imports"


class Outcome(StrEnum):
    """What became of one file."""

    TAKEN = "taken"
    REPEATED = "here already"
    SET_ASIDE = "kept aside: other content under the same identifier"
    NOT_CHOSEN = "of a patient that was not chosen"
    REFUSED = "refused"
    UNREADABLE = "cannot be read"
    MISSING = "named in the DICOMDIR, not on the medium"
    PICTURE = "a picture, not DICOM: ask the sender for the DICOM images"
    PROGRAM = "a program: left alone"
    OTHER = "not DICOM: left alone"
    NO_ROOM = "no room: free space and import again"


LEFT_ALONE = {
    Kind.PROGRAM: Outcome.PROGRAM,
    Kind.PICTURE: Outcome.PICTURE,
    Kind.OTHER: Outcome.OTHER,
    Kind.UNREADABLE: Outcome.UNREADABLE,
}
FAILED = frozenset(
    {Outcome.REFUSED, Outcome.UNREADABLE, Outcome.MISSING, Outcome.PICTURE, Outcome.NO_ROOM}
)
_AGAIN = frozenset({Outcome.UNREADABLE, Outcome.MISSING, Outcome.NO_ROOM, Outcome.NOT_CHOSEN})
_OF_STANDING = {
    Standing.STORED: Outcome.TAKEN,
    Standing.REPEATED: Outcome.REPEATED,
    Standing.SET_ASIDE: Outcome.SET_ASIDE,
}


@dataclass(frozen=True)
class Told:
    """One line of the report."""

    file: str
    outcome: Outcome
    note: str = ""


@dataclass
class Survey:
    """A medium before anything is taken: its objects, whose they are, and what is no object."""

    objects: dict[str, MediumObject] = field(default_factory=dict)
    others: list[Told] = field(default_factory=list)
    mark: str = ""

    @property
    def patients(self) -> list[Patient]:
        """Whose objects these are, in a fixed order."""
        return sorted({one.patient for one in self.objects.values()})

    def count(self, patient: Patient) -> tuple[int, int]:
        """(studies, objects) of one patient."""
        mine = [one for one in self.objects.values() if one.patient == patient]
        return len({one.study_instance_uid for one in mine}), len(mine)


def survey(root: Path, on_file: Callable[[int, int], None]) -> Survey:
    """Look at every file. ``on_file`` hears (how many are done, how many there are)."""
    listing = list_medium(root)
    found = Survey()
    found.others += [Told(name, Outcome.UNREADABLE) for name in listing.unreadable_folders]
    for number, one in enumerate(listing.files, 1):
        _look(found, one)
        on_file(number, len(listing.files))
    _hold_against_directory(found, listing)
    found.mark = _mark(found, listing)
    return found


def _mark(found: Survey, listing: Listing) -> str:
    """Names the medium by its files and the objects in them: names and sizes alone are alike on
    all discs of one burner."""
    lines = [f"{one.size} {one.changed_ns} {one.name}" for one in listing.files]
    lines += [f"{name} {one.claim.sop_instance_uid}" for name, one in found.objects.items()]
    return digest("\n".join(lines).encode()).hex()[:24]


def _look(found: Survey, one: Found) -> None:
    if one.kind in LEFT_ALONE:
        found.others.append(Told(one.name, LEFT_ALONE[one.kind]))
    elif one.kind is Kind.OBJECT:
        try:
            found.objects[one.name] = read_object(one.path)
        except OSError:
            found.others.append(Told(one.name, Outcome.UNREADABLE))
        except NotDicom as error:
            found.others.append(Told(one.name, Outcome.REFUSED, str(error)))


def _hold_against_directory(found: Survey, listing: Listing) -> None:
    names = {one.name for one in listing.files}
    for one in listing.files:
        if one.kind is not Kind.DIRECTORY:
            continue
        promised = directory.promised_files(one.path)
        if promised is None:
            found.others.append(Told(one.name, Outcome.OTHER, "DICOMDIR cannot be read"))
            continue
        folder = one.name.rpartition("/")[0]
        below = {name.removeprefix(f"{folder}/") if folder else name for name in names}
        found.others += [Told(name, Outcome.MISSING) for name in directory.missing(promised, below)]


class Report:
    """The lines of one medium, kept over interruptions."""

    def __init__(self, folder: Path, mark: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{mark}.jsonl"
        self._told, is_cut = _read_lines(self.path)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._file = os.fdopen(descriptor, "a", encoding="utf-8")
        if is_cut:
            self._file.write("\n")

    def is_settled(self, file: str) -> bool:
        """Whether an earlier run has finished with this file."""
        return file in self._told and self._told[file].outcome not in _AGAIN

    def tell(self, line: Told) -> None:
        """Write one line down at once."""
        self._told[line.file] = line
        self._file.write(json.dumps(asdict(line), ensure_ascii=False) + "\n")
        self._file.flush()

    def totals(self) -> Counter[Outcome]:
        """How many files came to which end."""
        return Counter(line.outcome for line in self._told.values())

    def close(self) -> None:
        """No more lines."""
        self._file.close()


def _read_lines(path: Path) -> tuple[dict[str, Told], bool]:
    """Earlier lines, and whether a crash has cut the last one, which then does not count."""
    content = path.read_text("utf-8") if path.exists() else ""
    told: dict[str, Told] = {}
    for text in content.splitlines():
        try:
            line = json.loads(text)
            told[line["file"]] = Told(line["file"], Outcome(line["outcome"]), line["note"])
        except (ValueError, KeyError, TypeError):
            continue
    return told, bool(content) and not content.endswith("\n")


def bring_in(
    ingest: Ingest,
    found: Survey,
    chosen: set[Patient],
    report: Report,
    on_file: Callable[[int, int], None],
) -> None:
    """Take in the objects of the chosen patients, and tell what became of every file."""
    for line in found.others:
        report.tell(line)
    for number, (name, one) in enumerate(found.objects.items(), 1):
        if one.patient not in chosen:
            if not report.is_settled(name):
                report.tell(Told(name, Outcome.NOT_CHOSEN))
        elif not report.is_settled(name):
            report.tell(_bring_one(ingest, name, one))
        on_file(number, len(found.objects))


def _bring_one(ingest: Ingest, name: str, one: MediumObject) -> Told:
    note = "; ".join(one.breaches)
    try:
        return Told(name, _OF_STANDING[take_in(ingest, one)], note)
    except OutOfResources as error:
        return Told(name, Outcome.NO_ROOM, str(error))
    except GatewayError as error:
        return Told(name, Outcome.REFUSED, str(error))
    except OSError:
        return Told(name, Outcome.UNREADABLE, note)
