"""Path validation: a good path, and for each rule one hierarchy that breaks just that rule."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from pyhanko_certvalidator import validate

from app.jpki import path
from app.jpki.certificates import MAXIMUM_BYTES
from app.jpki.errors import (
    CertificateExpired,
    CertificateNotYetValid,
    CertificateRevoked,
    IndeterminateStatus,
    IssuerNotValid,
    JpkiRejected,
    MalformedCertificate,
    PathNotProved,
    PathTooLong,
    UnknownIssuer,
    ValidationTimeExceeded,
)
from simulators.jlis.profile import key_usage
from tests.app.jpki.hierarchy import (
    DAY,
    LEAF,
    MIDDLE,
    MIDDLE_LIST,
    ROOT,
    ROOT_LIST,
    YEAR,
    Policies,
    World,
    name,
)
from tests.pki import AT

GOOD = World()


def test_a_good_path_is_proved() -> None:
    GOOD.validate()


@pytest.mark.parametrize(
    ("world", "refusal"),
    [
        (GOOD.but(leaf=replace(LEAF, until=AT - DAY)), CertificateExpired),
        (GOOD.but(leaf=replace(LEAF, until=AT - timedelta(seconds=1))), CertificateExpired),
        (GOOD.but(leaf=replace(LEAF, since=AT + timedelta(seconds=1))), CertificateNotYetValid),
        (GOOD.but(middle=replace(MIDDLE, until=AT - DAY)), CertificateExpired),
        (GOOD.but(root=replace(ROOT, until=AT - DAY)), IssuerNotValid),
        (GOOD.but(root=replace(ROOT, since=AT + DAY)), IssuerNotValid),
        (
            GOOD.but(lists=(ROOT_LIST, replace(MIDDLE_LIST, serials=(LEAF.serial,)))),
            CertificateRevoked,
        ),
        (
            GOOD.but(lists=(replace(ROOT_LIST, serials=(MIDDLE.serial,)), MIDDLE_LIST)),
            CertificateRevoked,
        ),
        (GOOD.but(lists=()), IndeterminateStatus),
        (GOOD.but(lists=(ROOT_LIST,)), IndeterminateStatus),
        (GOOD.but(lists=(MIDDLE_LIST,)), IndeterminateStatus),
        (
            GOOD.but(lists=(ROOT_LIST, replace(MIDDLE_LIST, until=AT - timedelta(hours=1)))),
            IndeterminateStatus,
        ),
        (GOOD.but(lists=(ROOT_LIST, replace(MIDDLE_LIST, key=13))), IndeterminateStatus),
        (GOOD.but(leaf=replace(LEAF, policy="1.2.3.4")), PathNotProved),
        (GOOD.but(leaf=replace(LEAF, policy=None)), PathNotProved),
        (GOOD.but(middle=replace(MIDDLE, policy="1.2.3.4")), PathNotProved),
        (
            GOOD.but(policies=Policies(initial_policy_set=frozenset({"1.2.3.4"}))),
            PathNotProved,
        ),
        (GOOD.but(middle=replace(MIDDLE, constraints=None)), PathNotProved),
        (
            GOOD.but(
                middle=replace(
                    MIDDLE, constraints=x509.BasicConstraints(ca=False, path_length=None)
                )
            ),
            PathNotProved,
        ),
        (
            GOOD.but(middle=replace(MIDDLE, usage=key_usage(crl_sign=True))),
            PathNotProved,
        ),
        (GOOD.but(leaf=replace(LEAF, issuer="someone else")), UnknownIssuer),
        (GOOD.but(leaf=replace(LEAF, issuer_key=13)), UnknownIssuer),
        (GOOD.but(middle=replace(MIDDLE, issuer="nobody")), UnknownIssuer),
        (GOOD.but(root=replace(ROOT, usage=key_usage(crl_sign=True))), IssuerNotValid),
        (GOOD.but(root=replace(ROOT, constraints=None)), IssuerNotValid),
        (
            GOOD.but(
                middle=replace(
                    MIDDLE,
                    extra=(x509.NameConstraints(None, [x509.DirectoryName(name("leaf"))]),),
                )
            ),
            PathNotProved,
        ),
    ],
    ids=[
        "leaf-expired",
        "leaf-expired-by-a-second",
        "leaf-not-yet",
        "intermediate-expired",
        "anchor-expired",
        "anchor-not-yet",
        "leaf-revoked",
        "intermediate-revoked",
        "no-lists",
        "no-list-for-the-leaf",
        "no-list-for-the-intermediate",
        "stale-list",
        "list-by-another-key",
        "leaf-of-another-policy",
        "leaf-without-policy",
        "intermediate-of-another-policy",
        "another-policy-wanted",
        "intermediate-without-constraints",
        "intermediate-is-no-authority",
        "intermediate-may-not-issue",
        "name-chaining",
        "key-chaining",
        "unknown-root",
        "anchor-may-not-issue",
        "anchor-is-no-authority",
        "excluded-name",
    ],
)
def test_one_broken_rule_breaks_the_path(world: World, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        world.validate()


def test_a_path_length_constraint_holds() -> None:
    short = x509.BasicConstraints(ca=True, path_length=0)
    second = replace(MIDDLE, subject="second", key=13, issuer="middle", issuer_key=11)
    leaf = replace(LEAF, issuer="second", issuer_key=13)
    lists = [
        ROOT_LIST.der(),
        MIDDLE_LIST.der(),
        replace(MIDDLE_LIST, issuer="second", key=13).der(),
    ]

    def offer(first: bytes) -> None:
        path.validate(
            leaf.der(), [first, second.der()], [ROOT.der()], lists, AT, Policies(), budget_seconds=5
        )

    offer(MIDDLE.der())
    with pytest.raises(PathNotProved):
        offer(replace(MIDDLE, constraints=short).der())


def test_a_revocation_names_the_certificate_and_the_time() -> None:
    lists = (ROOT_LIST, replace(MIDDLE_LIST, serials=(LEAF.serial,)))
    with pytest.raises(CertificateRevoked) as refusal:
        GOOD.but(lists=lists).validate()
    assert refusal.value.serial == format(LEAF.serial, "x")
    assert refusal.value.revoked_at == AT - DAY


def test_a_hundred_intermediates_are_refused_at_once() -> None:
    """The search for a path is exponential in intermediates that share a name."""
    crowd = [MIDDLE.der()] * 100
    leaf, root = LEAF.der(), ROOT.der()
    started = time.process_time()
    with pytest.raises(PathTooLong):
        path.validate(leaf, crowd, [root], [], AT, Policies())
    assert time.process_time() - started < 0.2


def test_the_greatest_number_of_same_named_intermediates_is_judged_in_time() -> None:
    crowd = [
        replace(MIDDLE, subject="x", issuer="x", key=20 + n % 2, issuer_key=21 - n % 2).der()
        for n in range(path.MAXIMUM_INTERMEDIATES)
    ]
    leaf = replace(LEAF, issuer="x", issuer_key=20).der()
    root = ROOT.der()
    started = time.process_time()
    with pytest.raises(JpkiRejected):
        path.validate(leaf, crowd, [root], [], AT, Policies())
    assert time.process_time() - started < 0.5


def crossed(count: int) -> list[bytes]:
    """Authorities of one name and two keys, each made by another: paths multiply among them."""
    return [
        replace(
            MIDDLE, subject="x", issuer="root" if n == 0 else "x", key=20 + n % 2, issuer_key=key
        ).der()
        for n, key in zip(range(count), (10, 20, 21, 20, 21, 20, 21), strict=False)
    ]


def test_no_more_candidates_are_tried_than_an_honest_chain_could_need(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[object] = []
    really_validate = validate.async_validate_path

    async def counting(context: Any, candidate: Any, parameters: Any) -> object:
        tried.append(candidate)
        return await really_validate(context, candidate, parameters)

    monkeypatch.setattr(path, "async_validate_path", counting)
    leaf = replace(LEAF, issuer="x", issuer_key=20).der()
    crowd = crossed(path.MAXIMUM_INTERMEDIATES)
    with pytest.raises((JpkiRejected, IndeterminateStatus)):
        path.validate(leaf, crowd, [ROOT.der()], [], AT, Policies(), budget_seconds=5)
    assert 0 < len(tried) <= path.MAXIMUM_PATHS
    tried.clear()
    with pytest.raises(PathTooLong):
        path.validate(leaf, crossed(7), [ROOT.der()], [], AT, Policies())
    assert tried == []


def test_what_takes_longer_than_its_budget_is_refused() -> None:
    with pytest.raises(ValidationTimeExceeded):
        GOOD.but(budget_seconds=0.0).validate()


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"\x00" * (MAXIMUM_BYTES + 1), b"PEM"])
def test_bytes_that_are_no_certificate_are_refused(der: bytes) -> None:
    with pytest.raises(MalformedCertificate):
        path.validate(der, [], [ROOT.der()], [], AT, Policies())
    with pytest.raises(MalformedCertificate):
        path.validate(LEAF.der(), [der], [ROOT.der()], [], AT, Policies())


def test_an_accident_in_a_revocation_list_is_a_refusal() -> None:
    with pytest.raises(JpkiRejected):
        path.validate(LEAF.der(), [MIDDLE.der()], [ROOT.der()], [b"\x30\x03"], AT, Policies())


def test_validity_is_asked_for_the_given_time_only() -> None:
    with pytest.raises((JpkiRejected, IndeterminateStatus)):
        GOOD.but(at=AT + 2 * YEAR).validate()
