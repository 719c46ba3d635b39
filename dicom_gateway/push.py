"""``push``: a study that is here goes to a peer, under the local patient's id.

What is stored stays as it came; the copies that are sent carry their origin. Repeating it is safe:
the identifiers are the same.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from pydicom import dcmread
from pynetdicom.presentation import build_context

from dicom_gateway import clock, syntax
from dicom_gateway.assembly import build_holdings
from dicom_gateway.dimse import status
from dicom_gateway.dimse.retrieve import MOST_CONTEXTS
from dicom_gateway.dimse.transfer import send_file
from dicom_gateway.errors import GatewayError, NotFound, TransferFailed
from dicom_gateway.index.engine import reading
from dicom_gateway.index.retrieval import Selection, StoredFile, selected_files
from dicom_gateway.reconcile import LocalPatient, Reconciliation, reconcile
from dicom_gateway.uid import checked_uid

if TYPE_CHECKING:
    import argparse

    from pynetdicom.association import Association

    from dicom_gateway.blobs import Blobs
    from dicom_gateway.dimse.holdings import Holdings
    from dicom_gateway.peers import Peer
    from dicom_gateway.settings import GatewaySettings

PIECE_BYTES: Final = 1024**2


@dataclass(frozen=True)
class Pushed:
    """How many objects the peer took, and which it did not."""

    taken: int
    failed: tuple[str, ...]


def options(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``push``."""
    parser.add_argument("study", help="Study Instance UID")
    parser.add_argument("--to", required=True, metavar="AE_TITLE", help="a peer with a port")
    parser.add_argument("--patient-id", required=True, help="the patient's id in this hospital")
    parser.add_argument("--issuer", default="", help="who issues these ids")
    parser.add_argument("--source", default="", help="where the study came from, for its record")


def run(settings: GatewaySettings, chosen: argparse.Namespace) -> int:
    """Send the study; 1 when something was not taken."""
    try:
        patient = LocalPatient(chosen.patient_id, chosen.issuer)
        change = Reconciliation(patient, settings.ae_title, chosen.source, clock.now())
        peer = settings.peers.destination(chosen.to)
        done = push(build_holdings(settings), peer, checked_uid(chosen.study), change)
    except GatewayError as error:
        sys.stderr.write(f"gateway: {error}\n")
        return 1
    sys.stdout.write(f"{done.taken} objects taken by {peer.ae_title}\n")
    for uid in done.failed:
        sys.stderr.write(f"gateway: not taken: {uid}\n")
    return 1 if done.failed else 0


def push(holdings: Holdings, peer: Peer, study: str, change: Reconciliation) -> Pushed:
    """Send every listed object of the study with the local identity.

    Raises:
        NotFound: no such study is listed.
        TransferFailed: the peer accepts no association.
    """
    with reading(holdings.engine) as connection:
        files = selected_files(connection, Selection(studies=(study,)))
    if not files:
        raise NotFound("no such study is here")
    pairs = sorted({(one.sop_class_uid, one.transfer_syntax_uid) for one in files})
    contexts = [build_context(*pair) for pair in pairs[:MOST_CONTEXTS]]
    line = holdings.caller.call(peer, contexts)
    if line is None:
        raise TransferFailed(f"{peer.ae_title} does not accept an association")
    try:
        failed = tuple(
            one.sop_instance_uid
            for number, one in enumerate(files, 1)
            if not _is_taken(line, holdings.store, one, (number, change))
        )
    finally:
        line.release()
    return Pushed(len(files) - len(failed), failed)


def _is_taken(
    line: Association, store: Blobs, stored: StoredFile, how: tuple[int, Reconciliation]
) -> bool:
    """Whether the peer took the copy; ``how`` is (message id, identity)."""
    number, change = how
    try:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "copy.dcm"
            with store.open(stored.file_name) as file, copy.open("wb") as target:
                _write_copy(file, target, change)
            code = send_file(line, stored, copy, number % 65_535 or 1)
    except (GatewayError, OSError, ValueError):
        return False
    return code == status.SUCCESS or code >> 12 == status.SOME_FAILED >> 12


def _write_copy(file: BinaryIO, target: BinaryIO, change: Reconciliation) -> None:
    """The header with the local identity, then pixels and what follows them, byte for byte.

    Reading stops in front of the pixels, so an object of any size takes little memory. A deflated
    data set has no such place and is written as a whole.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data_set = dcmread(file, stop_before_pixels=True)
        if data_set.file_meta.TransferSyntaxUID == syntax.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
            file.seek(0)
            data_set = dcmread(file)
            file.seek(0, os.SEEK_END)
        rest = file.tell()
        reconcile(data_set, change)
        data_set.save_as(target)
    file.seek(rest)
    shutil.copyfileobj(file, target, PIECE_BYTES)
