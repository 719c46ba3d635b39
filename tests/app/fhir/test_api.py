"""``$immds-forecast``: signed questions are answered, everything else gets an OperationOutcome."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.parameters import Parameters

from app.audit.actions import Action
from app.factory import create_app
from app.fhir.clients import end_client
from app.fhir.models import ApiClient
from app.web.limits import limiter
from tests.app.fhir.questions import PATH, Caller, dose, new_key, public_jwk, question
from tests.app.ledger import all_of, changing, events

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result
    from flask import Flask
    from werkzeug.test import TestResponse

    from config.settings import PortalSettings


def command(portal: Flask, *arguments: str) -> Result:
    return portal.test_cli_runner().invoke(args=["api-client", *arguments])


def add(portal: Flask, jwk: object, folder: Path, organisation: str = "9999990001") -> Result:
    path = folder / "public.jwk"
    path.write_text(json.dumps(jwk), encoding="utf-8")
    return command(
        portal,
        "add", "--organisation", organisation, "--name", "みほん電子カルテ",
        "--key", str(path), "--scope", "immds-forecast",
    )  # fmt: skip


@pytest.fixture
def caller(portal: Flask, tmp_path: Path) -> Caller:
    """A system that the operator registered from the command line."""
    key = new_key()
    added = add(portal, public_jwk(key), tmp_path)
    assert added.exit_code == 0, added.output
    return Caller(portal, added.output.strip(), key)


def refused(answer: TestResponse, status: int) -> list[dict[str, Any]]:
    """The issues of a refusal, after the resource proved to be FHIR."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/fhir+json"
    OperationOutcome.model_validate_json(answer.text)
    issues: list[dict[str, Any]] = json.loads(answer.text)["issue"]
    return issues


def test_a_question_is_answered_and_nothing_is_kept(caller: Caller) -> None:
    before = len(events())
    answer = caller.ask(question(dose("RV1", "2026-06-01"), dose("RV1", "2026-06-20")))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    Parameters.model_validate_json(answer.text)
    *judged, ahead = [one["resource"] for one in json.loads(answer.text)["parameter"]]
    assert [one["doseStatus"]["coding"][0]["code"] for one in judged] == ["valid", "notvalid"]
    assert judged[1]["immunizationEvent"] == {"reference": "Immunization/RV1-2026-06-20"}
    assert judged[1]["doseStatusReason"][0]["coding"][0]["code"] == "interval_short"
    assert ahead["resourceType"] == "ImmunizationRecommendation"
    assert len(ahead["recommendation"]) == 13
    assert len(events()) == before


def test_every_problem_of_a_question_is_named(caller: Caller) -> None:
    asked = question(dose("RV9", "2026-06-01"), dose("RV1", "2026-02-30"), gender="girl")
    issues = refused(caller.ask(asked), 422)
    assert [issue["expression"][0].removeprefix("Parameters.") for issue in issues] == [
        "parameter[1].resource.gender",
        "parameter[2].resource.vaccineCode",
        "parameter[3].resource.occurrenceDateTime",
    ]
    assert "girl" not in json.dumps(issues)


def test_who_did_not_sign_this_body_just_now_for_us_is_refused(caller: Caller) -> None:
    body = json.dumps(question()).encode()
    stranger = Caller(caller.portal, caller.client_id, new_key())
    good = caller.token(body)
    for header in (
        "",
        "Bearer",
        "Bearer nonsense",
        f"Basic {good}",
        f"Bearer {stranger.token(body)}",
        f"Bearer {caller.token(b'{}')}",
        f"Bearer {caller.token(body, typ='tsunagu-gateway+jwt')}",
        f"Bearer {caller.token(body, kid='no-uuid')}",
        f"Bearer {caller.token(body, kid='01998b1e-0000-7000-8000-00000000ffff')}",
        f"Bearer {caller.token(body, aud='https://elsewhere.example')}",
        f"Bearer {caller.token(body, iss='01998b1e-0000-7000-8000-00000000ffff')}",
        f"Bearer {caller.token(body, iat=0, exp=60)}",
        f"Bearer {caller.token(body, iat=None)}",
        f"Bearer {caller.token(body, exp=4_000_000_000)}",
    ):
        issues = refused(caller.send(body, header), 403)
        assert issues == [
            {"severity": "error", "code": "login", "diagnostics": "client-not-trusted"}
        ], header
    assert caller.send(body, f"Bearer {good}").status_code == 200


def test_a_system_without_the_scope_may_not_ask(caller: Caller) -> None:
    with changing(ApiClient) as client:
        client.scopes = []
    assert refused(caller.ask(question()), 403)[0]["code"] == "forbidden"


def test_an_ended_system_is_refused_and_the_act_is_written_down(caller: Caller) -> None:
    assert "live" in command(caller.portal, "list").output
    assert command(caller.portal, "end", caller.client_id).exit_code == 0
    assert refused(caller.ask(question()), 403)[0]["code"] == "login"
    assert "ended" in command(caller.portal, "list").output
    end_client(all_of(ApiClient)[0].id)
    assert len(events(Action.API_CLIENT_ADDED, Action.API_CLIENT_ENDED)) == 2
    unknown = command(caller.portal, "end", "01998b1e-0000-7000-8000-00000000ffff")
    assert "no system with id" in unknown.output


@pytest.mark.parametrize("jwk", [{}, [], {"kty": "RSA", "n": "x", "e": "AQAB"}, "private"])
def test_only_a_public_key_of_the_right_kind_is_registered(
    portal: Flask, tmp_path: Path, jwk: object
) -> None:
    if jwk == "private":
        jwk = new_key()._key.as_dict(private=True)
    added = add(portal, jwk, tmp_path)
    assert added.exit_code != 0
    assert "public.jwk" in added.output
    assert all_of(ApiClient) == []


def test_an_unknown_organisation_registers_nothing(portal: Flask, tmp_path: Path) -> None:
    added = add(portal, public_jwk(new_key()), tmp_path, organisation="000")
    assert "no organisation with code 000" in added.output


def test_bytes_of_another_kind_are_not_read(caller: Caller) -> None:
    body = json.dumps(question()).encode()
    answer = caller.send(body, f"Bearer {caller.token(body)}", content_type="text/xml")
    assert refused(answer, 415)
    answer = caller.send(b"x" * 3_000_000, "Bearer x")
    assert refused(answer, 413)


def test_what_the_door_understands_is_public(portal: Flask) -> None:
    answer = portal.test_client().get("/api/fhir/r4/metadata")
    CapabilityStatement.model_validate_json(answer.text)
    assert answer.get_json()["rest"][0]["operation"][0]["name"] == "immds-forecast"
    assert portal.test_client().get(PATH).status_code == 405


@pytest.mark.usefixtures("bare_portal")
def test_too_many_questions_are_asked_to_wait(settings: PortalSettings) -> None:
    client = create_app(settings.model_copy(update={"rate_limits": True})).test_client()
    try:
        statuses = [client.post(PATH).status_code for _ in range(600)]
        answer = client.post(PATH)
    finally:
        limiter.reset()
        limiter.enabled = False
    assert set(statuses) == {403}
    assert refused(answer, 429)[0]["code"] == "throttled"
    assert int(answer.headers["Retry-After"]) > 0
