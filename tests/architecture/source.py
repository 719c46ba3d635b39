"""The product's own source, as the house rules read it."""

from __future__ import annotations

import ast
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from config.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_KANA_AND_KANJI = r"\u3041-\u30fa\u30fd-\u30ff\u3400-\u9fff"
JAPANESE = re.compile(f"[{_KANA_AND_KANJI}]")
LETTER = re.compile(f"[A-Za-z{_KANA_AND_KANJI}]")
TRANSLATORS = frozenset({"_", "gettext", "ngettext", "lazy_gettext", "_l"})


@dataclass(frozen=True)
class Function:
    """One top-level function of one module."""

    path: str
    node: ast.FunctionDef

    @property
    def name(self) -> str:
        """``app/family/queries.py:children_visible_to``."""
        return f"{self.path}:{self.node.name}"

    @property
    def is_public(self) -> bool:
        """Whether other modules may call it."""
        return not self.node.name.startswith("_")

    @property
    def first_parameter(self) -> tuple[str, str]:
        """Name and annotation of the first parameter; empty when there is none."""
        parameters = self.node.args.posonlyargs + self.node.args.args
        if not parameters:
            return "", ""
        first = parameters[0]
        return first.arg, ast.unparse(first.annotation) if first.annotation else ""

    @property
    def calls(self) -> frozenset[str]:
        """Names of everything it calls: ``authorize``, ``session.add``, ``chain.record``."""
        return frozenset(
            ast.unparse(node.func) for node in ast.walk(self.node) if isinstance(node, ast.Call)
        )

    @property
    def decorators(self) -> tuple[str, ...]:
        """Its decorators as written."""
        return tuple(ast.unparse(one) for one in self.node.decorator_list)

    def first_call(self, names: Collection[str]) -> int | None:
        """The first line that calls one of these; None when none does."""
        lines = [
            node.lineno
            for node in ast.walk(self.node)
            if isinstance(node, ast.Call) and ast.unparse(node.func) in names
        ]
        return min(lines, default=None)

    @property
    def body_lines(self) -> int:
        """Lines of the body; signature, docstring and decorators do not count."""
        body = self.node.body
        has_words = ast.get_docstring(self.node) is not None
        code = body[1:] if has_words else body
        return (code[-1].end_lineno or 0) - code[0].lineno + 1 if code else 0


@cache
def tree(path: Path) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def relative(path: Path) -> str:
    """The path as it stands in the repository."""
    return path.relative_to(ROOT).as_posix()


def functions(pattern: str) -> list[Function]:
    """Top-level functions of all modules that match a pattern below the root."""
    return [
        Function(relative(path), node)
        for path in sorted(ROOT.glob(pattern))
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef)
    ]


def reaches(function: Function, wanted: str, siblings: list[Function]) -> bool:
    """Whether it calls ``wanted`` itself or through private functions of its own module."""
    private = {
        sibling.node.name: sibling
        for sibling in siblings
        if sibling.path == function.path and not sibling.is_public
    }
    waiting, seen = [function], set()
    while waiting:
        one = waiting.pop()
        if wanted in one.calls:
            return True
        seen.add(one.node.name)
        waiting += [private[name] for name in one.calls & private.keys() if name not in seen]
    return False


def tracked_files() -> list[Path]:
    """Files under version control that exist."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - git of the path
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = listing.stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def untranslated_words(path: Path) -> Iterator[str]:
    """Japanese literals of a module outside docstrings and outside ``_()``."""
    module = tree(path)
    excused: set[int] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            excused.add(id(node.value))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in TRANSLATORS:
            excused.update(id(inner) for inner in ast.walk(node))
    for node in ast.walk(module):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and JAPANESE.search(node.value)
            and id(node) not in excused
        ):
            yield f"{relative(path)}:{node.lineno}: {node.value}"
