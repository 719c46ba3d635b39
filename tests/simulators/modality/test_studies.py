"""The simulated modality's studies: well-formed, fictional, and the same every time."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from simulators.modality.demo import for_patient, hospital_a, hospital_b
from simulators.modality.people import TARO_AT_A, TARO_AT_A_EARLIER
from simulators.modality.phantom import Phantom
from simulators.modality.studies import GeneratedCt, Samples, StudyPlan

SMALL = Phantom(matrix=128, nodule_mm=6.0)


def plan(key: str = "test") -> StudyPlan:
    return StudyPlan(key, TARO_AT_A, "20261102", "101530", "Chest CT", "MIHON")


def test_the_same_arguments_give_the_same_pixels() -> None:
    again = Phantom(matrix=128, nodule_mm=6.0)
    assert np.array_equal(SMALL.slice_hu(-60, 3, 21), again.slice_hu(-60, 3, 21))


@pytest.mark.parametrize(
    ("place", "hounsfield"),
    [
        pytest.param((-100.0, 20.0, -120.0), -850, id="lung"),
        pytest.param((0.0, -5.6, -40.0), -1000, id="air of the trachea"),
        pytest.param((-70.0, 0.0, -240.0), 112, id="liver"),
        pytest.param((-84.0, -22.0, -66.0), 36, id="nodule"),
        pytest.param((0.0, -160.0, -60.0), -1000, id="air outside"),
    ],
)
def test_tissue_lies_where_anatomy_has_it(
    place: tuple[float, float, float], hounsfield: int
) -> None:
    full = Phantom(nodule_mm=6.0)
    x, y, z = place
    row, column = (int((mm + 180) / full.spacing_mm) for mm in (y, x))
    around = full.slice_hu(z, 3, 1)[row - 2 : row + 3, column - 2 : column + 3]
    assert float(around.mean()) == pytest.approx(hounsfield, abs=25)


def test_slices_are_ordered_and_spaced_as_their_geometry_says() -> None:
    study = GeneratedCt(plan(), SMALL, 4)
    slices = list(study)
    positions = [float(one.ImagePositionPatient[2]) for one in slices]
    assert positions == [0.0, -3.0, -6.0, -9.0]
    assert [one.InstanceNumber for one in slices] == [1, 2, 3, 4]
    assert len({one.SOPInstanceUID for one in slices}) == 4
    assert {one.StudyInstanceUID for one in slices} == {study.plan.study_instance_uid}
    assert slices[0].PixelSpacing == pytest.approx([360 / 128] * 2)


def test_stored_values_become_hounsfield_units_by_their_rescale() -> None:
    first = next(iter(GeneratedCt(plan(), SMALL, 1)))
    stored = np.frombuffer(first.PixelData, "<i2").reshape(128, 128)
    hu = stored * int(first.RescaleSlope) + int(first.RescaleIntercept)
    assert np.array_equal(hu, SMALL.slice_hu(0.0, 3.0, 1))


@pytest.mark.parametrize("name", ["MR_small_jp2klossless.dcm", "examples_ybr_color.dcm"])
def test_a_relabelled_sample_keeps_its_pixels_bit_by_bit(name: str) -> None:
    path = get_testdata_file(name)
    assert isinstance(path, str)
    sent = next(iter(Samples(plan(), (name,))))
    assert sent.PixelData == dcmread(path).PixelData
    assert sent.PatientID == "A-000123"
    assert sent.file_meta.MediaStorageSOPInstanceUID == sent.SOPInstanceUID


def test_the_prior_carries_half_width_kana_the_current_study_does_not() -> None:
    current, prior = hospital_a()[:2]
    assert prior.plan.patient == TARO_AT_A_EARLIER
    assert current.plan.study_date > prior.plan.study_date
    assert current.plan.patient.charset != prior.plan.patient.charset


def test_no_two_studies_share_an_identifier() -> None:
    studies = [*hospital_a(), *hospital_b()]
    assert len({study.plan.study_instance_uid for study in studies}) == len(studies)


def test_another_patient_gets_studies_of_his_own() -> None:
    study = hospital_a()[2]
    other = for_patient(study, "A-999999")
    assert other.plan.study_instance_uid != study.plan.study_instance_uid
    assert {one.PatientID for one in other} == {"A-999999"}
