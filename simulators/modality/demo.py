"""What the demonstration's two hospitals have taken: their studies, in the order of sending."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from simulators.modality.people import OTHERS_AT_A, TARO_AT_A, TARO_AT_A_EARLIER, TARO_AT_B, Patient
from simulators.modality.phantom import Phantom
from simulators.modality.studies import GeneratedCt, Samples, Study, StudyPlan

HOSPITAL_A: Final = "MIHON GENERAL HOSPITAL"
CLINIC_B: Final = "REI CLINIC"
_CT_DATE, _PRIOR_DATE = "20261102", "20251027"


def _plan(key: str, patient: Patient, when: tuple[str, str], description: str) -> StudyPlan:
    institution = CLINIC_B if patient.patient_id.startswith("B") else HOSPITAL_A
    return StudyPlan(key, patient, when[0], when[1], description, institution)


def hospital_a() -> list[Study]:
    """Mihon Tarou's chest CT and the one a year before, MR and ultrasound; two other patients."""
    hanako, ichirou = OTHERS_AT_A
    return [
        GeneratedCt(
            _plan("a-ct", TARO_AT_A, (_CT_DATE, "101530"), "Chest CT"), Phantom(nodule_mm=6.0), 80
        ),
        GeneratedCt(
            _plan("a-ct-prior", TARO_AT_A_EARLIER, (_PRIOR_DATE, "094500"), "Chest CT"),
            Phantom(nodule_mm=3.5, seed=1, noise_hu=17.0),
            60,
        ),
        Samples(
            _plan("a-mr", TARO_AT_A, ("20260618", "143000"), "Brain MR"),
            ("MR_small.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm"),
        ),
        Samples(
            _plan("a-us", TARO_AT_A, ("20260911", "160500"), "Echocardiography"),
            ("examples_ybr_color.dcm",),
        ),
        Samples(_plan("a-hanako", hanako, ("20261015", "111000"), "Abdomen CT"), ("693_J2KI.dcm",)),
        Samples(
            _plan("a-ichirou", ichirou, ("20260803", "083000"), "Ultrasound"),
            ("examples_rgb_color.dcm", "examples_palette.dcm"),
        ),
    ]


def hospital_b() -> list[Study]:
    """What clinic B itself has of Mihon Tarou, under its own patient id."""
    return [
        Samples(
            _plan("b-ct", TARO_AT_B, ("20260405", "134000"), "CT"),
            ("CT_small.dcm",),
        ),
        Samples(
            _plan("b-us", TARO_AT_B, ("20261110", "092000"), "Ultrasound"),
            ("examples_jpeg2k.dcm",),
        ),
    ]


def for_patient(study: Study, patient_id: str) -> Study:
    """The same study under another patient id, with identifiers of its own."""
    plan = study.plan
    changed = replace(
        plan,
        key=f"{plan.key}/{patient_id}",
        patient=replace(plan.patient, patient_id=patient_id),
    )
    return replace(study, plan=changed)
