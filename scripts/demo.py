"""Demo cards and demo data: ``python -m scripts.demo cards|data``. Idempotent.

``cards`` runs with the simulators' settings, ``data`` with the portal's. Everybody in it is
fictional; birthdays of the children move with today so that the demo never grows old.
"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from joserfc.jwk import ECKey
from sqlalchemy import select

from app.authz.actor import Profession, Role
from app.core import clock
from app.core.db import bind, make_engine, transaction
from app.core.ids import new_id
from app.core.provenance import Source
from app.crypto.sealing import Sealer
from app.family.models import Child, Guardianship, GuardianshipBasis
from app.handbook.growth_reference import Measure
from app.handbook.models import Checkup, Measurement
from app.identity.credentials import Certificate
from app.identity.evidence import seal_address
from app.identity.models import (
    Account,
    Credential,
    CredentialKind,
    MembershipRow,
    Person,
    Sex,
)
from app.imaging.models import PatientLink
from app.immunization.models import Dose
from app.jpki.certificates import read_authentication_certificate, read_signature_certificate
from app.jpki.trust import TrustStore
from app.notifications.models import Channel, ChannelKind
from app.registry.models import Gateway, LicenseRow, Organisation, OrganisationKind, Practitioner
from config.settings import Mode, portal_settings, simulator_settings
from scripts.cast import DEMO_CAST, Member
from scripts.world import HOSPITALS
from simulators.jlis.card_folder import CardFace
from simulators.jlis.holder import Holder
from simulators.jlis.holder import Sex as CardSex
from simulators.jlis.office import Office

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session

__all__ = ["DEMO_CAST", "issue_cards", "seed"]

MUNICIPALITY = ("つなぐ市", "999997")
HOSPITAL = ("みほん総合病院", "9999990001")
CLINIC = ("かりの内科クリニック", "9999990002")
CARD_SEX = {"male": CardSex.MALE, "female": CardSex.FEMALE}
NOT_REGISTERED = {"stranger", "newcomer", "namesake"}
ONLY_ON_PAPER = {"namesake"}
"""Known to the health center by name and birthday, without an account: the desk has to decide."""
ADDRESS = "東京都つなぐ市見本町一丁目2番3号"

DISTRICTS = ("つなぐ東地区", "つなぐ西地区")
SAKURA_DOSES = (
    ("HEPB", 2, 3), ("RV1", 2, 3), ("DPT_IPV_HIB", 2, 3), ("PCV20", 2, 3),
    ("HEPB", 3, 5), ("RV1", 3, 5), ("DPT_IPV_HIB", 3, 5), ("PCV20", 3, 5),
    ("DPT_IPV_HIB", 4, 8), ("PCV20", 4, 8),
)  # fmt: skip
YUTO_DOSES = (
    *SAKURA_DOSES,
    ("BCG", 5, 10), ("HEPB", 7, 20), ("MR", 12, 2), ("VAR", 12, 2), ("PCV20", 12, 10),
    ("DPT_IPV_HIB", 12, 10), ("VAR", 18, 12),
)  # fmt: skip
SAKURA_BODY = ((0, 2960, 487, 331), (1, 4010, 532, 364), (4, 6480, 622, 405), (7, 7820, 682, 433))
YUTO_BODY = (
    (0, 3120, 495, 336), (1, 4250, 541, 371), (4, 7050, 641, 420), (10, 8960, 728, 456),
    (18, 10600, 806, 474), (36, 14100, 946, 0),
)  # fmt: skip
CHECKUPS = ((1, "checkup_1m"), (4, "checkup_3_4m"), (10, "checkup_9_10m"), (18, "checkup_1y6m"),
            (36, "checkup_3y"))  # fmt: skip


def issue_cards(var: Path, port: int) -> None:
    """A card folder for every member of the cast that has none yet."""
    office = Office.create(var, at=clock.now(), port=port)
    for member in DEMO_CAST:
        if (var / "cards" / member.key / "card.json").is_file():
            continue
        now = clock.now()
        expired = member.fault == "expired"
        issued_at = now - timedelta(days=5 * 365) if expired else now - timedelta(days=30)
        office.issue(
            member.key,
            _holder(member),
            at=issued_at,
            face=CardFace(member.name, member.auth_pin, member.sign_pin),
            valid_until=now - timedelta(days=1) if expired else None,
        )
        if member.fault == "revoked":
            office.revoke(member.key, at=now, reason="affiliation_changed")


def seed(cards: Path, gateways: Path, origins: dict[str, str]) -> None:
    """Organisations, people, credentials, children and their records."""
    with transaction() as session:
        if session.scalar(select(Organisation).limit(1)) is not None:
            _refresh_gateways(session, gateways, origins)
            return
        _seed_organisations(session)
        session.flush()
        sealer = Sealer.load(portal_settings().sealing_keys)
        people = {
            member.key: _seed_member(session, member, cards, sealer)
            for member in DEMO_CAST
            if member.key not in NOT_REGISTERED
        }
        session.add_all(_person(m) for m in DEMO_CAST if m.key in ONLY_ON_PAPER)
        session.flush()
        _seed_gateways(session, gateways, origins)
        _seed_roles(session, people)
        _seed_children(session, people)
        _seed_patient(session, people)
        _seed_mailboxes(session, people, sealer)


def _holder(member: Member) -> Holder:
    return Holder(
        name=member.name,
        born_on=member.born_on,
        sex=CARD_SEX[member.sex],
        address=ADDRESS,
        municipality_code=MUNICIPALITY[1],
    )


def _organisation(session: Session, code: str) -> Organisation:
    return session.scalars(select(Organisation).where(Organisation.official_code == code)).one()


def _seed_organisations(session: Session) -> None:
    kinds = (
        (MUNICIPALITY, OrganisationKind.MUNICIPALITY),
        (HOSPITAL, OrganisationKind.HOSPITAL),
        (CLINIC, OrganisationKind.CLINIC),
    )
    for (name, code), kind in kinds:
        session.add(Organisation(id=new_id(), kind=kind, name=name, official_code=code))


def _person(member: Member) -> Person:
    return Person(
        id=new_id(),
        family_name=member.family,
        given_name=member.given,
        family_kana=member.family_kana,
        given_kana=member.given_kana,
        born_on=member.born_on,
        sex=Sex(member.sex),
    )


def _seed_member(session: Session, member: Member, cards: Path, sealer: Sealer) -> Account:
    person = _person(member)
    person.address = seal_address(sealer, person.id, ADDRESS)
    account = Account(id=new_id(), person_id=person.id, created_at=clock.now())
    session.add(person)
    session.flush()
    session.add(account)
    session.flush()
    session.add_all(_credentials(account, cards / member.key))
    return account


def _credentials(account: Account, folder: Path) -> Iterator[Credential]:
    trust = TrustStore.load(portal_settings().trust_profile)
    auth = read_authentication_certificate(
        (folder / "auth.cer").read_bytes(), policies=trust.authentication.policies
    )
    sign = read_signature_certificate(
        (folder / "sign.cer").read_bytes(), policies=trust.signature.policies
    )
    for kind, certificate in (
        (CredentialKind.JPKI_AUTHENTICATION, auth),
        (CredentialKind.JPKI_SIGNATURE, sign),
    ):
        proved = Certificate.of(kind, certificate.credential, certificate.not_after)
        yield proved.bound_to(account.id, at=clock.now())


def _seed_gateways(session: Session, folder: Path, origins: dict[str, str]) -> None:
    for hospital, (_, code) in zip(HOSPITALS, (HOSPITAL, CLINIC), strict=True):
        session.add(
            Gateway(
                id=UUID(hospital.gateway_id),
                organisation_id=_organisation(session, code).id,
                base_url=origins[hospital.key] + "/dicom-web",
                public_jwk=_public_jwk(folder / hospital.key / "signing.pem"),
            )
        )


def _refresh_gateways(session: Session, folder: Path, origins: dict[str, str]) -> None:
    """Keys and ports of a world made anew around old data."""
    for hospital in HOSPITALS:
        gateway = session.get(Gateway, UUID(hospital.gateway_id))
        if gateway is not None:
            gateway.base_url = origins[hospital.key] + "/dicom-web"
            gateway.public_jwk = _public_jwk(folder / hospital.key / "signing.pem")


def _public_jwk(path: Path) -> dict[str, object]:
    return dict(ECKey.import_key(path.read_bytes()).as_dict(private=False))


def _seed_roles(session: Session, people: dict[str, Account]) -> None:
    roles = (
        ("nurse", MUNICIPALITY, Role.NURSE),
        ("physician", CLINIC, Role.PHYSICIAN),
        ("reception-a", HOSPITAL, Role.RECEPTIONIST),
        ("reception-b", CLINIC, Role.RECEPTIONIST),
        ("admin", MUNICIPALITY, Role.ADMINISTRATOR),
    )
    for key, (_, code), role in roles:
        session.add(
            MembershipRow(
                id=new_id(),
                account_id=people[key].id,
                organisation_id=_organisation(session, code).id,
                role=role,
                from_on=date(2026, 4, 1),
            )
        )
    practitioner = Practitioner(id=new_id(), person_id=people["physician"].person_id)
    session.add(practitioner)
    session.flush()
    session.add(
        LicenseRow(
            id=new_id(),
            practitioner_id=practitioner.id,
            profession=Profession.PHYSICIAN,
            number="000000",
            confirmed_by=people["admin"].id,
            confirmed_on=date(2026, 4, 1),
        )
    )


def _seed_mailboxes(session: Session, people: dict[str, Account], sealer: Sealer) -> None:
    """Both parents of the demo get mails, each in another language; they arrive in ``var/mail``."""
    for key, language in (("hanako", "ja"), ("taro", "en")):
        channel_id, now = new_id(), clock.now()
        address = json.dumps({"address": f"{key}@example.jp"}).encode()
        session.add(
            Channel(
                id=channel_id,
                account_id=people[key].id,
                kind=ChannelKind.MAIL,
                language=language,
                sealed_address=sealer.seal(address, context=f"notifications.channel:{channel_id}"),
                added_at=now,
                confirmed_at=now,
            )
        )


def _seed_patient(session: Session, people: dict[str, Account]) -> None:
    links = (("A-000123", HOSPITAL, "reception-a"), ("B-7001", CLINIC, "reception-b"))
    for number, (_, code), desk in links:
        session.add(
            PatientLink(
                id=new_id(),
                person_id=people["taro"].person_id,
                organisation_id=_organisation(session, code).id,
                local_patient_id=number,
                linked_by=people[desk].id,
                linked_at=clock.now(),
            )
        )


def _seed_children(session: Session, people: dict[str, Account]) -> None:
    today = clock.today()
    sakura = _child(session, "さくら", _months_before(today, 8), Sex.FEMALE, "DEMO-0001")
    yuto = _child(session, "ゆうと", _months_before(today, 40), Sex.MALE, "DEMO-0002")
    sakura.district, yuto.district = DISTRICTS
    guardians = (people["hanako"], people["taro"])
    for child in (sakura, yuto):
        for guardian in guardians:
            session.add(
                Guardianship(
                    id=new_id(),
                    account_id=guardian.id,
                    child_id=child.id,
                    basis=GuardianshipBasis.PARENTAL_AUTHORITY,
                    from_on=child.person.born_on,
                )
            )
    nurse, place = people["nurse"], _organisation(session, MUNICIPALITY[1])
    for child, doses, body in ((sakura, SAKURA_DOSES, SAKURA_BODY), (yuto, YUTO_DOSES, YUTO_BODY)):
        session.add_all(_doses(child, doses, nurse, place))
        session.add_all(_measurements(child, body, nurse, place))
        session.add_all(_checkups(child, today, nurse, place))


def _child(session: Session, name: str, born_on: date, sex: Sex, number: str) -> Child:
    person = Person(
        id=new_id(),
        family_name="見本",
        given_name=name,
        family_kana="みほん",
        given_kana=name,
        born_on=born_on,
        sex=sex,
    )
    session.add(person)
    session.flush()
    child = Child(
        id=new_id(),
        person_id=person.id,
        municipality_id=_organisation(session, MUNICIPALITY[1]).id,
        handbook_number=number,
    )
    child.person = person
    session.add(child)
    session.flush()
    return child


def _provenance(nurse: Account, place: Organisation, day: date) -> dict[str, object]:
    identifier = new_id()
    return {
        "id": identifier,
        "lineage_id": identifier,
        "version": 1,
        "source": Source.HEALTH_CENTER,
        "recorded_at": datetime.combine(day, datetime.min.time(), clock.JST) + timedelta(hours=15),
        "recorded_by": nurse.id,
        "organisation_id": place.id,
    }


def _doses(
    child: Child, rows: tuple[tuple[str, int, int], ...], nurse: Account, place: Organisation
) -> Iterator[Dose]:
    for number, (product, months, days) in enumerate(rows, start=1):
        day = _months_after(child.person.born_on, months) + timedelta(days=days)
        yield Dose(
            child_id=child.id,
            product=product,
            given_on=day,
            lot=f"DEMO{number:03d}",
            facility="つなぐ市保健センター",
            **_provenance(nurse, place, day),
        )


def _measurements(
    child: Child, rows: tuple[tuple[int, int, int, int], ...], nurse: Account, place: Organisation
) -> Iterator[Measurement]:
    for months, weight, height, head in rows:
        day = _months_after(child.person.born_on, months)
        values = {Measure.WEIGHT: weight, Measure.HEIGHT: height, Measure.HEAD: head}
        for measure, value in values.items():
            if value:
                yield Measurement(
                    child_id=child.id,
                    measure=measure,
                    measured_on=day,
                    value=value,
                    **_provenance(nurse, place, day),
                )


def _checkups(child: Child, today: date, nurse: Account, place: Organisation) -> Iterator[Checkup]:
    for months, page in CHECKUPS:
        day = _months_after(child.person.born_on, months) + timedelta(days=6)
        if day <= today:
            yield Checkup(
                child_id=child.id,
                page=page,
                performed_on=day,
                judgement="healthy",
                facility="つなぐ市保健センター",
                **_provenance(nurse, place, day),
            )


def _months_after(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, min(day.day, 28))


def _months_before(day: date, months: int) -> date:
    return _months_after(day, -months)


def main(what: str) -> int:
    """Run one half."""
    if what == "cards":
        settings = simulator_settings()
        if settings.mode is Mode.PRODUCTION:
            return 2
        issue_cards(settings.var, settings.jlis_port)
        return 0
    portal = portal_settings()
    if portal.mode is Mode.PRODUCTION:
        return 2
    bind(make_engine(portal.database_url))
    origins = json.loads(sys.argv[2])
    seed(portal.var / "pki" / "cards", portal.var / "gateways", origins)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
