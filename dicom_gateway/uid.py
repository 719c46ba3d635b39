"""Unique identifiers as they may enter the gateway (PS3.5 §9.1, read strictly)."""

from __future__ import annotations

import re

from dicom_gateway.errors import BadUid

_UID = re.compile(r"[0-9.]{1,64}", re.ASCII)


def checked_uid(value: str) -> str:
    """The identifier itself, if it is 1 to 64 digits and dots.

    Raises:
        BadUid: anything else, so no identifier can ever name a path.
    """
    if _UID.fullmatch(value) is None:
        raise BadUid("identifier is not 1 to 64 digits and dots")
    return value


def uid_from_bytes(value: bytes) -> str:
    """A UI value field (padded with NUL, sometimes with space) as a checked identifier."""
    return checked_uid(value.rstrip(b"\0 ").decode("latin-1"))
