"""What every DICOMweb answer needs, put together once a process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dicom_gateway import clock
from dicom_gateway.errors import NotFound, TokenInvalid, Unauthenticated
from dicom_gateway.index.engine import reading
from dicom_gateway.index.sending import Located, located
from dicom_gateway.renderer import Renderer
from dicom_gateway.uid import checked_uid

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from dicom_gateway.access import ReadLedger
    from dicom_gateway.blobs import Blobs
    from dicom_gateway.crypto import Access, TokenVerifier
    from dicom_gateway.dicomweb.remembered import RecentLists
    from dicom_gateway.ingest import Ingest
    from dicom_gateway.priors import Priors
    from dicom_gateway.representations import Representations

_REMEMBERED_SERIES: Final = 64
_REMEMBERED_SECONDS: Final = 5.0
_SCHEME: Final = "bearer "


@dataclass(frozen=True)
class _Remembered:
    places: dict[str, Located]
    until: float


@dataclass
class SeriesPlaces:
    """Where the instances of recently read series lie, for a few seconds: an administrator may
    exchange or expire a stored object."""

    engine: Engine
    _series: OrderedDict[tuple[str, str], _Remembered] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, study: str, series: str, instance: str) -> Located:
        """One listed instance; its whole series is remembered for the next frames.

        Raises:
            NotFound: nothing of these identifiers is listed together.
        """
        key = (study, series)
        with self._lock:
            known = self._series.get(key)
        if known is None or known.until < clock.monotonic() or instance not in known.places:
            places = self._load(key)
        else:
            places = known.places
        place = places.get(instance)
        if place is None:
            raise NotFound("no such instance")
        return place

    def _load(self, key: tuple[str, str]) -> dict[str, Located]:
        with reading(self.engine) as connection:
            rows = located(connection, key[0], key[1], None)
        places = {row.sop_instance_uid: row for row in rows}
        with self._lock:
            if places:
                until = clock.monotonic() + _REMEMBERED_SECONDS
                self._series[key] = _Remembered(places, until)
            while len(self._series) > _REMEMBERED_SERIES:
                self._series.popitem(last=False)
        return places


@dataclass(frozen=True)
class Service:
    """The parts of one DICOMweb process."""

    engine: Engine
    store: Blobs
    verifier: TokenVerifier
    ledger: ReadLedger
    places: SeriesPlaces
    portal_origin: str
    made: Representations
    ingest: Ingest
    priors: Priors
    lists: RecentLists
    renderer: Renderer = field(default_factory=Renderer)

    def authenticate(self, authorization: str) -> Access:
        """Who may read what, from the Authorization header.

        Raises:
            Unauthenticated: no bearer token, or one that does not hold (its subclasses tell).
        """
        if not authorization:
            raise Unauthenticated("no access token")
        if authorization[: len(_SCHEME)].lower() != _SCHEME:
            raise TokenInvalid("authorization is not a bearer token")
        return self.verifier.verify(authorization[len(_SCHEME) :].strip(), at=clock.timestamp())


def require_study(access: Access, study: str) -> None:
    """Raises NotFound: outside the token, which looks the same as missing."""
    checked_uid(study)
    if study not in access.studies:
        raise NotFound("no such study")
