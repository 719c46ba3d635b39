"""Profiles, code systems and codings of ``config/fhir``: replaceable data, checked when read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from jsonschema import Draft202012Validator

from app.core.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).resolve().parents[2] / "config" / "fhir"

Element = dict[str, Any]
"""A FHIR element or resource as JSON."""


@dataclass(frozen=True)
class Terminology:
    """What our resources are called by. Only confirmed profiles and codings are in here."""

    profiles: Mapping[str, str]
    extensions: Mapping[str, str]
    systems: Mapping[str, str]
    date_criteria: Mapping[str, Element]
    products: Mapping[str, tuple[Element, ...]]
    product_named: Mapping[tuple[str, str], str]

    def coding(self, system: str, code: str, display: str | None = None) -> Element:
        """A code of one of our named systems."""
        made = {"system": self.systems[system], "code": code}
        return made if display is None else made | {"display": display}

    def meta(self, resource: str) -> Element:
        """``meta`` with the profile of a resource; empty where none is confirmed."""
        profile = self.profiles.get(resource)
        return {} if profile is None else {"meta": {"profile": [profile]}}


def load_terminology(folder: Path | None = None) -> Terminology:
    """The terminology of a folder, by default the one in force. Raises ``Misconfigured``."""
    return _load((folder or FOLDER).resolve())


@cache
def _load(folder: Path) -> Terminology:
    try:
        content = yaml.safe_load((folder / "terminology.yaml").read_text(encoding="utf-8"))
        schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise Misconfigured(f"the FHIR terminology cannot be read: {problem}") from problem
    for error in Draft202012Validator(schema).iter_errors(content):
        place = ".".join(str(part) for part in error.path)
        raise Misconfigured(f"the FHIR terminology cannot be used: {place}: {error.message}")
    return _terminology(content)


def _terminology(content: Element) -> Terminology:
    systems = content["systems"]
    products = {
        code: tuple(_coding(row) for row in rows if row["confirmed"])
        for code, rows in content["products"].items()
    }
    named: dict[tuple[str, str], str] = {}
    for product, codings in products.items():
        for coding in codings:
            other = named.setdefault((coding["system"], coding["code"]), product)
            if other != product:
                raise Misconfigured(f"the FHIR terminology gives {other} and {product} one code")
    return Terminology(
        profiles={k: row["url"] for k, row in content["profiles"].items() if row["confirmed"]},
        extensions=content["extensions"],
        systems=systems,
        date_criteria={
            name: {"system": systems["loinc"], **row}
            for name, row in content["date_criteria"].items()
        },
        products=products,
        product_named=named,
    )


def _coding(row: Element) -> Element:
    return {name: row[name] for name in ("system", "code", "display") if name in row}
