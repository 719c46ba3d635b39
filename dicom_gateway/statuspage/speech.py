"""The page's words: Japanese first, English and やさしい日本語 beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from dicom_gateway.standing import JAPAN

STRINGS: Final[dict[str, dict[str, str]]] = json.loads(
    Path(__file__).with_name("strings.json").read_text("utf-8")
)
LANGUAGES: Final = {"ja": "日本語", "en": "English", "easy": "やさしい日本語"}
TAGS: Final = {"ja": "ja", "en": "en", "easy": "ja-Hira"}


@dataclass(frozen=True)
class Speech:
    """Everything the page says in one language."""

    language: str

    def say(self, key: str, **values: object) -> str:
        """The sentence of this key."""
        return STRINGS[self.language][key].format(**values)

    def trouble(self, event: str, about: str) -> str:
        """What a line of the log means for the administrator."""
        key = f"trouble.{event}"
        known = key in STRINGS[self.language]
        return self.say(key if known else "trouble.other", about=about, event=event)

    def age(self, seconds: float) -> str:
        """A time span in its largest unit."""
        for key, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
            if seconds >= size:
                return self.say(f"age.{key}", n=int(seconds // size))
        return self.say("age.now")


def instant_words(at: float) -> str:
    """Day and minute in Japan."""
    return datetime.fromtimestamp(at, UTC).astimezone(JAPAN).strftime("%Y-%m-%d %H:%M")
