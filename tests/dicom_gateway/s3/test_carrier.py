"""A bucket that is away, refuses or forgets costs no acknowledged object and stops no sender."""

from __future__ import annotations

import os
import shutil
from argparse import Namespace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from dicom_gateway import carrier as carrying
from dicom_gateway.assembly import build_made, build_store
from dicom_gateway.backlog import backlog, waiting
from dicom_gateway.bucket import Bucket
from dicom_gateway.caretaker import run_backup, run_restore, run_scrub
from dicom_gateway.errors import BlobUnreachable
from dicom_gateway.quarantine import Kind, decide, held, judgement
from dicom_gateway.statuspage.application import create_app
from tests.dicom_gateway.objects import ct
from tests.dicom_gateway.s3.service import KEY_ID, SECRET, S3Server, serving
from tests.dicom_gateway.s3.test_tiered import cached, carried, carrier_of, forget_here
from tests.dicom_gateway.stage import Gateway, free_port, running
from tests.dicom_gateway.test_representations import encoded
from tests.dicom_gateway.test_retention import after_ten_days, settle

if TYPE_CHECKING:
    from pathlib import Path

    from dicom_gateway.carrier import Carrier

FRAME = "/studies/1.2.3.4/series/1.2.3.4.1/instances/1.2.3.4.1.1/frames/1"


def spooled(gateway: Gateway) -> int:
    return len(list((gateway.settings.var / "objects").rglob("*.dcm")))


def again(carrier: Carrier) -> int:
    """Carry without the pause after a failure."""
    carrier._not_before = 0.0
    carrier._tidied_at = None
    return carrier.carry_some()


def test_a_bucket_that_is_away_stops_no_sender_and_gets_everything_later(tmp_path: Path) -> None:
    port = free_port()
    away = S3Server(port, None, "hospital-late", tmp_path / "storage-secret")  # type: ignore[arg-type]
    (tmp_path / "storage-secret").write_text(SECRET)
    with running(tmp_path, **away.settings()) as gateway, capture_logs() as said:
        gateway.take_in(ct(number=1))
        carrier = carrier_of(gateway)
        assert (carrier.carry_some(), again(carrier)) == (0, 0)
        gateway.take_in(ct(number=2))
        assert gateway.get(FRAME, "1.2.3.4").status_code == 200
        assert backlog(gateway.settings.var).objects == 2
        with serving(tmp_path, port) as server:
            late = server.with_bucket(tmp_path, "hospital-late")
            assert again(carrier) == 2
            assert len(late.stored()) == 2
        forget_here(gateway)
        refused = gateway.get(FRAME, "1.2.3.4")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
        assert refused.get_json()["code"] == "blob-unreachable"
    told = [one["event"] for one in said if "bucket is" in one["event"]]
    assert told == ["bucket is away", "bucket is used", "bucket is back"]
    assert SECRET not in str(said)


def test_the_pause_grows_while_nothing_is_confirmed(gateway: Gateway, s3: S3Server) -> None:
    gateway.take_in(ct())
    s3.client.delete_bucket(Bucket=s3.bucket)
    carrier = carrier_of(gateway)
    pauses = [(again(carrier), carrier._pause)[1] for _ in range(8)]
    assert pauses[:3] == [2.0, 4.0, 8.0]
    assert pauses[-1] == carrying.LONGEST_PAUSE_SECONDS
    assert carrier.carry_some() == 0


def test_the_page_says_what_waits_for_the_bucket(gateway: Gateway) -> None:
    gateway.take_in(ct(number=1), ct(number=2))
    page = create_app(gateway.engine, gateway.settings).test_client()
    assert "（バケット）への送信を待つ画像" in page.get("/").text
    assert "届いていません（いちばん古いもの" not in page.get("/").text
    oldest = next((gateway.settings.var / "objects").rglob("*.dcm"))
    os.utime(oldest, (oldest.stat().st_mtime - 7200,) * 2)
    assert "2件が届いていません（いちばん古いものは2時間前）" in page.get("/").text
    numbers = page.get("/metrics").text
    assert "tsunagu_gateway_uploads_waiting 2.0" in numbers
    carrier_of(gateway).carry_some()
    assert "tsunagu_gateway_uploads_waiting 0.0" in page.get("/metrics").text
    assert "届いていません（いちばん古いもの" not in page.get("/").text


def test_confirmed_objects_have_one_file_here_and_no_empty_folders(gateway: Gateway) -> None:
    gateway.take_in(ct(number=1), ct(number=2))
    carrier = carrier_of(gateway)
    assert carrier.carry_some() == 2
    assert again(carrier) == 0
    assert (spooled(gateway), cached(gateway)) == (0, 2)
    assert list((gateway.settings.var / "objects").iterdir()) == []
    gateway.take_in(ct(number=3))
    assert spooled(gateway) == 1


def test_a_link_made_by_somebody_else_confirms_nothing(gateway: Gateway, s3: S3Server) -> None:
    gateway.take_in(ct())
    [path] = (gateway.settings.var / "objects").rglob("*.dcm")
    os.link(path, gateway.settings.var / "link-of-a-backup")
    carrier = carrier_of(gateway)
    carrier._tidy()
    assert (path.exists(), backlog(gateway.settings.var).objects) == (True, 1)
    assert carrier.carry_some() == 1
    assert len(s3.stored()) == 1


def test_what_was_used_last_goes_last_when_room_is_needed(gateway: Gateway) -> None:
    gateway.take_in(ct(number=1), ct(number=2), ct(number=3))
    carrier = carrier_of(gateway)
    carrier.carry_some()
    first, second, third = sorted((gateway.settings.var / "cache").rglob("*.dcm"))
    for age, path in ((2000, first), (9000, second), (5000, third)):
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    carrier.cache_bytes = sum(one.stat().st_size for one in (first, second, third)) - 1
    again(carrier)
    assert [one.exists() for one in (first, second, third)] == [True, False, True]
    os.utime(third)
    carrier.cache_bytes = 0
    again(carrier)
    assert [one.exists() for one in (first, second, third)] == [False, False, True]
    assert gateway.get(FRAME, "1.2.3.4").status_code == 200


def test_the_cache_leaves_room_for_what_comes_in(gateway: Gateway) -> None:
    carried(gateway, ct())
    assert gateway.get(FRAME, "1.2.3.4").status_code == 200
    carrier = carrier_of(gateway)
    carrier.unused_seconds = 0.0
    carrier.reserve_bytes = 2**60
    again(carrier)
    assert cached(gateway) == 0


def test_an_expired_study_leaves_disk_bucket_and_thin_lines(gateway: Gateway, s3: S3Server) -> None:
    encoded(gateway, ct(number=1), ct(number=2))
    carrier = carrier_of(gateway)
    carrier.carry_some()
    settle(gateway)
    assert after_ten_days(gateway) == (1, 2)
    assert len(s3.stored()) == 2
    assert build_store(gateway.settings).names() == set()
    assert again(carrier) == 2
    assert s3.stored() == []
    for folder in ("objects", "cache", "leaving", "htj2k"):
        assert [one for one in (gateway.settings.var / folder).rglob("*") if one.is_file()] == []


def test_a_rejected_object_leaves_the_bucket(gateway: Gateway, s3: S3Server) -> None:
    gateway.take_in(ct(number=1), ct(number=2, PatientID="A-2"))
    carrier = carrier_of(gateway)
    carrier.carry_some()
    [waiting] = held(gateway.engine)
    store, made = build_store(gateway.settings), build_made(gateway.settings)
    decide(gateway.engine, store, made, waiting.number, judgement(Kind.REJECTED, "wrong card"))
    again(carrier)
    assert len(s3.stored()) == 1


class Overtaken(Bucket):
    """A real bucket; the file is removed between its upload and the confirmation."""

    @override
    def put(self, name: str, path: Path) -> None:
        super().put(name, path)
        path.unlink()


def test_an_object_removed_while_it_is_uploaded_does_not_stay(
    gateway: Gateway, s3: S3Server
) -> None:
    gateway.take_in(ct())
    carrier = carrier_of(gateway)
    [name] = waiting(gateway.settings.var)
    carrier.store.bucket = Overtaken(carrier.store.bucket.place, (KEY_ID, SECRET))
    carrier.carry_some()
    assert s3.stored() == []
    assert name not in build_store(gateway.settings).names()


def test_a_released_object_is_listed_when_the_bucket_is_back(
    gateway: Gateway, s3: S3Server
) -> None:
    carried(gateway, ct(number=1), ct(number=2, PatientID="A-2"))
    [waiting] = held(gateway.engine)
    store, made = build_store(gateway.settings), build_made(gateway.settings)
    decide(gateway.engine, store, made, waiting.number, judgement(Kind.RELEASED, "same person"))
    nowhere = gateway.settings.model_copy(
        update={"storage_url": s3.url.replace(str(s3.port), str(free_port()))}
    )
    with pytest.raises(BlobUnreachable, match="bucket that is away"):
        Gateway(nowhere, gateway.keys, gateway.engine, gateway.service, gateway.port).index()
    assert len(gateway.get("/studies/1.2.3.4/instances", "1.2.3.4").get_json()) == 1
    gateway.index()
    assert len(gateway.get("/studies/1.2.3.4/instances", "1.2.3.4").get_json()) == 2


def test_a_scrub_reads_the_bucket_and_names_what_is_wrong(
    gateway: Gateway, s3: S3Server, capsys: pytest.CaptureFixture[str]
) -> None:
    carried(gateway, ct(number=1), ct(number=2), ct(number=3))
    assert run_scrub(gateway.settings, Namespace()) == 0
    first, second, _ = s3.stored()
    s3.replace(first, s3.content(first)[:-1] + b"?")
    s3.client.delete_object(Bucket=s3.bucket, Key=second)
    s3.replace("images/objects/ab/cd/never-listed.dcm", b"left over")
    gateway.take_in(ct(number=4))
    assert run_scrub(gateway.settings, Namespace()) == 1
    told = capsys.readouterr().out
    assert "2 sound, 1 damaged, 1 missing, 1 unlisted" in told
    assert f"damaged\t{first.removeprefix('images/objects/')}" in told


def test_a_scrub_drops_a_rotten_cached_copy(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    carried(gateway, ct())
    assert gateway.get(FRAME, "1.2.3.4").status_code == 200
    [copy] = (gateway.settings.var / "cache").rglob("*.dcm")
    copy.write_bytes(copy.read_bytes()[:-1] + b"?")
    assert run_scrub(gateway.settings, Namespace()) == 0
    assert "1 cached copies were unsound" in capsys.readouterr().out
    assert not copy.exists()


def test_a_scrub_without_its_bucket_calls_nothing_damaged(
    gateway: Gateway, s3: S3Server, capsys: pytest.CaptureFixture[str]
) -> None:
    carried(gateway, ct())
    url = s3.url.replace(str(s3.port), str(free_port()))
    away = gateway.settings.model_copy(update={"storage_url": url})
    assert run_scrub(away, Namespace()) == 1
    said = capsys.readouterr()
    assert "does not answer" in said.err
    assert "missing" not in said.out


def test_a_backup_holds_what_the_bucket_does_not_and_both_together_are_whole(
    gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    carried(gateway, ct(number=1))
    gateway.take_in(ct(number=2))
    backup = Namespace(folder=tmp_path / "backup", whole=False)
    assert run_backup(gateway.settings, backup) == 0
    assert "1 objects copied" in capsys.readouterr().out
    elsewhere = gateway.settings.model_copy(update={"var": tmp_path / "new"})
    assert run_restore(elsewhere, backup) == 0
    assert "2 sound, 0 damaged, 0 missing" in capsys.readouterr().out


def test_a_whole_backup_leads_back_into_a_folder(gateway: Gateway, tmp_path: Path) -> None:
    carried(gateway, ct(number=1), ct(number=2))
    backup = Namespace(folder=tmp_path / "backup", whole=True)
    assert run_backup(gateway.settings, backup) == 0
    alone = gateway.settings.model_copy(update={"var": tmp_path / "new", "storage_url": ""})
    assert run_restore(alone, backup) == 0


def test_a_folder_moves_into_a_bucket_by_way_of_its_backup(s3: S3Server, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with running(tmp_path / "old") as before:
        before.take_in(ct(number=1), ct(number=2))
        assert run_backup(before.settings, Namespace(folder=tmp_path / "backup", whole=False)) == 0
        settings = before.settings.model_copy(update={"var": tmp_path / "new", **s3.settings()})
        assert run_restore(settings, Namespace(folder=tmp_path / "backup")) == 0
        moved = Gateway(settings, before.keys, before.engine, before.service, 0)
        assert carrier_of(moved).carry_some() == 2
    assert len(s3.stored()) == 2
    shutil.rmtree(tmp_path / "old")
