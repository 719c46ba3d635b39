"""When families are told, and told again (再勧奨), read from ``config/reminders``.

The values are marked unchecked until a municipality has compared them with its own guidelines;
pages for staff say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from app.core.catalogue import read_catalogue
from app.immunization.wording import Words
from app.reminders.plan import Stage

FOLDER = Path(__file__).resolve().parents[2] / "config" / "reminders"


@dataclass(frozen=True)
class Rules:
    """What is said at all, and how long the same dose is not spoken of again.

    ``checked``: compared with the guidelines in force.
    """

    source: Words
    checked: bool
    stages: frozenset[Stage]
    spacing: timedelta


@cache
def load_rules(folder: Path = FOLDER) -> Rules:
    """The rules in force. Raises ``Misconfigured`` with everything that is wrong with them."""
    content = read_catalogue(folder / "rules.yaml", FOLDER / "schema.json")
    said = content["source"]
    return Rules(
        Words(said["ja"], said["en"], said["easy"]),
        content["mark"] == "checked",
        frozenset(Stage(one) for one in content["stages"]),
        timedelta(days=content["spacing_days"]),
    )
