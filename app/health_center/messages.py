"""What the desk is told when a dose cannot be recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from app.core.errors import TsunaguError
    from app.health_center.barcode import BarcodeUnreadable
    from app.immunization.csv_file import FileUnreadable


def explain(problem: TsunaguError) -> str:
    """One sentence: what is wrong and what to do."""
    return {
        "already-recorded": _(
            "同じワクチンの同じ日の記録が、もうあります。日付を確かめてください。"
        ),
        "dose-before-birth": _("生まれる前の日付です。日付とお子さんを確かめてください。"),
        "dose-in-future": _("今日より先の日付です。接種した日を入れてください。"),
        "nothing-corrected": _("今の記録と同じ内容です。直すところを変えてください。"),
        "correction-reason-needed": _("直す理由を書いてください。"),
        "same-child": _("同じお子さんの番号です。正しいお子さんの番号を入れてください。"),
    }[problem.code]


def explain_row(problem: TsunaguError) -> str:
    """One sentence for one row of a list."""
    return {
        "reason-needed": _("接種の間隔や時期が合いません。正しければ、理由を書いてください。"),
        "copy-differs": _("保護者の記入と少しちがいます。同じ接種かどうかを選んでください。"),
        "deferral-reason-needed": _("受けなかった理由を書いてください。"),
        "unknown-product": _("このワクチンの名前は分かりません。候補から選んでください。"),
        "row-too-long": _("ロット番号は32字、理由は200字までです。"),
        "other-municipality": _("ほかの市区町村のお子さんです。分けて記録してください。"),
    }.get(problem.code) or explain(problem)


def explain_barcode(problem: BarcodeUnreadable) -> str:
    """Which part of the barcode could not be read, and what to do."""
    what = {
        "gtin": _("商品コードの検査数字が合いません。"),
        "lot": _("ロット番号が読めません。"),
        "expiry": _("使用期限が日付になっていません。"),
        "digits": _("けた数が足りません。"),
        "nothing": _("商品コードもロット番号もありません。"),
    }.get(problem.part, _("ワクチンの箱のバーコード（GS1）ではないようです。"))
    return what + _("もう一度読み取るか、下に手で入れてください。")


def explain_file(problem: FileUnreadable) -> str:
    """Why a file cannot be used, and what to do."""
    return {
        "file-too-large": _("20MBより大きいです。分けてから取り込んでください。"),
        "too-many-rows": _("10万行より多いです。分けてから取り込んでください。"),
        "no-rows-in-file": _("記録の行がありません。見出しの行があるCSVを選んでください。"),
        "unknown-encoding": _("文字が読めません。UTF-8かShift_JISで保存し直してください。"),
    }.get(problem.code) or _("CSVとして読めません。CSVとして保存し直してください。")


def field_names() -> dict[str, str]:
    """What the fields of an import are called."""
    return {
        "number": _("手帳番号"),
        "name": _("お名前"),
        "kana": _("読み"),
        "born_on": _("生年月日"),
        "product": _("ワクチン"),
        "given_on": _("接種した日"),
        "lot": _("ロット番号"),
        "facility": _("接種した所"),
        "district": _("地区"),
    }


def explain_finding(code: str) -> str:
    """What one row of a file comes to."""
    return {
        "new": _("取り込めます"),
        "against": _("間隔や時期を確かめてください"),
        "confirms": _("保護者の記入を確認済みにします"),
        "differs": _("保護者の記入と少しちがいます"),
        "duplicate": _("もう記録があります（取り込みません）"),
        "ragged": _("列の数が見出しと合いません"),
        "not-a-day": _("日付が読めません"),
        "unknown-product": _("ワクチンの名前が分かりません"),
        "unknown-district": _("まだ使われていない地区の名前です。お子さんのページで書くと使えます"),
        "row-too-long": _("ロット番号か場所が長すぎます"),
        "no-child": _("手帳番号もお名前もありません"),
        "no-such-child": _("番号・名前と生年月日が合うお子さんがいません"),
        "several-children": _("同じ名前と生年月日のお子さんが2人以上います"),
        "dose-in-future": _("今日より先の日付です"),
        "dose-before-birth": _("生まれる前の日付です"),
    }.get(code, code)
