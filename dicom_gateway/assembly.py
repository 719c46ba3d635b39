"""Settings become parts here, and only here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dicom_gateway.access import ReadLedger
from dicom_gateway.announcer import Announcer
from dicom_gateway.crypto import PortalKeys, ReportSigner, TokenVerifier
from dicom_gateway.dicomweb.service import SeriesPlaces, Service
from dicom_gateway.dimse.fetch import Fetcher
from dicom_gateway.dimse.holdings import Caller, Holdings
from dicom_gateway.dimse.scp import Listener
from dicom_gateway.dimse.tls import TlsFiles, client_context, server_context
from dicom_gateway.encoder import Encoder
from dicom_gateway.errors import Misconfigured
from dicom_gateway.index.engine import open_index
from dicom_gateway.index.layout import create_schema
from dicom_gateway.ingest import Ingest
from dicom_gateway.priors import Priors
from dicom_gateway.puller import Puller
from dicom_gateway.representations import Representations, codec
from dicom_gateway.settings import GatewaySettings, Mode
from dicom_gateway.storage import BlobStore
from dicom_gateway.worker import Worker

if TYPE_CHECKING:
    import threading


def check(settings: GatewaySettings) -> None:
    """Refuse to start half configured.

    Raises:
        Misconfigured: no gateway id, a portal that is no origin, or plain HTTP in production.
    """
    if not settings.gateway_id:
        raise Misconfigured("set gateway_id to the id given by the portal")
    origin = urlsplit(settings.portal_origin)
    if origin.scheme not in {"http", "https"} or not origin.netloc or origin.path:
        raise Misconfigured("portal_origin is scheme://host[:port], nothing more")
    if settings.mode is Mode.PRODUCTION and origin.scheme != "https":
        raise Misconfigured("in production portal_origin must be https")


def build_store(settings: GatewaySettings) -> BlobStore:
    """The folder of objects."""
    return BlobStore(Path(settings.var), reserve_bytes=settings.disk_reserve_bytes)


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
    tls = client_context(_tls_files(settings)) if settings.dicom_tls_port else None
    return Holdings(engine, build_store(settings), Caller(settings.ae_title, tls))


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
    puller = build_puller(settings, stop)
    return Worker(engine, store, announcer, settings.study_settle_seconds, stop, encoder, puller)


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


def build_made(settings: GatewaySettings) -> Representations:
    """The folder of HTJ2K representations."""
    return Representations(Path(settings.var) / "htj2k")


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
    )
