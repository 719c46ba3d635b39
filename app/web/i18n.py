"""Languages: Japanese is the source text; English and やさしい日本語 have catalogues.

Every user-facing string goes through ``_()`` in Japanese. Without a translation it is shown in
Japanese, never as a key. Catalogues are the ``.po`` files of ``app/translations``,
read once at start.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import LazyProxy
from flask import Flask, Response, has_request_context, request

from app.web import formats

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"
COOKIE = "lang"
_COOKIE_SECONDS = 365 * 24 * 3600


class Language(StrEnum):
    """What a page can speak. ``easy`` is やさしい日本語: short sentences, no bureaucracy."""

    JAPANESE = "ja"
    ENGLISH = "en"
    EASY = "easy"

    @property
    def html_lang(self) -> str:
        """The BCP 47 tag of the text itself."""
        return "en" if self is Language.ENGLISH else "ja"

    @property
    def own_name(self) -> str:
        """How the language calls itself."""
        return {"ja": "日本語", "en": "English", "easy": "やさしい日本語"}[self.value]


@dataclass(frozen=True)
class LanguageChoice:
    """One line of the language menu: this page again, in that language."""

    code: str
    name: str
    lang: str
    href: str
    current: bool


_spoken: ContextVar[Language | None] = ContextVar("language", default=None)
_settled: ContextVar[Language | None] = ContextVar("language of this request", default=None)
"""A page asks hundreds of times; set when its request begins, forgotten when it ends."""

_catalogues: dict[Language, NullTranslations] = {Language.JAPANESE: NullTranslations()}


def read_catalogue(path: Path) -> NullTranslations:
    """One ``.po`` file as translations. Fuzzy and empty entries do not count."""
    with path.open("rb") as file:
        catalogue = read_po(file)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def load_catalogues(folder: Path = TRANSLATIONS) -> None:
    """Read all catalogues; raise ``FileNotFoundError`` when one is missing."""
    for language in (Language.ENGLISH, Language.EASY):
        _catalogues[language] = read_catalogue(folder / f"{language}.po")


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Use this language inside the block: letters and mails in their reader's language."""
    mark = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(mark)


def _known(code: str | None) -> Language | None:
    return Language(code) if code in {language.value for language in Language} else None


def _asked_by_browser() -> Language:
    best = request.accept_languages.best_match([Language.JAPANESE.value, Language.ENGLISH.value])
    return _known(best) or Language.JAPANESE


def current_language() -> Language:
    """``speaking()`` → ``?lang`` → cookie → Accept-Language → Japanese."""
    spoken = _spoken.get() or _settled.get()
    if spoken is not None:
        return spoken
    if not has_request_context():
        return Language.JAPANESE
    return _asked_for()


def _asked_for() -> Language:
    return (
        _known(request.args.get(COOKIE))
        or _known(request.cookies.get(COOKIE))
        or _asked_by_browser()
    )


def _filled(text: str, variables: Mapping[str, object]) -> str:
    return text % variables if variables else text


def gettext(message: str, **variables: object) -> str:
    """The message in the current language, with ``%(name)s`` filled in."""
    return _filled(_catalogues[current_language()].gettext(message), variables)


def ngettext(singular: str, plural: str, num: int, **variables: object) -> str:
    """The message for a count; ``%(num)s`` is the count."""
    return _filled(_counted(singular, plural, num), {"num": num, **variables})


def _counted(singular: str, plural: str, num: int) -> str:
    return _catalogues[current_language()].ngettext(singular, plural, num)


def lazy_gettext(message: str, **variables: object) -> Any:
    """Like ``gettext``, decided when it is shown: for form labels and other module-level text."""
    return LazyProxy(gettext, message, enable_cache=False, **variables)


def html_lang() -> str:
    """The ``lang`` attribute of the page."""
    return current_language().html_lang


def language_choices() -> list[LanguageChoice]:
    """This page in each language, for the menu. Only pages read by GET keep their address."""
    spoken = current_language()
    path = request.path if request.method in {"GET", "HEAD"} else "/"
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != COOKIE]
    return [
        LanguageChoice(
            code=language.value,
            name=language.own_name,
            lang=language.html_lang,
            href=f"{path}?{urlencode([*kept, (COOKIE, language.value)])}",
            current=language is spoken,
        )
        for language in Language
    ]


def _settle() -> None:
    _settled.set(_asked_for())


def _forget(_error: BaseException | None) -> None:
    _settled.set(None)


def _remember_choice(response: Response) -> Response:
    chosen = _known(request.args.get(COOKIE))
    if chosen and chosen.value != request.cookies.get(COOKIE):
        response.set_cookie(
            COOKIE,
            chosen.value,
            max_age=_COOKIE_SECONDS,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    if response.mimetype == "text/html":
        response.vary.update(["Accept-Language", "Cookie"])
        response.content_language.add(html_lang())
    return response


def init_i18n(app: Flask) -> None:
    """Read the catalogues; give templates ``_``, ``ngettext``, the filters, the language menu."""
    load_catalogues()
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, _counted, newstyle=True
    )
    app.jinja_env.globals.update(
        current_language=current_language,
        html_lang=html_lang,
        language_choices=language_choices,
    )
    app.jinja_env.filters.update(
        day=lambda value: formats.day(value, current_language()),
        era=lambda value: formats.era(value, current_language()),
        instant=lambda value: formats.instant(value, current_language()),
        age=lambda born_on, on=None: formats.age(born_on, on, current_language()),
    )
    app.before_request(_settle)
    app.teardown_request(_forget)
    app.after_request(_remember_choice)
