"""``tsunagu-gateway import PATH``: a CD or folder from outside comes in."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dicom_gateway import clock
from dicom_gateway.assembly import build_ingest
from dicom_gateway.media.importing import FAILED, FOLDER, Report, Survey, bring_in, survey

if TYPE_CHECKING:
    import argparse

    from dicom_gateway.media.objects import Patient
    from dicom_gateway.settings import GatewaySettings

CHOOSE: Final = 3
_PROGRESS_SECONDS: Final = 1.0


def options(parser: argparse.ArgumentParser) -> None:
    """Where, and whose."""
    parser.add_argument("path", type=Path, metavar="PATH", help="mounted medium or folder")
    parser.add_argument(
        "--patient",
        type=int,
        action="append",
        default=[],
        metavar="NUMBER",
        help="only this patient, by the number that is shown; may be given again",
    )


@dataclass
class _Progress:
    what: str
    _next: float = field(default=0.0)

    def __call__(self, done: int, of: int) -> None:
        if done == of or clock.monotonic() >= self._next:
            sys.stderr.write(f"{self.what}: {done} of {of}\n")
            self._next = clock.monotonic() + _PROGRESS_SECONDS


def run(settings: GatewaySettings, chosen: argparse.Namespace) -> int:
    """Returns 0 when every object is in, 1 when some are not, 3 when a patient must be chosen."""
    if not chosen.path.is_dir():
        sys.stderr.write("gateway: this is no folder; mount the medium and name its folder\n")
        return 2
    found = survey(chosen.path, _Progress("files looked at"))
    patients = found.patients
    wrong = [number for number in chosen.patient if not 1 <= number <= len(patients)]
    if wrong or (len(patients) > 1 and not chosen.patient):
        _show_patients(found)
        return CHOOSE
    mine = {patients[number - 1] for number in chosen.patient} or set(patients)
    report = Report(settings.var / FOLDER, found.mark)
    try:
        bring_in(build_ingest(settings), found, mine, report, _Progress("objects taken in"))
    finally:
        report.close()
    return _conclude(report)


def _show_patients(found: Survey) -> None:
    """The operator compares this with the person in front of the desk."""
    sys.stdout.write(
        "Objects of several patients are on this medium. Choose with --patient NUMBER:\n"
    )
    for number, patient in enumerate(found.patients, 1):
        sys.stdout.write(f"  {number}  {_patient_words(found, patient)}\n")


def _patient_words(found: Survey, patient: Patient) -> str:
    studies, objects = found.count(patient)
    who = "  ".join((patient.name or "(no name)", patient.birth_date or "(no birth date)"))
    identity = patient.patient_id or "(none)"
    return f"{who}  id {identity}: {studies} studies, {objects} objects"


def _conclude(report: Report) -> int:
    totals = report.totals()
    for outcome, count in sorted(totals.items()):
        sys.stdout.write(f"{count:6}  {outcome.value}\n")
    sys.stdout.write(f"Every file is named in {report.path}\n")
    return 1 if any(outcome in FAILED for outcome in totals) else 0
