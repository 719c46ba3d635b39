"""The national schedule as data: read once from its folder, checked, and handed out immutable."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from jsonschema import Draft202012Validator

from app.immunization import assembly, consistency
from app.immunization.faults import ExpressionInvalid, ScheduleInvalid, UnknownSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.immunization.rules import Schedule

DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / "config" / "immunization"
FILES = ("edition", "products", "groups", "measures", "wording")
SCHEMA_FILE = "schema.json"
CURRENT = "current"


class _PlainLoader(yaml.SafeLoader):
    """Reads every scalar but numbers and booleans as text, and refuses a key written twice."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _mapping(loader: _PlainLoader, node: yaml.MappingNode) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = key_node.value
        if key in result:
            line = key_node.start_mark.line + 1
            raise yaml.constructor.ConstructorError(
                None, None, f"key {key!r} is written twice (line {line})", key_node.start_mark
            )
        result[key] = loader.construct_object(value_node, deep=True)
    return result


_PlainLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


def edition_folder(name: str) -> Path:
    """Where an edition stands: ``current``, a folder below the one in force, or a path."""
    if name == CURRENT:
        return DEFAULT_FOLDER
    below = DEFAULT_FOLDER / name
    return below if below.is_dir() else Path(name)


def load_schedule(folder: Path | None = None) -> Schedule:
    """The schedule of a folder, by default the one in force. Raises ``ScheduleInvalid``."""
    return _in_force() if folder is None else _load(folder.resolve())


@cache
def _in_force() -> Schedule:
    return _load(DEFAULT_FOLDER.resolve())


@cache
def _load(folder: Path) -> Schedule:
    return build_schedule(read_files(folder), schema=_read_schema(folder))


def read_files(folder: Path) -> dict[str, Any]:
    """The raw content of each file of a schedule, by file name without its ending."""
    problems: list[str] = []
    content: dict[str, Any] = {}
    for name in FILES:
        try:
            text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
            content[name] = yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a SafeLoader
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
            problems.append(f"{name}.yaml: {problem}")
    if problems:
        raise ScheduleInvalid(tuple(problems))
    return content


def build_schedule(content: dict[str, Any], *, schema: dict[str, Any] | None = None) -> Schedule:
    """Check raw content against schema and itself, and assemble it. Raises ``ScheduleInvalid``."""
    problems = tuple(_schema_problems(content, schema or _read_schema(DEFAULT_FOLDER)))
    if problems:
        raise ScheduleInvalid(problems)
    try:
        schedule = assembly.assemble(content)
    except (ExpressionInvalid, UnknownSource) as problem:
        raise ScheduleInvalid((str(problem),)) from problem
    problems = tuple(consistency.problems_of(schedule))
    if problems:
        raise ScheduleInvalid(problems)
    return schedule


def _read_schema(folder: Path) -> dict[str, Any]:
    path = folder / SCHEMA_FILE
    source = path if path.is_file() else DEFAULT_FOLDER / SCHEMA_FILE
    schema: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return schema


def _schema_problems(content: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    validator = Draft202012Validator(schema)
    for error in sorted(validator.iter_errors(content), key=lambda found: list(found.path)):
        place = ".".join(str(part) for part in error.path)
        yield f"{place or 'schedule'}: {error.message}"
    yield from _calendar_problems(content, "")


def _calendar_problems(node: object, place: str) -> Iterator[str]:
    """Texts that look like a calendar day and are none, such as 2026-02-30."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _calendar_problems(value, f"{place}.{key}" if place else str(key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _calendar_problems(value, f"{place}.{index}")
    elif isinstance(node, str) and _looks_like_a_day(node):
        try:
            date.fromisoformat(node)
        except ValueError:
            yield f"{place}: {node} is not a day of the calendar"


def _looks_like_a_day(text: str) -> bool:
    parts = text.split("-")
    return [len(part) for part in parts] == [4, 2, 2] and all(part.isdigit() for part in parts)
