"""A use case takes its actor first and asks the policy table."""

from __future__ import annotations

from tests.architecture.source import Function, functions, reaches

USE_CASE_MODULES = ("app/*/service.py", "app/*/*_service.py", "app/imaging/reports.py")

ACTOR_TYPES = frozenset({"Actor", "ClientSystem", "Machine", "Subject"})

WITHOUT_ACTOR = {
    "app/identity/service.py:new_challenge": "before login there is no actor",
    "app/identity/service.py:log_in_with_card": "the card's answer makes the actor",
    "app/identity/service.py:identify_holder": "proves whose card it is; its caller decides",
    "app/identity/service.py:consume_challenge": "a step of the two above",
    "app/identity/service.py:signature_credential_owner": "names whose signature it is",
    "app/identity/service.py:require_same_person": "a step of the logins",
    "app/identity/registration_service.py:present_card": "before registration there is no actor",
    "app/identity/registration_service.py:draft_application": "a text; nothing is written",
    "app/identity/registration_service.py:submit": "the signature makes the actor",
    "app/identity/account_service.py:record_departure": "who leaves a lock proved nothing",
    "app/identity/passkey_service.py:begin_passkey_login": "before login there is no actor",
    "app/identity/service.py:account_of_holder": "a step of the logins",
    "app/identity/client_certificate_service.py:log_in_with_certificate": "TLS makes the actor",
    "app/identity/openid_service.py:begin_phone_login": "before login there is no actor",
    "app/identity/openid_service.py:log_in_with_phone": "the provider's answer makes the actor",
    "app/identity/passkey_service.py:log_in_with_passkey": "the passkey's answer makes the actor",
}

WITHOUT_ACTOR |= {
    "app/notifications/service.py:confirm_mail": "whoever holds the code owns the mailbox",
    "app/notifications/service.py:require_waiting": "asks about the code alone",
}

WITHOUT_ACTOR |= {
    "app/calendar_feed/service.py:read_feed": "whoever holds the address may read it",
}

WITHOUT_ACTOR |= {
    "app/identity/evidence_service.py:take_out_evidence": "by command, with the machine's own keys",
}

WITHOUT_PERMISSION = {
    **WITHOUT_ACTOR,
    "app/identity/service.py:record_logout": "whoever is logged in may log out",
}

WRITES = frozenset({"session.add", "session.add_all", "session.delete", "session.merge"})


def _all() -> list[Function]:
    return [one for pattern in USE_CASE_MODULES for one in functions(pattern)]


def _use_cases() -> list[Function]:
    return [one for one in _all() if one.is_public]


def test_there_are_use_cases_to_look_at() -> None:
    assert len(_use_cases()) >= len(WITHOUT_PERMISSION)


def test_every_use_case_takes_its_actor_first() -> None:
    wrong = [
        one.name
        for one in _use_cases()
        if one.name not in WITHOUT_ACTOR
        and (one.first_parameter[0] != "actor" or one.first_parameter[1] not in ACTOR_TYPES)
    ]
    assert wrong == []


def test_every_use_case_asks_the_policy_table() -> None:
    every = _all()
    wrong = [
        one.name
        for one in _use_cases()
        if one.name not in WITHOUT_PERMISSION and not reaches(one, "authorize", every)
    ]
    assert wrong == []


def test_nothing_is_written_above_the_question() -> None:
    wrong = [
        f"{one.name}: line {written} writes, line {asked} asks"
        for one in _use_cases()
        if (asked := one.first_call({"authorize"})) and (written := one.first_call(WRITES))
        if written < asked
    ]
    assert wrong == []


def test_every_exception_still_exists() -> None:
    names = {one.name for one in _use_cases()}
    assert WITHOUT_PERMISSION.keys() - names == set()
