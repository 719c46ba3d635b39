"""The one door to a bucket of an S3 service.

Every object is uploaded with SHA-256 of its bytes, which the service compares before it says 200.
Large ones go in parts; what is read comes in pieces, so memory stays flat.
"""

from __future__ import annotations

import importlib
from contextlib import closing, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from dicom_gateway.crypto import digest
from dicom_gateway.errors import BlobMissing, BlobUnreachable, Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dicom_gateway.places import BucketPlace

PIECE_BYTES: Final = 1024**2
RANGE_BYTES: Final = 4 * PIECE_BYTES
PART_BYTES: Final = 8 * 1024**2
CONNECT_SECONDS: Final = 5
ANSWER_SECONDS: Final = 20
MOST_CONNECTIONS: Final = 48
MOST_REMOVED_AT_ONCE: Final = 1000
_MISSING: Final = frozenset({"404", "416", "NoSuchKey", "NotFound", "InvalidRange"})
_SAID: Final = {
    "InvalidAccessKeyId": "the bucket's service does not know the key id",
    "SignatureDoesNotMatch": "the secret does not belong to the key id",
    "AccessDenied": "this key may not use the bucket",
    "403": "this key may not use the bucket",
    "NoSuchBucket": "there is no such bucket",
    "RequestTimeTooSkewed": "this machine's clock is wrong",
    "QuotaExceeded": "the bucket is full",
    "XMinioStorageFull": "the bucket is full",
}


class Bucket:
    """The objects below one prefix. Any number of threads may use it.

    ``keys`` is (key id, secret); without it the variables and files of the AWS tools are read.
    Every method raises BlobUnreachable when the service is away or refuses.
    """

    def __init__(self, place: BucketPlace, keys: tuple[str, str] | None = None) -> None:
        self.place = place
        self._client, self._failures, self._transfer = _connect(place, keys)

    def put(self, name: str, path: Path) -> None:
        """Upload a whole file. Returns only when the service has compared and kept it."""
        with self._asking(), path.open("rb") as file:
            self._client.upload_fileobj(
                file,
                self.place.bucket,
                self._key(name),
                ExtraArgs={"ChecksumAlgorithm": "SHA256", "ContentType": "application/dicom"},
                Config=self._transfer,
            )

    def size(self, name: str) -> int:
        """Bytes of an object. Raises BlobMissing."""
        with self._asking():
            head = self._client.head_object(Bucket=self.place.bucket, Key=self._key(name))
            return int(head["ContentLength"])

    def span(self, name: str, offset: int, length: int) -> bytes:
        """Exactly these bytes. Raises BlobMissing."""
        if not length:
            return b""
        with self._asking(), closing(self._get(name, offset, length)["Body"]) as body:
            data = bytes(body.read())
        if len(data) != length:
            raise BlobMissing("stored object is too short")
        return data

    def pieces(self, name: str, offset: int, length: int) -> Iterator[bytes]:
        """The same in requests of their own: a reader that stalls holds 4 MiB and no connection."""
        for start in range(offset, offset + length, RANGE_BYTES):
            data = self.span(name, start, min(RANGE_BYTES, offset + length - start))
            for at in range(0, len(data), PIECE_BYTES):
                yield data[at : at + PIECE_BYTES]

    @contextmanager
    def reading(self, name: str, most: int) -> Iterator[tuple[int, Iterator[bytes]]]:
        """(size of the whole, its first ``most`` bytes in pieces). Raises BlobMissing."""
        with self._asking():
            answer = self._get(name, 0, most)
            with closing(answer["Body"]) as body:
                total = int(str(answer.get("ContentRange", "/0")).rpartition("/")[2])
                yield total, body.iter_chunks(PIECE_BYTES)

    def names(self, area: str) -> Iterator[str]:
        """Everything below the prefix whose name begins like this."""
        where = {"Bucket": self.place.bucket, "Prefix": self._key(area)}
        with self._asking():
            for page in self._client.get_paginator("list_objects_v2").paginate(**where):
                for one in page.get("Contents", ()):
                    yield str(one["Key"]).removeprefix(self.place.prefix)

    def remove(self, names: list[str]) -> None:
        """Forget objects, at most a thousand; one that is not there counts as forgotten."""
        wanted = [{"Key": self._key(name)} for name in names[:MOST_REMOVED_AT_ONCE]]
        with self._asking():
            answer = self._client.delete_objects(
                Bucket=self.place.bucket, Delete={"Objects": wanted, "Quiet": True}
            )
        if answer.get("Errors"):
            raise BlobUnreachable("this key may not remove objects of the bucket")

    def prove(self, content: bytes) -> None:
        """Put these bytes, read them back, list and forget them.

        Raises:
            BlobMissing: the service gave other bytes, or none.
        """
        name = f"check/{digest(content).hex()}"
        with self._asking():
            self._client.put_object(
                Bucket=self.place.bucket,
                Key=self._key(name),
                Body=content,
                ChecksumAlgorithm="SHA256",
            )
        if self.span(name, 0, len(content)) != content:
            raise BlobMissing("the bucket gave other bytes than it took: do not use it")
        self.remove([name])
        if name in self.names("check/"):
            raise BlobUnreachable("the bucket does not forget: look for a retention rule")

    def abandon_uploads(self) -> int:
        """Drop what a killed process has left half uploaded. Returns how many there were."""
        where = {"Bucket": self.place.bucket}
        with self._asking():
            found = self._client.list_multipart_uploads(**where, Prefix=self.place.prefix)
            begun = found.get("Uploads", ())
            for one in begun:
                self._client.abort_multipart_upload(
                    **where, Key=one["Key"], UploadId=one["UploadId"]
                )
        return len(begun)

    def _key(self, name: str) -> str:
        return self.place.prefix + name

    def _get(self, name: str, offset: int, length: int) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.get_object(
            Bucket=self.place.bucket,
            Key=self._key(name),
            Range=f"bytes={offset}-{offset + length - 1}",
        )
        return answer

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Failures of the library as ours. Messages of the service are not passed on."""
        try:
            yield
        except self._failures as error:
            code = str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
            if code in _MISSING:
                raise BlobMissing("stored object is not in the bucket") from error
            raise BlobUnreachable(_words(error, code)) from error


@cache
def _session() -> Any:
    """One a process: it reads the description of the service once."""
    return importlib.import_module("boto3.session").Session()


def _words(error: Exception, code: str) -> str:
    if code:
        return _SAID.get(code, f"the bucket's service refuses ({code[:40]})")
    if type(error).__name__ in {"NoCredentialsError", "PartialCredentialsError"}:
        return "there is no key for the bucket: set storage_key_id and storage_secret"
    return f"the bucket does not answer ({type(error).__name__})"


def _connect(place: BucketPlace, keys: tuple[str, str] | None) -> tuple[Any, Any, Any]:
    """(client, kinds of its failures, how large files travel). The library is loaded only here.

    Raises:
        Misconfigured: it is not installed, or the URL gives it no region or endpoint it can use.
    """
    try:
        config, transfer, errors, others = map(
            importlib.import_module,
            ("botocore.config", "boto3.s3.transfer", "botocore.exceptions", "boto3.exceptions"),
        )
    except ImportError as error:
        raise Misconfigured(
            "a bucket needs the extra s3: pip install tsunagu-gateway[s3]"
        ) from error
    options = config.Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        max_pool_connections=MOST_CONNECTIONS,
        retries={"total_max_attempts": 2, "mode": "standard"},
        s3={"addressing_style": "path" if place.endpoint else "auto"},
    )
    key_id, secret = keys or (None, None)
    try:
        client = _session().client(
            "s3",
            endpoint_url=place.endpoint or None,
            region_name=place.region or None,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            config=options,
        )
    except (ValueError, errors.BotoCoreError) as error:
        raise Misconfigured("storage_url: name endpoint and region of the bucket") from error
    failures = (errors.ClientError, errors.BotoCoreError, others.Boto3Error)
    parts = transfer.TransferConfig(
        multipart_threshold=2 * PART_BYTES, multipart_chunksize=PART_BYTES, use_threads=False
    )
    return client, failures, parts
