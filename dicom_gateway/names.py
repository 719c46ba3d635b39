"""Folding names for search: width, kana form, letter case and variant kanji do not matter.

The table of variants is a first, dated one (2026-11): pairs seen in Japanese family names that NFKC
leaves apart.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_VARIANTS: Final = str.maketrans(
    {
        "髙": "高",
        "﨑": "崎",
        "嵜": "崎",
        "邊": "辺",
        "邉": "辺",
        "齋": "斉",
        "齊": "斉",
        "斎": "斉",
        "濱": "浜",
        "濵": "浜",
        "澤": "沢",
        "廣": "広",
        "國": "国",
        "嶋": "島",
        "嶌": "島",
        "桒": "桑",
        "𠮷": "吉",
        "德": "徳",
        "惠": "恵",
        "眞": "真",
        "瀨": "瀬",
        "櫻": "桜",
        "ヶ": "ケ",
        "ヵ": "カ",
    }
)
_SMALL_TO_LARGE: Final = str.maketrans("ぁぃぅぇぉっゃゅょゎゕゖ", "あいうえおつやゆよわかけ")
_KATAKANA_TO_HIRAGANA: Final = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
_DROPPED: Final = dict.fromkeys(map(ord, "ー ー－-‐‑–・･　 "), None)


def fold(text: str) -> str:
    """The form under which a name is stored for search and a pattern is compared.

    ``*``, ``?``, ``^`` and ``=`` keep their meaning.
    """
    wide = unicodedata.normalize("NFKC", text).casefold().translate(_VARIANTS)
    kana = wide.translate(_KATAKANA_TO_HIRAGANA).translate(_SMALL_TO_LARGE)
    return kana.translate(_DROPPED)
