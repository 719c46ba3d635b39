"""The operator's view of the jobs: page, command line, Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from pydantic import SecretStr

from app.jobs.work import one_round
from app.notifications.models import Channel, Delivery
from tests.app.ledger import all_of
from tests.app.told import channel_of, report

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from app.jobs.work import Office
    from tests.app.browser import Browser
    from tests.app.world import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TOKEN = "t" * 32


@pytest.fixture
def scraped(portal: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The portal with an open /metrics."""
    settings = portal.extensions["settings"]
    opened = settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})
    monkeypatch.setitem(portal.extensions, "settings", opened)
    return portal


def test_the_operator_sees_how_far_each_municipality_is(
    office: Office, client_for: Callable[..., Browser]
) -> None:
    one_round(office)
    page = client_for("admin").get("/admin/jobs").text
    assert "つなぐ市" in page
    assert "2 / 2" in page
    assert "進行中" not in page


def test_a_scraper_with_the_token_reads_the_figures(
    office: Office, world: World, scraped: Flask, stranger: Browser
) -> None:
    channel_of(world["mother"], scraped.extensions["sealer"])
    one_round(office)
    answer = stranger.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    figures = dict(line.split(" ") for line in answer.text.splitlines() if not line.startswith("#"))
    assert figures["tsunagu_deliveries_sent"] == "1"
    assert figures["tsunagu_letters_sent"] == "3"
    assert figures["tsunagu_job_runs_finished_today"] == "4"


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", f"Basic {TOKEN}"])
@pytest.mark.usefixtures("scraped")
def test_anybody_else_finds_no_such_page(header: str, stranger: Browser) -> None:
    assert stranger.get("/metrics", headers={"Authorization": header}).status_code == 404


def test_without_a_token_in_the_settings_the_page_is_closed(stranger: Browser) -> None:
    assert stranger.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_the_command_line_runs_a_round_and_tells_the_state(portal: Flask) -> None:
    runner = portal.test_cli_runner()
    assert runner.invoke(args=["jobs", "run"]).exit_code == 0
    said = runner.invoke(args=["jobs", "status"]).output
    assert "letters_sent" in said
    assert "つなぐ市" in said
    assert "finished" in said


def test_a_returned_mail_is_taken_from_standard_input(
    office: Office, world: World, portal: Flask
) -> None:
    channel_of(world["mother"], portal.extensions["sealer"])
    one_round(office)
    runner = portal.test_cli_runner()
    unknown = runner.invoke(args=["jobs", "bounce"], input=report(uuid4().hex))
    assert "no such delivery" in unknown.output
    assert "no report" in runner.invoke(args=["jobs", "bounce"], input=b"spam").output
    assert all_of(Channel)[0].bounced_at is None
    (delivery,) = all_of(Delivery)
    flagged = runner.invoke(args=["jobs", "bounce"], input=report(delivery.id.hex))
    assert "flagged" in flagged.output
    assert all_of(Channel)[0].bounced_at is not None
