"""Objects go to the bucket behind their acknowledgement and come back byte for byte."""

from __future__ import annotations

import shutil
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import pytest
from pydicom import Dataset
from pynetdicom import AE, evt

from dicom_gateway import push
from dicom_gateway.assembly import build_carrier, build_store
from dicom_gateway.backlog import backlog
from dicom_gateway.errors import BlobDamaged, BlobMissing, BlobUnreachable
from dicom_gateway.peers import Peer
from dicom_gateway.tiered import FETCHED_WHOLE_BYTES, TieredStore
from tests.dicom_gateway.objects import ct, encode
from tests.dicom_gateway.stage import free_port, parts
from tests.dicom_gateway.test_push import wanted

if TYPE_CHECKING:
    from pynetdicom.events import Event

    from dicom_gateway.carrier import Carrier
    from tests.dicom_gateway.s3.service import S3Server
    from tests.dicom_gateway.stage import Gateway

INSTANCE = "/studies/1.2.3.4/series/1.2.3.4.1/instances/1.2.3.4.1.1"


def carrier_of(gateway: Gateway) -> Carrier:
    """One that gives up the second names at once."""
    store = cast("TieredStore", build_store(gateway.settings))
    carrier = build_carrier(gateway.settings, store)
    carrier.settled_seconds = 0.0
    return carrier


def carried(gateway: Gateway, *data_sets: object) -> Carrier:
    """Objects that the bucket has, and nothing of them on this machine's disk."""
    gateway.take_in(*data_sets)  # type: ignore[arg-type]
    carrier = carrier_of(gateway)
    assert carrier.carry_some() == len(data_sets)
    forget_here(gateway)
    return carrier


def forget_here(gateway: Gateway) -> None:
    for folder in ("objects", "cache"):
        shutil.rmtree(gateway.settings.var / folder)
        (gateway.settings.var / folder).mkdir()


def cached(gateway: Gateway) -> int:
    return len(list((gateway.settings.var / "cache").rglob("*.dcm")))


def large() -> object:
    """One object that is read from the bucket by range: 20 frames of 1 MiB."""
    pixels = bytes(range(256)) * 4096
    return ct(Rows=1024, Columns=512, NumberOfFrames=20, PixelData=pixels * 20)


def test_the_bucket_gets_each_object_once_under_a_name_that_tells_its_content(
    gateway: Gateway, s3: S3Server
) -> None:
    gateway.take_in(ct(number=1), ct(number=2))
    assert s3.stored() == []
    assert backlog(gateway.settings.var).objects == 2
    carrier = carrier_of(gateway)
    assert (carrier.carry_some(), carrier.carry_some()) == (2, 0)
    assert backlog(gateway.settings.var).objects == 0
    for key in s3.stored():
        assert key.startswith("images/objects/")
        content = s3.content(key)
        head = 144 + int.from_bytes(content[140:144], "little")
        assert content[head:] in {encode(ct(number=1)), encode(ct(number=2))}
        assert sha256(content[head:]).hexdigest() in key
    assert len(s3.stored()) == 2


def test_a_whole_object_a_frame_a_range_and_a_picture_come_back(gateway: Gateway) -> None:
    carried(gateway, ct())
    whole = gateway.get(INSTANCE, "1.2.3.4", accept="application/dicom")
    assert whole.data.endswith(encode(ct()))
    forget_here(gateway)
    frame = gateway.get(f"{INSTANCE}/frames/1", "1.2.3.4")
    assert parts(frame)[0][1] == ct().PixelData
    forget_here(gateway)
    some = gateway.get(
        INSTANCE, "1.2.3.4", accept="application/dicom", headers={"Range": "bytes=128-131"}
    )
    assert (some.status_code, some.data) == (206, b"DICM")
    forget_here(gateway)
    picture = gateway.get(f"{INSTANCE}/rendered", "1.2.3.4", accept="image/png")
    assert picture.data.startswith(b"\x89PNG")
    forget_here(gateway)
    value = gateway.get(f"{INSTANCE}/bulkdata/7FE00010", "1.2.3.4")
    assert parts(value)[0][1] == ct().PixelData


def test_what_was_read_is_not_fetched_again(gateway: Gateway, s3: S3Server) -> None:
    carried(gateway, ct())
    assert gateway.get(f"{INSTANCE}/frames/1", "1.2.3.4").status_code == 200
    assert cached(gateway) == 1
    s3.client.delete_object(Bucket=s3.bucket, Key=s3.stored()[0])
    assert gateway.get(f"{INSTANCE}/frames/1", "1.2.3.4").status_code == 200


def test_a_large_object_is_read_by_range_and_not_fetched_whole(gateway: Gateway) -> None:
    made = large()
    carried(gateway, made)
    pixels = made.PixelData  # type: ignore[attr-defined]
    assert len(pixels) > FETCHED_WHOLE_BYTES
    frame = gateway.get(f"{INSTANCE}/frames/20", "1.2.3.4", accept="application/octet-stream")
    assert frame.data == pixels[-(1024**2) :]
    whole = gateway.get(INSTANCE, "1.2.3.4", accept="application/dicom")
    assert whole.data.endswith(encode(made))  # type: ignore[arg-type]
    assert cached(gateway) == 0
    drawn = gateway.get(f"{INSTANCE}/frames/3/rendered", "1.2.3.4", accept="image/jpeg")
    assert drawn.status_code == 200
    assert cached(gateway) == 1


def test_other_bytes_in_the_bucket_are_never_shown(gateway: Gateway, s3: S3Server) -> None:
    carried(gateway, ct())
    [key] = s3.stored()
    good = s3.content(key)
    for bad in (good[:-1] + bytes((good[-1] ^ 1,)), good[:-2], b"garbage", good + b"\0\0"):
        s3.replace(key, bad)
        refused = gateway.get(f"{INSTANCE}/frames/1", "1.2.3.4")
        assert (refused.status_code, refused.get_json()["code"]) == (503, "blob-damaged")
    assert cached(gateway) == 0
    assert list((gateway.settings.var / "incoming").iterdir()) == []
    name = key.removeprefix("images/objects/")
    with pytest.raises(BlobDamaged):
        build_store(gateway.settings).path(name)


def test_what_the_bucket_does_not_have_is_missing(gateway: Gateway, s3: S3Server) -> None:
    carried(gateway, ct())
    [key] = s3.stored()
    s3.client.delete_object(Bucket=s3.bucket, Key=key)
    store, name = build_store(gateway.settings), key.removeprefix("images/objects/")
    for read in (store.path, store.open, store.size, lambda one: store.span(one, 0, 9)):
        with pytest.raises(BlobMissing):
            read(name)


def test_an_object_that_only_the_bucket_has_can_be_moved_to_a_peer(gateway: Gateway) -> None:
    carried(gateway, ct())
    store = build_store(gateway.settings)
    [name] = store.names()
    assert store.size(name) == store.path(name).stat().st_size
    assert b"".join(store.original(name)) == store.path(name).read_bytes()


def test_what_only_the_bucket_has_is_pushed_to_a_peer(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    carried(gateway, ct())
    port, heard = free_port(), list[Dataset]()

    def keep(event: Event) -> int:
        heard.append(event.dataset)
        return 0

    entity = AE(ae_title="PACS")
    entity.add_supported_context(ct().SOPClassUID)
    handlers: Any = [(evt.EVT_C_STORE, keep)]
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    peers = (Peer("PACS", "127.0.0.1", port),)
    assert push.run(gateway.settings.model_copy(update={"peer": peers}), wanted()) == 0
    server.shutdown()  # type: ignore[union-attr]
    assert "1 objects taken" in capsys.readouterr().out
    assert [one.PixelData for one in heard] == [ct().PixelData]


def test_a_fetch_takes_no_byte_of_the_reserve(gateway: Gateway) -> None:
    carried(gateway, ct())
    [name] = build_store(gateway.settings).names()
    narrow = gateway.settings.model_copy(update={"disk_reserve_bytes": 2**60})
    with pytest.raises(BlobUnreachable, match="no room"):
        build_store(narrow).path(name)
