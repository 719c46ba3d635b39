"""The gateway killed at random, its database killed, its door held open: what is lost, who waits.

``python -m bench.gateway_faults [--kills 20] [--objects 200] [--json]``. Three things, one after
the other, with the programs as they run in a hospital:

- senders over four associations until ``objects`` are acknowledged, while the receiving program is
  killed with SIGKILL ``kills`` times; then, within 60 s, every acknowledged object must be back
  byte for byte, and nothing half be listed;
- the same while PostgreSQL under the index is killed, the gateway being left alone;
- 100 half-open connections at the web door and at the DICOM door; four requests meanwhile.

Ends with status 1 when an acknowledged object is missing or another limit is passed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.dsutils import encode
from sqlalchemy import select

from bench.cluster import killable_cluster
from bench.gateway import peers
from dicom_gateway.index.engine import open_index, reading
from dicom_gateway.index.models import StoredObject
from dicom_gateway.ingest import data_set_start
from simulators.modality.sending import keep_answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

SENDERS = 4
HALF_OPEN = 100
BACK_SECONDS = 60.0
ANSWER_SECONDS = 2.0
RECOVERY_SECONDS = 10.0
STUDY = "1.2.826.0.1.3680043.8.498.77"
SIDE = 256


@dataclass
class Sending:
    """What four modalities sent, and what was acknowledged, until told to stop."""

    acknowledged: dict[str, bytes] = field(default_factory=dict)
    refused_at: list[float] = field(default_factory=list)
    taken_at: list[float] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def has(self, count: int) -> bool:
        """Whether so many were acknowledged."""
        return len(self.acknowledged) >= count

    def start(self) -> list[threading.Thread]:
        """One thread a modality."""
        threads = [threading.Thread(target=self._run, args=(n,)) for n in range(SENDERS)]
        for thread in threads:
            thread.start()
        return threads

    def _run(self, sender: int) -> None:
        entity = AE(ae_title="MODALITY")
        entity.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
        entity.dimse_timeout, entity.acse_timeout = 10, 5
        number = 0
        while not self.over.is_set():
            association = entity.associate("127.0.0.1", peers.DICOM_PORT, ae_title="BENCH")
            keep_answers(association)
            with suppress(RuntimeError):  # the association ended between two objects
                while association.is_established and not self.over.is_set():
                    number += 1
                    self._send(association, made(sender, number))
            association.abort()
            self.over.wait(0.1)

    def _send(self, association: Any, data_set: Dataset) -> None:
        written = encode(data_set, is_implicit_vr=False, is_little_endian=True) or b""
        answer = association.send_c_store(data_set)
        now = time.monotonic()
        if answer.get("Status") == 0:
            self.acknowledged[data_set.SOPInstanceUID] = sha256(written).digest()
            self.taken_at.append(now)
        elif "Status" in answer:
            self.refused_at.append(now)


def made(sender: int, number: int) -> Dataset:
    """One small slice, unlike every other."""
    data_set = Dataset()
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data_set.SOPClassUID = CTImageStorage
    data_set.SOPInstanceUID = f"{STUDY}.{sender}.{number}"
    data_set.StudyInstanceUID, data_set.SeriesInstanceUID = STUDY, f"{STUDY}.{sender}"
    data_set.PatientID, data_set.PatientName, data_set.Modality = "BENCH-1", "Mihon^Taro", "CT"
    data_set.Rows = data_set.Columns = SIDE
    data_set.BitsAllocated = data_set.BitsStored = 16
    data_set.HighBit, data_set.PixelRepresentation = 15, 0
    data_set.SamplesPerPixel, data_set.PhotometricInterpretation = 1, "MONOCHROME2"
    data_set.InstanceNumber = number
    data_set.PixelData = random.Random(sender * 1_000_000 + number).randbytes(2 * SIDE * SIDE)  # noqa: S311 - made data
    data_set["PixelData"].VR = "OW"
    return data_set


def killed(folder: Path, kills: int, objects: int) -> dict[str, Any]:
    """The receiving program dies ``kills`` times in the middle of objects; the senders go on."""
    dice = random.Random(20261122)  # noqa: S311 - moments of death
    sending = Sending()
    threads = sending.start()
    with peers.Programs(folder, "") as programs:
        for _ in range(kills):
            receiving = programs.start("dimse")
            more = len(sending.acknowledged) + dice.randrange(1, max(2, 2 * objects // kills))
            _until(partial(sending.has, more), BACK_SECONDS)
            time.sleep(dice.uniform(0.0, 0.03))
            os.killpg(receiving.pid, signal.SIGKILL)
            receiving.wait()
        programs.start("dimse")
        back = _until(partial(sending.has, objects), BACK_SECONDS)
        sending.over.set()
        for thread in threads:
            thread.join()
        engine = open_index("", folder / "var")
        back += _until(lambda: _listed(engine) >= sending.acknowledged.keys(), BACK_SECONDS)
        found = _compare(engine, folder / "var", sending.acknowledged)
        engine.dispose()
    return {"kills": kills, "acknowledged": len(sending.acknowledged), "back_s": back, **found}


def database_killed(folder: Path, objects: int) -> dict[str, Any]:
    """PostgreSQL dies in the middle and comes back; the gateway is left alone."""
    sending = Sending()
    with killable_cluster() as (url, kill, start), peers.Programs(folder, url) as programs:
        programs.start("dimse")
        threads = sending.start()
        _until(partial(sending.has, objects // 3), 120)
        kill()
        time.sleep(2)
        start()
        at = time.monotonic()
        _until(lambda: any(one > at for one in sending.taken_at), BACK_SECONDS)
        again = min((one for one in sending.taken_at if one > at), default=float("inf"))
        _until(partial(sending.has, objects), 120)
        sending.over.set()
        for thread in threads:
            thread.join()
        engine = open_index(url, folder / "var")
        back = _until(lambda: _listed(engine) >= sending.acknowledged.keys(), BACK_SECONDS)
        found = _compare(engine, folder / "var", sending.acknowledged)
        engine.dispose()
    return {
        "acknowledged": len(sending.acknowledged),
        "refused": len(sending.refused_at),
        "recovered_s": round(again - at, 2),
        "back_s": back,
        **found,
    }


def held_open(folder: Path) -> dict[str, Any]:
    """The slowest of four answers while 100 connections hang, at either door."""
    with peers.gateway(folder) as gateway, ExitStack() as stack:
        slowest = {}
        for door, port, beginning in (
            ("http", peers.HTTP_PORT, b"GET /dicom-web/studies HTTP/1.1\r\nHost: a"),
            ("dimse", peers.DICOM_PORT, b"\x01\x00\x00"),
        ):
            for _ in range(HALF_OPEN):
                one = stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))
                one.sendall(beginning)
            slowest[door] = max(_seconds(_normal_request(gateway, door)) for _ in range(4))
    return {f"half_open_{door}_slowest_s": round(value, 3) for door, value in slowest.items()}


def _normal_request(gateway: peers.Peer, door: str) -> Callable[[], bool]:
    """One normal request at this door; whether it was answered."""
    if door == "dimse":
        return lambda: peers.echoes(gateway)
    return lambda: httpx.get(peers.HEALTH, trust_env=False, timeout=30).status_code == peers.HTTP_OK


def _seconds(ask: Callable[[], bool]) -> float:
    started = time.perf_counter()
    return time.perf_counter() - started if ask() else float("inf")


def _until(condition: Callable[[], bool], seconds: float) -> float:
    """Seconds until it holds; infinite when it does not in time."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            return float("inf")
        time.sleep(0.05)
    return round(time.monotonic() - started, 2)


def _listed(engine: Engine) -> set[str]:
    with reading(engine) as connection:
        return set(
            connection.scalars(
                select(StoredObject.sop_instance_uid).where(StoredObject.state == "indexed")
            )
        )


def _compare(engine: Engine, var: Path, acknowledged: dict[str, bytes]) -> dict[str, int]:
    """What is missing or other than it was sent, and what is listed and not whole."""
    with reading(engine) as connection:
        rows = connection.execute(
            select(
                StoredObject.sop_instance_uid, StoredObject.file_name, StoredObject.data_set_sha256
            )
        ).all()
    kept = {}
    for uid, name, _ in rows:
        whole = (var / "objects" / name).read_bytes()
        kept[uid] = sha256(whole[data_set_start(whole[:144]) :]).digest()
    return {
        "lost": sum(kept.get(uid) != told for uid, told in acknowledged.items()),
        "half_listed": sum(kept[uid] != told for uid, _, told in rows),
    }


def main() -> int:
    """Read the command line; 1 when a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--objects", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="last line: one JSON object")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-faults-") as name:
        folder = Path(name)
        found = {
            "killed": killed(folder / "killed", chosen.kills, chosen.objects),
            "database_killed": database_killed(folder / "database", chosen.objects),
            "held_open": held_open(folder / "open"),
        }
    for kind, figures in found.items():
        for key, value in figures.items():
            sys.stdout.write(f"{kind:18s} {key:28s} {value:>10}\n")
    if chosen.json:
        sys.stdout.write(json.dumps(found) + "\n")
    return int(_has_failed(found))


def _has_failed(found: dict[str, dict[str, Any]]) -> bool:
    gateways = (found["killed"], found["database_killed"])
    return (
        any(one["lost"] or one["half_listed"] or one["back_s"] > BACK_SECONDS for one in gateways)
        or found["database_killed"]["recovered_s"] > RECOVERY_SECONDS
        or max(found["held_open"].values()) > ANSWER_SECONDS
    )


if __name__ == "__main__":
    sys.exit(main())
