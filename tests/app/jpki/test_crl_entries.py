"""The lines of a list read from bytes: the same as a general parser reads, or a refusal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from app.jpki.crl_entries import read_entries
from app.jpki.errors import CrlMalformed, CrlWrongScope
from tests.app.jpki.hierarchy import name
from tests.pki import AT, rsa_key

DAY = timedelta(days=1)
REASONS = (None, x509.ReasonFlags.key_compromise, x509.ReasonFlags.cessation_of_operation)
SERIALS = (1, 0x7F, 0x80, 0xFF00, 1 << 158, (1 << 159) - 1)


def tbs(*entries: x509.RevokedCertificate) -> bytes:
    """The signed part of a list with these lines."""
    builder = x509.CertificateRevocationListBuilder(name("ca"), AT - DAY, AT + DAY)
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(rsa_key(0), hashes.SHA256()).tbs_certlist_bytes


def line(
    serial: int,
    *,
    at: datetime = AT,
    reason: x509.ReasonFlags | None = None,
    extra: tuple[x509.ExtensionType, bool] | None = None,
) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder(serial, at)
    if reason is not None:
        builder = builder.add_extension(x509.CRLReason(reason), critical=False)
    if extra is not None:
        builder = builder.add_extension(extra[0], critical=extra[1])
    return builder.build()


def test_lines_come_in_the_order_of_their_serials_with_date_and_reason() -> None:
    dates = [AT - timedelta(seconds=n) for n in range(len(SERIALS))]
    made = [
        line(serial, at=at, reason=REASONS[n % len(REASONS)])
        for n, (serial, at) in enumerate(zip(SERIALS, dates, strict=True))
    ]
    found = {entry.serial: entry for entry in read_entries(tbs(*made))}
    assert list(found) == sorted(format(serial, "x") for serial in SERIALS)
    for entry in made:
        same = found[format(entry.serial_number, "x")]
        assert same.revoked_at == entry.revocation_date_utc
        told = [extension.value.reason.value for extension in entry.extensions]
        assert same.reason == (told[0] if told else "unspecified")


def test_a_date_after_2049_is_read() -> None:
    late = datetime(2050, 1, 1, tzinfo=UTC)
    (entry,) = read_entries(tbs(line(1, at=late)))
    assert entry.revoked_at == late


def test_a_list_without_lines_has_none() -> None:
    assert list(read_entries(tbs())) == []


def test_a_further_note_is_no_reason_and_a_critical_one_is_refused() -> None:
    invalid = x509.InvalidityDate(AT.replace(tzinfo=None))
    (entry,) = read_entries(tbs(line(1, extra=(invalid, False))))
    assert entry.reason == "unspecified"
    with pytest.raises(CrlWrongScope):
        list(read_entries(tbs(line(1, extra=(invalid, True)))))


def test_lines_of_another_form_are_refused() -> None:
    good = tbs(line(0x4142, reason=x509.ReasonFlags.key_compromise))
    place = good.index(b"\x02\x02\x41\x42")
    for before, after in (
        (good[place : place + 4], b"\x02\x02\xc1\x42"),
        (good[place : place + 4], b"\x04\x02\x41\x42"),
        (good[place : place + 4], b"\x02\x7f\x41\x42"),
        (b"\x17\x0d261101030000Z", b"\x17\x0d261301030000Z"),
        (b"\x17\x0d261101030000Z", b"\x16\x0d261101030000Z"),
    ):
        assert before in good
        broken = good[: place - 2] + good[place - 2 :].replace(before, after, 1)
        with pytest.raises(CrlMalformed):
            list(read_entries(broken))
    for cut in (b"", good[:1], good[:-1], good + b"\x00", b"\x30\x84\xff\xff\xff\xff"):
        with pytest.raises(CrlMalformed):
            list(read_entries(cut))
