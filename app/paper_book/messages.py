"""What a parent is told when an entry or a photo cannot be taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from app.core.errors import TsunaguError
    from app.paper_book.errors import PhotoUnreadable


def explain(problem: TsunaguError) -> str:
    """One sentence: what is wrong and what to do."""
    return {
        "already-recorded": _(
            "同じ日の同じワクチンは、もう記録にあります。手帳の日付を確かめてください。"
        ),
        "dose-before-birth": _("生まれる前の日付です。手帳の日付を確かめてください。"),
        "dose-in-future": _("今日より先の日付です。手帳の日付を確かめてください。"),
    }[problem.code]


def explain_photo(problem: PhotoUnreadable) -> str:
    """Why the photo was not taken, and how to make one that is."""
    return {
        "heic": _(
            "この形式（HEIC）の写真は読めません。JPEGで保存し直すか、画面を写した画像を送ってください。"
        ),
        "large": _("写真が大きすぎます。12MBまでの写真を選んでください。"),
        "pixels": _("写真の画素が多すぎます。小さくしてから送ってください。"),
    }.get(problem.kind, _("写真として読めません。JPEGかPNGの写真を選んでください。"))
