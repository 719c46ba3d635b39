"""Who gets what from every route: the declared table, and nothing beside it.

A cell is the status. What somebody may not know of answers
404, exactly as what does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest

from app.authz.actor import Assurance
from app.identity.models import MembershipRow
from app.immunization.models import Dose
from app.web.access import PUBLIC_ENDPOINTS
from tests.app.browser import Browser, stranger
from tests.app.imaging.sharing import Desk
from tests.app.ledger import all_of
from tests.app.registry.staff import invited
from tests.app.world import STUDY_UID

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.app.world import World

COLUMNS: Final = (
    "mother", "father", "grandmother", "neighbour", "nurse", "far-nurse", "physician", "colleague",
    "unlicensed", "far-physician", "reception-a", "reception-b", "admin",
)  # fmt: skip
ALL: Final = "*"
ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""Who may do what is decided before any database is asked, the same on each."""


@dataclass(frozen=True)
class Row:
    """One route: its endpoint, how it is asked, and who gets which status."""

    endpoint: str
    path: str
    statuses: dict[str, int]
    form: dict[str, Any] | None = None
    json: dict[str, Any] | None = None

    def expected(self, who: str) -> int:
        """The status for this column; ``*`` stands for everybody not named."""
        return self.statuses.get(who, self.statuses[ALL])

    def ask(self, browser: Browser) -> TestResponse:
        """Send it as a page would."""
        if self.json is not None:
            return browser.send(self.path, self.json)
        return browser.get(self.path) if self.form is None else browser.post(self.path, self.form)


def everybody(status: int) -> dict[str, int]:
    return {ALL: status}


def only(status: int, *who: str, others: int, **further: int) -> dict[str, int]:
    return {ALL: others, **dict.fromkeys(who, status)} | {
        key.replace("_", "-"): value for key, value in further.items()
    }


FAMILY: Final = only(200, "mother", "father", "nurse", others=404)
PARENTS: Final = ("mother", "father")
DESKS: Final = ("reception-a", "reception-b")
LICENSED: Final = ("physician", "colleague", "far-physician")
AT_CLINIC: Final = ("physician", "colleague")
DOSE: Final = {"product": "FLU", "given_on": "2026-11-01", "reason": "流行のため"}


PASSKEYS: Final = (
    ("passkey_challenge", "/account/passkeys/challenge"),
    ("add_passkey", "/account/passkeys"),
)
"""At the address of these tests there are none."""
OF_SOMEBODY: Final = (
    ("remove_card", f"/account/cards/{uuid4()}/remove"),
    ("remove_passkey", f"/account/passkeys/{uuid4()}/remove"),
    ("end_session", f"/account/sessions/{'0' * 64}/end"),
)


NOTHING: Final[dict[str, Any]] = {}
DOSE_ROUTES: Final = (
    ("dose", "", {"nurse": 200, "far-nurse": 404}, None),
    ("correct", "/correct", {"nurse": 422, "far-nurse": 404}, NOTHING),
    ("void", "/void", {"nurse": 422, "far-nurse": 404}, NOTHING),
    ("move", "/move", {"nurse": 422, "far-nurse": 404}, NOTHING),
)
"""Empty forms: answered by the page that shows the dose, so by those who may see it."""
IMPORT_ROUTES: Final = (
    ("files", "", {"nurse": 200, "far-nurse": 200}, None),
    ("upload", "", {"nurse": 422, "far-nurse": 422}, NOTHING),
    ("file", f"/{uuid4()}", {"nurse": 404, "far-nurse": 404}, None),
    ("run", f"/{uuid4()}/run", {"nurse": 404, "far-nurse": 404}, NOTHING),
    ("findings", f"/{uuid4()}/findings", {"nurse": 404, "far-nurse": 404}, NOTHING),
    *(
        (name.replace("-", "_"), f"/{uuid4()}/{name}", {ALL: 404}, NOTHING)
        for name in ("columns", "check", "discard", "go-on")
    ),
)
CLINIC_DAY_ROUTES: Final = (
    ("choose", "", {"nurse": 200, "far-nurse": 200}, None),
    ("fill", "/list", {"nurse": 422, "far-nurse": 422}, NOTHING),
    ("record", "", {ALL: 422}, NOTHING),
    ("recorded", f"/{uuid4()}", {"nurse": 404, "far-nurse": 404}, None),
    ("undo", f"/{uuid4()}/undo", {"nurse": 404, "far-nurse": 404}, NOTHING),
    ("undo_go_on", f"/{uuid4()}/undo/go-on", {ALL: 404}, NOTHING),
)


def dose_address(world: World) -> str:
    """The address of a dose at the desk."""
    dose = all_of(Dose, child_id=world.children["sakura"])[0]
    return f"/staff/children/{dose.child_id}/doses/{dose.id}"


def nurse_membership(world: World) -> str:
    """The address of the nurse's role at the city."""
    (row,) = all_of(MembershipRow, account_id=world["nurse"].account_id)
    return f"/admin/staff/{row.id}"


def told_rows(world: World) -> tuple[Row, ...]:
    """Reminders, letters and jobs: what is shown of them."""
    child = f"/staff/children/{world.children['sakura']}/reminders"
    nurses = only(200, "nurse", "far-nurse", others=403)
    return (
        Row("notifications.show", "/notifications", everybody(200)),
        Row("calendar_feed.show", "/calendar", everybody(200)),
        Row("messagebox.letter", f"/letters/{uuid4()}", everybody(404)),
        Row("reminders.child", child, only(200, "nurse", others=404, mother=403, father=403)),
        Row("reminders.paper", "/staff/reminders/paper", nurses),
        Row("jobs.overview", "/admin/jobs", only(200, "admin", others=403)),
    )


def telling_rows(world: World) -> tuple[Row, ...]:
    """Channels and stops: what is changed."""
    child = f"/staff/children/{world.children['sakura']}/reminders/stops"
    refused = only(404, "nurse", others=404, mother=403, father=403)
    return (
        Row("calendar_feed.make", "/calendar", everybody(422), form={"words": "all"}),
        Row("calendar_feed.change", "/calendar/words", everybody(404), form={"words": "plain"}),
        Row("calendar_feed.stop", "/calendar/stop", everybody(404), form={}),
        Row("notifications.add_mail", "/notifications/mail", everybody(422), form={}),
        Row("notifications.add_push", "/notifications/push", everybody(422), json={}),
        Row(
            "notifications.remove",
            f"/notifications/channels/{uuid4()}/remove",
            everybody(404),
            form={},
        ),
        Row(
            "reminders.stop",
            child,
            only(302, "nurse", others=404, mother=403, father=403),
            form={"kind": "asked", "from_on": world.made_on.isoformat()},
        ),
        Row("reminders.resume", f"{child}/{uuid4()}/end", refused, form={}),
        Row(
            "reminders.printed",
            "/staff/reminders/paper/printed",
            only(302, "nurse", "far-nurse", others=403),
            form={},
        ),
    )


def reading_rows(world: World, request_id: object, grant_id: object) -> tuple[Row, ...]:
    """Routes that only show."""
    child = f"/handbook/children/{world.children['sakura']}"
    patient = f"/imaging/patients/{world.link('father', 'clinic')}"
    clinic = only(200, *AT_CLINIC, others=404, unlicensed=403, reception_b=403)
    wish = f"/imaging/requests/{request_id}"
    city, nurse = f"/admin/organisations/{world.organisations['city']}", nurse_membership(world)
    return (
        Row("web.home", "/", everybody(302)),
        Row("account.show", "/account", everybody(200)),
        Row("account.refused", "/account/refused/passkey-label", everybody(200)),
        Row("session.state", "/session", everybody(200)),
        Row("session.unlocked", "/session/unlocked", everybody(200)),
        Row(
            "desk.waiting",
            "/staff/registrations/",
            only(200, "nurse", "far-nurse", "admin", others=403),
        ),
        Row("desk.case", f"/staff/registrations/{uuid4()}", everybody(404)),
        *told_rows(world),
        Row("phone.begin_link", "/account/phones/new", everybody(404)),
        Row("phone.link", "/account/phones/return", everybody(404)),
        Row("home.family", "/handbook/", everybody(200)),
        Row("home.schedule", "/handbook/schedule", everybody(200)),
        Row("home.news", "/handbook/news", everybody(200)),
        Row("home.more", "/handbook/more", everybody(200)),
        Row("home.child", child, FAMILY),
        Row("home.vaccinations", child + "/vaccinations", FAMILY),
        Row("home.paper", child + "/print", FAMILY),
        Row("paper_book.new", child + "/own-doses", only(200, *PARENTS, others=404, nurse=403)),
        Row("paper_book.entry", f"{child}/own-doses/{uuid4()}", only(403, "nurse", others=404)),
        Row("paper_book.photo", f"{child}/photos/{uuid4()}", everybody(404)),
        Row("fhir_export.child", child + "/vaccinations.fhir.json", FAMILY),
        Row("home.growth", child + "/growth", FAMILY),
        Row("home.checkups", child + "/checkups", FAMILY),
        Row("health_center.search", "/staff/", only(200, "nurse", "far-nurse", others=403)),
        Row(
            "health_center.child",
            f"/staff/children/{world.children['sakura']}",
            only(200, "nurse", others=403, far_nurse=404),
        ),
        *(
            Row(f"doses.{name}", f"{dose_address(world)}{place}", {ALL: 403, **status}, form)
            for name, place, status, form in DOSE_ROUTES
        ),
        *(
            Row(f"clinic_day.{name}", f"/staff/clinic-day{place}", {ALL: 403, **status}, form)
            for name, place, status, form in CLINIC_DAY_ROUTES
        ),
        *(
            Row(f"imports.{name}", f"/staff/imports{place}", {ALL: 403, **status}, form)
            for name, place, status, form in IMPORT_ROUTES
        ),
        Row("incidents.rows", "/staff/incidents", only(200, "nurse", "far-nurse", others=403)),
        Row("incidents.incident", f"/staff/incidents/{uuid4()}", everybody(404)),
        Row("incidents.sheet", f"/staff/incidents/{uuid4()}/sheet", everybody(404)),
        Row("incidents.write", f"/staff/incidents/{uuid4()}", everybody(404), NOTHING),
        Row(
            "incidents.draft",
            dose_address(world) + "/incident",
            only(302, "nurse", others=404, mother=403, father=403),
            NOTHING,
        ),
        Row("worklist.rows", "/staff/worklist", only(200, "nurse", "far-nurse", others=403)),
        Row(
            "worklist.export",
            "/staff/worklist/export",
            only(200, "nurse", "far-nurse", others=403),
            form={},
        ),
        Row("admin.overview", "/admin/", only(200, "admin", others=403)),
        Row("admin.gateways", "/admin/gateways", only(200, "admin", others=403)),
        Row("admin.gateway_form", city + "/gateway/new", only(404, "admin", others=403)),
        Row("admin.staff", "/admin/staff", only(200, "admin", others=403)),
        Row("admin.invitation", city + "/invitations/new", only(200, "admin", others=403)),
        Row("admin.member", nurse, only(200, "admin", others=403)),
        Row("admin.license_form", nurse + "/license", only(409, "admin", others=404)),
        Row("imaging.worklist", "/imaging/", only(200, *LICENSED, others=403)),
        Row("imaging.patient", patient, clinic),
        Row("imaging.patient_state", patient + "/state", clinic),
        Row("imaging.reception", "/imaging/reception", only(200, *DESKS, others=403)),
        Row(
            "imaging.reception_refused",
            "/imaging/reception/refused/not-registered",
            everybody(200),
        ),
        Row("imaging.mine", "/imaging/mine", everybody(200)),
        Row(
            "imaging.consent",
            wish,
            only(200, "father", others=404, physician=403, colleague=403, unlicensed=403),
        ),
        Row("imaging.consent_failed", wish + "/failed/not-the-patient", everybody(200)),
        Row(
            "imaging.view",
            f"/imaging/grants/{grant_id}/view",
            only(200, "physician", others=404, father=403),
        ),
    )


def own_dose_rows(child: object) -> tuple[Row, ...]:
    """The family's own entries: of guardians, confirmed by staff."""
    doses, unknown = f"/handbook/children/{child}/own-doses", uuid4()
    confirm = f"/staff/children/{child}/own-doses/{unknown}/confirm"
    own, theirs = only(403, "nurse", others=404), only(403, *PARENTS, others=404)
    return (
        Row("paper_book.enter", doses, only(422, *PARENTS, others=404, nurse=403), form={}),
        Row("paper_book.correct", f"{doses}/{unknown}", own, form={}),
        Row("paper_book.withdraw", f"{doses}/{unknown}/withdraw", own, form={}),
        Row("paper_book.confirm", confirm, theirs, form={}),
    )


def changing_rows(
    world: World, request_id: object, grant_id: object, invitation_id: object
) -> tuple[Row, ...]:
    """Routes that change something, in an order in which each finds what it needs."""
    sakura, wish = world.children["sakura"], f"/imaging/requests/{request_id}"
    grant = f"/imaging/grants/{grant_id}"
    patient = f"/imaging/patients/{world.link('father', 'clinic')}"
    study = {"purpose": "診療のため", "study": [str(world.studies[STUDY_UID])]}
    city, nurse = f"/admin/organisations/{world.organisations['city']}", nurse_membership(world)
    answering = {"physician": 403, "colleague": 403, "unlicensed": 403}
    return (
        Row(
            "health_center.record_dose",
            f"/staff/children/{sakura}/doses",
            only(302, "nurse", others=404, mother=403, father=403),
            form=DOSE,
        ),
        Row(
            "health_center.place",
            f"/staff/children/{sakura}/district",
            only(302, "nurse", others=404, mother=403, father=403),
            form={"district": "東地区"},
        ),
        *own_dose_rows(sakura),
        Row(
            "health_center.scan",
            "/staff/scan",
            only(302, "nurse", "far-nurse", others=403),
            form={"code": "(01)04900000000009(10)AB1"},
        ),
        Row(
            "imaging.ask",
            patient + "/requests",
            only(302, *AT_CLINIC, others=404, unlicensed=403, reception_b=403),
            form=study,
        ),
        Row(
            "imaging.reception_challenge",
            "/imaging/reception/challenge",
            only(200, *DESKS, others=403),
            json={},
        ),
        Row(
            "imaging.reception_card",
            "/imaging/reception/card",
            only(422, *DESKS, others=403),
            json={},
        ),
        Row("imaging.link", "/imaging/reception/link", everybody(302), form={}),
        Row("imaging.reception_cancel", "/imaging/reception/cancel", everybody(302), form={}),
        Row(
            "imaging.give_consent",
            wish + "/consent",
            {ALL: 404, "father": 403, **answering},
            json={"cms": "MAMCAQE="},
        ),
        Row("imaging.decline", wish + "/decline", {ALL: 404, "father": 302, **answering}, form={}),
        Row(
            "imaging.token",
            grant + "/token",
            only(200, "physician", others=404, father=403),
            json={"gateway": str(world.gateways["hospital"].id)},
        ),
        Row(
            "imaging.withdraw",
            grant + "/withdraw",
            only(302, "father", others=404, physician=403),
            form={},
        ),
        Row(
            "admin.invite",
            city + "/invitations",
            only(201, "admin", others=403),
            form={"role": "nurse", "from_on": world.made_on.isoformat()},
        ),
        Row(
            "admin.withdraw_invitation",
            f"/admin/invitations/{invitation_id}/withdraw",
            only(302, "admin", others=404),
            form={},
        ),
        Row(
            "admin.offer_gateway",
            city + "/gateway",
            only(404, "admin", others=403),
            form={"address": "https://images.example.jp"},
        ),
        Row(
            "admin.withdraw_gateway_code",
            f"/admin/gateway-codes/{uuid4()}/withdraw",
            everybody(404),
            form={},
        ),
        Row(
            "admin.confirm_license",
            nurse + "/license",
            only(409, "admin", others=404),
            form={"number": "123456", "confirmed_on": world.made_on.isoformat()},
        ),
        Row("admin.end_membership", nurse + "/end", only(302, "admin", others=404), form={}),
        Row("desk.decide", f"/staff/registrations/{uuid4()}/decision", everybody(404), form={}),
        Row("session.active", "/session/active", everybody(200), json={}),
        Row("registry.accept_invitation", "/invitation", everybody(404), form={}),
        *(Row(f"account.{name}", path, everybody(404), json={}) for name, path in PASSKEYS),
        *(Row(f"account.{name}", path, everybody(404), form={}) for name, path in OF_SOMEBODY),
        Row("phone.remove", f"/account/phones/{uuid4()}/remove", everybody(404), form={}),
        Row("account.end_other_sessions", "/account/sessions/end", everybody(302), form={}),
        *telling_rows(world),
        Row("identity.logout", "/logout", everybody(302), form={}),
        Row("session.lock", "/session/lock", everybody(401), json={}),
    )


@pytest.fixture
def rows(portal: Flask, world: World) -> tuple[Row, ...]:
    """The table for a world with one waiting request and one grant."""
    desk = Desk(portal, world)
    grant_id, request_id = desk.grant(), desk.ask().id
    return (
        *reading_rows(world, request_id, grant_id),
        *changing_rows(world, request_id, grant_id, invited(world).id),
    )


@ONE_DATABASE
@pytest.mark.parametrize("who", COLUMNS)
def test_everybody_gets_what_the_table_says(
    who: str, rows: tuple[Row, ...], client_for: Callable[..., Browser]
) -> None:
    browser = client_for(who)
    browser.csrf_token()
    answers = [(row, row.ask(browser)) for row in rows]
    wrong = [
        f"{answer.request.method} {row.path}: {answer.status_code}, declared {row.expected(who)}"
        for row, answer in answers
        if answer.status_code != row.expected(who) or "/login?" in (answer.location or "")
    ]
    assert wrong == []


def test_a_stranger_gets_the_login_from_each_of_them(rows: tuple[Row, ...], portal: Flask) -> None:
    browser = stranger(portal)
    answers = [(row, row.ask(browser)) for row in rows]
    wrong = [
        row.path
        for row, answer in answers
        if answer.status_code != 401 and not str(answer.location).startswith("/login?")
    ]
    assert wrong == []


def test_the_table_names_every_closed_route(rows: tuple[Row, ...], portal: Flask) -> None:
    closed = {rule.endpoint for rule in portal.url_map.iter_rules()} - PUBLIC_ENDPOINTS
    assert {row.endpoint for row in rows} == closed


HIDDEN: Final = (
    ("neighbour", "/handbook/children/{sakura}", "/handbook/children/{nobody}"),
    ("grandmother", "/handbook/children/{sakura}/growth", "/handbook/children/{nobody}/growth"),
    ("far-nurse", "/staff/children/{sakura}", "/staff/children/{nobody}"),
    ("mother", "/imaging/requests/{request}", "/imaging/requests/{nobody}"),
    ("far-physician", "/imaging/patients/{link}", "/imaging/patients/{nobody}"),
    ("colleague", "/imaging/grants/{grant}/view", "/imaging/grants/{nobody}/view"),
)


@pytest.mark.parametrize("case", HIDDEN, ids=lambda case: case[0])
def test_hidden_and_missing_answer_alike(
    case: tuple[str, str, str],
    portal: Flask,
    world: World,
    client_for: Callable[..., Browser],
) -> None:
    who, hidden, missing = case
    desk = Desk(portal, world)
    names = {
        "sakura": world.children["sakura"],
        "nobody": uuid4(),
        "grant": desk.grant(),
        "request": desk.ask().id,
        "link": world.link("father", "clinic"),
    }
    browser = client_for(who)
    first, second = (browser.get(path.format(**names)) for path in (hidden, missing))
    assert (first.status_code, second.status_code) == (404, 404)
    problem = browser.get(hidden.format(**names), headers={"Accept": "application/json"}).json
    other = browser.get(missing.format(**names), headers={"Accept": "application/json"}).json
    assert problem is not None
    assert other is not None
    assert {**problem, "reference": ""} == {**other, "reference": ""}


@ONE_DATABASE
@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("physician", "/imaging/"),
        ("physician", "/imaging/patients/{link}"),
        ("physician", "/imaging/grants/{grant}/view"),
        ("admin", "/admin/"),
        ("admin", "/admin/staff"),
    ],
)
def test_what_needs_the_card_asks_for_it_and_leads_back(
    who: str, path: str, portal: Flask, world: World, client_for: Callable[..., Browser]
) -> None:
    target = path.format(link=world.link("father", "clinic"), grant=Desk(portal, world).grant())
    browser = client_for(who, Assurance.PASSKEY)
    sent = browser.get(target)
    assert sent.status_code == 302
    assert sent.location.startswith("/login?")
    assert "why=card" in sent.location
    page = browser.get(sent.location)
    assert "ここから先は、カードが必要です" in page.text
    problem = browser.get(target, headers={"Accept": "application/json"})
    assert problem.status_code == 401
    assert problem.json is not None
    assert problem.json["code"] == "card-needed"
    answered = browser.log_in(world[who].card.auth)
    assert answered.json == {"location": target}
    assert browser.get(target).status_code == 200


def test_a_guardian_reads_the_handbook_without_the_card(
    client_for: Callable[..., Browser], world: World
) -> None:
    browser = client_for("mother", Assurance.PASSKEY)
    assert browser.get(f"/handbook/children/{world.children['sakura']}").status_code == 200


def test_who_may_not_is_not_asked_for_a_card(client_for: Callable[..., Browser]) -> None:
    browser = client_for("mother", Assurance.PASSKEY)
    assert browser.get("/imaging/").status_code == 403
    assert browser.get("/admin/").status_code == 403
