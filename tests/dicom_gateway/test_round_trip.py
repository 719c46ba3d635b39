"""From C-STORE to the viewer: what came in goes out, byte for byte, to those who may."""

from __future__ import annotations

import io
import json

from pydicom import FileDataset, dcmread

from tests.dicom_gateway.objects import encode, sample
from tests.dicom_gateway.stage import Gateway, parts

ANY_SYNTAX = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'


def place(data_set: FileDataset) -> str:
    """Path of the instance below the service."""
    return (
        f"/studies/{data_set.StudyInstanceUID}/series/{data_set.SeriesInstanceUID}"
        f"/instances/{data_set.SOPInstanceUID}"
    )


def test_a_stored_object_is_listed_and_comes_back_unchanged(any_gateway: Gateway) -> None:
    sent = sample("CT_small.dcm")
    any_gateway.take_in(sent)
    study = str(sent.StudyInstanceUID)

    listed = json.loads(any_gateway.get("/studies", study).data)
    assert [one["0020000D"]["Value"] for one in listed] == [[study]]
    assert listed[0]["00201208"]["Value"] == [1]

    [(kind, body)] = parts(any_gateway.get(place(sent), study))
    assert kind == "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
    assert encode(dcmread(io.BytesIO(body))) == encode(sent)
