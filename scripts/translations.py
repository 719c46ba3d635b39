"""Lists strings without a translation and adds them, empty, to the catalogues.

``python -m scripts.translations``; with ``--check`` nothing is written and the exit status is 1
when a translation is missing.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
TRANSLATIONS = ROOT / "app" / "translations"
LANGUAGES = ("en", "easy")
_METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
_KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None}
_HEADER = """\
msgid ""
msgstr ""
"Project-Id-Version: Tsunagu\\n"
"Language: {locale}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural}\\n"

"""

Text = str | tuple[str, ...]


@dataclass(frozen=True)
class Message:
    """One string of the product and where it first stands (path below the root, line)."""

    text: Text
    path: str
    line: int

    @property
    def key(self) -> str:
        """What a catalogue looks it up by."""
        return self.text if isinstance(self.text, str) else self.text[0]


@cache
def messages(folder: Path = ROOT / "app") -> tuple[Message, ...]:
    """Every marked string in the templates and modules below a folder, each once; read once."""
    found = extract_from_dir(folder, method_map=_METHODS, keywords=_KEYWORDS)
    first: dict[Text, Message] = {}
    for path, line, text, _comments, _context in sorted(found, key=lambda row: (row[0], row[1])):
        first.setdefault(text, Message(text=text, path=f"{folder.name}/{path}", line=line))
    return tuple(first.values())


def read_language(language: str, folder: Path = TRANSLATIONS) -> Catalog:
    """The catalogue of one language."""
    with (folder / f"{language}.po").open("rb") as file:
        return read_po(file, locale="en" if language == "en" else "ja")


def is_translated(catalogue: Catalog, message: Message) -> bool:
    """Whether every plural form is filled and nothing is marked fuzzy."""
    entry = catalogue.get(message.key)
    if entry is None or entry.fuzzy:
        return False
    forms = entry.string or ("",)
    return all((forms,) if isinstance(forms, str) else forms)


def missing(language: str, folder: Path = TRANSLATIONS) -> list[Message]:
    """Strings of the product this language cannot say yet."""
    catalogue = read_language(language, folder)
    return [message for message in messages() if not is_translated(catalogue, message)]


def update(language: str, folder: Path = TRANSLATIONS) -> None:
    """Add new strings empty, drop those the product no longer has; translations stay."""
    catalogue = read_language(language, folder)
    wanted = Catalog(charset="utf-8")
    for message in messages():
        wanted.add(message.text)
    catalogue.update(wanted, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    write(catalogue, language, folder)


def write(catalogue: Catalog, language: str, folder: Path = TRANSLATIONS) -> None:
    """Write a catalogue sorted by message and without dates, so that a change shows as one line."""
    text = BytesIO()
    write_po(text, catalogue, width=100, no_location=True, omit_header=True, sort_output=True)
    header = _HEADER.format(locale=catalogue.locale, plural=catalogue.plural_forms)
    (folder / f"{language}.po").write_bytes(header.encode() + text.getvalue())


def main(arguments: Sequence[str] | None = None) -> int:
    """List what is missing per language; without ``--check`` add it to the catalogues first."""
    parser = argparse.ArgumentParser(prog="scripts.translations", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if incomplete")
    check = parser.parse_args(arguments).check
    lacking = 0
    for language in LANGUAGES:
        if not check:
            update(language)
        for message in missing(language):
            lacking += 1
            sys.stdout.write(f"{language}: {message.path}:{message.line}: {message.key}\n")
    sys.stdout.write(f"{lacking} translations missing\n")
    return 1 if check and lacking else 0


if __name__ == "__main__":
    sys.exit(main())
