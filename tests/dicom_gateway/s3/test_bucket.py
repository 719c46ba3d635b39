"""The door to the bucket: what a refusal means is said, keys are not; a check proves it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from dicom_gateway import links
from dicom_gateway.bucket import PART_BYTES, PIECE_BYTES, RANGE_BYTES, Bucket
from dicom_gateway.errors import BlobMissing, BlobUnreachable, CheckFailed
from dicom_gateway.places import BucketPlace
from dicom_gateway.settings import GatewaySettings
from tests.dicom_gateway.s3.service import KEY_ID, SECRET, S3Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def door(s3: S3Server, key_id: str = KEY_ID, secret: str = SECRET, bucket: str = "") -> Bucket:
    place = BucketPlace(bucket or s3.bucket, "images/", s3.endpoint, "ap-northeast-1")
    return Bucket(place, (key_id, secret))


def settings_of(s3: S3Server, tmp_path: Path, **changes: object) -> GatewaySettings:
    return GatewaySettings(**{**s3.settings(), "var": tmp_path / "var", **changes})


def checked(settings: GatewaySettings) -> str:
    with httpx.Client(trust_env=False) as client:
        return links.bucket(links.Bench(settings, client))


@contextmanager
def strict(s3: S3Server, rights: list[str]) -> Iterator[tuple[str, str]]:
    """Keys of a user who may do this and nothing else, at a server that looks at keys."""
    form = {"Action": "CreateUser", "UserName": f"gateway-{s3.bucket}"}
    policy = {"Effect": "Allow", "Action": rights, "Resource": "*"}
    more = {
        "PolicyName": "gateway",
        "PolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [policy]}),
    }
    with httpx.Client(base_url=s3.endpoint, trust_env=False) as admin:
        iam = {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20261123/us-east-1/iam/aws4_request"}
        for call in (form, {**form, **more, "Action": "PutUserPolicy"}):
            assert admin.post("/", data=call, headers=iam).status_code == 200
        made = admin.post("/", data={**form, "Action": "CreateAccessKey"}, headers=iam).text
        keys = [
            made.partition(f"<{name}>")[2].partition("<")[0]
            for name in ("AccessKeyId", "SecretAccessKey")
        ]
        admin.post("/moto-api/reset-auth", content=b"0")
        try:
            yield keys[0], keys[1]
        finally:
            admin.post("/moto-api/reset-auth", content=b"inf")


ENOUGH = [
    f"s3:{one}"
    for one in (
        "GetObject", "PutObject", "DeleteObject", "ListBucket", "AbortMultipartUpload",
        "ListBucketMultipartUploads", "DeleteObjects",
    )
]  # fmt: skip


def test_the_check_goes_there_and_back_and_leaves_nothing(s3: S3Server, tmp_path: Path) -> None:
    said = checked(settings_of(s3, tmp_path))
    assert said.startswith(f"s3://{s3.bucket}/images/ at {s3.endpoint}")
    assert s3.stored() == []


def test_wrong_keys_are_told_apart_and_never_told(s3: S3Server, tmp_path: Path) -> None:
    with strict(s3, ENOUGH) as (key_id, secret):
        right = tmp_path / "right"
        right.write_text(secret)
        good = settings_of(s3, tmp_path, storage_key_id=key_id, storage_secret=right)
        assert "keeps, gives back" in checked(good)
        for keys, said in (
            ((KEY_ID, secret), "does not know the key id"),
            ((key_id, SECRET), "secret does not belong"),
        ):
            wrong = tmp_path / "wrong"
            wrong.write_text(keys[1])
            bad = settings_of(s3, tmp_path, storage_key_id=keys[0], storage_secret=wrong)
            with pytest.raises(CheckFailed, match=said) as refused:
                checked(bad)
            assert keys[1] not in str(refused.value)


def test_a_key_that_may_only_read_is_named(s3: S3Server) -> None:
    refused = pytest.raises(BlobUnreachable, match="may not use the bucket")
    with strict(s3, ["s3:GetObject"]) as keys, refused:
        door(s3, *keys).prove(b"probe")


def test_no_key_at_all_and_no_such_bucket_are_named(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CheckFailed, match="no such bucket"):
        checked(settings_of(s3, tmp_path, storage_url=s3.url.replace(s3.bucket, "nobodys")))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(CheckFailed, match="no key for the bucket"):
        checked(settings_of(s3, tmp_path, storage_key_id=""))


def test_keys_come_from_the_environment_too(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert "keeps, gives back" in checked(settings_of(s3, tmp_path, storage_key_id=""))


def test_bytes_travel_with_their_digest(s3: S3Server, tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"small")
    large.write_bytes(bytes(range(256)) * (PART_BYTES // 256) * 2 + b"end")
    bucket = door(s3)
    for path in (small, large):
        bucket.put(path.name, path)
        head = s3.client.head_object(
            Bucket=s3.bucket, Key=f"images/{path.name}", ChecksumMode="ENABLED"
        )
        assert head["ChecksumSHA256"]
        assert bucket.size(path.name) == path.stat().st_size
        assert (
            b"".join(bucket.pieces(path.name, 1, path.stat().st_size - 1))
            == (path.read_bytes()[1:])
        )
    with bucket.reading("large", 10) as (total, pieces):
        assert (total, b"".join(pieces)) == (large.stat().st_size, large.read_bytes()[:10])
    assert max(map(len, bucket.pieces("large", 0, RANGE_BYTES + 1))) == PIECE_BYTES
    assert (
        b"".join(bucket.pieces("large", 7, RANGE_BYTES + 9))
        == (large.read_bytes()[7 : RANGE_BYTES + 16])
    )
    assert bucket.span("large", 5, 0) == b""
    assert s3.half_uploads() == 0


def test_what_is_not_there_or_too_short_is_missing(s3: S3Server, tmp_path: Path) -> None:
    bucket, path = door(s3), tmp_path / "short"
    path.write_bytes(b"short")
    bucket.put("short", path)
    for name, offset, length in (("none", 0, 1), ("short", 0, 6), ("short", 9, 1)):
        with pytest.raises(BlobMissing):
            bucket.span(name, offset, length)
    with pytest.raises(BlobMissing):
        bucket.size("none")
    bucket.remove(["none", "short"])
    assert list(bucket.names("")) == []


def test_half_uploads_are_dropped(s3: S3Server) -> None:
    begun = [
        s3.client.create_multipart_upload(Bucket=s3.bucket, Key=key)
        for key in ("images/objects/a", "other/b")
    ]
    assert (len(begun), door(s3).abandon_uploads()) == (2, 1)
    assert s3.half_uploads() == 1
