"""Every route needs a login unless it is listed, and every form a CSRF token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from app.core import db
from app.crypto.sealing import key_line, new_sealing_key
from app.crypto.signing import generate_key_pem
from app.factory import create_app
from app.web.access import PUBLIC_ENDPOINTS
from config.settings import Mode, PortalSettings
from tests.pki import office
from tests.seals import seal_files

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.routing import Rule

    from simulators.jlis.office import Office

__all__ = ["office"]

PLACE = re.compile(r"<(?:(?P<kind>\w+)(?:\([^)]*\))?:)?\w+>")
SOMETHING = {"uuid": str(UUID(int=7)), "int": "1"}
PROVED_OTHERWISE = frozenset(
    {
        "imaging_gateway.receive_events",
        "imaging_gateway.check",
        "registry_gateway.enrol",
        "fhir.immds_forecast",
    }
)
"""No cookie counts there, so no other site can borrow one."""


@pytest.fixture(scope="module")
def app(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The whole portal over an empty database."""
    return create_app(portal(office, tmp_path_factory.mktemp("doors"), Mode.TEST))


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    """A browser that never logged in."""
    return app.test_client()


def portal(office: Office, folder: Path, mode: Mode) -> PortalSettings:
    """Settings of a portal that trusts the simulated J-LIS."""
    key = folder / "access.pem"
    key.write_bytes(generate_key_pem())
    sealing = folder / "sealing-keys"
    sealing.write_text(key_line(new_sealing_key()), encoding="ascii")
    seal, seal_certificate = seal_files(folder)
    database_url = f"sqlite:///{folder / 'portal.sqlite'}"
    engine = db.make_engine(database_url)
    db.Base.metadata.create_all(engine)
    engine.dispose()
    return PortalSettings(
        mode=mode,
        secret_key="s" * 40,
        database_url=database_url,
        trust_profile=office.var / "trust",
        access_token_key=key,
        sealing_keys=sealing,
        evidence_signing_key=seal,
        evidence_certificate=seal_certificate,
        rate_limits=False,
    )


def closed_routes(app: Flask) -> list[tuple[str, Rule]]:
    """Method and rule of everything that is not public."""
    return [
        (method, rule)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if rule.endpoint not in PUBLIC_ENDPOINTS
    ]


def path_of(rule: Rule) -> str:
    """A path that leads to the rule."""
    return PLACE.sub(lambda place: SOMETHING.get(place["kind"] or "", "x"), rule.rule)


def test_a_stranger_is_sent_to_the_login_from_every_closed_route(
    app: Flask, stranger: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)  # noqa: FBT003 - its signature
    routes = closed_routes(app)
    answers = [(rule, stranger.open(path_of(rule), method=method)) for method, rule in routes]
    open_doors = [
        f"{answer.request.method} {rule.rule}: {answer.status}"
        for rule, answer in answers
        if answer.status_code != 401 and not (answer.location or "").startswith("/login?")
    ]
    assert len(routes) > 10
    assert open_doors == []


def test_every_route_that_changes_something_needs_a_csrf_token(
    app: Flask, stranger: FlaskClient
) -> None:
    unguarded = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ())
        and rule.endpoint not in PROVED_OTHERWISE
        and stranger.post(path_of(rule), data={}).status_code != 400
    ]
    assert unguarded == []


def test_nothing_changes_by_a_mere_link(app: Flask) -> None:
    other = {"GET", "HEAD", "OPTIONS", "POST"}
    assert [rule.rule for rule in app.url_map.iter_rules() if (rule.methods or set()) - other] == []


def test_every_public_endpoint_still_exists(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} >= PUBLIC_ENDPOINTS
