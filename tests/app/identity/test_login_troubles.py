"""Nobody can say whether a card stands, or the clock is wrong: closed, and the page says why."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

import pytest
from structlog.testing import capture_logs

from app.core import clock
from app.jpki import errors

if TYPE_CHECKING:
    from datetime import datetime

    from app.jpki.anchors import ProvenPath
    from app.jpki.certificates import JpkiCertificate
    from tests.app.browser import Browser
    from tests.app.world import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

Refusal = errors.JpkiRejected | errors.IndeterminateStatus
UNKNOWN = "いまは有効性を確かめられません"
NUMBER = re.compile(r"お問い合わせのときの番号: ([0-9a-f]{12})")


@dataclass(frozen=True)
class Trouble:
    """A source of status that has only this to say."""

    refusal: Refusal

    def prove_not_revoked(self, path: ProvenPath[JpkiCertificate], *, at: datetime) -> NoReturn:
        assert path.at <= at
        raise self.refusal


@pytest.mark.parametrize(
    "refusal",
    [
        errors.OcspFailed("down"),
        errors.OcspStale("yesterday's"),
        errors.OcspWrongResponder("a stranger"),
        errors.OcspReplayed("another nonce"),
        errors.OcspSignatureInvalid("altered"),
        errors.CrlStale(clock.now()),
        errors.CertificateUnknownToIssuer("unknown"),
    ],
    ids=lambda refusal: refusal.code,
)
def test_what_the_status_source_cannot_prove_opens_nothing(
    stranger: Browser, world: World, monkeypatch: pytest.MonkeyPatch, refusal: Refusal
) -> None:
    known = stranger.client.application.extensions
    verifier = replace(known["card_verifier"], status=Trouble(refusal))
    monkeypatch.setitem(known, "card_verifier", verifier)
    answered = stranger.log_in(world["mother"].card.auth)
    assert answered.json is not None
    final = isinstance(refusal, errors.CertificateUnknownToIssuer)
    assert (answered.status_code, answered.json["code"]) == (403 if final else 503, refusal.code)
    page = stranger.get(answered.json["location"]).text
    assert ("失効しています" if final else UNKNOWN) in page
    assert "あなたの記録は失われていません。" in page
    assert "/login" in stranger.get("/handbook/").location


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_an_hour_off_lets_nobody_in(
    stranger: Browser, world: World, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    wrong = clock.now() + timedelta(hours=hours)
    monkeypatch.setattr(clock, "now", lambda: wrong)
    answered = stranger.log_in(world["mother"].card.auth)
    assert answered.json is not None
    assert answered.status_code == 503
    assert UNKNOWN in stranger.get(answered.json["location"]).text


def test_the_number_on_the_page_stands_in_the_log(stranger: Browser, world: World) -> None:
    with capture_logs() as said:
        answered = stranger.log_in(world["mother"].card.signing)
    assert answered.json is not None
    (line,) = [one for one in said if one["event"] == "web.refused"]
    found = NUMBER.search(stranger.get(answered.json["location"]).text)
    assert found
    assert (line["code"], line["reference"]) == ("wrong-policy", found[1])
    assert not NUMBER.search(stranger.get("/login/failed/certificate-revoked").text)
