"""What is stored here: the only thing a peer reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from dicom_gateway.blobs import Blobs
    from dicom_gateway.dimse.calling import Caller

MAXIMUM_PDU_BYTES: Final = 256 * 1024


@dataclass(frozen=True)
class Holdings:
    """Index and objects, and who calls a peer about them."""

    engine: Engine
    store: Blobs
    caller: Caller
