"""The object of a self-check is one that can be told from every patient's."""

from __future__ import annotations

import json

from config.settings import ROOT
from dicom_gateway.specimen import CHECK_STUDY, specimen


def test_the_contract_names_the_study() -> None:
    schema = json.loads((ROOT / "config/wire/gateway-check.schema.json").read_text("utf-8"))
    assert schema["$defs"]["study"]["const"] == CHECK_STUDY


def test_it_is_a_whole_object_of_no_patient() -> None:
    made = specimen()
    assert made.StudyInstanceUID == CHECK_STUDY
    assert made.SOPInstanceUID.startswith(f"{CHECK_STUDY}.")
    assert len(made.SOPInstanceUID) <= 64
    assert (made.PatientID, made.PatientName) == ("TSUNAGU-CHECK", "CHECK^TSUNAGU")
    assert len(made.PixelData) == made.Rows * made.Columns
