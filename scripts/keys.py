"""Keys of the development world, made once: ``python -m scripts.keys FOLDER``.

The portal signs image-access tokens, each gateway signs its reports; a key id is the thumbprint
of RFC 7638. Private keys are readable by their owner alone.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path

from joserfc.jwk import ECKey

from scripts.world import HOSPITALS


def make_keys(var: Path) -> None:
    """Write what is missing under a world's folder; what is there stays."""
    _write_once(var / "keys" / "secret-key", secrets.token_urlsafe(48).encode("ascii"))
    portal = _signing_key(var / "keys" / "portal-access.pem")
    jwks = {"keys": [_public(portal)]}
    (var / "keys" / "portal-jwks.json").write_text(json.dumps(jwks, indent=2), encoding="utf-8")
    for hospital in HOSPITALS:
        _signing_key(var / "gateways" / hospital.key / "signing.pem")


def _signing_key(path: Path) -> ECKey:
    if not path.is_file():
        _write_once(path, ECKey.generate_key("P-256").as_pem(private=True))
    return ECKey.import_key(path.read_bytes())


def _public(key: ECKey) -> dict[str, object]:
    return {**key.as_dict(private=False), "kid": key.thumbprint(), "alg": "ES256", "use": "sig"}


def _write_once(path: Path, content: bytes) -> None:
    if path.is_file():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


if __name__ == "__main__":
    make_keys(Path(sys.argv[1]))
