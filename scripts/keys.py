"""Keys of the development world, made once: ``python -m scripts.keys FOLDER``.

The portal signs image-access tokens and seals evidence, each gateway signs its reports. Private
keys are readable by their owner alone.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from app.core import clock
from app.crypto.sealing import key_line, new_sealing_key
from app.crypto.signing import SigningKey, generate_key_pem, public_jwks
from app.crypto.tokens import new_token
from app.jpki.seal import generate_seal
from scripts.world import HOSPITALS


def make_keys(var: Path) -> None:
    """Write what is missing under a world's folder; what is there stays."""
    keys = var / "keys"
    _write_once(keys / "secret-key", new_token().encode("ascii"))
    _write_once(keys / "sealing-keys", key_line(new_sealing_key()).encode("ascii"))
    _write_once(keys / "portal-access.pem", generate_key_pem())
    _write_once(keys / "push.pem", generate_key_pem())
    _make_seal(keys)
    jwks = public_jwks([SigningKey.load(keys / "portal-access.pem")])
    (keys / "portal-jwks.json").write_text(json.dumps(jwks, indent=2), encoding="utf-8")
    _write_once(keys / "phone-login.pem", generate_key_pem())
    jwks = public_jwks([SigningKey.load(keys / "phone-login.pem")])
    (keys / "phone-login-jwks.json").write_text(json.dumps(jwks, indent=2), encoding="utf-8")
    for hospital in HOSPITALS:
        _write_once(var / "gateways" / hospital.key / "signing.pem", generate_key_pem())


def _make_seal(keys: Path) -> None:
    key, certificate = keys / "evidence-seal.pem", keys / "evidence-seal-certificates.pem"
    if not certificate.is_file():
        key_pem, certificate_pem = generate_seal(at=clock.now())
        key.unlink(missing_ok=True)
        _write_once(key, key_pem)
        _write_once(certificate, certificate_pem)


def _write_once(path: Path, content: bytes) -> None:
    if path.is_file():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


if __name__ == "__main__":
    make_keys(Path(sys.argv[1]))
