"""Texts and what they rest on: words in three languages, sources, evidence marks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Evidence(StrEnum):
    """How well a row is supported. Rows marked ``GENERAL`` are never shown to parents as fact."""

    LAW = "L"
    MUNICIPAL = "M"
    GENERAL = "G"


@dataclass(frozen=True, slots=True)
class Words:
    """One text in Japanese, English and plain Japanese (やさしい日本語)."""

    ja: str
    en: str
    easy: str

    def in_language(self, language: str) -> str:
        """The text for ``ja``, ``en`` or ``easy``; anything else reads Japanese."""
        return {"en": self.en, "easy": self.easy}.get(language, self.ja)


@dataclass(frozen=True, slots=True)
class Source:
    """A public text that a row rests on."""

    key: str
    ja: str
    en: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """The evidence mark of a row and the sources it was taken from."""

    mark: Evidence
    sources: tuple[Source, ...]

    @property
    def publishable(self) -> bool:
        """Whether a parent may read this row as fact."""
        return self.mark is not Evidence.GENERAL


@dataclass(frozen=True, eq=False)
class Remark:
    """A text that belongs to a group: an exclusion, a volume."""

    ja: str
    en: str
    basis: Basis


@dataclass(frozen=True, eq=False)
class Contraindication:
    """Who must not be vaccinated; the engine only tells, a physician decides."""

    ja: tuple[str, ...]
    en: tuple[str, ...]
    basis: Basis
