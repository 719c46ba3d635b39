"""The form every feature builds on: WTForms' own messages in the words of this product."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_wtf import FlaskForm

from app.web.i18n import gettext as _


def _words() -> dict[str, str]:
    """WTForms 3 message -> ours, in the current language, placeholders left open."""
    return {
        "This field is required.": _("入力してください。"),
        "Invalid input.": _("この内容は使えません。もう一度ごらんください。"),
        "Not a valid integer value.": _("数字で入力してください。"),
        "Not a valid decimal value.": _("数字で入力してください。"),
        "Not a valid float value.": _("数字で入力してください。"),
        "Not a valid date value.": _("日付として読めません。例: 2026-12-14"),
        "Not a valid datetime value.": _("日時として読めません。例: 2026-12-14 09:30"),
        "Not a valid time value.": _("時刻として読めません。例: 09:30"),
        "Not a valid choice.": _("選択肢から選んでください。"),
        "Invalid Choice: could not coerce.": _("選択肢から選んでください。"),
        "Invalid email address.": _("メールアドレスとして読めません。例: hanako@example.jp"),
        "Invalid UUID.": _("この内容は使えません。もう一度ごらんください。"),
        "Number must be at least %(min)s.": _("%(min)s以上で入力してください。"),
        "Number must be at most %(max)s.": _("%(max)s以下で入力してください。"),
        "Number must be between %(min)s and %(max)s.": _(
            "%(min)sから%(max)sまでの数で入力してください。"
        ),
        "Date must be at least %(min)s.": _("%(min)s以後の日を入力してください。"),
        "Date must be at most %(max)s.": _("%(max)s以前の日を入力してください。"),
        "Date must be between %(min)s and %(max)s.": _(
            "%(min)sから%(max)sまでの日を入力してください。"
        ),
        "Field must be at least %(min)d character long.": _("%(min)s文字以上で入力してください。"),
        "Field cannot be longer than %(max)d character.": _("%(max)s文字までで入力してください。"),
        "Field must be exactly %(max)d character long.": _("%(max)s文字で入力してください。"),
        "Field must be between %(min)d and %(max)d characters long.": _(
            "%(min)s文字から%(max)s文字までで入力してください。"
        ),
        "Field must be equal to %(other_name)s.": _("二つの内容がちがいます。"),
    }


class _Words:
    """What WTForms asks for its messages. Unknown ones stay as they are."""

    def gettext(self, text: str) -> str:
        return _words().get(text, text)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return _words().get(singular, singular if n == 1 else plural)


class Form(FlaskForm):  # type: ignore[misc]
    """A browser form with CSRF protection, its messages in the person's language."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """WTForms' hook for translations."""

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Only what a browser posted as a form; a JSON body fills no field."""
            return None if request.is_json else super().wrap_formdata(form, formdata)

        def get_translations(self, _form: Any) -> _Words:
            """Our words instead of WTForms' English."""
            return _Words()
