"""DIMSE over TLS: certificates on both sides, and a slow handshake holds up nobody."""

from __future__ import annotations

import socket
import ssl
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydicom import Dataset
from pydicom.uid import CTImageStorage
from pynetdicom import AE

from dicom_gateway.assembly import build_holdings, build_ingest
from dicom_gateway.crypto import digest
from dicom_gateway.dimse import retrieve, status
from dicom_gateway.dimse.scp import Listener, Receiver, start_scp
from dicom_gateway.dimse.tls import client_context, server_context
from dicom_gateway.errors import Misconfigured
from dicom_gateway.peers import Peer, Peers, Right
from tests.dicom_gateway.dimse.certificates import issue
from tests.dicom_gateway.objects import ct, encode
from tests.dicom_gateway.stage import AE_TITLE, Gateway, fetching, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pynetdicom.events import Event

    from dicom_gateway.dimse.tls import TlsFiles

VERIFICATION = "1.2.840.10008.1.1"
SAFE = Peer("SAFE", "127.0.0.1", 0, frozenset(Right), tls=True)


@contextmanager
def secured(folder: Path, files: TlsFiles, peer: Peer = SAFE) -> Iterator[tuple[Receiver, Gateway]]:
    """A gateway with both doors; only SAFE is listed, and only over TLS."""
    with running(folder) as gateway:
        listener = Listener(
            "127.0.0.1", 0, AE_TITLE, Peers((peer,)), tls_port=0, tls=server_context(files)
        )
        ingest = build_ingest(gateway.settings)
        receiver = start_scp(listener, ingest, build_holdings(gateway.settings))
        try:
            yield receiver, gateway
        finally:
            receiver.stop()


def echo(port: int, context: ssl.SSLContext | None) -> bool:
    entity = AE(ae_title="SAFE")
    entity.add_requested_context(VERIFICATION)
    tls = (context, "127.0.0.1") if context else None
    line = entity.associate("127.0.0.1", port, ae_title=AE_TITLE, tls_args=tls)
    is_in = line.is_established
    if is_in:
        assert line.send_c_echo().Status == status.SUCCESS
        line.release()
    return is_in


def test_who_shows_a_certificate_is_let_in_and_nobody_else(tmp_path: Path) -> None:
    files = issue(tmp_path / "ours", "gateway")
    other = issue(tmp_path / "other", "stranger")
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.load_verify_locations(files.authorities)
    stranger = client_context(replace(other, authorities=files.authorities))
    with secured(tmp_path, files) as (receiver, _), socket.socket() as slow:
        slow.connect(("127.0.0.1", receiver.tls_port))
        assert echo(receiver.tls_port, client_context(files))
        assert not echo(receiver.tls_port, bare)
        assert not echo(receiver.tls_port, stranger)
        assert not echo(receiver.port, None), "the row demands TLS"


def test_a_title_tied_to_another_certificate_of_the_same_authority_is_refused(
    tmp_path: Path,
) -> None:
    files = issue(tmp_path / "ours", "gateway")
    shown = digest(ssl.PEM_cert_to_DER_cert(files.certificate.read_text("ascii"))).hex()
    for fingerprint, is_in in ((shown, True), ("0" * 64, False)):
        peer = replace(SAFE, certificate_sha256=fingerprint)
        with secured(tmp_path, files, peer) as (receiver, _):
            assert echo(receiver.tls_port, client_context(files)) is is_in


def test_a_foreign_program_stores_over_tls_and_it_goes_out_again(tmp_path: Path) -> None:
    files = issue(tmp_path / "ours", "gateway")
    sent = tmp_path / "sent.dcm"
    whole = ct(Rows=512, Columns=512, PixelData=bytes(2 * 512 * 512))
    whole.save_as(sent, enforce_file_format=True)
    tls = ["+tls", str(files.key), str(files.certificate), "+cf", str(files.authorities)]
    with secured(tmp_path, files) as (receiver, gateway):
        where = ["-aet", "SAFE", "-aec", AE_TITLE, "127.0.0.1", str(receiver.tls_port)]
        command = ["/usr/bin/storescu", "-xe", *tls, *where, str(sent)]
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr
        gateway.index()
        assert fetched(receiver.tls_port, client_context(files)) == [encode(whole)]


def fetched(port: int, context: ssl.SSLContext) -> list[bytes]:
    """Data sets of the study by C-GET."""
    kept: list[bytes] = []

    def keep(event: Event) -> int:
        kept.append(event.request.DataSet.getvalue())  # type: ignore[union-attr]
        return status.SUCCESS

    line = fetching(port, CTImageStorage, keep, title="SAFE", tls=context)
    asked = Dataset()
    asked.QueryRetrieveLevel, asked.StudyInstanceUID = "STUDY", "1.2.3.4"
    heard = [answer.Status for answer, _ in line.send_c_get(asked, retrieve.STUDY_ROOT_GET)]
    line.release()
    assert heard == [status.SUCCESS]
    return kept


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_versions_are_refused(tmp_path: Path, version: ssl.TLSVersion) -> None:
    files = issue(tmp_path / "ours", "gateway")
    old = client_context(files)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = version
    old.maximum_version = version
    with secured(tmp_path, files) as (receiver, _):
        assert not echo(receiver.tls_port, old)


def test_files_that_do_not_fit_are_named(tmp_path: Path) -> None:
    files = issue(tmp_path / "ours", "gateway")
    with pytest.raises(Misconfigured, match="dicom_tls_key"):
        server_context(replace(files, key=tmp_path / "missing"))
    with pytest.raises(Misconfigured, match="belong together"):
        server_context(replace(files, key=issue(tmp_path / "b", "b").key))
