"""The declaration a patient signs with the signature certificate. Pure.

It names version, who may look, whose images, which ones, what for, until when, and a nonce, so
that a signature over it can mean nothing else. The text is the legal one and stays Japanese.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.clock import JST

if TYPE_CHECKING:
    from datetime import date, datetime

VERSION = "第1版"


@dataclass(frozen=True)
class StudyLine:
    """One study as the patient reads it."""

    hospital: str
    study_date: date | None
    modalities: tuple[str, ...]
    description: str
    study_instance_uid: str


@dataclass(frozen=True)
class Declaration:
    """Everything the text is made of."""

    patient: str
    patient_born_on: date
    organisation: str
    physician: str
    purpose: str
    studies: tuple[StudyLine, ...]
    until_at: datetime
    request_id: str
    nonce: str


def write(declaration: Declaration) -> str:
    """The text, UTF-8 when signed, lines ending in ``\\n``."""
    lines = [
        f"画像の開示についての同意書（つなぐ {VERSION}）",
        "",
        f"わたし {declaration.patient}（{_day(declaration.patient_born_on)}生まれ）は、",
        "下の画像を、下の医師が見ることに同意します。",
        "",
        f"見る人　： {declaration.organisation}　{declaration.physician}",
        f"目的　　： {declaration.purpose}",
        f"期限　　： {_instant(declaration.until_at)}まで",
        "見る画像：",
        *(_study(number, study) for number, study in enumerate(declaration.studies, start=1)),
        "",
        "・同意はいつでも取り消せます。取り消すと、5分以内に見られなくなります。",
        "・だれが、いつ、どの画像を見たかは、つなぐの画面で確かめられます。",
        "・同意しなくても、診療で不利になることはありません。",
        "",
        f"受付番号： {declaration.request_id}",
        f"照合番号： {declaration.nonce}",
    ]
    return "\n".join(lines) + "\n"


def _study(number: int, study: StudyLine) -> str:
    when = _day(study.study_date) if study.study_date else "日付なし"
    kind = "・".join(study.modalities)
    return (
        f"　{number}. {study.hospital}　{when}　{kind}　{study.description}\n"
        f"　　 検査UID {study.study_instance_uid}"
    )


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _instant(instant: datetime) -> str:
    local = instant.astimezone(JST)
    return f"{_day(local.date())}{local.hour}時{local.minute:02d}分"
