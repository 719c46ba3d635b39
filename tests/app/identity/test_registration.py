"""The application for use: who becomes somebody new, who is known again, who waits for the desk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from app.audit.actions import Action
from app.authz.actor import Assurance
from app.core import clock
from app.core.db import transaction
from app.crypto.digests import sha256_hex
from app.crypto.errors import SealBroken
from app.identity import registration_views
from app.identity.evidence import Evidence, open_address, seal_address
from app.identity.models import Account, Credential, KanaSource, Person
from app.identity.registration_models import Registration, RegistrationState
from app.identity.registration_service import SIGNATURE_AGE
from app.jpki.evidence_errors import TimestampUnavailable
from app.web.models import BrowserSession
from tests.app.browser import Browser
from tests.app.browser import stranger as another_browser
from tests.app.identity.applicant import FORM, MOTHER, NEWCOMER, Applicant, a_card, told
from tests.app.ledger import all_of, changing, events

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from flask import Flask
    from werkzeug.test import TestResponse

    from app.jpki.timestamp import VerifiedTimestamp
    from simulators.jlis.office import Office
    from tests.app.world import World

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What the first tests prove on both databases does not differ afterwards."""


@dataclass(frozen=True)
class NoTimestamps:
    """An authority that does not answer."""

    def stamp(self, imprint: bytes, *, at: datetime) -> VerifiedTimestamp:
        assert imprint
        raise TimestampUnavailable(f"nobody answers at {at:%H:%M}")


@pytest.fixture
def newcomer(stranger: Browser, jlis: Office) -> Applicant:
    return Applicant(stranger, a_card(jlis))


@pytest.fixture
def known_address(portal: Flask, world: World) -> str:
    """The mother's address as an earlier application proved it."""
    with changing(Person, id=world["mother"].person_id) as row:
        row.address = seal_address(portal.extensions["sealer"], row.id, MOTHER.address)
    return MOTHER.address


def refused(answered: TestResponse, code: str, status: int = 403) -> str:
    """Assert the refusal and that nobody was let in; return the address of its page."""
    assert answered.json is not None
    assert (answered.status_code, answered.json["code"]) == (status, code)
    assert events(Action.REGISTRATION_REFUSED)[-1].detail == {"reason": code}
    assert not events(Action.REGISTRATION_COMPLETED)
    return str(answered.json["location"])


def test_somebody_new_gets_an_account_and_is_in(newcomer: Applicant, portal: Flask) -> None:
    answered = newcomer.apply()
    assert (answered.status_code, answered.json) == (200, {"location": "/"})
    page = newcomer.browser.get("/handbook/").text
    assert "利用申請を受け付けました" in page
    assert "保健センターで登録すると" in page
    (person,) = all_of(Person, family_name="新顔")
    assert (person.given_name, person.kana) == ("初子", "にいがお　はつこ")
    assert (person.born_on, person.sex.value) == (NEWCOMER.born_on, "female")
    assert person.kana_source is KanaSource.OWN_STATEMENT
    assert open_address(portal.extensions["sealer"], person.id, person.address) == NEWCOMER.address
    (account,) = all_of(Account, person_id=person.id)
    kinds = {row.kind.value: row.serial for row in all_of(Credential, account_id=account.id)}
    card = newcomer.card
    assert all(row.last_used_at for row in all_of(Credential, account_id=account.id))
    assert kinds == {"jpki-auth": card.auth.serial, "jpki-sign": card.signing.serial}
    assert told() == [(str(account.id), "registered")]
    (event,) = events(Action.REGISTRATION_COMPLETED)
    assert event.person_id == person.id
    again = another_browser(portal).log_in(card.auth)
    assert again.json == {"location": "/"}


def test_the_session_after_it_has_a_new_id_and_the_card_s_level(newcomer: Applicant) -> None:
    newcomer.present()
    before = str(newcomer.browser.cookie())
    newcomer.fill()
    newcomer.sign()
    assert newcomer.browser.cookie() != before
    assert not all_of(BrowserSession, id_hash=sha256_hex(before))
    (row,) = all_of(BrowserSession, id_hash=sha256_hex(str(newcomer.browser.cookie())))
    assert (row.assurance, row.locks) == (Assurance.CARD, False)
    assert not {"registration_card", "registration_draft"} & row.data.keys()


def test_the_text_names_the_card_the_wish_and_the_reading(newcomer: Applicant) -> None:
    newcomer.present()
    newcomer.fill(intent="replace")
    text = newcomer.text()
    mark = sha256_hex(newcomer.card.auth.der)
    for words in ("つなぐ利用申請書", "にいがお　はつこ", mark[:32], mark[32:], "置きかえる"):
        assert words in text
    assert NEWCOMER.name not in text, "nobody's name is known before the signature"


def test_evidence_is_sealed_and_bound_to_its_row(newcomer: Applicant, portal: Flask) -> None:
    newcomer.present()
    newcomer.fill()
    text = newcomer.text()
    newcomer.sign(text)
    (row,) = all_of(Registration)
    assert NEWCOMER.name.encode() not in row.evidence
    sealer = portal.extensions["sealer"]
    evidence = Evidence.open(sealer, row.id, row.evidence)
    assert evidence.text == text
    assert evidence.claims.address == NEWCOMER.address
    assert evidence.token["certificate"]
    files = portal.extensions["evidence_desk"].open(evidence.pdf)
    assert files["signed-text.txt"].decode() == text
    assert files["timestamp.tst"]
    assert {status["source"] for status in evidence.statuses.values()} == {"ocsp"}
    assert evidence.simulated is True
    with pytest.raises(SealBroken):
        Evidence.open(sealer, UUID(int=row.id.int ^ 1), row.evidence)


@ONE_DATABASE
def test_a_renewed_card_opens_the_old_account_and_ends_the_old_card(
    newcomer: Applicant, portal: Flask, jlis: Office
) -> None:
    newcomer.apply()
    old = newcomer.card
    renewed = Applicant(another_browser(portal), a_card(jlis))
    unknown = another_browser(portal).log_in(renewed.card.auth)
    assert unknown.json is not None
    assert unknown.json["code"] == "not-registered"
    assert 'href="/register"' in newcomer.browser.get("/login/failed/not-registered").text
    assert renewed.apply(intent="replace").json == {"location": "/"}
    (person,) = all_of(Person, family_name="新顔")
    (account,) = all_of(Account, person_id=person.id)
    live = {row.serial for row in all_of(Credential, account_id=account.id, removed_at=None)}
    assert live == {renewed.card.auth.serial, renewed.card.signing.serial}
    (gone,) = all_of(Credential, serial=old.auth.serial)
    (fresh,) = all_of(Credential, serial=renewed.card.auth.serial)
    assert gone.replaced_by == fresh.id
    assert [change for _, change in told()] == ["registered", "card-relinked"]
    assert "/login" in newcomer.browser.get("/handbook/").location, "other sessions ended"
    refusal = another_browser(portal).log_in(old.auth).json
    assert refusal is not None
    assert refusal["code"] == "credential-replaced"


@ONE_DATABASE
def test_a_second_card_is_added_beside_the_first(
    newcomer: Applicant, portal: Flask, jlis: Office
) -> None:
    newcomer.apply()
    phone = Applicant(another_browser(portal), a_card(jlis))
    phone.apply(intent="add")
    assert [change for _, change in told()] == ["registered", "card-added"]
    assert another_browser(portal).log_in(newcomer.card.auth).status_code == 200
    assert newcomer.browser.get("/account").status_code == 200


@ONE_DATABASE
def test_a_move_kills_only_the_signature_certificate(
    newcomer: Applicant, jlis: Office, portal: Flask
) -> None:
    newcomer.apply()
    jlis.revoke(newcomer.card.signing.serial, at=clock.now())
    assert another_browser(portal).log_in(newcomer.card.auth).status_code == 200


def test_two_applications_with_one_card_at_once_make_one_account(
    portal: Flask, jlis: Office
) -> None:
    card = a_card(jlis)
    ready = []
    for _ in range(2):
        one = Applicant(another_browser(portal), card)
        one.present()
        one.fill()
        ready.append((one, one.text()))
    with ThreadPoolExecutor(2) as pair:
        answers = list(pair.map(lambda item: item[0].sign(item[1]).status_code, ready))
    assert answers.count(200) >= 1
    assert set(answers) <= {200, 409}
    (person,) = all_of(Person, family_name="新顔")
    (account,) = all_of(Account, person_id=person.id)
    assert len(all_of(Credential, account_id=account.id)) == 2


@ONE_DATABASE
def test_a_known_person_with_the_same_address_is_linked(
    stranger: Browser, jlis: Office, world: World, known_address: str
) -> None:
    assert known_address
    card = a_card(jlis, replace(MOTHER, address="東京都つなぐ市見本町１－２－３"))
    assert Applicant(stranger, card).apply().json == {"location": "/"}
    (row,) = all_of(Credential, serial=card.auth.serial)
    assert row.account_id == world["mother"].account_id
    assert "見本" in stranger.get("/handbook/").text


@ONE_DATABASE
@pytest.mark.parametrize(
    ("holder", "doubt"),
    [
        (MOTHER, "no-address"),
        (replace(MOTHER, name="新姓　花子"), "name-differs"),
        (replace(MOTHER, sex=type(MOTHER.sex).MALE), "sex-differs"),
        (replace(MOTHER, name_substitutes="00010"), "substitute-characters"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_what_is_not_certain_waits_for_the_desk(
    stranger: Browser, jlis: Office, world: World, holder: object, doubt: str
) -> None:
    applicant = Applicant(stranger, a_card(jlis, holder))  # type: ignore[arg-type]
    assert applicant.apply().json == {"location": "/register/waiting"}
    (row,) = all_of(Registration)
    assert (row.state, row.organisation_id) == (
        RegistrationState.WAITING,
        world.organisations["city"],
    )
    assert doubt in row.doubts
    assert not all_of(Credential, serial=applicant.card.auth.serial)
    page = stranger.get("/register/waiting").text
    assert str(row.id) in page
    assert "/login" in stranger.get("/handbook/").location
    assert told() == []
    refusal = stranger.log_in(applicant.card.auth).json
    assert refusal is not None
    assert refusal["code"] == "registration-waiting"
    assert refused(applicant.present(), "registration-waiting")


@ONE_DATABASE
def test_who_moved_is_let_in_by_an_older_credential(
    client_for: Callable[..., Browser], jlis: Office, world: World, known_address: str
) -> None:
    assert known_address
    moved = replace(MOTHER, name="新姓　花子", address="北海道とおい市９丁目")
    applicant = Applicant(client_for("mother", Assurance.PASSKEY), a_card(jlis, moved))
    assert applicant.apply(intent="replace").json == {"location": "/"}
    (person,) = all_of(Person, id=world["mother"].person_id)
    assert person.name == "新姓　花子"
    assert all_of(Credential, serial=applicant.card.auth.serial, removed_at=None)


@ONE_DATABASE
def test_without_that_credential_the_same_move_waits(
    stranger: Browser, jlis: Office, known_address: str
) -> None:
    assert known_address
    applicant = Applicant(stranger, a_card(jlis, replace(MOTHER, address="東京都つなぐ市９丁目")))
    applicant.apply(intent="replace")
    (row,) = all_of(Registration)
    assert row.doubts == ["address-changed"]


@ONE_DATABASE
def test_where_no_municipality_answers_nothing_is_kept(stranger: Browser, jlis: Office) -> None:
    applicant = Applicant(stranger, a_card(jlis, replace(MOTHER, address="どこでもない村１")))
    page = stranger.get(refused(applicant.apply(), "no-desk", 409)).text
    assert "保健センターに、カードを持って" in page
    assert not all_of(Registration)


@ONE_DATABASE
def test_another_persons_card_is_not_added_to_an_open_session(
    client_for: Callable[..., Browser], jlis: Office
) -> None:
    applicant = Applicant(client_for("mother"), a_card(jlis))
    page = applicant.browser.get(refused(applicant.apply(), "another-person")).text
    assert "先にログアウト" in page
    assert not all_of(Person, family_name="新顔")


@ONE_DATABASE
def test_the_certificates_of_two_birthdays_go_to_the_desk(stranger: Browser, jlis: Office) -> None:
    """A parent's signature beside the card of somebody else."""
    other = a_card(jlis, replace(NEWCOMER, name="別人　某", born_on=date(1990, 6, 6)))
    applicant = Applicant(stranger, other)
    applicant.present()
    applicant.fill()
    applicant.sign(card=a_card(jlis))
    (row,) = all_of(Registration)
    assert (row.state, row.doubts) == (RegistrationState.WAITING, ["certificates-differ"])


@ONE_DATABASE
def test_without_a_timestamp_nothing_is_taken(newcomer: Applicant, portal: Flask) -> None:
    newcomer.present()
    newcomer.fill()
    text, registrar = newcomer.text(), portal.extensions["registrar"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            portal.extensions,
            "registrar",
            replace(registrar, evidence=replace(registrar.evidence, timestamps=NoTimestamps())),
        )
        answered = newcomer.sign(text)
    page = newcomer.browser.get(refused(answered, "timestamp-unavailable", 503)).text
    assert "時刻を証明する所" in page
    assert newcomer.sign(text).status_code == 200, "the same text can be signed again"


@ONE_DATABASE
def test_a_signature_over_another_text_is_refused(newcomer: Applicant) -> None:
    newcomer.present()
    newcomer.fill()
    page = newcomer.browser.get(refused(newcomer.sign("べつの文\n"), "wrong-document")).text
    assert "別の文に署名" in page


@ONE_DATABASE
def test_a_revoked_signature_certificate_is_refused(newcomer: Applicant, jlis: Office) -> None:
    newcomer.present()
    newcomer.fill()
    jlis.revoke(newcomer.card.signing.serial, at=clock.now())
    page = newcomer.browser.get(refused(newcomer.sign(), "signing-certificate-revoked")).text
    assert "引っ越しやお名前の変更のあと" in page


@ONE_DATABASE
def test_who_may_still_be_under_fifteen_is_not_taken(
    stranger: Browser, jlis: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an unknown birthday the latest counts."""
    year = clock.today().year - SIGNATURE_AGE
    monkeypatch.setattr(type(NEWCOMER), "coded_birth", property(lambda _self: f"4{year}0000"))
    card = a_card(jlis, replace(NEWCOMER, born_on=date(year, 1, 1)))
    page = stranger.get(refused(Applicant(stranger, card).apply(), "too-young")).text
    assert "保護者の方のカードで申請してください" in page
    assert not all_of(Registration)


@ONE_DATABASE
def test_the_login_key_signs_no_application(newcomer: Applicant) -> None:
    newcomer.present()
    newcomer.fill()
    forged = replace(newcomer.card, sign=newcomer.card.auth)
    refused(newcomer.sign(card=forged), "not-a-signature-certificate")


@ONE_DATABASE
def test_a_registered_card_needs_no_application(stranger: Browser, world: World) -> None:
    applicant = Applicant(stranger, world["mother"].card)
    page = stranger.get(refused(applicant.present(), "already-registered", 409)).text
    assert "もう登録されています" in page


@ONE_DATABASE
def test_a_challenge_of_the_login_serves_no_registration(newcomer: Applicant) -> None:
    newcomer.browser.challenge = lambda path="": Browser.challenge(newcomer.browser)  # type: ignore[method-assign]
    refused(newcomer.present(), "challenge-gone")


@ONE_DATABASE
def test_too_long_between_card_and_signature_is_told(
    newcomer: Applicant, monkeypatch: pytest.MonkeyPatch
) -> None:
    newcomer.present()
    newcomer.fill()
    text, then = newcomer.text(), clock.now() + timedelta(minutes=16)
    monkeypatch.setattr(clock, "now", lambda: then)
    page = newcomer.browser.get(refused(newcomer.sign(text), "registration-too-late")).text
    assert "15分がすぎました" in page


@ONE_DATABASE
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"family_kana": ""}, "ふりがなを入れてください。"),
        ({"family_kana": "漢字"}, "ひらがな、カタカナ、またはローマ字"),
        ({"given_kana": "あ" * 65}, "64文字まで"),
        ({"intent": ""}, "一つ選んでください。"),
    ],
)
def test_a_form_with_a_mistake_says_which(
    newcomer: Applicant, changes: dict[str, str], words: str
) -> None:
    newcomer.present()
    answered = newcomer.fill(**changes)
    assert answered.status_code == 422
    assert words in answered.text
    assert FORM["given_kana"][:2] in answered.text or "given_kana" in changes


@ONE_DATABASE
def test_nothing_is_reached_out_of_order(stranger: Browser) -> None:
    for path in ("application", "sign", "waiting"):
        assert stranger.get(f"/register/{path}").location == "/register"
    assert stranger.post("/register/application", FORM).location == "/register"
    answered = stranger.send("/register/signature", {"cms": "AAAA"})
    assert answered.json == {"location": "/register", "code": "registration-too-late"}
    assert registration_views.CARD not in all_of(BrowserSession)[0].data


@ONE_DATABASE
@pytest.mark.parametrize("body", [{}, {"cms": 1}, {"cms": "%"}, {"cms": "A" * 70_000}, []])
def test_what_is_no_signature_is_refused(newcomer: Applicant, body: object) -> None:
    newcomer.present()
    newcomer.fill()
    answered = newcomer.browser.send("/register/signature", body)
    assert (answered.status_code, (answered.json or {})["code"]) == (422, "malformed-token")


@ONE_DATABASE
def test_a_removed_card_comes_back_by_an_application(newcomer: Applicant, portal: Flask) -> None:
    newcomer.apply()
    (row,) = all_of(Credential, serial=newcomer.card.auth.serial)
    path = f"/account/cards/{row.id}/remove"
    warned = newcomer.browser.post(path)
    assert warned.status_code == 409
    assert "最後のカードを外しますか" in warned.text
    assert newcomer.browser.post(path, {"sure": "yes"}).location == "/account"
    lost = another_browser(portal)
    refusal = lost.log_in(newcomer.card.auth).json
    assert refusal is not None
    assert refusal["code"] == "credential-removed"
    assert "利用申請をはじめる" in lost.get(str(refusal["location"])).text
    assert Applicant(lost, newcomer.card).apply().json == {"location": "/"}
    (back,) = all_of(Credential, serial=newcomer.card.auth.serial)
    assert (back.id, back.removed_at) == (row.id, None)


@ONE_DATABASE
def test_a_removed_card_of_somebody_else_opens_no_new_account(
    stranger: Browser, world: World, jlis: Office
) -> None:
    """A login certificate belongs to its first account for good."""
    card = replace(
        a_card(jlis, replace(NEWCOMER, born_on=MOTHER.born_on)), auth=world["mother"].card.auth
    )
    with changing(Credential, serial=card.auth.serial) as row:
        row.removed_at = clock.now()
    page = stranger.get(refused(Applicant(stranger, card).apply(), "certificate-taken", 409)).text
    assert "別のアカウント" in page
    assert not all_of(Person, family_name="新顔")


@ONE_DATABASE
def test_a_closed_account_is_not_opened_by_an_application(
    stranger: Browser, jlis: Office, world: World, known_address: str
) -> None:
    assert known_address
    with transaction() as session:
        session.get_one(Account, world["mother"].account_id).closed_at = clock.now()
    refused(Applicant(stranger, a_card(jlis, MOTHER)).apply(), "account-closed")
