"""Acknowledged means it survives: a killed process, and by the order of steps power loss too."""

from __future__ import annotations

import re
import signal
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from pydicom import dcmread
from pynetdicom import AE
from sqlalchemy import select

from dicom_gateway.index.engine import open_index, reading
from dicom_gateway.index.models import Instance, StoredObject
from simulators.modality.sending import keep_answers
from tests.dicom_gateway.objects import ct, encode
from tests.dicom_gateway.processes import Programs, dimse, stop
from tests.dicom_gateway.stage import AE_TITLE, free_port, make_keys, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

KILLS = 4


class Sender:
    """Sends objects one after the other and remembers which were acknowledged."""

    def __init__(self, port: int, first: int) -> None:
        self.acknowledged: list[int] = []
        self._number = first
        self._port = port
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        sample = ct()
        entity = AE(ae_title="MODALITY")
        entity.add_requested_context(sample.SOPClassUID, sample.file_meta.TransferSyntaxUID)
        entity.dimse_timeout = 5
        association = entity.associate("127.0.0.1", self._port, ae_title=AE_TITLE)
        keep_answers(association)
        with suppress(RuntimeError):  # the association ended between two objects
            while association.is_established:
                answer = association.send_c_store(ct(number=self._number))
                if answer.get("Status") == 0:
                    self.acknowledged.append(self._number)
                self._number += 1

    def join(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive()


def has_sent(sender: Sender, count: int) -> bool:
    return len(sender.acknowledged) >= count


def states(engine: Engine) -> set[str]:
    with reading(engine) as connection:
        return set(connection.scalars(select(StoredObject.state)))


def test_every_acknowledged_object_survives_kill_9_whole(tmp_path: Path) -> None:
    programs = Programs(tmp_path, make_keys(tmp_path), free_port(), free_port())
    acknowledged: list[int] = []
    for kill in range(KILLS):
        process = programs.start("dimse")
        wait_until(programs.answers_echo, "the gateway is back")
        sender = Sender(programs.dicom_port, first=1 + kill * 10_000)
        wait_until(partial(has_sent, sender, 8 + 7 * kill), "objects arrive")
        stop(process, signal.SIGKILL)
        sender.join()
        acknowledged += sender.acknowledged

    process = programs.start("dimse")
    engine = open_index("", tmp_path / "var")
    try:
        wait_until(lambda: states(engine) == {"indexed"}, "everything is listed")
        require_whole(engine, tmp_path / "var", acknowledged)
    finally:
        stop(process)
        engine.dispose()
    assert list((tmp_path / "var" / "incoming").iterdir()) == []


def require_whole(engine: Engine, var: Path, acknowledged: list[int]) -> None:
    """Each acknowledged object is listed once and is byte for byte what was sent."""
    with reading(engine) as connection:
        rows = connection.execute(
            select(StoredObject.sop_instance_uid, StoredObject.file_name, Instance.object_id).join(
                Instance, Instance.object_id == StoredObject.id
            )
        ).all()
    names = {row.sop_instance_uid: row.file_name for row in rows}
    assert len(names) == len(rows)
    for number in acknowledged:
        kept = dcmread(var / "objects" / names[f"1.2.3.4.1.{number}"])
        assert encode(kept) == encode(ct(number=number))
    for name in names.values():
        assert len(dcmread(var / "objects" / name).PixelData) == 512


def test_the_steps_before_an_answer_stand_in_the_order_power_loss_needs(tmp_path: Path) -> None:
    trace = tmp_path / "trace.txt"
    calls = "trace=fsync,fdatasync,rename,renameat,renameat2,sendto"
    with dimse(tmp_path, "strace", "-f", "-y", "-e", calls, "-o", str(trace)) as programs:
        senders = [Sender(programs.dicom_port, first=1 + 10_000 * n) for n in range(2)]
        wait_until(lambda: all(has_sent(one, 3) for one in senders), "objects arrive")
    for sender in senders:
        sender.join()
    answers = steps_before_answers(trace.read_text(errors="replace"))
    stores = [steps for steps in answers if "R" in steps]
    assert len(stores) >= 6
    for steps in stores:
        assert re.fullmatch(r"FRW*SW+A", steps), steps


def steps_before_answers(trace: str) -> list[str]:
    """What led to each answer, in order: by the answering thread, ``F`` and ``W`` by any.

    F: the renamed object had been synced, R: renamed, S: folder synced, W: index synced,
    A: answered.
    """
    found: list[str] = []
    steps: dict[str, str] = {}
    syncs = Syncs()
    for line in trace.splitlines():
        thread, _, call = line.partition(" ")
        syncs.note(thread, call)
        letter = next((letter for letter, kind in _STEPS if kind.search(call)), "")
        if letter == "W":
            steps = {one: so_far + letter for one, so_far in steps.items()}
        elif letter == "A":
            found.append(steps.pop(thread, "") + "A")
        elif letter == "R":
            steps[thread] = ("F" if syncs.has_ended(call) else "") + "R"
        elif letter:
            steps[thread] = steps.get(thread, "") + letter
    return found


class Syncs:
    """Which arriving files were synced, by the moment their sync had returned."""

    def __init__(self) -> None:
        self._ended: set[str] = set()
        self._begun: dict[str, str] = {}

    def note(self, thread: str, call: str) -> None:
        """Follow one line of the trace."""
        if begun := re.search(r"fsync\(\d+<[^>]*/(\w+\.part)>", call):
            self._begun[thread] = begun[1]
        if "sync" in call and call.rstrip().endswith("= 0") and thread in self._begun:
            self._ended.add(self._begun.pop(thread))

    def has_ended(self, rename: str) -> bool:
        """Whether the file that is renamed here was synced before."""
        name = re.search(r"/(\w+\.part)\"", rename)
        return name is not None and name[1] in self._ended


_STEPS = (
    ("R", re.compile(r"rename\w*\([^)]*\.part\"")),
    ("S", re.compile(r"fsync\(\d+<[^>]*/objects[^>]*>")),
    ("W", re.compile(r"f(data)?sync\(\d+<[^>]*index\.sqlite-wal>")),
    ("A", re.compile(r"sendto\(\d+<[^>]*TCP[^>]*>, \"\\4|sendto\(\d+<socket[^>]*>, \"\\4")),
)
