"""Lists start from what the actor may see: selects stand in queries, and queries know the actor."""

from __future__ import annotations

from config.settings import ROOT
from tests.architecture.source import Function, functions

FEATURES = (
    "admin",
    "calendar_feed",
    "family",
    "fhir",
    "handbook",
    "health_center",
    "home",
    "identity",
    "imaging",
    "immunization",
    "jobs",
    "messagebox",
    "notifications",
    "paper_book",
    "record",
    "registry",
    "reminders",
)

SELECTS_ELSEWHERE = {
    "app/imaging/pages.py:_viewings": "names for events already scoped to the person",
    "app/imaging/service.py:link_patient": "whether this number is taken at the actor's own desk",
    "app/imaging/reports.py:_store_study": "rows of the reporting gateway itself",
}

WITHOUT_ACTOR = {
    "app/calendar_feed/queries.py:feed_with_token": "whoever holds the address may read it",
    "app/fhir/queries.py:api_client_by_id": "systems prove themselves by their key",
    "app/fhir/queries.py:all_api_clients": "command line of the operator",
    "app/jobs/queries.py:municipality_ids": "jobs: one part of the work each",
    "app/jobs/queries.py:open_runs": "jobs: whoever is free takes one",
    "app/jobs/queries.py:runs_of_day": "figures for the operator and the command line",
    "app/jobs/queries.py:run_counts": "figures for the operator and Prometheus",
    "app/jobs/queries.py:outbox_waiting": "figures for the operator and Prometheus",
    "app/messagebox/queries.py:letters_for": "the nightly round, and staff shown the child",
    "app/messagebox/queries.py:letter_counts": "figures for the operator and Prometheus",
    "app/notifications/queries.py:channel_with_code": "whoever holds the code owns the mailbox",
    "app/notifications/queries.py:live_channels": "jobs: where people are told",
    "app/notifications/queries.py:channel_kinds": "of guardians of a child that was shown",
    "app/notifications/queries.py:due_deliveries": "jobs: what is due",
    "app/notifications/queries.py:deliveries_for": "of guardians of a child that was shown",
    "app/notifications/queries.py:delivery_counts": "figures for the operator and Prometheus",
    "app/notifications/queries.py:oldest_waiting": "figures for the operator and Prometheus",
    **dict.fromkeys(
        (
            "app/reminders/queries.py:page_of_children",
            "app/reminders/queries.py:children_between",
            "app/reminders/queries.py:children_by_id",
            "app/reminders/queries.py:doses",
            "app/reminders/queries.py:said",
            "app/reminders/queries.py:said_on",
            "app/reminders/queries.py:recipients",
            "app/reminders/queries.py:next_waiting_child",
            "app/reminders/queries.py:waiting_reminders",
        ),
        "the nightly round reads many children at once",
    ),
    "app/reminders/queries.py:stops_of": "of a child the actor was shown",
    "app/reminders/queries.py:guardians_of": "of a child the actor was shown",
    "app/reminders/queries.py:reminder_counts": "figures for the operator and Prometheus",
    "app/identity/queries.py:phone_named": "login: an issuer's name names at most one",
    "app/identity/queries.py:credential_named": "login: a certificate names at most one",
    "app/identity/queries.py:open_account": "login: assembles the actor",
    "app/identity/queries.py:account_of_person": "one row by its owner",
    "app/identity/queries.py:memberships_on": "login: assembles the actor",
    "app/identity/queries.py:passkey_named": "login: an id names at most one",
    "app/identity/queries.py:credential_ever_named": "login: a certificate names at most one",
    "app/identity/queries.py:live_credentials_of": "of an account whose application was decided",
    "app/identity/queries.py:people_born_on": "whom an applicant may be: before there is an actor",
    "app/identity/queries.py:latest_registration": "login: where the card's application stands",
    "app/identity/queries.py:waiting_registrations_named": "of a certificate just proved",
    "app/identity/queries.py:sessions_of": "of an account whose credentials were replaced",
    "app/registry/queries.py:organisation_names": "names of organisations are public",
    "app/registry/queries.py:municipality_named_in": "names of organisations are public",
    "app/registry/queries.py:licenses_of": "login: assembles the actor",
    "app/registry/queries.py:invitation_with_code": "whoever holds the code was invited",
    "app/registry/queries.py:organisation_by_code": "command line of the operator",
    "app/registry/queries.py:locked_organisation": "held still while the actor acts there",
    "app/registry/queries.py:has_administrator": "whether a first one may still be invited",
    "app/registry/queries.py:holds_role": "of the actor, or of who invited the actor",
    "app/registry/queries.py:person_of": "of a membership the actor manages",
    "app/registry/queries.py:practitioner_of": "of a membership the actor manages",
    "app/registry/queries.py:holder_of_license": "a number stands in one record only",
    "app/registry/queries.py:gateway_by_id": "gateways prove themselves by their key",
    "app/registry/queries.py:gateway_to_change": "the gateway whose report is taken in",
    "app/registry/queries.py:gateway_of": "a code of that hospital was shown",
    "app/registry/queries.py:gateways_elsewhere": "whether a key is another hospital's",
    "app/registry/queries.py:gateway_offer_with_code": "whoever holds the code may enrol",
    "app/registry/queries.py:all_gateways": "addresses a viewer may connect to",
    **dict.fromkeys(
        (
            "app/immunization/incident_queries.py:incident_about",
            "app/immunization/incident_queries.py:reported_among",
            "app/immunization/incident_queries.py:newest_doses",
            "app/immunization/incident_queries.py:lot_expiry",
        ),
        "about doses of a child the actor was shown",
    ),
    **dict.fromkeys(
        (
            "app/immunization/incident_queries.py:versions_of",
            "app/immunization/incident_queries.py:newest_number",
        ),
        "of a report the actor was shown",
    ),
    **dict.fromkeys(
        (
            "app/immunization/standing_queries.py:read_standings",
            "app/immunization/standing_queries.py:quiet_children",
            "app/immunization/standing_queries.py:residences",
            "app/immunization/standing_queries.py:objections",
        ),
        "of children the caller was shown, or the nightly round's",
    ),
    "app/immunization/family_copy_queries.py:copied_of": "of children shown, or a job's",
    "app/immunization/queries.py:given_of": "of children the caller has shown, or a job's",
    "app/immunization/queries.py:children_after": "a job goes through all children",
    **dict.fromkeys(
        (
            "app/immunization/import_queries.py:drop_parts",
            "app/immunization/import_queries.py:next_part",
            "app/immunization/import_queries.py:hold_children",
            "app/immunization/import_queries.py:let_stale_go",
            "app/immunization/import_queries.py:drop_known",
            "app/immunization/import_queries.py:find_copies",
            "app/immunization/import_queries.py:confirm_copies",
            "app/immunization/import_queries.py:publish",
            "app/immunization/import_queries.py:take_away",
            "app/immunization/import_queries.py:count_written",
            "app/immunization/import_queries.py:children_to_list",
        ),
        "of a file the actor has opened to change",
    ),
    "app/immunization/queries.py:drop_old_files": "a job forgets what was kept long enough",
    "app/immunization/queries.py:has_children": "a job asks whether there is work",
    "app/immunization/queries.py:oldest_projection": "a day, of nobody",
    "app/imaging/queries.py:studies_elsewhere": "of a patient link the actor was shown",
}


def _in_features(module: str) -> list[Function]:
    return [one for feature in FEATURES for one in functions(f"app/{feature}/{module}.py")]


def test_every_feature_folder_is_looked_at() -> None:
    platform = {"audit", "authz", "core", "crypto", "jpki", "web", "static", "templates"}
    folders = {path.parent.name for path in ROOT.glob("app/*/__init__.py")}
    assert folders - platform == set(FEATURES)


def test_selects_stand_in_queries() -> None:
    wrong = [
        one.name
        for one in _in_features("*")
        if "select" in one.calls
        and not one.path.endswith(("/queries.py", "_queries.py"))
        and one.name not in SELECTS_ELSEWHERE
    ]
    assert wrong == []


def test_every_scope_takes_the_actor_first() -> None:
    wrong = [
        one.name
        for one in functions("app/*/*.py")
        if one.node.name.endswith("_visible_to") and one.first_parameter != ("actor", "Actor")
    ]
    assert wrong == []


def test_every_query_knows_the_actor() -> None:
    wrong = [
        one.name
        for one in _in_features("*queries")
        if one.is_public
        and ("session" in _parameters(one) or "select" in one.calls)
        and one.name not in WITHOUT_ACTOR
        and "actor" not in _parameters(one)
    ]
    assert wrong == []


def test_a_query_with_an_actor_starts_from_a_scope() -> None:
    wrong = [
        one.name
        for one in _in_features("*queries")
        if one.is_public
        and not one.node.name.endswith("_visible_to")
        and "actor" in _parameters(one)
        and "select" in one.calls
    ]
    assert wrong == []


def test_a_page_that_reads_knows_the_actor() -> None:
    wrong = [
        one.name
        for one in _in_features("pages")
        if one.is_public
        and one.calls & {"reading", "transaction"}
        and one.first_parameter != ("actor", "Actor")
    ]
    assert wrong == []


def test_every_exception_still_exists() -> None:
    names = {one.name for one in _in_features("*")}
    assert (SELECTS_ELSEWHERE.keys() | WITHOUT_ACTOR.keys()) - names == set()


def _parameters(one: Function) -> set[str]:
    return {parameter.arg for parameter in one.node.args.args}
