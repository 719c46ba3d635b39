"""Names compare equal across width, kana form, letter case and variant kanji."""

from __future__ import annotations

import pytest

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
    ],
)
def test_spellings_of_one_name_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("はし", "ばし"), ("山田", "山本"), ("Ono", "Oono")])
def test_different_names_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_wildcards_and_separators_keep_their_meaning() -> None:
    assert fold("*Ya?a^T*=山*") == "*ya?a^t*=山*"
