"""Fictional patients, under the names by which two hospitals would know them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PLAIN_KANJI: Final = ("", "ISO 2022 IR 87")
HALF_WIDTH_KANJI: Final = ("ISO 2022 IR 13", "ISO 2022 IR 87")
UTF_8: Final = ("ISO_IR 192",)


@dataclass(frozen=True)
class Patient:
    """What a modality's worklist would give it. ``name`` has up to three groups (PS3.5 6.2.1)."""

    patient_id: str
    name: str
    charset: tuple[str, ...]
    born_on: str
    sex: str


TARO_AT_A: Final = Patient(
    "A-000123", "Mihon^Tarou=見本^太郎=みほん^たろう", PLAIN_KANJI, "19900501", "M"
)
TARO_AT_A_EARLIER: Final = Patient(
    "A-000123", "ﾐﾎﾝ^ﾀﾛｳ=見本^太郎=みほん^たろう", HALF_WIDTH_KANJI, "19900501", "M"
)
TARO_AT_B: Final = Patient("B-7001", "Mihon^Tarou=見本^太郎=みほん^たろう", UTF_8, "19900501", "M")
OTHERS_AT_A: Final = (
    Patient("A-000456", "Rei^Hanako=例^花子=れい^はなこ", PLAIN_KANJI, "19580214", "F"),
    Patient("A-000789", "Kakuu^Ichirou=架空^一郎=かくう^いちろう", UTF_8, "19711103", "M"),
)
