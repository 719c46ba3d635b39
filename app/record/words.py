"""Names of vaccines, checkups and judgements in the page's language, for templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from app.immunization.schedule import load_schedule
from app.web.i18n import current_language
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from flask import Flask

    from app.immunization.wording import Words


class Trilingual(Protocol):
    """Something said in the three languages."""

    @property
    def ja(self) -> str: ...

    @property
    def en(self) -> str: ...

    @property
    def easy(self) -> str: ...


def in_language(words: Trilingual) -> str:
    """The words in the language of this page."""
    return str(getattr(words, current_language().value))


def group_names(code: str) -> Words:
    """What a vaccine is called."""
    return load_schedule().groups[code].names


def product_names(code: str) -> Words:
    """What a product is called."""
    return load_schedule().products[code].names


def checkup_name(page: str) -> str:
    """What a checkup is called (母子健康手帳の各ページ)."""
    return {
        "checkup_1m": _("1か月児健診"),
        "checkup_3_4m": _("3〜4か月児健診"),
        "checkup_6_7m": _("6〜7か月児健診"),
        "checkup_9_10m": _("9〜10か月児健診"),
        "checkup_1y": _("1歳児健診"),
        "checkup_1y6m": _("1歳6か月児健診"),
        "checkup_2y": _("2歳児健診"),
        "checkup_3y": _("3歳児健診"),
        "checkup_5y": _("5歳児健診"),
    }.get(page, page)


def judgement_name(judgement: str) -> str:
    """The result of a checkup in the words of the handbook."""
    return {
        "healthy": _("健康"),
        "guidance": _("要指導"),
        "observation": _("要観察"),
    }.get(judgement, judgement)


def register(app: Flask) -> None:
    """Give templates these words."""
    app.jinja_env.globals.update(
        in_language=in_language,
        language=lambda: current_language().value,
        group_names=group_names,
        product_names=product_names,
        checkup_name=checkup_name,
        judgement_name=judgement_name,
    )
