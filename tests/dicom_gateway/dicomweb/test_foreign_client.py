"""A DICOMweb client and an IOD checker that are not ours, against the real programs."""

from __future__ import annotations

import io
import subprocess
from typing import TYPE_CHECKING

import numpy as np
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from pydicom import dcmread
from requests import Session

from tests.dicom_gateway.objects import sample
from tests.dicom_gateway.processes import dimse, stop
from tests.dicom_gateway.stage import claims, sign, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom import Dataset

CHECKER = "/usr/bin/dciodvfy"
NAMES = ("CT_small.dcm", "MR_small_RLE.dcm", "examples_ybr_color.dcm")


def errors_in(data_set: Dataset, file: Path) -> list[str]:
    """What the checker of Information Object Definitions calls an error."""
    data_set.save_as(file, enforce_file_format=True)
    done = subprocess.run(  # noqa: S603 - dicom3tools
        [CHECKER, str(file)], capture_output=True, check=False
    )
    lines = (done.stdout + done.stderr).decode("latin-1").splitlines()
    assert lines, "the checker says nothing: it did not run"
    return [line for line in lines if line.startswith("Error")]


def test_a_foreign_client_stores_searches_and_retrieves(tmp_path: Path) -> None:
    sent = [sample(name) for name in NAMES]
    studies = [str(one.StudyInstanceUID) for one in sent]
    with dimse(tmp_path) as programs:
        web = programs.start("web")
        try:
            wait_until(programs.answers_http, "the gateway answers HTTP")
            session = Session()
            session.trust_env = False
            session.headers["Authorization"] = (
                f"Bearer {sign(programs.keys.portal, claims(*studies, store=True))}"
            )
            address = f"http://127.0.0.1:{programs.http_port}/dicom-web"
            client = DICOMwebClient(address, session=session)
            answer = client.store_instances(sent)
            assert len(answer.ReferencedSOPSequence) == len(sent)
            wait_until(lambda: len(client.search_for_studies()) == len(sent), "all are listed")
            for one in sent:
                compare(client, one, tmp_path / "back.dcm")
        finally:
            stop(web)


def compare(client: DICOMwebClient, sent: Dataset, file: Path) -> None:
    """Every way to one object gives what was sent."""
    names = (str(sent.StudyInstanceUID), str(sent.SeriesInstanceUID), str(sent.SOPInstanceUID))
    found = client.search_for_instances(search_filters={"SOPInstanceUID": names[2]})
    assert [one["00080018"]["Value"][0] for one in found] == [names[2]]
    assert client.retrieve_series_metadata(*names[:2])[0]["0020000D"]["Value"] == [names[0]]
    syntaxes = (str(sent.file_meta.TransferSyntaxUID),)
    back = client.retrieve_instance(*names, media_types=(("application/dicom", syntaxes[0]),))
    assert back.PixelData == sent.PixelData
    assert errors_in(back, file) == errors_in(dcmread(io.BytesIO(encoded(sent))), file)
    picture = client.retrieve_instance_rendered(*names, media_types=("image/png",))
    image = np.asarray(Image.open(io.BytesIO(picture)))
    assert image.shape[:2] == (sent.Rows, sent.Columns)
    [frame] = client.retrieve_instance_frames(
        *names, [1], media_types=(("application/octet-stream", "*"),)
    )
    assert frame in sent.PixelData


def encoded(data_set: Dataset) -> bytes:
    """The file that was sent."""
    out = io.BytesIO()
    data_set.save_as(out, enforce_file_format=True)
    return out.getvalue()
