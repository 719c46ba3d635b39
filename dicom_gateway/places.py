"""Where objects are to lie, from one URL of the configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from dicom_gateway.errors import Misconfigured

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_PREFIX: Final = re.compile(r"[A-Za-z0-9._/-]{0,200}", re.ASCII)
_REGION: Final = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)
_OPTIONS: Final = frozenset({"endpoint", "region"})


@dataclass(frozen=True)
class FolderPlace:
    """A folder that holds ``objects/`` and ``incoming/``."""

    root: Path


@dataclass(frozen=True)
class BucketPlace:
    """A bucket of an S3 service. ``prefix`` ends with a slash or is empty; an empty endpoint means
    Amazon's own."""

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""

    @property
    def words(self) -> str:
        """For people; holds no key."""
        where = f" at {self.endpoint}" if self.endpoint else ""
        return f"s3://{self.bucket}/{self.prefix}{where}"


def read_place(url: str, var: Path) -> FolderPlace | BucketPlace:
    """``""`` (inside ``var``), ``file:///FOLDER`` or
    ``s3://BUCKET/PREFIX?endpoint=URL&region=NAME``.

    Raises:
        Misconfigured: none of these, or keys inside the URL.
    """
    if not url:
        return FolderPlace(var)
    try:
        split = urlsplit(url)
    except ValueError as error:
        raise Misconfigured("storage_url is no URL") from error
    if split.username is not None or split.password is not None:
        raise Misconfigured(
            "storage_url holds no keys: set storage_key_id and storage_secret, or AWS_* variables"
        )
    if split.scheme == "file":
        return _folder(split)
    if split.scheme == "s3":
        return _bucket(split)
    raise Misconfigured("storage_url is file:///FOLDER or s3://BUCKET/PREFIX?endpoint=URL")


def local_root(place: FolderPlace | BucketPlace, var: Path) -> Path:
    """The folder of this machine that takes what arrives."""
    return place.root if isinstance(place, FolderPlace) else var


def require_secrecy(place: BucketPlace) -> None:
    """Images leave this machine only encrypted.

    Raises:
        Misconfigured: plain HTTP to another machine.
    """
    endpoint = urlsplit(place.endpoint)
    if endpoint.scheme == "http" and not _is_this_machine(endpoint.hostname or ""):
        raise Misconfigured("in production the endpoint of storage_url must be https")


def _folder(split: SplitResult) -> FolderPlace:
    root = Path(unquote(split.path))
    if split.netloc or split.query or not root.is_absolute() or root == Path("/"):
        raise Misconfigured("storage_url names a folder of this machine: file:///FOLDER")
    return FolderPlace(root)


def _bucket(split: SplitResult) -> BucketPlace:
    options = dict(parse_qsl(split.query, keep_blank_values=True))
    unknown = sorted(options.keys() - _OPTIONS)
    if unknown:
        raise Misconfigured(f"storage_url knows endpoint and region, not {', '.join(unknown)}")
    prefix = split.path.strip("/")
    if _BUCKET.fullmatch(split.netloc) is None or _PREFIX.fullmatch(prefix) is None:
        raise Misconfigured("storage_url names a bucket in small letters: s3://BUCKET/PREFIX")
    if ".." in prefix.split("/"):
        raise Misconfigured("the prefix of storage_url goes down only")
    endpoint, region = options.get("endpoint", ""), options.get("region", "")
    if "endpoint" in options:
        _require_origin(endpoint)
    if "region" in options and _REGION.fullmatch(region) is None:
        raise Misconfigured("the region of storage_url is a name such as ap-northeast-1")
    return BucketPlace(split.netloc, f"{prefix}/" if prefix else "", endpoint, region)


def _require_origin(endpoint: str) -> None:
    try:
        split = urlsplit(endpoint)
        is_origin = split.scheme in {"http", "https"} and bool(split.hostname) and not split.query
        is_bare = split.path in {"", "/"} and split.username is None and split.port != 0
    except ValueError:
        is_origin = is_bare = False
    if not is_origin or not is_bare:
        raise Misconfigured("the endpoint of storage_url is http(s)://HOST[:PORT], nothing more")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
