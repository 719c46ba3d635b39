"""Requests of another system: a child in FHIR, and the token that goes with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core import clock
from app.crypto.digests import sha256_base64url
from app.crypto.signing import SigningKey, generate_key_pem
from app.fhir.terminology import load_terminology
from tests.app.world import ORIGIN

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

PATH = "/api/fhir/r4/$immds-forecast"
PRODUCT = load_terminology().systems["product"]


def dose(product: str, day: str, **changes: Any) -> dict[str, Any]:
    """An Immunization of a request."""
    return {
        "resourceType": "Immunization",
        "id": f"{product.replace('_', '-')}-{day[:10]}",
        "status": "completed",
        "vaccineCode": {"coding": [{"system": PRODUCT, "code": product}]},
        "patient": {"reference": "Patient/p1"},
        "occurrenceDateTime": day,
    } | changes


def question(*doses: dict[str, Any], as_of: str = "2026-11-22", **patient: Any) -> dict[str, Any]:
    """Parameters about a girl born on 1 April 2026; ``patient`` are changes to her resource."""
    person = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "2026-04-01"}
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "assessmentDate", "valueDate": as_of},
            {"name": "patient", "resource": person | patient},
            *({"name": "immunization", "resource": one} for one in doses),
        ],
    }


def new_key() -> SigningKey:
    """A key of a system."""
    return SigningKey.from_pem(generate_key_pem())


def public_jwk(key: SigningKey) -> dict[str, Any]:
    """What the operator registers."""
    return {name: value for name, value in key.public_jwk().items() if name != "kid"}


@dataclass
class Caller:
    """Another system with its key and the id it was registered under."""

    portal: Flask
    client_id: str
    key: SigningKey

    def token(
        self, body: bytes, *, typ: str = "tsunagu-client+jwt", kid: str | None = None, **claims: Any
    ) -> str:
        """The bearer token for this body; ``claims`` change single ones."""
        now = int(clock.now().timestamp())
        made = {
            "iss": self.client_id,
            "aud": ORIGIN,
            "iat": now,
            "exp": now + 60,
            "body_sha256": sha256_base64url(body),
        }
        named = SigningKey(self.key._key, kid or self.client_id)
        return named.sign(made | claims, typ=typ)

    def ask(self, parameters: object, **claims: Any) -> TestResponse:
        """Ask as the system does."""
        body = json.dumps(parameters).encode()
        return self.send(body, f"Bearer {self.token(body, **claims)}")

    def send(
        self, body: bytes, authorization: str, content_type: str = "application/fhir+json"
    ) -> TestResponse:
        """Send these bytes under this header."""
        return self.portal.test_client().post(
            PATH,
            data=body,
            headers={"Authorization": authorization},
            content_type=content_type,
        )
