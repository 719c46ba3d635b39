"""One URL says where objects lie; what it cannot mean is refused before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dicom_gateway.assembly import build_store, check
from dicom_gateway.errors import Misconfigured
from dicom_gateway.places import BucketPlace, FolderPlace, read_place, require_secrecy
from dicom_gateway.settings import GatewaySettings, Mode
from tests.dicom_gateway.objects import ct
from tests.dicom_gateway.stage import running

VAR = Path("/var/lib/gateway")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("", FolderPlace(VAR)),
        ("file:///srv/images", FolderPlace(Path("/srv/images"))),
        ("file:///srv/my%20images/", FolderPlace(Path("/srv/my images"))),
        ("s3://hospital-b", BucketPlace("hospital-b")),
        (
            "s3://hospital-b/ct/old/?endpoint=https://s3.example:9000&region=ap-northeast-1",
            BucketPlace("hospital-b", "ct/old/", "https://s3.example:9000", "ap-northeast-1"),
        ),
    ],
)
def test_a_place_is_read_from_its_url(url: str, place: FolderPlace | BucketPlace) -> None:
    assert read_place(url, VAR) == place


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("/srv/images", "storage_url is"),
        ("http://example/bucket", "storage_url is"),
        ("file://server/share", "folder of this machine"),
        ("file:images", "folder of this machine"),
        ("file:///", "folder of this machine"),
        ("s3://", "names a bucket"),
        ("s3://UPPER", "names a bucket"),
        ("s3://good-name/a b", "names a bucket"),
        ("s3://good-name/../other", "down only"),
        ("s3://key:secret@good-name/x", "holds no keys"),
        ("s3://good-name?zone=1", "not zone"),
        ("s3://good-name?endpoint=", "endpoint"),
        ("s3://good-name?endpoint=s3.example", "endpoint"),
        ("s3://good-name?endpoint=https://s3.example/path", "endpoint"),
        ("s3://good-name?endpoint=https://a:b@s3.example", "endpoint"),
        ("s3://good-name?endpoint=https://s3.example:0x", "endpoint"),
        ("s3://good-name?region=Tokyo!", "region"),
        ("s3://[bad", "no URL"),
    ],
)
def test_what_is_no_place_is_refused_with_what_to_write(url: str, said: str) -> None:
    with pytest.raises(Misconfigured, match=said) as refused:
        read_place(url, VAR)
    assert "secret" not in str(refused.value) or "storage_secret" in str(refused.value)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9000", "http://localhost", "https://s3.jp"])
def test_images_may_go_to_this_machine_or_over_tls(endpoint: str) -> None:
    require_secrecy(BucketPlace("hospital-b", endpoint=endpoint))
    require_secrecy(BucketPlace("hospital-b"))


def test_in_production_no_image_leaves_in_plain() -> None:
    right: dict[str, Any] = {
        "mode": Mode.PRODUCTION,
        "gateway_id": "gateway-a",
        "portal_origin": "https://portal.example",
    }
    plain = "s3://hospital-b?endpoint=http://192.0.2.9:9000"
    with pytest.raises(Misconfigured, match="https"):
        check(GatewaySettings(**right, storage_url=plain))
    check(GatewaySettings(**{**right, "mode": Mode.TEST}, storage_url=plain))


def test_a_secret_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    settings = GatewaySettings(
        storage_url="s3://hospital-b?region=ap-northeast-1",
        storage_key_id="AKIAFICTIONAL",
        storage_secret=tmp_path / "missing",
    )
    with pytest.raises(Misconfigured, match="storage_secret"):
        build_store(settings)


def test_a_bucket_without_region_or_endpoint_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "no address")
    with pytest.raises(Misconfigured, match="region"):
        build_store(GatewaySettings(storage_url="s3://hospital-b"))


def test_a_folder_elsewhere_holds_the_objects(tmp_path: Path) -> None:
    elsewhere = tmp_path / "images"
    with running(tmp_path, storage_url=elsewhere.as_uri()) as gateway:
        gateway.take_in(ct())
        assert gateway.get("/studies/1.2.3.4", "1.2.3.4").status_code == 200
        assert len(list(elsewhere.rglob("*.dcm"))) == 1
        assert list(gateway.settings.var.rglob("*.dcm")) == []
