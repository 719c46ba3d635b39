"""OpenSC's own tools against the simulated card behind a real pcscd: the independent client.

The tests share one stack a worker; each OpenSC call takes about two seconds, so each call proves
several things.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.integration.pcsc_world import PcscWorld, pcsc_world
from tests.simulators.card.folders import AUTH_PIN, SIGN_PIN, write_card

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.pcsc, pytest.mark.xdist_group("pcsc")]

MESSAGE = b"an OpenSC tool signs this"


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cards")
    write_card(folder, "hanako")
    write_card(folder, "ichiro", contactless=True, blocked_status="6983", sign_tries_left=0)
    (folder / "message").write_bytes(MESSAGE)
    (folder / "message.digest").write_bytes(hashlib.sha256(MESSAGE).digest())
    return folder


@pytest.fixture(scope="module")
def world(cards: Path) -> Iterator[PcscWorld]:
    with pcsc_world(cards / "hanako", cards / "ichiro") as running:
        yield running
        (cards / "transcript.txt").write_text("\n".join(running.transcript), encoding="utf-8")


def public_key(cards: Path, name: str) -> rsa.RSAPublicKey:
    certificate = x509.load_der_x509_certificate((cards / "hanako" / f"{name}.cer").read_bytes())
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def verify(cards: Path, name: str, signature: Path) -> None:
    public_key(cards, name).verify(
        signature.read_bytes(), MESSAGE, padding.PKCS1v15(), hashes.SHA256()
    )


def as_der(pem: str) -> bytes:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    return certificate.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("reader", ["0", "1"], ids=["contact", "contactless"])
def test_the_card_is_recognised_as_jpki(world: PcscWorld, reader: str) -> None:
    assert "jpki" in world.run("opensc-tool", "-r", reader, "-n").stdout


def test_pins_keys_and_certificates_are_listed(world: PcscWorld) -> None:
    listed = world.run("pkcs15-tool", "--reader", "0", "-D").stdout
    assert "PKCS#15 Card [JPKI]" in listed
    assert [line.split()[-1] for line in listed.splitlines() if "Tries left" in line] == ["3", "5"]
    assert listed.count("Private RSA Key") == 2
    assert listed.count("X.509 Certificate [") == 4


def test_the_authentication_certificate_is_read_byte_for_byte(
    world: PcscWorld, cards: Path
) -> None:
    read = world.run("pkcs15-tool", "--reader", "0", "--read-certificate", "1")
    assert as_der(read.stdout) == (cards / "hanako/auth.cer").read_bytes()


def test_the_sign_certificate_needs_its_pin(world: PcscWorld, cards: Path) -> None:
    refused = world.run("pkcs15-tool", "--reader", "0", "--read-certificate", "2")
    assert "Certificate read failed" in refused.stderr
    shown = ["--verify-pin", "--auth-id", "2", "--pin", SIGN_PIN]
    read = world.run("pkcs15-tool", "--reader", "0", *shown, "--read-certificate", "2")
    assert as_der(read.stdout) == (cards / "hanako/sign.cer").read_bytes()


def test_pkcs15_crypt_signs_with_the_authentication_key(world: PcscWorld, cards: Path) -> None:
    output = cards / "pkcs15.signature"
    world.run(
        "pkcs15-crypt", "--reader", "0", "--sign", "--key", "1", "--pin", AUTH_PIN, "--sha-256",
        "--pkcs1", "--raw", "--input", cards / "message.digest", "--output", output,
    )  # fmt: skip
    verify(cards, "auth", output)
    public = cards / "auth.pem"
    public.write_bytes(
        public_key(cards, "auth").public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    checked = world.run(
        "openssl", "dgst", "-sha256", "-verify", public, "-signature", output, cards / "message"
    )
    assert "Verified OK" in checked.stdout


@pytest.mark.parametrize("name", ["auth", "sign"])
def test_pkcs11_tool_signs_with_either_key(world: PcscWorld, cards: Path, name: str) -> None:
    slot, pin, key_id = {"auth": ("0", AUTH_PIN, "01"), "sign": ("1", SIGN_PIN, "02")}[name]
    output = cards / f"pkcs11-{name}.signature"
    world.run(
        "pkcs11-tool", "--slot-index", slot, "--login", "--pin", pin, "--sign", "-m",
        "SHA256-RSA-PKCS", "--id", key_id, "-i", cards / "message", "-o", output,
    )  # fmt: skip
    verify(cards, name, output)


def test_wrong_pins_count_down_and_block(world: PcscWorld) -> None:
    wrong = ["--reader", "1", "--verify-pin", "--auth-id", "1", "--pin", "0000"]
    world.run("pkcs15-tool", *wrong)
    assert "Tries left     : 2" in world.run("pkcs15-tool", "--reader", "1", "-D").stdout
    world.run("pkcs15-tool", *wrong)
    world.run("pkcs15-tool", *wrong)
    blocked = world.run(
        "pkcs15-tool", "--reader", "1", "--verify-pin", "--auth-id", "1", "--pin", AUTH_PIN
    )
    assert "Authentication method blocked" in blocked.stderr
    assert "Tries left     : 0" in world.run("pkcs15-tool", "--reader", "1", "-D").stdout


AGENT = """
import json
from card_agent.errors import CardProblem
from card_agent.orders import carry_out, tries_left
from card_agent.pcsc import PcscTransport
from card_agent.readers import card_state
from card_agent.wire import Challenge, Document
transport, challenge, document = PcscTransport(), Challenge("A" * 43), Document("text")
first, second = (reader.name for reader in transport.readers())
def attempt(act):
    try:
        return act()
    except CardProblem as problem:
        return problem.code
def order(what, reader, pin):
    return attempt(lambda: carry_out(transport, reader, what, caller="https://p.example", pin=pin))
"""


def ask_agent(world: PcscWorld, expression: str) -> object:
    """Evaluate an expression in a process of its own, as the agent's code on real PC/SC."""
    return json.loads(world.python(f"{AGENT}\nprint(json.dumps({expression}))"))


def test_the_agent_signs_over_pcsc(world: PcscWorld) -> None:
    types = ask_agent(
        world,
        f'[order(challenge, first, "{AUTH_PIN}")["type"],'
        f' order(document, first, "{SIGN_PIN}")["type"]]',
    )
    assert types == ["token", "signed"]


def test_the_agent_sees_readers_tries_and_refusals_over_pcsc(world: PcscWorld) -> None:
    seen = ask_agent(
        world,
        """{
        "readers": [first, second],
        "present": [reader.card_present for reader in transport.readers()],
        "tries": [tries_left(transport, first, challenge), tries_left(transport, first, document)],
        "several": card_state(transport, challenge, wanted=None).problem,
        "wrong": order(challenge, first, "0000"),
        "left": tries_left(transport, first, challenge),
        "unknown": order(challenge, "no such reader", "0000"),
        "blocked": order(document, second, "ABC123"),
        "busy": [transport.connect(first) and None, order(challenge, first, "1234")][1],
        }""",
    )
    assert seen == {
        "readers": ["Virtual PCD 00 00", "Virtual PCD 00 01"],
        "present": [True, True],
        "tries": [3, 5],
        "several": "choose-card",
        "wrong": "wrong-pin",
        "left": 2,
        "unknown": "no-reader",
        "blocked": "pin-blocked",
        "busy": "card-busy",
    }


def test_a_pin_shown_by_the_agent_is_gone_afterwards(world: PcscWorld) -> None:
    ask_agent(world, f'order(document, first, "{SIGN_PIN}")["type"]')
    refused = world.run("pkcs15-tool", "--reader", "0", "--read-certificate", "2")
    assert "Certificate read failed" in refused.stderr


def test_a_card_taken_out_is_seen_over_pcsc(world: PcscWorld) -> None:
    world.remove(1)
    world.wait_for_cards(1)
    seen = ask_agent(
        world, '[order(challenge, second, "1234"), transport.readers()[1].card_present]'
    )
    assert seen == ["no-card", False]
