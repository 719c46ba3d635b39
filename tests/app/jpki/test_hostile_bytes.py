"""Whatever bytes arrive, the answer is one of our own refusals: no crash, no other exception."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.errors import TsunaguError
from app.jpki.authentication import UnverifiedToken, verify_login
from app.jpki.certificates import read_authentication_certificate, read_signature_certificate
from app.jpki.crl import read_crl
from app.jpki.document import verify_document
from app.jpki.evidence_page import write_pages
from app.jpki.ocsp import build_request, read_response
from app.jpki.pades import finish_pdf, prepare_pdf, read_pdf
from app.jpki.signature import SignatureAlgorithm
from app.jpki.timestamp import build_request as build_timestamp_request
from app.jpki.timestamp import read_response as read_timestamp_response
from simulators.jlis.index import Partition
from simulators.jlis.profile import Purpose
from tests.pki import AT, CHALLENGE, NothingRevoked, issue_card, sign_document, sign_rs256

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.jpki.trust import TrustStore
    from simulators.jlis.card_folder import Card
    from simulators.jlis.office import Office

    Edits = list[tuple[str, int, bytes]]

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")
hostile = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["set", "cut", "insert", "double"]),
        st.integers(0, 2**16),
        st.binary(min_size=1, max_size=40),
    ),
    min_size=1,
    max_size=4,
)


def mutate(original: bytes, edits: Edits) -> bytes:
    """The original with a few bytes set, cut out, doubled or inserted.

    Positions count modulo the length: the originals are signed anew in every run and differ in
    length, and what is drawn must not depend on that.
    """
    data = bytearray(original)
    for edit, place, some in edits:
        at = place % max(len(data), 1)
        match edit:
            case "set":
                data[at : at + 1] = some[:1]
            case "cut":
                del data[at : at + len(some)]
            case "insert":
                data[at:at] = some
            case _:
                data[at:at] = data[at : at + len(some)]
    return bytes(data)


def only_refuses(work: Callable[[], Any]) -> None:
    with contextlib.suppress(TsunaguError):
        work()


@hostile
@given(edits=EDITS)
def test_mutated_certificates(card: Card, trust: TrustStore, edits: Edits) -> None:
    der = mutate(card.auth.der, edits)
    token = UnverifiedToken(der, SignatureAlgorithm.RS256, b"\x01" * 256)
    with pytest.raises(TsunaguError):
        verify_login(token, CHALLENGE, trust, NothingRevoked(), at=AT)


@hostile
@given(edits=EDITS)
def test_mutated_signature_certificates(card: Card, edits: Edits) -> None:
    der = mutate(card.signing.der, edits)
    only_refuses(lambda: read_signature_certificate(der))


@hostile
@given(der=st.binary(max_size=200))
def test_any_bytes(trust: TrustStore, der: bytes) -> None:
    for work in (
        lambda: read_authentication_certificate(der),
        lambda: read_signature_certificate(der),
        lambda: read_crl(der, trust.authentication, at=AT),
        lambda: verify_document(der, "x", trust, NothingRevoked(), at=AT),
    ):
        with pytest.raises(TsunaguError):
            work()


@hostile
@given(edits=EDITS)
def test_mutated_documents(office: Office, trust: TrustStore, edits: Edits) -> None:
    document = sign_document(issue_card(office).signing, "本文")
    mutated = mutate(document, edits)
    only_refuses(lambda: verify_document(mutated, "本文", trust, NothingRevoked(), at=AT))


@hostile
@given(edits=EDITS)
def test_mutated_lists(office: Office, trust: TrustStore, edits: Edits) -> None:
    crl = office.crl(Partition(Purpose.AUTHENTICATION, 3, "131016"), at=AT)
    mutated = mutate(crl, edits)
    only_refuses(lambda: list(read_crl(mutated, trust.authentication, at=AT).entries()))


@hostile
@given(edits=EDITS)
def test_mutated_ocsp_answers(office: Office, card: Card, trust: TrustStore, edits: Edits) -> None:
    path = trust.path_to_anchor(read_authentication_certificate(card.auth.der), at=AT)
    nonce = b"n" * 32
    answer = office.ocsp(Purpose.AUTHENTICATION, build_request(path, nonce), at=AT)
    mutated = mutate(answer, edits)
    only_refuses(lambda: read_response(mutated, path, nonce, at=AT))


@hostile
@given(edits=EDITS)
def test_mutated_timestamps(office: Office, trust: TrustStore, edits: Edits) -> None:
    authorities = trust.timestamping
    assert authorities is not None
    answer = office.timestamps.answer(build_timestamp_request(b"i" * 32, 1), at=AT)
    mutated = mutate(answer, edits)
    only_refuses(lambda: read_timestamp_response(mutated, b"i" * 32, authorities, nonce=1, at=AT))


@settings(hostile, max_examples=60)
@given(edits=EDITS)
def test_mutated_pdfs(card: Card, edits: Edits) -> None:
    pages = write_pages("題", "本文", [], subject="題", font=Path("none"))
    draft = prepare_pdf(pages, card.signing.der, SignatureAlgorithm.RS256, at=AT)
    pdf = finish_pdf(draft, sign_rs256(card.signing.key, draft.cms.to_be_signed))
    mutated = mutate(pdf, edits)
    only_refuses(lambda: read_pdf(mutated))


@hostile
@given(
    message=st.dictionaries(
        st.sampled_from(["type", "version", "certificate", "algorithm", "signature", "x"]), JSON
    )
)
def test_any_json(message: dict[str, Any]) -> None:
    with pytest.raises(TsunaguError):
        UnverifiedToken.from_json(message)
