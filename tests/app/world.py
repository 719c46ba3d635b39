"""A small world for the portal's tests: two cities, a hospital, two clinics, and who lives there.

Ids and cards are made once a process; ``plant`` writes the rows into a migrated database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.authz.actor import Profession, Role
from app.core import clock
from app.core.db import transaction
from app.core.ids import new_id
from app.core.provenance import Source
from app.crypto.signing import SigningKey, generate_key_pem
from app.family.models import Child, Guardianship, GuardianshipBasis
from app.family.standing import Restriction, RestrictionKind
from app.handbook.growth_reference import Measure
from app.handbook.models import Checkup, Measurement
from app.identity.credentials import Certificate
from app.identity.models import Account, Credential, CredentialKind, MembershipRow, Person, Sex
from app.imaging.models import PatientLink, StudyReference
from app.immunization.models import Dose
from app.jpki.certificates import read_authentication_certificate, read_signature_certificate
from app.registry.models import Gateway, LicenseRow, Organisation, OrganisationKind, Practitioner
from simulators.jlis.holder import Holder
from simulators.jlis.holder import Sex as CardSex
from tests.pki import issue_card

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from app.core.db import Base
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office

ORIGIN = "http://127.0.0.1:8000"
STUDY_UID = "1.2.826.0.1.3680043.10.1.1"
OTHER_STUDY_UID = "1.2.826.0.1.3680043.10.1.2"
NEIGHBOUR_STUDY_UID = "1.2.826.0.1.3680043.10.1.3"
STUDIES = (
    (STUDY_UID, "A-000123", date(2026, 3, 2), "CHEST CT"),
    (OTHER_STUDY_UID, "A-000123", None, "HEAD MR"),
    (NEIGHBOUR_STUDY_UID, "A-000777", date(2026, 1, 9), "KNEE MR"),
)
LINKS = (
    ("father", "hospital", "A-000123"),
    ("father", "clinic", "B-7001"),
    ("neighbour", "hospital", "A-000777"),
    ("neighbour", "clinic", "B-7002"),
)
ORGANISATIONS = (
    ("city", OrganisationKind.MUNICIPALITY, "つなぐ市", "999997"),
    ("far-city", OrganisationKind.MUNICIPALITY, "とおい市", "999996"),
    ("hospital", OrganisationKind.HOSPITAL, "みほん総合病院", "9999990001"),
    ("clinic", OrganisationKind.CLINIC, "かりの内科クリニック", "9999990002"),
    ("far-clinic", OrganisationKind.CLINIC, "よその医院", "9999990003"),
)
ROLES = (
    ("nurse", "city", Role.NURSE),
    ("far-nurse", "far-city", Role.NURSE),
    ("physician", "clinic", Role.PHYSICIAN),
    ("colleague", "clinic", Role.PHYSICIAN),
    ("unlicensed", "clinic", Role.PHYSICIAN),
    ("far-physician", "far-clinic", Role.PHYSICIAN),
    ("reception-a", "hospital", Role.RECEPTIONIST),
    ("reception-b", "clinic", Role.RECEPTIONIST),
    ("admin", "city", Role.ADMINISTRATOR),
)
LICENSED = ("physician", "colleague", "far-physician")
PEOPLE = {
    "mother": ("見本", "花子", "みほん", "はなこ", Sex.FEMALE),
    "father": ("見本", "太郎", "みほん", "たろう", Sex.MALE),
    "grandmother": ("見本", "梅", "みほん", "うめ", Sex.FEMALE),
    "neighbour": ("隣", "次郎", "となり", "じろう", Sex.MALE),
    "nurse": ("例示", "保子", "れいじ", "やすこ", Sex.FEMALE),
    "far-nurse": ("例示", "遠子", "れいじ", "とおこ", Sex.FEMALE),
    "physician": ("仮野", "医太郎", "かりの", "いたろう", Sex.MALE),
    "colleague": ("仮野", "同子", "かりの", "どうこ", Sex.FEMALE),
    "unlicensed": ("仮野", "無免", "かりの", "むめん", Sex.MALE),
    "far-physician": ("遠野", "医子", "とおの", "いこ", Sex.FEMALE),
    "reception-a": ("試験", "受子", "しけん", "うけこ", Sex.FEMALE),
    "reception-b": ("試験", "付男", "しけん", "つけお", Sex.MALE),
    "admin": ("練習", "管理", "れんしゅう", "かんり", Sex.MALE),
}
CHILDREN = (
    # key, given name and reading, months old, sex, number, municipality, guardians
    ("sakura", "さくら", 8, Sex.FEMALE, "T-0001", "city", ("mother", "father")),
    ("yuto", "ゆうと", 40, Sex.MALE, "T-0002", "city", ("mother",)),
    ("momo", "もも", 20, Sex.FEMALE, "T_0003%", "far-city", ("neighbour",)),
)
SAKURA_DOSES = (("HEPB", 63), ("RV1", 63), ("DPT_IPV_HIB", 63), ("PCV20", 63), ("HEPB", 95))


@dataclass(frozen=True)
class Resident:
    """Somebody with an account and a card."""

    key: str
    account_id: UUID
    person_id: UUID
    card: Card

    @property
    def name(self) -> str:
        """As the pages show it."""
        family, given, *_ = PEOPLE[self.key]
        return f"{family}\u3000{given}"


@dataclass(frozen=True)
class Hospital:
    """A gateway and the key it signs with."""

    id: UUID
    key_pem: bytes
    base_url: str


@dataclass(frozen=True)
class World:
    """Who and what there is, by key."""

    people: dict[str, Resident]
    organisations: dict[str, UUID]
    children: dict[str, UUID] = field(default_factory=dict)
    links: dict[tuple[str, str], UUID] = field(default_factory=dict)
    studies: dict[str, UUID] = field(default_factory=dict)
    gateways: dict[str, Hospital] = field(default_factory=dict)
    made_on: date = field(default_factory=clock.today)

    def __getitem__(self, key: str) -> Resident:
        return self.people[key]

    def link(self, person: str, place: str) -> UUID:
        """The registration of a person at a hospital or clinic."""
        return self.links[person, place]

    def born_on(self, child: str) -> date:
        """A child's birthday."""
        months = next(row[2] for row in CHILDREN if row[0] == child)
        return self.made_on - timedelta(days=round(months * 30.44))


def make_world(office: Office) -> World:
    """Ids, cards and keys; no rows yet."""
    issued_at = clock.now() - timedelta(days=30)
    people = {
        key: Resident(key, new_id(), new_id(), issue_card(office, _holder(key), at=issued_at))
        for key in PEOPLE
    }
    return World(
        people,
        {key: new_id() for key, *_ in ORGANISATIONS},
        children={row[0]: new_id() for row in CHILDREN},
        links={(person, place): new_id() for person, place, _ in LINKS},
        studies={uid: new_id() for uid, *_ in STUDIES},
        gateways={
            "hospital": Hospital(new_id(), generate_key_pem(), "http://127.0.0.1:8101/dicom-web"),
            "clinic": Hospital(new_id(), generate_key_pem(), "http://127.0.0.1:8102/dicom-web"),
        },
    )


def _holder(key: str) -> Holder:
    family, given, *_ = PEOPLE[key]
    return Holder(
        name=f"{family}\u3000{given}",
        born_on=date(1988, 2, 28),
        sex=CardSex.MALE if PEOPLE[key][4] is Sex.MALE else CardSex.FEMALE,
        address="東京都つなぐ市見本町一丁目2番3号",
        municipality_code="999997",
    )


def plant(world: World) -> None:
    """Write the whole world into the bound database."""
    with transaction() as session:
        for rows in (_organisations, _persons, _accounts, _roles, _children, _records, _hospitals):
            for row in rows(world):
                session.add(row)
                session.flush()


def _organisations(world: World) -> Iterator[Base]:
    for key, kind, name, code in ORGANISATIONS:
        yield Organisation(id=world.organisations[key], kind=kind, name=name, official_code=code)


def _persons(world: World) -> Iterator[Base]:
    for one in world.people.values():
        family, given, family_kana, given_kana, sex = PEOPLE[one.key]
        yield Person(
            id=one.person_id,
            family_name=family,
            given_name=given,
            family_kana=family_kana,
            given_kana=given_kana,
            born_on=date(1988, 2, 28),
            sex=sex,
        )
        yield Account(id=one.account_id, person_id=one.person_id, created_at=clock.now())


def _accounts(world: World) -> Iterator[Base]:
    for one in world.people.values():
        yield from credentials_of(one)


def credentials_of(one: Resident) -> Iterator[Credential]:
    """Both certificates of a resident's card."""
    auth = read_authentication_certificate(one.card.auth.der)
    sign = read_signature_certificate(one.card.signing.der)
    for kind, certificate in (
        (CredentialKind.JPKI_AUTHENTICATION, auth),
        (CredentialKind.JPKI_SIGNATURE, sign),
    ):
        proved = Certificate.of(kind, certificate.credential, certificate.not_after)
        yield proved.bound_to(one.account_id, at=clock.now())


def _roles(world: World) -> Iterator[Base]:
    for key, place, role in ROLES:
        yield MembershipRow(
            id=new_id(),
            account_id=world[key].account_id,
            organisation_id=world.organisations[place],
            role=role,
            from_on=date(2026, 4, 1),
        )
    for key in LICENSED:
        practitioner = new_id()
        yield Practitioner(id=practitioner, person_id=world[key].person_id)
        yield LicenseRow(
            id=new_id(),
            practitioner_id=practitioner,
            profession=Profession.PHYSICIAN,
            number="000000",
            confirmed_on=date(2026, 4, 1),
        )


def _children(world: World) -> Iterator[Base]:
    for key, given, _, sex, number, place, guardians in CHILDREN:
        person_id = new_id()
        born_on = world.born_on(key)
        yield Person(
            id=person_id,
            family_name="見本" if "mother" in guardians else "隣",
            given_name=given,
            family_kana="みほん" if "mother" in guardians else "となり",
            given_kana=given,
            born_on=born_on,
            sex=sex,
        )
        yield Child(
            id=world.children[key],
            person_id=person_id,
            municipality_id=world.organisations[place],
            handbook_number=number,
        )
        for guardian in guardians:
            yield guardianship(world, guardian, key)
    yield guardianship(world, "grandmother", "sakura", until_on=world.made_on - timedelta(days=1))


def guardianship(
    world: World, guardian: str, child: str, *, until_on: date | None = None
) -> Guardianship:
    """One guardian of one child."""
    return Guardianship(
        id=new_id(),
        account_id=world[guardian].account_id,
        child_id=world.children[child],
        basis=GuardianshipBasis.PARENTAL_AUTHORITY,
        from_on=world.born_on(child),
        until_on=until_on,
    )


def restriction(world: World, who: str, child: str) -> Restriction:
    """One person who is told nothing of one child from today on."""
    return Restriction(
        id=new_id(),
        child_id=world.children[child],
        account_id=world[who].account_id,
        kind=RestrictionKind.VIOLENCE,
        from_on=clock.today(),
    )


def provenance(world: World, day: date) -> dict[str, Any]:
    """The columns that say who wrote a value: the nurse, at noon of that day."""
    identifier = new_id()
    return {
        "id": identifier,
        "lineage_id": identifier,
        "version": 1,
        "source": Source.HEALTH_CENTER,
        "recorded_at": datetime.combine(day, datetime.min.time(), clock.JST) + timedelta(hours=12),
        "recorded_by": world["nurse"].account_id,
        "organisation_id": world.organisations["city"],
    }


def _records(world: World) -> Iterator[Base]:
    child, born_on = world.children["sakura"], world.born_on("sakura")
    for product, days in SAKURA_DOSES:
        day = born_on + timedelta(days=days)
        yield Dose(child_id=child, product=product, given_on=day, **provenance(world, day))
    for days, grams in ((0, 2960), (35, 4010), (120, 6480)):
        day = born_on + timedelta(days=days)
        yield Measurement(
            child_id=child,
            measure=Measure.WEIGHT,
            measured_on=day,
            value=grams,
            **provenance(world, day),
        )
    day = born_on + timedelta(days=120)
    yield Checkup(
        child_id=child,
        page="checkup_3_4m",
        performed_on=day,
        judgement="healthy",
        facility="つなぐ市保健センター",
        **provenance(world, day),
    )


def _hospitals(world: World) -> Iterator[Base]:
    for place, hospital in world.gateways.items():
        yield Gateway(
            id=hospital.id,
            organisation_id=world.organisations[place],
            base_url=hospital.base_url,
            public_jwk=SigningKey.from_pem(hospital.key_pem).public_jwk(),
        )
    for person, place, number in LINKS:
        yield PatientLink(
            id=world.links[person, place],
            person_id=world[person].person_id,
            organisation_id=world.organisations[place],
            local_patient_id=number,
            linked_by=world["reception-a"].account_id,
            linked_at=clock.now(),
        )
    for uid, number, study_date, description in STUDIES:
        yield StudyReference(
            id=world.studies[uid],
            gateway_id=world.gateways["hospital"].id,
            study_instance_uid=uid,
            local_patient_id=number,
            study_date=study_date,
            description=description,
            modalities=["CT"],
            series=1,
            instances=24,
            announced_at=clock.now(),
        )
