"""Builds the portal: settings in, a Flask application out. Features know nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, Response
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from app import actors, cli
from app.admin import views as admin
from app.authz.policy import Permission, can
from app.calendar_feed import views as calendar_feed
from app.core import db
from app.core.errors import Misconfigured
from app.crypto.sealing import Sealer
from app.crypto.signing import SigningKey
from app.fhir import api as fhir_api
from app.fhir import views as fhir
from app.health_center.blueprints import DESK
from app.home import views as home
from app.identity import account_views as account
from app.identity import client_certificate_views as certificate
from app.identity import desk_views as desk
from app.identity import limits
from app.identity import openid_views as phone
from app.identity import registration_views as registration
from app.identity import session_views as session
from app.identity import views as identity
from app.identity.client_certificate import CertificatePort
from app.identity.openid_wiring import phone_provider
from app.identity.passkeys import relying_party_of
from app.identity.registration_service import Registrar
from app.identity.service import CardVerifier
from app.identity.stable_id import NoStableIdentifiers
from app.imaging import gateway_api
from app.imaging import views as imaging
from app.imaging.tokens import TokenIssuer
from app.jobs import views as jobs
from app.jpki.evidence import EvidenceDesk
from app.jpki.fetch import TimestampClient, make_client, status_source
from app.jpki.seal import Seal
from app.jpki.trust import TrustStore
from app.messagebox import views as messagebox
from app.notifications import views as notifications
from app.notifications.wiring import wire_notifications
from app.paper_book import views as paper_book
from app.record import words
from app.registry import gateway_door
from app.registry import views as registry
from app.registry.queries import municipality_named_in
from app.reminders import views as reminders
from app.web import access, errors, i18n, places, security
from app.web import views as web
from app.web.assets import init_assets
from app.web.limits import limiter
from app.web.logs import configure_logs
from app.web.session import DatabaseSessions
from config.settings import Mode, PortalSettings, portal_settings

if TYPE_CHECKING:
    from uuid import UUID

    from app.web.session import Limits

LARGEST_BODY = 2 * 1024 * 1024
SHORTEST_SECRET = 32


def create_app(settings: PortalSettings | None = None) -> Flask:
    """The portal. Raises ``Misconfigured`` when it must not start like this."""
    settings = settings or portal_settings()
    configure_logs()
    app = Flask("app", static_folder="static", template_folder="templates")
    app.config.update(_configuration(settings))
    app.extensions["settings"] = settings
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    db.bind(db.make_engine(settings.database_url))
    _wire_trust(app, settings)
    wire_notifications(app, settings)
    _wire_web(app, settings)
    _register(app)
    cli.register(app)
    return app


def _configuration(settings: PortalSettings) -> dict[str, Any]:
    secret = settings.secret_key.get_secret_value()
    if len(secret) < SHORTEST_SECRET:
        raise Misconfigured(
            f"TSUNAGU_SECRET_KEY is missing or shorter than {SHORTEST_SECRET} characters"
        )
    if settings.mode is Mode.PRODUCTION and not settings.origin.startswith("https://"):
        raise Misconfigured("TSUNAGU_ORIGIN must be https:// in production mode")
    return {
        "SECRET_KEY": secret,
        "ORIGIN": settings.origin,
        "CARD_AGENT_ORIGIN": settings.card_agent_origin,
        "MAX_CONTENT_LENGTH": LARGEST_BODY,
        "RATELIMIT_ENABLED": settings.rate_limits,
        "RATELIMIT_STORAGE_URI": settings.rate_limit_storage,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": True,
        "TESTING": settings.mode is Mode.TEST,
    }


def _wire_trust(app: Flask, settings: PortalSettings) -> None:
    trust = TrustStore.load(settings.trust_profile)
    if settings.mode is Mode.PRODUCTION:
        trust.require_real()
    elif trust.simulated:
        structlog.get_logger().warning(
            "simulated trust profile", profile=str(settings.trust_profile)
        )
    app.extensions["trust"] = trust
    client = make_client()
    status = status_source(settings.revocation_policy, trust, client)
    app.extensions["card_verifier"] = CardVerifier(
        trust=trust, status=status, origin=settings.origin
    )
    app.extensions["evidence_desk"] = EvidenceDesk(
        trust=trust,
        status=status,
        timestamps=TimestampClient(trust, client),
        seal=Seal.load(settings.evidence_signing_key, settings.evidence_certificate),
        font=settings.evidence_font,
    )
    app.extensions["relying_party"] = relying_party_of(settings.origin)
    app.extensions["certificate_port"] = CertificatePort.of(settings)
    app.extensions["phone_provider"] = phone_provider(settings)
    app.extensions["sealer"] = Sealer.load(settings.sealing_keys)
    app.extensions["registrar"] = Registrar(
        verifier=app.extensions["card_verifier"],
        evidence=app.extensions["evidence_desk"],
        sealer=app.extensions["sealer"],
        stable_ids=NoStableIdentifiers(),
        desk_for=_desk_for,
    )
    app.extensions["image_tokens"] = TokenIssuer(
        key=SigningKey.load(settings.access_token_key), issuer=settings.origin
    )


def _wire_web(app: Flask, settings: PortalSettings) -> None:
    https = settings.origin.startswith("https://")
    app.session_interface = DatabaseSessions(secure=https)
    protection = CSRFProtect(app)
    for proved_by_key in (gateway_api.bp, gateway_door.bp, fhir_api.bp):
        protection.exempt(proved_by_key)
    limiter.init_app(app)
    i18n.init_i18n(app)
    init_assets(app)
    errors.init_errors(app)
    access.init_access(app, actors.load_actor)
    app.extensions["session_limits"] = _session_limits
    security.init_security(app, https=https)
    simulated = bool(app.extensions["trust"].simulated)

    @app.context_processor
    def page_context() -> dict[str, Any]:
        actor = current_user.actor if current_user and current_user.is_authenticated else None
        return {
            "actor": actor,
            "simulated": simulated,
            "csp_nonce": security.csp_nonce,
            "Permission": Permission,
            "can": lambda permission, thing=None: bool(actor and can(actor, permission, thing)),
            **places.context(actor),
        }


def _desk_for(address: str) -> UUID | None:
    with db.reading() as rows:
        return municipality_named_in(rows, address)


def _session_limits(account_id: UUID) -> Limits:
    return limits.STAFF if actors.is_staff(account_id) else limits.RESIDENT


def _register(app: Flask) -> None:
    for module in (
        web, identity, account, certificate, phone, registration, desk, session, registry, home,
        imaging, gateway_api, gateway_door, admin,
    ):  # fmt: skip
        app.register_blueprint(module.bp)
    for bp in DESK:
        app.register_blueprint(bp)
    for further in (notifications, messagebox, reminders, calendar_feed, paper_book, jobs):
        app.register_blueprint(further.bp)

    for over_fhir in (fhir, fhir_api):
        app.register_blueprint(over_fhir.bp)

    @app.get("/health")
    def health() -> Response:
        return Response("ok", mimetype="text/plain")

    words.register(app)
