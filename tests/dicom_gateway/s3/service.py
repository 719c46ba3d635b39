"""moto's server as a process of its own, and what a test does with its buckets."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import httpx

from tests.dicom_gateway.stage import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOTO = ("-m", "moto.server")
KEY_ID, SECRET = "AKIAFICTIONAL0000001", "fictional-secret"


@dataclass(frozen=True)
class S3Server:
    """Where the server listens, and one bucket."""

    port: int
    process: subprocess.Popen[bytes]
    bucket: str = ""
    secret: Path | None = None
    client: Any = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The bucket as the gateway's setting names it."""
        return f"s3://{self.bucket}/images?endpoint={self.endpoint}&region=ap-northeast-1"

    def settings(self) -> dict[str, Any]:
        """Settings of a gateway that uses the bucket."""
        return {
            "storage_url": self.url,
            "storage_key_id": KEY_ID,
            "storage_secret": self.secret,
            "disk_reserve_bytes": 0,
        }

    def with_bucket(self, folder: Path, name: str = "") -> S3Server:
        """An empty bucket, seen with a client of our own."""
        secret = folder / "storage-secret"
        secret.write_text(f"{SECRET}\n")
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="ap-northeast-1",
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
        )
        bucket = name or f"hospital-{uuid4().hex}"
        client.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"}
        )
        return replace(self, bucket=bucket, secret=secret, client=client)

    def stored(self) -> list[str]:
        """Everything in the bucket."""
        found = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", ())
        return sorted(one["Key"] for one in found)

    def content(self, key: str) -> bytes:
        """The bytes of one object."""
        return bytes(self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def replace(self, key: str, content: bytes) -> None:
        """Damage: other bytes under the same key."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=content)

    def half_uploads(self) -> int:
        """Uploads in parts that were begun and not ended."""
        return len(self.client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", ()))


@contextmanager
def serving(folder: Path, port: int, **environment: str) -> Iterator[S3Server]:
    """The server at a port of this machine, until the block ends."""
    settings = [f"{name}={value}" for name, value in environment.items()]
    with (folder / f"moto-{port}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - a program of the test requirements
            ["env", *settings, sys.executable, *_MOTO, "-H", "127.0.0.1", "-p", str(port)],  # noqa: S607 - of the system
            stdout=log,
            stderr=log,
        )
    server = S3Server(port, process)
    try:
        wait_until(lambda: _answers(server), "the S3 server answers")
        yield server
    finally:
        process.terminate()
        process.wait(20)


def _answers(server: S3Server) -> bool:
    assert server.process.poll() is None, "the S3 server has ended"
    try:
        return httpx.get(f"{server.endpoint}/moto-api/", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
