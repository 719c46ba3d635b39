"""The application for use (利用申請) a person signs with the signature certificate. Pure.

It names version, who asks for what, which authentication certificate is to open the account,
the rules agreed to, day and nonce, so that a signature over it can mean nothing else. The text is
the legal one and stays Japanese.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from app.core.clock import JST

if TYPE_CHECKING:
    from datetime import datetime

VERSION = "第1版"
TITLE = "つなぐ利用申請書"


class Intent(StrEnum):
    """What the applicant wants the certificates for."""

    FIRST = "first"
    REPLACE = "replace"
    ADD = "add"


_WISHES = {
    Intent.FIRST: "つなぐの利用を申請します。",
    Intent.REPLACE: "前に登録した電子証明書を、今回の電子証明書に置きかえることを申請します。",
    Intent.ADD: "前に登録した電子証明書に、今回の電子証明書を加えることを申請します。",
}


@dataclass(frozen=True)
class Application:
    """Everything the text is made of. ``certificate_mark``: SHA-256 of the login certificate."""

    kana: str
    intent: Intent
    certificate_mark: str
    asked_at: datetime
    reference: str
    nonce: str


def write(application: Application) -> str:
    """The text, UTF-8 when signed, lines ending in ``\\n``."""
    local = application.asked_at.astimezone(JST)
    day = f"{local.year}年{local.month}月{local.day}日{local.hour}時{local.minute:02d}分"
    lines = [
        f"{TITLE}（{VERSION}）",
        "",
        "わたしは、この文書に署名した署名用電子証明書に書かれた本人として、",
        _WISHES[application.intent],
        "",
        f"ふりがな（本人の申し出）： {application.kana}",
        f"申請の日時　　　　　　　： {day}",
        "",
        "申請にあたり、次のことを確かめ、同意します。",
        "・氏名、住所、生年月日、性別を署名用電子証明書から一度だけ読み取り、",
        "　本人の確認と、記録の取り違えを防ぐために使うこと。",
        "・この申請書と電子証明書を、申請の証拠として封をして保管すること。",
        "・下の照合番号の利用者証明用電子証明書で、わたしのアカウントに入れること。",
        "　その電子証明書は、わたし本人のカード（またはスマートフォン）のものであること。",
        "・個人番号（マイナンバー）は、読み取らず、保管もしないこと。",
        "・利用は、いつでもやめられること。",
        "",
        "利用者証明用電子証明書の照合番号：",
        f"　{application.certificate_mark[:32]}",
        f"　{application.certificate_mark[32:]}",
        f"受付番号： {application.reference}",
        f"照合番号： {application.nonce}",
    ]
    return "\n".join(lines) + "\n"
