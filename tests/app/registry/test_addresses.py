"""A gateway's address is one that viewers of other hospitals can reach, and nothing cleverer."""

from __future__ import annotations

import pytest

from app.registry.addresses import gateway_origin
from app.registry.errors import ImpossibleAddress


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://images.example.jp", "https://images.example.jp"),
        (" HTTPS://Images.Example.JP/ ", "https://images.example.jp"),
        ("https://images.example.jp:8443", "https://images.example.jp:8443"),
        ("https://10.20.30.40", "https://10.20.30.40"),
    ],
)
def test_an_origin_is_taken(typed: str, origin: str) -> None:
    assert gateway_origin(typed, tried_out=False) == origin


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "images.example.jp",
        "http://images.example.jp",
        "ftp://images.example.jp",
        "https://",
        "https://localhost",
        "https://gateway.localhost",
        "https://intranet",
        "https://127.0.0.1",
        "https://169.254.169.254",
        "https://[::1]",
        "https://[fe80::1]",
        "https://0.0.0.0",
        "https://224.0.0.1",
        "https://2130706433",
        "https://127.1",
        "https://0x7f.0x1",
        "https://user@images.example.jp",
        "https://images.example.jp/dicom-web",
        "https://images.example.jp?x=1",
        "https://images.example.jp#x",
        "https://images.example.jp:0",
        "https://images.example.jp:99999",
        "https://画像.example.jp",
        "https://images..example.jp",
        "https://-x.example.jp",
        "https://" + "a" * 200 + ".example.jp",
        "https://[",
    ],
)
def test_anything_else_is_refused(typed: str) -> None:
    with pytest.raises(ImpossibleAddress):
        gateway_origin(typed, tried_out=False)


@pytest.mark.parametrize("typed", ["http://127.0.0.1:8101", "http://localhost:8101"])
def test_outside_production_this_machine_will_do(typed: str) -> None:
    assert gateway_origin(typed, tried_out=True) == typed
