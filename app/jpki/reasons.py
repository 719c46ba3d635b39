"""What a verdict means, in plain Japanese: one sentence for a clerk, with the dates that matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.core.clock import JST
from app.jpki.indications import SubIndication

if TYPE_CHECKING:
    from datetime import datetime

    from app.jpki.examination import Examination

_PASSED: Final = "署名は有効です。"
_WORDS: Final = {
    SubIndication.FORMAT_FAILURE: "署名の形式が正しくないため、無効です。",
    SubIndication.HASH_FAILURE: "署名のあとで内容が変わっているか、別の文書の署名です。無効です。",
    SubIndication.SIG_CRYPTO_FAILURE: "署名の値が証明書の鍵と合いません。無効です。",
    SubIndication.REVOKED: "署名より前に証明書が失効していました。無効です。",
    SubIndication.EXPIRED: "署名より前に証明書の有効期間が終わっていました。無効です。",
    SubIndication.NOT_YET_VALID: "証明書の有効期間が始まる前の署名です。無効です。",
    SubIndication.SIG_CONSTRAINTS_FAILURE: "この手続きで使える署名ではありません。",
    SubIndication.CHAIN_CONSTRAINTS_FAILURE: (
        "署名用ではない証明書か、用途の合わない証明書です。有効とは認められません。"
    ),
    SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE: (
        "証明書の確認ができませんでした。有効とは認められません。"
    ),
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE: (
        "認められていない暗号方式の署名です。有効とは認められません。"
    ),
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND: (
        "公的個人認証サービスが発行した証明書であることを確認できません。有効とは認められません。"
    ),
    SubIndication.REVOKED_NO_POE: (
        "証明書は失効しています。失効より前の署名であることを示すものがありません。"
        "有効とは認められません。"
    ),
    SubIndication.OUT_OF_BOUNDS_NO_POE: (
        "証明書の有効期間が終わっています。期間内の署名であることを今は確認できません。"
        "有効とは認められません。"
    ),
    SubIndication.TIMESTAMP_NOT_PROVED: (
        "署名の時刻を示すものを確認できません。有効とは認められません。"
    ),
    SubIndication.TRY_LATER: (
        "失効していないことを今は確認できません。時間をおいて、もう一度確認してください。"
    ),
}


def plain_reason(found: Examination) -> str:
    """The verdict in one or two sentences; instants in Japanese time."""
    return " ".join(filter(None, (_verdict(found), _times(found))))


def words_for(sub_indication: SubIndication | None) -> str:
    """The sentence for a sub-indication, without dates; None stands for a pass."""
    return _PASSED if sub_indication is None else _WORDS[sub_indication]


def _verdict(found: Examination) -> str:
    return words_for(found.sub_indication)


def _times(found: Examination) -> str:
    if found.revocation is None:
        return f"{_day(found.stamp.generated_at)}には署名されていました。" if found.stamp else ""
    revoked = _day(found.revocation.revoked_at)
    if found.passed:
        return f"証明書は{revoked}に失効しましたが、署名は{_signed(found)}で、失効より前です。"
    if found.sub_indication is SubIndication.REVOKED:
        return f"証明書は{revoked}に失効し、署名はそれより後です。"
    return f"証明書は{revoked}に失効しました。署名が確認できるのは{_signed(found)}です。"


def _signed(found: Examination) -> str:
    return _day(found.best_signature_time)


def _day(at: datetime) -> str:
    local = at.astimezone(JST)
    return f"{local.year}年{local.month}月{local.day}日{local.hour}時{local.minute:02}分"
