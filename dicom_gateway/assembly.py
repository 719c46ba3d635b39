"""Settings become parts here, and only here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dicom_gateway.access import ReadLedger
from dicom_gateway.announcer import Announcer
from dicom_gateway.bucket import Bucket
from dicom_gateway.carrier import Carrier
from dicom_gateway.crypto import PortalKeys, ReportSigner, TokenVerifier
from dicom_gateway.dicomweb.remembered import RecentLists
from dicom_gateway.dicomweb.service import SeriesPlaces, Service
from dicom_gateway.dimse.calling import Caller
from dicom_gateway.dimse.fetch import Fetcher
from dicom_gateway.dimse.holdings import Holdings
from dicom_gateway.dimse.scp import Listener
from dicom_gateway.dimse.tls import TlsFiles, client_context, server_context
from dicom_gateway.encoder import Encoder
from dicom_gateway.errors import Misconfigured
from dicom_gateway.index.engine import open_index
from dicom_gateway.index.layout import create_schema
from dicom_gateway.ingest import Ingest
from dicom_gateway.places import BucketPlace, FolderPlace, read_place, require_secrecy
from dicom_gateway.priors import Priors
from dicom_gateway.puller import Puller
from dicom_gateway.representations import Representations, codec
from dicom_gateway.retention import GIGABYTE, Retention
from dicom_gateway.settings import GatewaySettings, Mode
from dicom_gateway.storage import BlobStore
from dicom_gateway.tiered import TieredStore
from dicom_gateway.worker import Worker

if TYPE_CHECKING:
    import threading

    from sqlalchemy import Engine


def check(settings: GatewaySettings) -> None:
    """Refuse to start half configured.

    Raises:
        Misconfigured: no gateway id, a portal that is no origin, no usable place for objects, or
            plain HTTP in production.
    """
    if not settings.gateway_id:
        raise Misconfigured("set gateway_id to the id given by the portal")
    origin = urlsplit(settings.portal_origin)
    if origin.scheme not in {"http", "https"} or not origin.netloc or origin.path:
        raise Misconfigured("portal_origin is scheme://host[:port], nothing more")
    place = read_place(settings.storage_url, settings.var)
    if settings.mode is not Mode.PRODUCTION:
        return
    if origin.scheme != "https":
        raise Misconfigured("in production portal_origin must be https")
    if isinstance(place, BucketPlace):
        require_secrecy(place)


def build_store(settings: GatewaySettings) -> BlobStore:
    """Where objects lie.

    Raises:
        Misconfigured: the URL or the key's secret cannot be used.
    """
    place = read_place(settings.storage_url, settings.var)
    reserve = settings.disk_reserve_bytes
    if isinstance(place, FolderPlace):
        return BlobStore(place.root, reserve_bytes=reserve)
    bucket = Bucket(place, _storage_keys(settings))
    return TieredStore(settings.var, bucket, reserve_bytes=reserve)


def _storage_keys(settings: GatewaySettings) -> tuple[str, str] | None:
    if not settings.storage_key_id:
        return None
    try:
        secret = settings.storage_secret.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise Misconfigured(f"storage_secret: {settings.storage_secret} cannot be read") from error
    return settings.storage_key_id, secret


def build_ingest(settings: GatewaySettings) -> Ingest:
    """The way in, with tables and folders made; for the one receiving process."""
    engine = open_index(settings.database_url, Path(settings.var))
    create_schema(engine)
    store = build_store(settings)
    store.prepare()
    return Ingest(store, engine, maximum_object_bytes=settings.maximum_object_bytes)


def build_listener(settings: GatewaySettings) -> Listener:
    """Where and as whom DIMSE is spoken."""
    return Listener(
        settings.dicom_host,
        settings.dicom_port,
        settings.ae_title,
        settings.peers,
        tls_port=settings.dicom_tls_port,
        tls=server_context(_tls_files(settings)) if settings.dicom_tls_port else None,
    )


def _tls_files(settings: GatewaySettings) -> TlsFiles:
    return TlsFiles(
        settings.dicom_tls_certificate, settings.dicom_tls_key, settings.dicom_tls_authorities
    )


def build_holdings(settings: GatewaySettings) -> Holdings:
    """What is stored here, as peers may find it."""
    engine = open_index(settings.database_url, Path(settings.var))
    return Holdings(engine, build_store(settings), build_caller(settings))


def build_caller(settings: GatewaySettings) -> Caller:
    """Who calls peers; without a TLS door also none that demand TLS.

    Raises:
        Misconfigured: certificate, key or authorities cannot be used.
    """
    tls = client_context(_tls_files(settings)) if settings.dicom_tls_port else None
    return Caller(settings.ae_title, tls)


def build_worker(settings: GatewaySettings, stop: threading.Event) -> Worker:
    """The background loops."""
    engine = open_index(settings.database_url, Path(settings.var))
    create_schema(engine)
    signer = ReportSigner(
        settings.signing_key,
        gateway_id=settings.gateway_id,
        portal_origin=settings.portal_origin,
    )
    announcer = Announcer(engine, signer, settings.portal_origin)
    store = build_store(settings)
    library = codec() if settings.htj2k else None
    encoder = Encoder(engine, store, build_made(settings), library) if library else None
    carrier = build_carrier(settings, store) if isinstance(store, TieredStore) else None
    puller = build_puller(settings, stop)
    retention = build_retention(settings, engine, store)
    return Worker(
        engine,
        store,
        announcer,
        settings.study_settle_seconds,
        stop,
        encoder,
        puller,
        carrier,
        retention if retention.keep_days or retention.keep_bytes else None,
    )


def build_retention(settings: GatewaySettings, engine: Engine, store: BlobStore) -> Retention:
    """What forgets the copies of a gateway that is a cache of the PACS."""
    most = settings.keep_gigabytes * GIGABYTE
    return Retention(engine, store, build_made(settings), settings.keep_days, most)


def build_puller(settings: GatewaySettings, stop: threading.Event) -> Puller | None:
    """Who fetches studies from peers; ``None`` when no peer may be asked."""
    sources = settings.peers.sources
    if not sources:
        return None
    holdings = build_holdings(settings)
    ingest = Ingest(
        holdings.store, holdings.engine, maximum_object_bytes=settings.maximum_object_bytes
    )
    return Puller(holdings.engine, Fetcher(holdings.caller, ingest), sources, stop)


def build_carrier(settings: GatewaySettings, store: TieredStore) -> Carrier:
    """What brings objects into the bucket behind their acknowledgement."""
    store.prepare()
    return Carrier(
        store,
        build_made(settings).folder,
        settings.storage_cache_bytes,
        settings.disk_reserve_bytes,
    )


def build_made(settings: GatewaySettings) -> Representations:
    """The folder of HTJ2K representations; before a bucket it is part of the cache."""
    place = read_place(settings.storage_url, settings.var)
    return Representations(settings.var / "htj2k", marks_use=isinstance(place, BucketPlace))


def build_service(settings: GatewaySettings) -> Service:
    """The parts of one DICOMweb process."""
    engine = open_index(settings.database_url, Path(settings.var))
    create_schema(engine)
    verifier = TokenVerifier(
        PortalKeys(settings.portal_jwks),
        issuer=settings.portal_origin,
        audience=settings.gateway_id,
    )
    store = build_store(settings)
    return Service(
        engine=engine,
        store=store,
        verifier=verifier,
        ledger=ReadLedger(engine),
        places=SeriesPlaces(engine),
        portal_origin=settings.portal_origin,
        ingest=Ingest(store, engine, maximum_object_bytes=settings.maximum_object_bytes),
        made=build_made(settings),
        priors=Priors(engine, is_served=bool(settings.peers.sources)),
        lists=RecentLists(engine),
    )
