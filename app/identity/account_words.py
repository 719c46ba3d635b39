"""What a person is told when a change of their account was refused, by the refusal's ``code``."""

from __future__ import annotations

from typing import Final

from app.identity.advice import Advice
from app.web.i18n import lazy_gettext as _

ACCOUNT: Final[dict[str, Advice]] = {
    "passkey-label": Advice(
        _("パスキーの名前が使えません"),
        _("名前が64文字より長いか、表示できない文字があります。"),
        _("短い名前にするか、空のままで、もう一度追加してください。"),
    ),
    "passkey-taken": Advice(
        _("このパスキーはもう登録されています"),
        _("同じパスキーが、前に登録されています。"),
        _("別の端末で追加するか、端末に残った前のパスキーを消してから、もう一度追加してください。"),
    ),
    "passkey-too-many": Advice(
        _("パスキーがいっぱいです"),
        _("ひとりのパスキーは10個までです。"),
        _("使っていないパスキーを外してから、追加してください。"),
    ),
}
