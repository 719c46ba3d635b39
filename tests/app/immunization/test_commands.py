"""``flask immunization diff``: whom a new edition changes, by id, and how many."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.core.db import transaction
from app.core.ids import new_id
from app.family.models import Child
from app.identity.models import Person, Sex
from app.immunization import commands
from app.immunization.schedule import DEFAULT_FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result
    from flask import Flask

    from tests.app.world import World


@pytest.fixture
def edition(tmp_path: Path) -> Path:
    """A copy of the edition in force, to be changed."""
    shutil.copytree(DEFAULT_FOLDER, tmp_path / "next")
    return tmp_path / "next"


def change(edition: Path, name: str, old: str, new: str) -> None:
    path = edition / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def diff(portal: Flask, edition: object, *options: str) -> Result:
    arguments = ["immunization", "diff", "current", str(edition), *options]
    return portal.test_cli_runner().invoke(args=arguments)


def as_of(world: World) -> tuple[str, str]:
    return "--as-of", world.made_on.isoformat()


def test_the_same_edition_changes_nobody(portal: Flask, edition: Path) -> None:
    same = diff(portal, edition)
    assert (same.exit_code, same.output) == (0, "0 of 3 children change\n")
    assert diff(portal, "current").output == same.output


def test_children_are_named_by_id_with_what_changes(
    portal: Flask, world: World, edition: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "PAGE", 1)
    change(edition, "groups", "last: 36m", "last: 48m")
    told = diff(portal, edition, "--json-lines", *as_of(world))
    *rows, counts = [json.loads(line) for line in told.output.splitlines()]
    assert {row["child"] for row in rows} == {str(one) for one in world.children.values()}
    yuto = next(row for row in rows if row["child"] == str(world.children["yuto"]))
    assert yuto["changes"]["VAR"]["status"] == ["expired", "overdue"]
    assert counts == {"children": 3, "changed": 3, "unjudged": 0, "groups": {"VAR": 3}}


def test_the_lines_for_people_say_the_same(portal: Flask, world: World, edition: Path) -> None:
    change(edition, "groups", "last: 36m", "last: 48m")
    told = diff(portal, edition, *as_of(world)).output
    assert f"{world.children['yuto']}  VAR status expired -> overdue" in told
    assert "3 of 3 children change" in told
    assert "みほん" not in told


def test_a_vaccine_that_is_lost_leaves_its_children_to_be_judged(
    portal: Flask, world: World, edition: Path
) -> None:
    change(edition, "products", "  RV1:", "  RV1_NEW:")
    change(edition, "groups", "RV1", "RV1_NEW")
    told = diff(portal, edition, "--json-lines", *as_of(world)).output.splitlines()
    lost = {"child": str(world.children["sakura"]), "error": "unknown-product"}
    assert lost in [json.loads(line) for line in told]
    assert json.loads(told[-1])["unjudged"] == 1
    assert "1 cannot be judged" in diff(portal, edition, *as_of(world)).output


def test_a_child_not_yet_born_on_the_asked_day_is_not_asked_about(
    portal: Flask, world: World, edition: Path
) -> None:
    tomorrow = world.made_on + timedelta(days=1)
    with transaction() as session:
        person = Person(
            id=new_id(), family_name="見本", given_name="未来", family_kana="", given_kana="",
            born_on=tomorrow, sex=Sex.NOT_KNOWN,
        )  # fmt: skip
        session.add(person)
        session.flush()
        municipality = world.organisations["city"]
        number = {"person_id": person.id, "municipality_id": municipality, "handbook_number": "x"}
        session.add(Child(id=new_id(), **number))
    assert "of 3 children" in diff(portal, edition, *as_of(world)).output


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (("groups", "last: 36m", "last: 36 months"), "is not a day of a life"),
        (("groups", "since: 2023-04-01, at", "since: 2023-04-03, at"), "gap from"),
        (("groups", "since: 2023-04-01, at", "since: 2023-03-31, at"), "two lines"),
        (("products", "products:", "products: ["), "products.yaml"),
    ],
)
def test_an_edition_that_cannot_be_used_is_named(
    bare_portal: Flask, edition: Path, fault: tuple[str, str, str], said: str
) -> None:
    change(edition, *fault)
    refused = diff(bare_portal, edition)
    assert refused.exit_code == 1
    assert f"edition {edition}" in refused.output
    assert said in refused.output
    assert "edition.yaml" in diff(bare_portal, edition / "nowhere").output
