"""The form of a report as data: complete, and its mistakes named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from app.core.errors import Misconfigured
from app.immunization.incident_form import FOLDER, load_report_form
from app.immunization.results import Verdict

if TYPE_CHECKING:
    from pathlib import Path


def test_every_verdict_at_fault_has_its_kind() -> None:
    form = load_report_form()
    kinds = {verdict: form.suggest(verdict) for verdict in Verdict}
    assert kinds[Verdict.INTERVAL_SHORT] == kinds[Verdict.CROSS_INTERVAL_SHORT] == "interval"
    assert kinds[Verdict.TOO_EARLY_AGE] == kinds[Verdict.AFTER_LATEST] == "age"
    assert (kinds[Verdict.SURPLUS], kinds[Verdict.VALID]) == ("repeated", "other")


def test_the_form_says_that_it_was_not_compared_with_the_official_one() -> None:
    assert not load_report_form().checked


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mark": "surely"}, "mark"),
        ({"questions": []}, "questions"),
        ({"kinds": [{"id": "x y", "ja": "a", "en": "a", "easy": "a", "verdicts": []}]}, "kinds.0"),
        ({"kinds": [{"id": "one", "ja": "a", "en": "a", "easy": "a", "verdicts": []}] * 2},
         "one is there twice"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_data_is_named(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    content = yaml.safe_load((FOLDER / "report.yaml").read_text(encoding="utf-8"))
    (tmp_path / "report.yaml").write_text(yaml.safe_dump(content | change), encoding="utf-8")
    with pytest.raises(Misconfigured, match=words):
        load_report_form(tmp_path)
