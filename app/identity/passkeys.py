"""The WebAuthn ceremonies (W3C Web Authentication Level 3, §7.1 and §7.2), without a database.

Passkeys here are discoverable, always verify their user, and belong to exactly one origin. An
answer is first read (``UnverifiedRegistration``, ``UnverifiedAssertion``), then verified against
the challenge that was consumed for it; what is wrong with it is a type of ``errors.py``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fido2.cose import ES256, RS256, EdDSA
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    CollectedClientData,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.crypto.digests import sha256
from app.identity.errors import (
    BadPasskeyAnswer,
    PasskeyOfAnotherSite,
    PasskeySignatureInvalid,
    PasskeyUserNotVerified,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

ALGORITHMS = frozenset({ES256.ALGORITHM, EdDSA.ALGORITHM, RS256.ALGORITHM})
LONGEST_CREDENTIAL_ID = 1023
REQUIRED = UserVerificationRequirement.REQUIRED
_UNREADABLE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RecursionError,
    NotImplementedError,
    struct.error,
)
"""What parsers of CBOR, COSE and JSON raise when bytes are not what they should be."""


@dataclass(frozen=True)
class RelyingParty:
    """Us, as a browser knows us: the host passkeys are bound to, and our one origin."""

    id: str
    origin: str


@dataclass(frozen=True)
class PasskeyOwner:
    """Who a new passkey is for; the browser shows the name, the id is opaque."""

    account_id: UUID
    name: str


@dataclass(frozen=True)
class VerifiedPasskey:
    """A new passkey as it is kept: id, COSE key with its id, and the signature counter."""

    credential_id: bytes
    credential_data: bytes
    sign_count: int


@dataclass(frozen=True)
class UnverifiedRegistration:
    """What a browser says it made. Raises ``BadPasskeyAnswer`` when it cannot be read."""

    response: RegistrationResponse

    @classmethod
    def from_json(cls, body: Mapping[str, object]) -> UnverifiedRegistration:
        """``RegistrationResponseJSON`` of WebAuthn, the members that are looked at."""
        try:
            read = _credential(body, "clientDataJSON", "attestationObject")
            response = RegistrationResponse.from_dict(read)
            _require_text(response.response.client_data)
        except _UNREADABLE as fault:
            raise BadPasskeyAnswer("not a registration") from fault
        return cls(response)

    @property
    def nonce(self) -> str:
        """The challenge it claims to answer, base64url."""
        return websafe_encode(self.response.response.client_data.challenge)


@dataclass(frozen=True)
class UnverifiedAssertion:
    """What a browser says a passkey signed. Raises ``BadPasskeyAnswer`` when unreadable."""

    response: AuthenticationResponse

    @classmethod
    def from_json(cls, body: Mapping[str, object]) -> UnverifiedAssertion:
        """``AuthenticationResponseJSON`` of WebAuthn, the members that are looked at."""
        try:
            names = ("clientDataJSON", "authenticatorData", "signature", "userHandle")
            response = AuthenticationResponse.from_dict(_credential(body, *names))
            _require_text(response.response.client_data)
        except _UNREADABLE as fault:
            raise BadPasskeyAnswer("not an assertion") from fault
        return cls(response)

    @property
    def nonce(self) -> str:
        """The challenge it claims to answer, base64url."""
        return websafe_encode(self.response.response.client_data.challenge)

    @property
    def credential_id(self) -> bytes:
        """Which passkey it claims to be."""
        return self.response.raw_id

    @property
    def account_id(self) -> bytes:
        """The user handle: the account the passkey was made for."""
        return self.response.response.user_handle or b""


def relying_party_of(origin: str) -> RelyingParty | None:
    """Us at this origin; None where browsers allow no passkeys: addresses, and plain http."""
    parts = urlsplit(origin)
    host = parts.hostname or ""
    local = host == "localhost" or host.endswith(".localhost")
    if not host or _is_address(host) or not (parts.scheme == "https" or local):
        return None
    return RelyingParty(host, origin)


def creation_options(
    party: RelyingParty, owner: PasskeyOwner, known: Iterable[bytes], nonce: str
) -> dict[str, Any]:
    """``PublicKeyCredentialCreationOptionsJSON``. ``known``: data of passkeys already held."""
    options, _state = _server(party).register_begin(
        PublicKeyCredentialUserEntity(
            id=owner.account_id.bytes, name=owner.name, display_name=owner.name
        ),
        [AttestedCredentialData(data) for data in known],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=REQUIRED,
        challenge=websafe_decode(nonce),
    )
    return dict(dict(options)["publicKey"])


def request_options(party: RelyingParty, nonce: str) -> dict[str, Any]:
    """``PublicKeyCredentialRequestOptionsJSON`` that names no passkey: the person chooses."""
    options, _state = _server(party).authenticate_begin(
        user_verification=REQUIRED, challenge=websafe_decode(nonce)
    )
    return dict(dict(options)["publicKey"])


def verify_registration(party: RelyingParty, answer: UnverifiedRegistration) -> VerifiedPasskey:
    """The new passkey. The caller has consumed ``answer.nonce`` as a challenge of its own."""
    client, made = answer.response.response.client_data, answer.response.response.attestation_object
    _require_ours(party, client, made.auth_data, CollectedClientData.TYPE.CREATE)
    try:
        data = _server(party).register_complete(_state(answer.nonce), answer.response)
        credential = data.credential_data
        if credential is None or credential.public_key.ALGORITHM not in ALGORITHMS:
            raise BadPasskeyAnswer("a key of a kind that was not asked for")
    except _UNREADABLE as fault:
        raise BadPasskeyAnswer("not a registration") from fault
    if not 0 < len(credential.credential_id) <= LONGEST_CREDENTIAL_ID:
        raise BadPasskeyAnswer("a credential id of no use")
    return VerifiedPasskey(credential.credential_id, bytes(credential), data.counter)


def verify_assertion(
    party: RelyingParty, answer: UnverifiedAssertion, credential_data: bytes
) -> int:
    """The signature counter, from an answer of just this passkey to ``answer.nonce``."""
    signed, kind = answer.response.response, CollectedClientData.TYPE.GET
    _require_ours(party, signed.client_data, signed.authenticator_data, kind)
    known = AttestedCredentialData(credential_data)
    try:
        _server(party).authenticate_complete(_state(answer.nonce), [known], answer.response)
    except _UNREADABLE as fault:
        raise PasskeySignatureInvalid("the signature does not hold") from fault
    return signed.authenticator_data.counter


def _server(party: RelyingParty) -> Fido2Server:
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=party.id, name="つなぐ"),
        attestation=AttestationConveyancePreference.NONE,
        verify_origin=lambda origin: origin == party.origin,
    )
    server.allowed_algorithms = [
        PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=algorithm)
        for algorithm in sorted(ALGORITHMS, reverse=True)
    ]
    return server


def _require_ours(
    party: RelyingParty, client: CollectedClientData, data: AuthenticatorData, kind: str
) -> None:
    if client.type != kind:
        raise BadPasskeyAnswer("the answer of another ceremony")
    if client.origin != party.origin or client.cross_origin:
        raise PasskeyOfAnotherSite("made on another origin")
    if data.rp_id_hash != sha256(party.id.encode()):
        raise PasskeyOfAnotherSite("made for another relying party")
    if not (data.is_user_present() and data.is_user_verified()):
        raise PasskeyUserNotVerified("the user was not verified")


def _credential(body: Mapping[str, object], *names: str) -> dict[str, Any]:
    response = body.get("response")
    if not isinstance(response, dict) or not isinstance(body.get("rawId"), str):
        raise BadPasskeyAnswer("not a credential")
    members = {name: response[name] for name in names if response.get(name) is not None}
    if not all(isinstance(member, str) for member in members.values()):
        raise BadPasskeyAnswer("members that are not text")
    raw = body["rawId"]
    return {"id": raw, "rawId": raw, "type": "public-key", "response": members}


def _require_text(client: CollectedClientData) -> None:
    if not isinstance(client.origin, str) or not isinstance(client.type, str):
        raise BadPasskeyAnswer("client data of another shape")


def _state(nonce: str) -> dict[str, Any]:
    return {"challenge": nonce, "user_verification": REQUIRED}


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
