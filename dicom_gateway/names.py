"""Folding names for search: width, kana form, letter case and variant kanji do not matter.

Variant kanji stand in ``name_variants.csv``, a dated table with its source.
"""

from __future__ import annotations

import csv
import re
import unicodedata
import zlib
from importlib.resources import files
from typing import Final

_KATAKANA_TO_HIRAGANA: Final = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
_SMALL_TO_LARGE: Final = str.maketrans("ぁぃぅぇぉっゃゅょゎゕゖ", "あいうえおつやゆよわかけ")
_DROPPED: Final = dict.fromkeys(
    [
        *map(ord, "ー〜~－-‐‑‒–—―ｰ・･'’` \u3000\t\0"),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    ],
    None,
)
"""Long-vowel marks, hyphens, dots, spaces, and the selectors of ideographic variants (UTS #37)."""
_LATIN_WITH_MARKS: Final = re.compile("[\u00c0-\u024f]")
_REPEATED: Final = re.compile("([^*?^=])[々〻]")


_TABLE: Final = files("dicom_gateway").joinpath("name_variants.csv").read_text("utf-8")
FOLDING: Final = 1
"""Raised with every change of :func:`fold`."""
FOLDING_MARK: Final = f"{FOLDING}/{unicodedata.unidata_version}/{zlib.crc32(_TABLE.encode()):08x}"
"""What a folded text depends on: the rules, Unicode's tables and the variants. Stored names that
bear another mark are folded anew."""


def _read_variants() -> dict[int, str]:
    lines = [line for line in _TABLE.splitlines() if not line.startswith("#")]
    return {ord(row["variant"]): row["folded"] for row in csv.DictReader(lines)}


_VARIANTS: Final = _read_variants()


def fold(text: str) -> str:
    """The form under which a name is stored for search and a pattern is compared.

    ``*``, ``?``, ``^`` and ``=`` keep their meaning; delimiters at the end of a group are dropped
    (PS3.5 6.2.1.1).
    """
    wide = unicodedata.normalize("NFKC", text).casefold()
    plain = _LATIN_WITH_MARKS.sub(_without_mark, wide).translate(_DROPPED)
    kanji = _REPEATED.sub(r"\1\1", plain).translate(_VARIANTS)
    kana = kanji.translate(_KATAKANA_TO_HIRAGANA).translate(_SMALL_TO_LARGE)
    return "=".join(group.rstrip("^") for group in kana.split("="))


def _without_mark(letter: re.Match[str]) -> str:
    return unicodedata.normalize("NFD", letter[0])[0]
