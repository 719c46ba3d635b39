"""What each page of image sharing shows: frozen, composed from queries and use cases."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select

from app.audit.actions import Action
from app.audit.queries import events_visible_to
from app.authz.actor import Role
from app.authz.policy import NotPermitted, Permission, authorize
from app.core import clock
from app.core.db import reading
from app.identity.advice import Advice
from app.identity.messages import advice_for as login_advice
from app.identity.models import Account, Sex
from app.imaging import queries, service
from app.imaging.models import Grant, PatientLink, RequestState, ShareRequest, StudyReference
from app.registry.queries import organisation_names
from app.web import formats
from app.web.i18n import current_language
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from app.audit.models import AuditEvent
    from app.authz.actor import Actor
    from app.registry.models import Gateway


@dataclass(frozen=True)
class WorklistRow:
    """One registered patient on the physician's worklist."""

    link: PatientLink
    elsewhere: tuple[tuple[str, int], ...]
    state: str
    grant_id: UUID | None


@dataclass(frozen=True)
class PatientPage:
    """One patient: what exists elsewhere and the one next step."""

    link: PatientLink
    rows: tuple[WorklistRow, ...]
    studies: Sequence[StudyReference]
    request: ShareRequest | None
    state: str
    grant_id: UUID | None


@dataclass(frozen=True)
class ReceptionPage:
    """The reception's desk: who is at the desk, and who was linked lately."""

    holder: dict[str, str] | None
    recent: Sequence[PatientLink]
    problem: str | None


@dataclass(frozen=True)
class Viewing:
    """One entry of "who looked"."""

    reader: str
    organisation: str
    at: datetime
    until: datetime
    study: StudyReference | None
    frames: int
    instances: int


@dataclass(frozen=True)
class OwnPage:
    """The patient's page."""

    waiting: tuple[ShareRequest, ...]
    in_force: tuple[Grant, ...]
    over: tuple[ShareRequest, ...]
    viewings: tuple[Viewing, ...]


@dataclass(frozen=True)
class ConsentPage:
    """A request as the patient reads it, with the text to sign."""

    request: ShareRequest
    hospitals: tuple[str, ...]


@dataclass(frozen=True)
class ViewerPage:
    """What the viewer is told at its start; no pixels, no token."""

    gateway_origins: tuple[str, ...]
    config: dict[str, Any]


def desk_of(actor: Actor, role: Role) -> UUID:
    """The organisation where the actor works in this role."""
    places = sorted(actor.organisations(role), key=str)
    if not places:
        raise NotPermitted(Permission.PATIENT_LINK)
    return places[0]


def worklist(actor: Actor) -> tuple[WorklistRow, ...]:
    """The patients of the organisations where the actor practises."""
    place = service.OfOrganisation(desk_of(actor, Role.PHYSICIAN))
    authorize(actor, Permission.PATIENT_READ, place)
    with reading() as session:
        links = session.scalars(
            queries.patients_visible_to(actor).order_by(PatientLink.linked_at.desc())
        ).all()
        return tuple(_row(session, actor, link) for link in links)


def patient(actor: Actor, link_id: UUID) -> PatientPage:
    """Open one patient; this is itself an audited act."""
    link = service.open_patient(actor, link_id)
    rows = worklist(actor)
    with reading() as session:
        request = queries.latest_request(session, actor, link)
        studies = queries.studies_elsewhere(session, link)
        state, grant_id = _state(actor, request)
    return PatientPage(link, rows, studies, request, state, grant_id)


def request_state(actor: Actor, link_id: UUID) -> str:
    """``none``, ``waiting``, ``open``, ``refused``, ``expired`` or ``ended``."""
    with reading() as session:
        link = queries.visible_patient(session, actor, link_id)
        authorize(actor, Permission.PATIENT_READ, link)
        return _state(actor, queries.latest_request(session, actor, link))[0]


def reception(
    actor: Actor, holder: dict[str, str] | None = None, problem: str | None = None
) -> ReceptionPage:
    """The reception's desk."""
    place = service.OfOrganisation(desk_of(actor, Role.RECEPTIONIST))
    authorize(actor, Permission.PATIENT_LINK, place)
    with reading() as session:
        recent = session.scalars(
            queries.patients_visible_to(actor)
            .where(PatientLink.organisation_id == place.organisation_id)
            .order_by(PatientLink.linked_at.desc())
            .limit(20)
        ).all()
    return ReceptionPage(holder, recent, problem)


def mine(actor: Actor) -> OwnPage:
    """Everything about the actor's own images."""
    authorize(actor, Permission.OWN_ACCESS_READ)
    now = clock.now()
    with reading() as session:
        requests = queries.own_requests(session, actor)
        waiting = tuple(r for r in requests if _live(r, now))
        grants = queries.own_grants(session, actor)
        for request in requests:
            _touch(request)
        in_force = tuple(g for g in grants if g.ended_at is None and now < g.until_at)
        shown = {r.id for r in waiting} | {g.request_id for g in in_force}
        over = tuple(r for r in requests if r.id not in shown)
        events = session.scalars(events_visible_to(actor, Action.IMAGE_READ).limit(100)).all()
        return OwnPage(waiting, in_force, over, _viewings(session, events))


def consent(actor: Actor, request_id: UUID) -> ConsentPage:
    """A waiting request, for the person it is about."""
    with reading() as session:
        request = queries.visible_request(session, actor, request_id)
        authorize(actor, Permission.CONSENT_GIVE, request)
        _touch(request)
        hospitals = {study.gateway.organisation.name for study in request.studies}
        return ConsentPage(request, tuple(sorted(hospitals)))


def viewer(actor: Actor, grant_id: UUID) -> ViewerPage:
    """Open the viewer and say where it may go."""
    grant = service.open_viewer(actor, grant_id)
    with reading() as session:
        grant = queries.visible_grant(session, actor, grant_id)
        studies = list(grant.request.studies)
        link = session.scalar(
            queries.patients_visible_to(actor).where(
                PatientLink.person_id == grant.person_id,
                PatientLink.organisation_id == grant.organisation_id,
            )
        )
    gateways = {study.gateway.id: study.gateway for study in studies}
    origins = tuple(sorted({_origin(gateway.base_url) for gateway in gateways.values()}))
    return ViewerPage(origins, _viewer_config(grant, link, studies, gateways))


def advice_for(code: str) -> Advice:
    """What to say when a patient's card or signature was not accepted."""
    known = {
        "not-the-patient": Advice(
            _("別の方のカードです"),
            _("署名は正しいものですが、この画像のご本人のものではありません。"),
            _("ご本人のマイナンバーカードで、もう一度お試しください。"),
        ),
        "already-answered": Advice(
            _("このお願いには、もう答えています"),
            _("同意、お断り、または期限切れで終わっています。"),
            _("「画像の開示」の画面で、今の状態を確かめてください。"),
        ),
        "wrong-document": Advice(
            _("署名された文が違います"),
            _("この画面に出ている同意書とは別の文に署名されていました。"),
            _("同意書をもう一度開き、表示された文を確かめてから署名してください。"),
        ),
        "not-a-signature-certificate": Advice(
            _("署名用の証明書ではありません"),
            _("同意には、署名用電子証明書が要ります。ログイン用の証明書では同意になりません。"),
            _("カードアプリで、署名用の暗証番号（6〜16字）を入れて署名してください。"),
        ),
        "not-registered": Advice(
            _("この署名用電子証明書は登録されていません"),
            _("署名は確かめられましたが、つなぐに登録された証明書ではありません。"),
            _("引っ越しやお名前の変更のあとは新しい証明書になります。窓口で登録し直してください。"),
            "help",
        ),
    }
    return known.get(code) or login_advice(code)


def _row(session: Session, actor: Actor, link: PatientLink) -> WorklistRow:
    counts = Counter(
        study.gateway.organisation.name for study in queries.studies_elsewhere(session, link)
    )
    state, grant_id = _state(actor, queries.latest_request(session, actor, link))
    return WorklistRow(link, tuple(sorted(counts.items())), state, grant_id)


def _state(actor: Actor, request: ShareRequest | None) -> tuple[str, UUID | None]:
    now = clock.now()
    if request is None:
        return "none", None
    grant = request.grant
    if grant is not None:
        live = grant.ended_at is None and now < grant.until_at
        mine_to_open = live and grant.account_id == actor.account_id
        return ("open" if live else "ended"), (grant.id if mine_to_open else None)
    return ("waiting" if _live(request, now) else _closed(request)), None


def _live(request: ShareRequest, now: datetime) -> bool:
    return request.state == RequestState.WAITING and now < request.answer_by


def _closed(request: ShareRequest) -> str:
    return "refused" if request.state == RequestState.REFUSED else "expired"


def _touch(request: ShareRequest) -> None:
    """Load what the template reads after the session is gone."""
    assert request.account.person.name  # noqa: S101
    assert all(study.gateway.organisation.name for study in request.studies)  # noqa: S101


def _viewings(session: Session, events: Sequence[AuditEvent]) -> tuple[Viewing, ...]:
    places = {UUID(event.detail["reader_organisation"]) for event in events}
    names = organisation_names(session, places)
    people = {
        account.id: account.person.name
        for account in session.scalars(
            select(Account).where(Account.id.in_({UUID(e.detail["reader"]) for e in events}))
        )
    }
    uids = {event.detail["study_instance_uid"] for event in events}
    studies = {
        study.study_instance_uid: study
        for study in session.scalars(
            select(StudyReference).where(StudyReference.study_instance_uid.in_(uids))
        )
    }
    return tuple(_viewing(event, names, people, studies) for event in events)


def _viewing(
    event: AuditEvent,
    names: dict[UUID, str],
    people: dict[UUID, str],
    studies: dict[str, StudyReference],
) -> Viewing:
    detail = event.detail
    return Viewing(
        reader=people.get(UUID(detail["reader"]), ""),
        organisation=names.get(UUID(detail["reader_organisation"]), ""),
        at=datetime.fromisoformat(detail["first_at"]),
        until=datetime.fromisoformat(detail["last_at"]),
        study=studies.get(detail["study_instance_uid"]),
        frames=detail["frames"],
        instances=detail["instances"],
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _viewer_config(
    grant: Grant,
    link: PatientLink | None,
    studies: Sequence[StudyReference],
    gateways: dict[UUID, Gateway],
) -> dict[str, Any]:
    person = grant.request.person
    language = current_language().value
    return {
        "patient": {
            "kanji": person.name,
            "kana": person.kana,
            "id": link.local_patient_id if link else "",
            "birthDate": person.born_on.isoformat(),
            "age": formats.age(person.born_on, clock.today(), language),
            "sex": _sex(person.sex),
        },
        "sources": [
            {
                "gatewayId": str(gateway.id),
                "gatewayName": gateway.organisation.name,
                "baseUrl": gateway.base_url,
                "studies": [s.study_instance_uid for s in studies if s.gateway_id == gateway.id],
            }
            for gateway in gateways.values()
        ],
        "until": grant.until_at.isoformat(),
    }


def _sex(sex: Sex) -> str:
    return {Sex.MALE: _("男"), Sex.FEMALE: _("女")}.get(sex, _("不明"))
