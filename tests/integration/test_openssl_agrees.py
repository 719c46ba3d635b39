"""OpenSSL and we agree about the same certificates, answers and documents; good and bad alike."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from app.core.errors import TsunaguError
from app.jpki.certificates import read_authentication_certificate
from app.jpki.cms_draft import assemble, prepare_text
from app.jpki.crl import read_crl
from app.jpki.document import verify_document
from app.jpki.errors import CertificateRevoked
from app.jpki.ocsp import build_request, read_response
from app.jpki.signature import SignatureAlgorithm
from app.jpki.store import CrlTable, ingest
from app.jpki.timestamp import build_request as build_timestamp_request
from app.jpki.timestamp import read_response as read_timestamp_response
from simulators.jlis.index import Partition
from simulators.jlis.profile import Purpose
from tests.pki import (
    AT,
    NothingRevoked,
    card,
    issue_card,
    office,
    revocation_tables,
    sign_document,
    sign_rs256,
    trust,
)

if TYPE_CHECKING:
    from pathlib import Path

    from app.jpki.trust import TrustStore
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office

__all__ = ["card", "office", "revocation_tables", "trust"]

TEXT = "同意書\n番号: 1\n"
NONCE = b"n" * 32
ATTIME = str(int(AT.timestamp()))


def openssl(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - fixed command
        ["openssl", *arguments],  # noqa: S607 - the distribution's own
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def pem(path: Path, *certificates: x509.Certificate) -> str:
    path.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in certificates))
    return path.name


@dataclass
class Bench:
    """One card before the store's tables and before OpenSSL's command line."""

    office: Office
    trust: TrustStore
    folder: Path

    def roots(self, purpose: Purpose) -> str:
        """All generations, as OpenSSL takes them."""
        found = [self.office.authority(purpose, generation).certificate for generation in (1, 2, 3)]
        return pem(self.folder / f"{purpose}-roots.pem", *found)

    def theirs(self, card: Card) -> bool:
        """``openssl verify`` with the same list."""
        der = self.list()
        crl = x509.load_der_x509_crl(der)
        (self.folder / "list.pem").write_bytes(crl.public_bytes(Encoding.PEM))
        leaf = pem(self.folder / "leaf.pem", card.auth.certificate)
        done = openssl(
            *("verify", "-crl_check", "-x509_strict", "-attime", ATTIME),
            *("-policy", "1.2.392.200149.8.5.1.3.30", "-explicit_policy"),
            *("-CAfile", self.roots(Purpose.AUTHENTICATION), "-CRLfile", "list.pem", leaf),
            folder=self.folder,
        )
        return done.returncode == 0

    def ours(self, card: Card) -> bool:
        """Our path and our store."""
        ingest(read_crl(self.list(), self.trust.authentication, at=AT), at=AT)
        try:
            certificate = read_authentication_certificate(card.auth.der)
            path = self.trust.path_to_anchor(certificate, at=AT)
            CrlTable().prove_not_revoked(path, at=AT)
        except TsunaguError:
            return False
        return True

    def list(self) -> bytes:
        return self.office.crl(Partition(Purpose.AUTHENTICATION, 3, "131016"), at=AT)


@pytest.fixture
def bench(office: Office, trust: TrustStore, tmp_path: Path, revocation_tables: None) -> Bench:
    """Both programs on the same files."""
    return Bench(office, trust, tmp_path)


def test_verify_agrees_about_live_revoked_expired_and_early_cards(bench: Bench) -> None:
    live, revoked = issue_card(bench.office), issue_card(bench.office)
    expired = issue_card(
        bench.office, at=AT - timedelta(days=9), valid_until=AT - timedelta(hours=1)
    )
    early = issue_card(bench.office, at=AT + timedelta(hours=1))
    bench.office.revoke(revoked.name, at=AT - timedelta(minutes=1))
    for one, verdict in ((live, True), (revoked, False), (expired, False), (early, False)):
        assert (bench.ours(one), bench.theirs(one)) == (verdict, verdict), one.name


def test_ocsp_agrees_about_good_and_revoked(bench: Bench) -> None:
    folder, office = bench.folder, bench.office
    root = office.authority(Purpose.AUTHENTICATION).certificate
    issuer = pem(folder / "issuer.pem", root)
    for revoke, word in ((False, "good"), (True, "revoked")):
        card = issue_card(office)
        if revoke:
            office.revoke(card.name, at=AT - timedelta(minutes=1))
        leaf = pem(folder / "leaf.pem", card.auth.certificate)
        certificate = read_authentication_certificate(card.auth.der)
        path = bench.trust.path_to_anchor(certificate, at=AT)
        answer = office.ocsp(Purpose.AUTHENTICATION, build_request(path, NONCE), at=AT)
        (folder / "answer.der").write_bytes(answer)
        done = openssl(
            *("ocsp", "-respin", "answer.der", "-issuer", issuer, "-sha256", "-cert", leaf),
            *("-CAfile", issuer, "-no_nonce", "-attime", ATTIME, "-validity_period", "999999999"),
            folder=folder,
        )
        assert "Response verify OK" in done.stderr
        assert f"leaf.pem: {word}" in done.stdout
        if revoke:
            with pytest.raises(CertificateRevoked):
                read_response(answer, path, NONCE, at=AT)
        else:
            assert read_response(answer, path, NONCE, at=AT).as_of == AT


def cms_verdict(bench: Bench, document: bytes) -> bool:
    (bench.folder / "document.p7s").write_bytes(document)
    done = openssl(
        *("cms", "-verify", "-binary", "-inform", "DER", "-in", "document.p7s"),
        *("-CAfile", bench.roots(Purpose.SIGNATURE), "-purpose", "any", "-attime", ATTIME),
        *("-out", "text.txt"),
        folder=bench.folder,
    )
    return done.returncode == 0 and (bench.folder / "text.txt").read_bytes() == TEXT.encode()


def test_cms_agrees_about_good_altered_and_foreign_documents(bench: Bench, card: Card) -> None:
    good = sign_document(card.signing, TEXT)
    draft = prepare_text(TEXT, card.signing.der, SignatureAlgorithm.RS256, signing_time=AT)
    ours = assemble(draft, sign_rs256(card.signing.key, draft.to_be_signed))
    altered = good.replace(b": 1", b": 2")
    forged = sign_document(card.signing, TEXT, signature=b"\x01" * 256)
    for document, verdict in ((good, True), (ours, True), (altered, False), (forged, False)):
        try:
            verify_document(document, TEXT, bench.trust, NothingRevoked(), at=AT)
            found = True
        except TsunaguError:
            found = False
        assert (found, cms_verdict(bench, document)) == (verdict, verdict)


def test_ts_agrees_about_a_timestamp(bench: Bench) -> None:
    folder, office = bench.folder, bench.office
    imprint = bytes(range(32))
    answer = office.timestamps.answer(build_timestamp_request(imprint, 7), at=AT)
    (folder / "answer.tsr").write_bytes(answer)
    root = pem(folder / "tsa.pem", office.timestamps.root)
    authorities = bench.trust.timestamping
    assert authorities is not None
    for digest, verdict in ((imprint, True), (bytes(32), False)):
        done = openssl(
            *("ts", "-verify", "-in", "answer.tsr", "-digest", digest.hex()),
            *("-CAfile", root, "-attime", ATTIME),
            folder=folder,
        )
        try:
            read_timestamp_response(answer, digest, authorities, nonce=7, at=AT)
            found = True
        except TsunaguError:
            found = False
        assert (found, done.returncode == 0) == (verdict, verdict), done.stderr
