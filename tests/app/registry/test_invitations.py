"""An invitation is taken once, by card, by the person it was given to; its code stays nowhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.audit.actions import Action
from app.authz.actor import Assurance, Role
from app.core import clock
from app.crypto.digests import sha256_hex
from app.identity.models import Credential, MembershipRow, StaffInvitation
from app.web.models import BrowserSession
from tests.app.ledger import all_of, changing, events
from tests.app.registry.staff import CODE, invited, opened, works

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.app.browser import Browser
    from tests.app.world import World


def roles_of(world: World, who: str) -> list[tuple[Role, object]]:
    rows = all_of(MembershipRow, account_id=world[who].account_id)
    return [(row.role, row.organisation_id) for row in rows]


def test_an_invited_person_logs_in_reads_and_accepts(stranger: Browser, world: World) -> None:
    until = clock.today() + timedelta(days=90)
    invitation = invited(world, code=CODE, until_on=until)
    before = opened(stranger).get("/invitation")
    assert before.status_code == 200
    assert "利用申請" in before.text
    assert "つなぐ市" not in before.text.replace("つなぐ市保健", "")
    stranger.get("/login?next=/invitation")
    assert stranger.log_in(world["mother"].card.auth).json == {"location": "/invitation"}
    page = stranger.get("/invitation").text
    assert all(
        words in page for words in ("つなぐ市", "保健師", f"{until.day}日", "招待を受け取る")
    )
    taken = stranger.post("/invitation")
    assert (taken.status_code, taken.location) == (302, "/")
    (row,) = all_of(MembershipRow, account_id=world["mother"].account_id)
    assert (row.role, row.organisation_id) == (Role.NURSE, world.organisations["city"])
    assert (row.from_on, row.until_on) == (clock.today(), until)
    (kept,) = all_of(StaffInvitation, id=invitation.id)
    assert kept.accepted_by == world["mother"].account_id
    (event,) = events(Action.INVITATION_ACCEPTED)
    assert (event.entity_id, event.person_id) == (invitation.id, world["mother"].person_id)
    assert stranger.get("/staff/").status_code == 200


def test_accepting_gives_the_session_a_new_id_and_the_limits_of_staff(
    client_for: Callable[..., Browser], world: World
) -> None:
    invited(world, code=CODE)
    browser = opened(client_for("mother"))
    before = browser.cookie() or ""
    browser.post("/invitation")
    after = browser.cookie() or ""
    assert all_of(BrowserSession, id_hash=sha256_hex(before)) == []
    (row,) = all_of(BrowserSession, id_hash=sha256_hex(after))
    assert row.idle_seconds == 15 * 60


def test_a_role_is_never_backdated(client_for: Callable[..., Browser], world: World) -> None:
    invited(world, code=CODE, from_on=clock.today() - timedelta(days=5))
    opened(client_for("mother")).post("/invitation")
    (row,) = all_of(MembershipRow, account_id=world["mother"].account_id)
    assert row.from_on == clock.today()


def test_a_role_to_come_waits_for_its_first_day(
    client_for: Callable[..., Browser], world: World
) -> None:
    invited(world, code=CODE, from_on=clock.today() + timedelta(days=5))
    browser = opened(client_for("mother"))
    assert browser.post("/invitation").location == "/handbook/"
    assert browser.get("/staff/").status_code == 403


def test_a_passkey_is_not_enough(client_for: Callable[..., Browser], world: World) -> None:
    invited(world, code=CODE)
    browser = opened(client_for("mother", Assurance.PASSKEY))
    for answer in (browser.get("/invitation"), browser.post("/invitation")):
        assert answer.status_code == 302
        assert "why=card" in answer.location
    assert roles_of(world, "mother") == []


def refused(browser: Browser, status: int, words: str) -> None:
    for answer in (browser.get("/invitation"), browser.post("/invitation")):
        assert answer.status_code == status
        assert words in answer.text
        assert "何も変わっていません" in answer.text


PAST = timedelta(minutes=1)
CLOSED: list[tuple[str, dict[str, Any], str]] = [
    ("withdrawn", {"withdrawn_at": clock.now()}, "取り下げられています"),
    ("expired", {"expires_at": clock.now() - PAST}, "期限が切れています"),
    ("over", {"until_on": clock.today() - timedelta(days=1)}, "期限が切れています"),
]


@pytest.mark.parametrize("case", CLOSED, ids=lambda case: case[0])
def test_a_closed_invitation_says_why(
    case: tuple[str, dict[str, Any], str], client_for: Callable[..., Browser], world: World
) -> None:
    _, columns, words = case
    invited(world, code=CODE, **columns)
    refused(opened(client_for("mother")), 409, words)
    assert roles_of(world, "mother") == []


def test_a_used_invitation_serves_nobody_else(
    client_for: Callable[..., Browser], world: World
) -> None:
    invited(world, code=CODE)
    opened(client_for("mother")).post("/invitation")
    refused(opened(client_for("father")), 409, "もう使われています")
    assert roles_of(world, "father") == []


def test_nobody_accepts_an_invitation_of_their_own(
    client_for: Callable[..., Browser], world: World
) -> None:
    invited(world, code=CODE)
    refused(opened(client_for("admin")), 403, "ご自分が作った招待です")
    assert [role for role, _ in roles_of(world, "admin")] == [Role.ADMINISTRATOR]


def test_a_role_already_held_is_not_doubled(
    client_for: Callable[..., Browser], world: World
) -> None:
    invited(world, code=CODE)
    refused(opened(client_for("nurse")), 409, "もうお持ちです")
    assert len(roles_of(world, "nurse")) == 1


def test_another_role_of_the_same_place_is_taken(
    client_for: Callable[..., Browser], world: World
) -> None:
    invited(world, code=CODE, role=Role.RECEPTIONIST)
    assert opened(client_for("nurse")).post("/invitation").status_code == 302
    assert {role for role, _ in roles_of(world, "nurse")} == {Role.NURSE, Role.RECEPTIONIST}


def test_an_invitation_falls_with_its_authors_role(
    client_for: Callable[..., Browser], world: World
) -> None:
    invited(world, code=CODE)
    with changing(MembershipRow, account_id=world["admin"].account_id) as row:
        row.until_on = clock.today() - timedelta(days=1)
    refused(opened(client_for("mother")), 409, "取り下げられています")


@pytest.mark.parametrize("code", ["x", "k" * 42, "K" * 43, "あ", "." * 60, "a.b", "%00"])
def test_an_unknown_code_opens_nothing(
    code: str, client_for: Callable[..., Browser], world: World
) -> None:
    invited(world, code=CODE)
    refused(opened(client_for("mother"), code), 404, "招待が見つかりません")


def test_without_a_link_there_is_nothing_to_accept(client_for: Callable[..., Browser]) -> None:
    refused(client_for("mother"), 404, "招待が見つかりません")


def test_an_unregistered_card_keeps_the_invitation_for_later(
    stranger: Browser, world: World
) -> None:
    invited(world, code=CODE)
    for row in all_of(Credential, account_id=world["mother"].account_id):
        with changing(Credential, id=row.id) as credential:
            credential.removed_at = clock.now()
    opened(stranger).get("/login?next=/invitation")
    assert stranger.log_in(world["mother"].card.auth).status_code == 403
    (kept,) = all_of(StaffInvitation, code_hash=sha256_hex(CODE))
    assert kept.accepted_at is None
    assert "先に、利用申請" in stranger.get("/invitation").text


def everything_kept() -> list[str]:
    """Every row in which the code might stand."""
    kept = [str(vars(row)) for kind in (BrowserSession, StaffInvitation) for row in all_of(kind)]
    return kept + [str(vars(event)) for event in events()]


def test_the_code_stays_in_no_table(client_for: Callable[..., Browser], world: World) -> None:
    invited(world, code=CODE)
    browser = opened(client_for("mother"))
    browser.get("/invitation")
    while_open = everything_kept()
    browser.post("/invitation")
    afterwards = everything_kept()
    assert [row for row in while_open if sha256_hex(CODE) in row]
    assert not [row for row in while_open + afterwards if CODE in row]


def test_of_many_at_once_one_gets_the_role(
    client_for: Callable[..., Browser], world: World
) -> None:
    invited(world, code=CODE)
    browsers = [opened(client_for(who)) for who in ("mother", "father", "grandmother", "neighbour")]
    for browser in browsers:
        browser.csrf_token()
    with ThreadPoolExecutor(len(browsers)) as pool:
        statuses = sorted(pool.map(lambda one: one.post("/invitation").status_code, browsers))
    assert statuses == [302, 409, 409, 409]
    assert len(events(Action.INVITATION_ACCEPTED)) == 1
    assert len(all_of(MembershipRow, role=Role.NURSE)) == 3


def test_an_administrators_second_organisation_is_their_own_too(
    client_for: Callable[..., Browser], world: World
) -> None:
    works(world, "admin", "clinic", Role.ADMINISTRATOR)
    page = client_for("admin").get("/admin/staff").text
    assert "つなぐ市" in page
    assert "かりの内科クリニック" in page
