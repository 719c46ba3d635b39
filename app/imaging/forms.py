"""Browser input of image sharing."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from flask import request

from app.core.errors import Invalid
from app.imaging.service import RequestEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_PURPOSE = 200
LARGEST_CMS = 64 * 1024
PATIENT_ID = re.compile(r"[0-9A-Za-z._-]{1,64}")


class BadInput(Invalid):
    """Something in the form cannot be used; ``fields`` says which and why."""

    code = "bad-input"

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(", ".join(fields))
        self.fields = dict(fields)


@dataclass(frozen=True)
class RequestForm:
    """Purpose and chosen studies, with what is wrong about them."""

    purpose: str
    study_ids: tuple[UUID, ...]

    @classmethod
    def read(cls) -> RequestForm:
        """From the posted form; unknown ids are dropped by the use case."""
        purpose = request.form.get("purpose", "").strip()[: LONGEST_PURPOSE + 1]
        return cls(purpose, tuple(_uuids(request.form.getlist("study"))))

    def problems(self) -> dict[str, str]:
        """Field to code; empty when it can be sent."""
        found = {}
        if not self.purpose:
            found["purpose"] = "missing"
        elif len(self.purpose) > LONGEST_PURPOSE:
            found["purpose"] = "too-long"
        if not self.study_ids:
            found["study"] = "missing"
        return found

    def to_entry(self) -> RequestEntry:
        """The command."""
        return RequestEntry(self.purpose, self.study_ids)


def read_signed_document() -> bytes:
    """The CMS from ``{"cms": base64}``; raises ``BadInput``."""
    body = request.get_json(silent=True)
    cms = body.get("cms") if isinstance(body, dict) else None
    if not isinstance(cms, str) or not 0 < len(cms) <= LARGEST_CMS:
        raise BadInput({"cms": "missing"})
    try:
        return base64.b64decode(cms, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput({"cms": "not-base64"}) from None


def read_patient_id() -> str:
    """The hospital's patient number; raises ``BadInput``."""
    number = request.form.get("local_patient_id", "").strip()
    if not PATIENT_ID.fullmatch(number):
        raise BadInput({"local_patient_id": "format"})
    return number


def read_gateway_id() -> UUID:
    """``{"gateway": id}`` from the viewer; raises ``BadInput``."""
    body = request.get_json(silent=True)
    value = body.get("gateway") if isinstance(body, dict) else None
    try:
        return UUID(str(value))
    except ValueError:
        raise BadInput({"gateway": "format"}) from None


def _uuids(values: list[str]) -> list[UUID]:
    found = []
    for value in values:
        try:
            found.append(UUID(value))
        except ValueError:
            continue
    return found
