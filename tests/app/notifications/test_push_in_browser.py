"""A push as Chromium shows it: our service worker, and nothing but that something waits."""

from __future__ import annotations

import json
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.serving import make_server

from scripts.tour import CHROMIUM, FLAGS
from tests.app.browser import COOKIE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from playwright.sync_api import Page, Playwright

    from tests.app.browser import Browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
]
REGISTER = (
    "navigator.serviceWorker.register('/push-worker.js')"
    ".then(() => navigator.serviceWorker.ready).then(() => true)"
)
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.ready;
  const shown = await registration.getNotifications();
  return shown.map((one) => ({ title: one.title, body: one.body, tag: one.tag, lang: one.lang }));
}"""
SETTLES = f"""async (wanted) => {{
  const alike = async () => JSON.stringify(await ({SHOWN})()) === JSON.stringify(wanted);
  for (let turn = 0; turn < 200 && !(await alike()); turn += 1)
    await new Promise((next) => setTimeout(next, 50));
  return alike();
}}"""
MESSAGE = {
    "title": "つなぐにお知らせがあります",
    "body": "ログインして、お知らせをごらんください。",
    "tag": "01998b1e-0000-7000-8000-0000000000cc",
    "lang": "ja",
    "link": "/handbook/news",
}


@pytest.fixture
def origin(portal: Flask) -> Iterator[str]:
    """The portal over HTTP."""
    server = make_server("127.0.0.1", 0, portal, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=5)


@pytest.fixture
def page(
    origin: str, browser_driver: Playwright, client_for: Callable[..., Browser]
) -> Iterator[Page]:
    """The mother's phone, which allows notifications."""
    cookie = client_for("mother").cookie() or ""
    browser = browser_driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="ja-JP")
    context.grant_permissions(["notifications"], origin=origin)
    context.add_cookies([{"name": COOKIE, "value": cookie, "url": origin}])
    yield context.new_page()
    browser.close()


def test_the_worker_shows_a_push_once_and_leaves_junk_alone(page: Page, origin: str) -> None:
    page.goto(f"{origin}/notifications")
    registrations: list[dict[str, Any]] = []
    devtools = page.context.new_cdp_session(page)
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(event["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    assert page.evaluate(REGISTER)
    page.wait_for_function("navigator.serviceWorker.getRegistration().then((one) => one?.active)")
    for data in ("junk", "{}", json.dumps(MESSAGE), json.dumps(MESSAGE)):
        devtools.send(
            "ServiceWorker.deliverPushMessage",
            {
                "origin": origin,
                "registrationId": registrations[-1]["registrationId"],
                "data": data,
            },
        )
    wanted = {name: value for name, value in MESSAGE.items() if name != "link"}
    assert page.evaluate(SETTLES, [wanted])
