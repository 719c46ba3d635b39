"""Tokens, consent and privacy: what leaves the page, and what stays when permission ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.viewer.phantom import ct_series, uid

if TYPE_CHECKING:
    from tests.browser.viewer.desk import Desk
    from tests.browser.viewer.peer import Gateway, Portal

pytestmark = pytest.mark.browser

LOADED = "() => window.__viewer.marks.loaded"
ENDED = "() => document.querySelector('.ended')"


def hospital(portal: Portal, *, slices: int = 24) -> Gateway:
    gateway = portal.new_gateway("gw-a", "ホスピタルA")
    gateway.add(ct_series(uid("study"), slices=slices))
    return gateway


def test_requests_go_to_the_portal_and_the_granted_gateway_only(desk: Desk, portal: Portal) -> None:
    gateway = hospital(portal, slices=4)
    desk.open()
    desk.wait(LOADED)
    allowed = (f"{portal.origin}/", f"{gateway.server.origin}/", "data:", "blob:")
    assert [url for url in desk.requests if not url.startswith(allowed)] == []
    assert desk.console_errors() == []
    assert desk.errors() == []


def test_the_gateway_sees_no_cookie_and_no_referrer(cpu_desk: Desk, portal: Portal) -> None:
    gateway = hospital(portal, slices=4)
    cpu_desk.open()
    cpu_desk.wait(LOADED)
    assert gateway.frames_asked()
    assert {(asked.cookie, asked.referrer) for asked in gateway.asked} == {("", "")}


def test_the_token_is_in_no_url_no_storage_and_no_element(cpu_desk: Desk, portal: Portal) -> None:
    hospital(portal, slices=4)
    cpu_desk.open()
    cpu_desk.wait(LOADED)
    everything = cpu_desk.page.evaluate(
        """async () => JSON.stringify([
          document.documentElement.outerHTML, location.href, document.cookie,
          { ...localStorage }, { ...sessionStorage }, await indexedDB.databases(),
          await caches.keys(), window.__viewer, window.__viewer.state()])"""
    )
    assert portal.tokens_issued
    for token in portal.tokens_issued:
        assert token not in everything
        assert not [url for url in cpu_desk.requests if token in url]
        assert not [line for line in cpu_desk.console if token in line]


def test_each_gateway_sees_only_its_own_token(cpu_desk: Desk, portal: Portal) -> None:
    gateways = [hospital(portal, slices=3), portal.new_gateway("gw-b", "ホスピタルB")]
    gateways[1].add(ct_series(uid("elsewhere"), slices=3))
    cpu_desk.open()
    cpu_desk.wait("() => document.querySelectorAll('.series-card').length === 2")
    for gateway in gateways:
        bearers = {asked.authorization for asked in gateway.asked if asked.method == "GET"}
        assert len(bearers) == 1
        assert bearers.pop().startswith(f"Bearer {gateway.gateway_id}.")


def test_an_expired_token_is_renewed_once_and_no_frame_is_lost(
    cpu_desk: Desk, portal: Portal
) -> None:
    gateway = hospital(portal)
    gateway.gate.clear()
    cpu_desk.open_page()
    cpu_desk.wait("() => window.__viewer?.marks.metadata")
    gateway.expire_tokens()
    gateway.gate.set()
    cpu_desk.wait(LOADED)
    assert len(portal.tokens_issued) == 2
    assert len(set(gateway.frames_asked())) == 24
    for index in (0, 12, 23):
        cpu_desk.page.keyboard.press("Home")
        for _ in range(index):
            cpu_desk.page.keyboard.press("ArrowDown")
        cpu_desk.go_to(index)
    assert cpu_desk.page.locator(".cover").is_hidden()


def test_a_token_is_renewed_before_it_ends_while_nobody_scrolls(
    cpu_desk: Desk, portal: Portal
) -> None:
    hospital(portal, slices=3)
    portal.expires_in = 2
    cpu_desk.open()
    with cpu_desk.page.expect_response("**/token") as renewed:
        pass
    assert renewed.value.status == 200
    assert cpu_desk.page.locator(".cover").is_hidden()


def test_withdrawn_consent_blanks_the_pane_and_says_why(desk: Desk, portal: Portal) -> None:
    gateway = hospital(portal)
    portal.expires_in = 2
    desk.open()
    portal.refuse(403, "consent-ended", "患者さんが同意を取り消しました。")
    desk.wait(ENDED)
    assert "患者さんが同意を取り消しました。" in desk.text(".ended")
    assert desk.page.locator("canvas").count() == 0
    assert "見本" not in desk.page.locator("#viewer").inner_text()
    asked = len(gateway.asked)
    desk.page.keyboard.press("ArrowDown")
    desk.settle()
    assert len(gateway.asked) == asked


def test_a_refused_renewal_after_401_ends_viewing(cpu_desk: Desk, portal: Portal) -> None:
    gateway = hospital(portal)
    gateway.gate.clear()
    cpu_desk.open_page()
    cpu_desk.wait("() => window.__viewer?.marks.metadata")
    portal.refuse(403, "consent-ended")
    gateway.expire_tokens()
    gateway.gate.set()
    cpu_desk.wait(ENDED)
    assert "同意が終わった" in cpu_desk.text(".ended")


def test_an_ended_login_says_log_in_again(cpu_desk: Desk, portal: Portal) -> None:
    hospital(portal)
    portal.expires_in = 2
    cpu_desk.open()
    portal.refuse(401)
    cpu_desk.wait(ENDED)
    assert "ログインし直して" in cpu_desk.text(".ended")


def test_images_are_covered_while_permission_cannot_be_confirmed_and_come_back(
    cpu_desk: Desk, portal: Portal
) -> None:
    hospital(portal, slices=3)
    portal.expires_in = 2
    cpu_desk.open()
    portal.refuse(503)
    cpu_desk.wait("() => document.querySelector('.cover')?.textContent.includes('接続できません')")
    portal.refusal = None
    cpu_desk.wait("() => document.querySelector('.cover').hidden")
    assert cpu_desk.pixels().share > 0.1


def test_leaving_the_page_leaves_no_image_for_the_back_button(
    cpu_desk: Desk, portal: Portal
) -> None:
    hospital(portal, slices=3)
    cpu_desk.open()
    cpu_desk.page.evaluate("() => window.dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert cpu_desk.page.locator("canvas").count() == 0
    assert "ページを離れた" in cpu_desk.text(".ended")
