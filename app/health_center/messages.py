"""What the desk is told when a dose cannot be recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from app.core.errors import TsunaguError


def explain(problem: TsunaguError) -> str:
    """One sentence: what is wrong and what to do."""
    return {
        "already-recorded": _(
            "同じワクチンの同じ日の記録が、もうあります。日付を確かめてください。"
        ),
        "dose-before-birth": _("生まれる前の日付です。日付とお子さんを確かめてください。"),
        "dose-in-future": _("今日より先の日付です。接種した日を入れてください。"),
    }[problem.code]
