"""The pinned trust profile: what it refuses to be loaded from, and what production refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from app.core.errors import Misconfigured
from app.crypto.digests import sha256_hex
from app.jpki.trust import TrustStore
from simulators.jlis import profile
from simulators.jlis.profile import Purpose
from tests.pki import AT, rsa_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.jlis.office import Office


@pytest.fixture
def folder(office: Office, tmp_path: Path) -> Path:
    return Path(shutil.copytree(office.var / "trust", tmp_path / "trust"))


def edit(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    path = folder / "trust.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def test_all_generations_of_both_hierarchies_are_pinned(trust: TrustStore) -> None:
    for hierarchy in (trust.authentication, trust.signature):
        assert [anchor.generation for anchor in hierarchy.anchors] == [1, 2, 3]
        assert len({anchor.subject_der for anchor in hierarchy.anchors}) == 1
        assert len({anchor.key_id for anchor in hierarchy.anchors}) == 3


def test_production_refuses_a_simulated_profile(trust: TrustStore) -> None:
    with pytest.raises(Misconfigured, match="simulated"):
        trust.require_real()


def test_a_profile_cannot_hide_that_its_anchors_are_simulated(folder: Path) -> None:
    edit(folder, lambda data: data.update(simulated=False, profile="jpki"))
    store = TrustStore.load(folder)
    assert store.simulated
    with pytest.raises(Misconfigured):
        store.require_real()


def test_anchors_under_the_real_name_are_taken_for_real(folder: Path) -> None:
    def rename(data: dict[str, Any]) -> None:
        data["simulated"] = False
        for number, purpose in enumerate(Purpose):
            section = data[{"auth": "authentication", "sign": "signature"}[purpose]]
            der = _root_of(purpose, "JPKI", number)
            (folder / "anchors" / f"{purpose}.cer").write_bytes(der)
            entry = {"file": f"anchors/{purpose}.cer", "sha256": sha256_hex(der)}
            section["anchors"] = [entry | {"generation": 3, "algorithms": ["RS256"]}]

    edit(folder, rename)
    TrustStore.load(folder).require_real()


def _root_of(purpose: Purpose, organization: str, number: int) -> bytes:
    key = rsa_key(number)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, purpose.unit),
        ]
    )
    builder = profile.root_builder(
        purpose, key.public_key(), valid_from=AT, valid_until=AT.replace(year=2036)
    )
    copy = x509.CertificateBuilder(
        name, name, key.public_key(), profile.new_serial(), AT, AT.replace(year=2036)
    )
    for extension in builder.sign(key, hashes.SHA256()).extensions:
        copy = copy.add_extension(extension.value, critical=extension.critical)
    return copy.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def swap_anchor(data: dict[str, Any]) -> None:
    first, second = data["authentication"]["anchors"][:2]
    first["file"], second["file"] = second["file"], first["file"]


@pytest.mark.parametrize(
    "change",
    [
        swap_anchor,
        lambda data: data.pop("signature"),
        lambda data: data.pop("simulated"),
        lambda data: data["authentication"].update(anchors=[]),
        lambda data: data["authentication"].update(policies=[]),
        lambda data: data["authentication"].update(policies=data["signature"]["policies"]),
        lambda data: data["authentication"].update(anchors=data["signature"]["anchors"]),
        lambda data: data["authentication"]["anchors"][0].update(algorithms=["RS1"]),
        lambda data: data["authentication"]["anchors"][0].update(algorithms=[]),
        lambda data: data["authentication"]["anchors"][0].update(file="anchors/missing.cer"),
        lambda data: data["authentication"]["anchors"][0].update(revocation="never"),
        lambda data: data["authentication"].update(
            phone_policies=data["signature"]["phone_policies"]
        ),
        lambda data: data["authentication"].update(ocsp="file:///etc/passwd"),
        lambda data: data["authentication"].update(ocsp="http://user@host/"),
        lambda data: data["authentication"].update(crl="http://127.0.0.1/crl"),
    ],
)
def test_a_profile_that_does_not_hold_together_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], Any]
) -> None:
    edit(folder, change)
    with pytest.raises(Misconfigured):
        TrustStore.load(folder)


def test_a_leaf_is_no_anchor(folder: Path, office: Office) -> None:
    responder = office.authority(Purpose.AUTHENTICATION).responder.public_bytes(Encoding.DER)
    (folder / "anchors" / "auth-g1.cer").write_bytes(responder)
    edit(
        folder,
        lambda data: data["authentication"]["anchors"][0].update(sha256=sha256_hex(responder)),
    )
    with pytest.raises(Misconfigured):
        TrustStore.load(folder)


@pytest.mark.parametrize("content", [None, "", "[]", "{", "{}"])
def test_a_missing_or_broken_profile_is_refused(folder: Path, content: str | None) -> None:
    path = folder / "trust.json"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(Misconfigured):
        TrustStore.load(folder)
