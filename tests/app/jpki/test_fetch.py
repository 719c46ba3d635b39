"""Revocation data over the network: from the simulated J-LIS on loopback, and from bad servers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from app.jpki.certificates import (
    AuthenticationCertificate,
    read_authentication_certificate,
    read_signature_certificate,
)
from app.jpki.errors import (
    CertificateRevoked,
    IndeterminateStatus,
    OcspFailed,
    OcspMalformed,
    RevocationUnknown,
)
from app.jpki.fetch import make_client, refresh_crls, status_source
from app.jpki.revocation import StatusSource
from config.settings import RevocationPolicy
from simulators.jlis import clock
from tests.pki import HOLDER, issue_card

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.jpki.anchors import ProvenPath
    from app.jpki.trust import TrustStore
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office
    from simulators.jlis.server import JlisServer

NOBODY = "http://127.0.0.1:1/ocsp"
pytestmark = pytest.mark.usefixtures("revocation_tables")


@pytest.fixture
def served_trust(jlis_server: JlisServer, trust: TrustStore) -> TrustStore:
    """The trust profile with the addresses of the running simulated J-LIS."""
    base = f"http://127.0.0.1:{jlis_server.port}"
    return replace(
        trust,
        authentication=replace(
            trust.authentication, crl_base=f"{base}/crl/auth/", ocsp_url=f"{base}/ocsp/auth"
        ),
        signature=replace(
            trust.signature, crl_base=f"{base}/crl/sign/", ocsp_url=f"{base}/ocsp/sign"
        ),
    )


@pytest.fixture
def card(office: Office) -> Card:
    """A card issued just now, because the server answers by the real clock."""
    return issue_card(office, at=clock.now())


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with make_client() as client:
        yield client


def path_of(card: Card, trust: TrustStore) -> ProvenPath[AuthenticationCertificate]:
    certificate = read_authentication_certificate(card.auth.der)
    return trust.path_to_anchor(certificate, at=clock.now())


def test_ocsp_tells_a_live_card_from_a_revoked_one(
    served_trust: TrustStore, client: httpx.Client, office: Office, card: Card
) -> None:
    source = status_source(RevocationPolicy.OCSP_ONLY, served_trust, client)
    path = path_of(card, served_trust)
    assert source.prove_not_revoked(path, at=clock.now()).source is StatusSource.OCSP
    office.revoke(card.name, at=clock.now())
    with pytest.raises(CertificateRevoked):
        source.prove_not_revoked(path, at=clock.now())


def test_a_refresh_takes_every_partition_and_sees_a_later_revocation(
    served_trust: TrustStore, client: httpx.Client, office: Office
) -> None:
    holder = replace(HOLDER, municipality_code="011002")
    card = issue_card(office, holder, at=clock.now())
    source = status_source(RevocationPolicy.CRL_ONLY, served_trust, client)
    path = path_of(card, served_trust)
    with pytest.raises(RevocationUnknown):
        source.prove_not_revoked(path, at=clock.now())
    report = refresh_crls(served_trust, client, at=clock.now())
    assert report.taken >= 2
    assert report.failures == []
    assert source.prove_not_revoked(path, at=clock.now()).source is StatusSource.CRL
    office.revoke(card.name, at=clock.now())
    again = refresh_crls(served_trust, client, at=clock.now())
    assert again.taken == 2
    with pytest.raises(CertificateRevoked):
        source.prove_not_revoked(path, at=clock.now())


def test_the_signature_certificate_is_asked_at_its_own_hierarchy(
    served_trust: TrustStore, client: httpx.Client, card: Card
) -> None:
    certificate = read_signature_certificate(card.signing.der)
    path = served_trust.path_to_anchor(certificate, at=clock.now())
    source = status_source(RevocationPolicy.OCSP_ONLY, served_trust, client)
    assert source.prove_not_revoked(path, at=clock.now()).source is StatusSource.OCSP


def test_when_ocsp_is_down_a_current_list_decides(
    served_trust: TrustStore, client: httpx.Client, card: Card
) -> None:
    refresh_crls(served_trust, client, at=clock.now())
    down = replace(
        served_trust, authentication=replace(served_trust.authentication, ocsp_url=NOBODY)
    )
    source = status_source(RevocationPolicy.OCSP_FIRST, down, client)
    proof = source.prove_not_revoked(path_of(card, down), at=clock.now())
    assert proof.source is StatusSource.CRL


def test_when_everything_is_silent_the_login_is_refused(
    trust: TrustStore, client: httpx.Client, card: Card
) -> None:
    down = replace(trust, authentication=replace(trust.authentication, ocsp_url=NOBODY))
    for policy in RevocationPolicy:
        source = status_source(policy, down, client)
        with pytest.raises(IndeterminateStatus):
            source.prove_not_revoked(path_of(card, down), at=clock.now())


def of_anchors(trust: TrustStore, policy: RevocationPolicy) -> TrustStore:
    """The same profile, but its authentication anchors say how they are asked."""
    hierarchy = trust.authentication
    anchors = tuple(replace(anchor, revocation=policy) for anchor in hierarchy.anchors)
    return replace(trust, authentication=replace(hierarchy, anchors=anchors))


def test_an_anchor_s_own_policy_beats_the_setting(
    served_trust: TrustStore, client: httpx.Client, card: Card
) -> None:
    trust = of_anchors(served_trust, RevocationPolicy.CRL_ONLY)
    source = status_source(RevocationPolicy.OCSP_FIRST, trust, client)
    with pytest.raises(RevocationUnknown):
        source.prove_not_revoked(path_of(card, trust), at=clock.now())
    certificate = read_signature_certificate(card.signing.der)
    signing = trust.path_to_anchor(certificate, at=clock.now())
    assert source.prove_not_revoked(signing, at=clock.now()).source is StatusSource.OCSP


def test_lists_first_asks_the_responder_only_when_no_list_covers(
    served_trust: TrustStore, client: httpx.Client, card: Card
) -> None:
    source = status_source(RevocationPolicy.CRL_FIRST, served_trust, client)
    path = path_of(card, served_trust)
    assert source.prove_not_revoked(path, at=clock.now()).source is StatusSource.OCSP
    refresh_crls(served_trust, client, at=clock.now())
    assert source.prove_not_revoked(path, at=clock.now()).source is StatusSource.CRL


def test_both_needs_both(
    served_trust: TrustStore, client: httpx.Client, office: Office, card: Card
) -> None:
    source = status_source(RevocationPolicy.BOTH, served_trust, client)
    path = path_of(card, served_trust)
    with pytest.raises(RevocationUnknown):
        source.prove_not_revoked(path, at=clock.now())
    refresh_crls(served_trust, client, at=clock.now())
    assert source.prove_not_revoked(path, at=clock.now()).source is StatusSource.OCSP
    office.revoke(card.name, at=clock.now())
    with pytest.raises(CertificateRevoked):
        source.prove_not_revoked(path, at=clock.now())


def answering(handler: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(handler))


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (httpx.Response(500), OcspFailed),
        (httpx.Response(302, headers={"Location": "http://127.0.0.1:1/"}), OcspFailed),
        (httpx.Response(200, content=b"x" * 70_000), OcspFailed),
        (httpx.Response(200, content=b"<html>"), OcspMalformed),
    ],
    ids=["error", "redirect", "too-long", "html"],
)
def test_a_bad_answer_is_no_answer(
    trust: TrustStore, card: Card, response: httpx.Response, error: type[IndeterminateStatus]
) -> None:
    with answering(lambda _request: response) as client:
        source = status_source(RevocationPolicy.OCSP_ONLY, trust, client)
        with pytest.raises(error):
            source.prove_not_revoked(path_of(card, trust), at=clock.now())


def test_only_addresses_of_the_trust_profile_are_ever_opened(trust: TrustStore, card: Card) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        names = ["../../etc/passwd", "http://evil.example/x.crl", "auth-g3-131016.crl", 7]
        return httpx.Response(200, content=json.dumps({"crls": names}))

    elsewhere = replace(
        trust,
        authentication=replace(
            trust.authentication,
            crl_base="http://pinned.example/crl/",
            ocsp_url="http://pinned.example/ocsp",
        ),
    )
    with answering(answer) as client:
        report = refresh_crls(elsewhere, client, at=clock.now())
        source = status_source(RevocationPolicy.OCSP_ONLY, elsewhere, client)
        with pytest.raises(IndeterminateStatus):
            source.prove_not_revoked(path_of(card, elsewhere), at=clock.now())
    pinned = [url for url in asked if not url.startswith(trust.signature.crl_base)]
    assert pinned == [
        "http://pinned.example/crl/index.json",
        "http://pinned.example/crl/auth-g3-131016.crl",
        "http://pinned.example/ocsp",
    ]
    assert ("auth-g3-131016.crl", "crl-malformed") in report.failures


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"crls": 5}', b"\xff"])
def test_a_broken_index_is_reported_and_the_other_hierarchy_still_asked(
    trust: TrustStore, body: bytes
) -> None:
    with answering(lambda _request: httpx.Response(200, content=body)) as client:
        report = refresh_crls(trust, client, at=clock.now())
    assert report.failures == [
        (trust.authentication.crl_base, "index-failed"),
        (trust.signature.crl_base, "index-failed"),
    ]


def test_the_client_follows_no_redirect_and_waits_three_seconds(client: httpx.Client) -> None:
    assert not client.follow_redirects
    assert client.timeout == httpx.Timeout(3.0)
    assert not client.trust_env
