"""How the desk speaks of doubts, and of what an applicant wants."""

from __future__ import annotations

from typing import Final

from app.identity.application_text import Intent
from app.identity.matching import Doubt
from app.web.i18n import lazy_gettext as _

DOUBTS: Final[dict[str, str]] = {
    Doubt.SEVERAL: _("似た方が何人かいます"),
    Doubt.NO_ADDRESS: _("記録に住所がありません"),
    Doubt.ADDRESS_CHANGED: _("住所が記録と違います"),
    Doubt.NAME_DIFFERS: _("氏名の書き方が記録と違います"),
    Doubt.SEX_DIFFERS: _("性別が記録と違います"),
    Doubt.SUBSTITUTE_CHARACTERS: _("氏名に代わりの文字が使われています"),
    Doubt.BIRTH_DATE_UNKNOWN: _("生年月日に分からない部分があります"),
    Doubt.STABLE_ID_CONTRADICTS: _("確認機関の識別子が記録と違います"),
    Doubt.CERTIFICATES_DIFFER: _("二つの証明書が同じカードのものか、確かではありません"),
}

INTENTS: Final[dict[Intent, str]] = {
    Intent.FIRST: _("はじめての利用"),
    Intent.REPLACE: _("新しいカードへの切りかえ"),
    Intent.ADD: _("カードの追加"),
}

SEXES: Final[dict[str, str]] = {
    "male": _("男"),
    "female": _("女"),
    "not_known": _("記載なし"),
}
