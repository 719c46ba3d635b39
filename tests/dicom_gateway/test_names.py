"""Names compare equal across width, kana form, letter case and variant kanji."""

from __future__ import annotations

import pytest

from config.settings import ROOT
from dicom_gateway.names import fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ﾔﾏﾀﾞ", "やまだ"),
        ("ヤマダ", "やまだ"),
        ("ﾀﾛｳ", "タロウ"),
        ("Yamada", "ＹＡＭＡＤＡ"),
        ("髙橋", "高橋"),
        ("山﨑", "山崎"),
        ("渡邊", "渡辺"),
        ("斎藤", "齋藤"),
        ("しょうた", "しようた"),
        ("カトー", "かと"),
        ("山田　太郎", "山田太郎"),
        ("佐々木", "佐佐木"),
        ("葛\U000e0100城", "葛城"),
        ("𠮷田", "吉田"),
        ("關ヶ原", "関が原".replace("が", "ケ")),
        ("Ōno", "ONO"),
        ("Jun'ichi", "Junichi"),
        ("ｶﾞｯｷｬｳ", "がつきやう"),
        ("Mihon^Taro^^", "mihon^taro"),
    ],
)
def test_spellings_of_one_name_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("はし", "ばし"), ("山田", "山本"), ("Ono", "Oono")])
def test_different_names_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_the_table_of_variants_is_dated_and_leads_to_no_second_variant() -> None:
    text = (ROOT / "dicom_gateway" / "name_variants.csv").read_text("utf-8")
    assert "valid from 20" in text
    rows = [line.split(",") for line in text.splitlines() if not line.startswith("#")][1:]
    variants = {row[0] for row in rows}
    assert len(variants) == len(rows)
    assert all(len(one) == len(base) == 1 for one, base, _, _ in rows)
    assert not variants & {row[1] for row in rows}
    assert all(fold(one) == fold(base) for one, base, _, _ in rows)


def test_wildcards_and_separators_keep_their_meaning() -> None:
    assert fold("*Ya?a^T*=山*") == "*ya?a^t*=山*"
    assert fold("*々木") == "*々木"
