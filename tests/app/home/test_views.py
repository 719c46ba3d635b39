"""The family's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.app.browser import Browser


def test_a_mother_sees_her_children_and_nobody_elses(client_for: Callable[..., Browser]) -> None:
    page = client_for("mother").get("/handbook/")
    assert page.status_code == 200
    assert "さくら" in page.text
    assert "ゆうと" in page.text
    assert "もも" not in page.text
