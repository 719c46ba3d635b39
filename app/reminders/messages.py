"""Words for the states of reminders, for staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.immunization.standing import Silence
from app.reminders.plan import Stage
from app.reminders.service import StopKind
from app.web.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Collection

    from app.core.errors import TsunaguError


def stop_name(kind: StopKind) -> str:
    """Why reminders stop."""
    return {
        StopKind.LOSS: _("お子さんを亡くされた・流産や死産（すべて止める）"),
        StopKind.DECEASED: _("死亡（すべて止める）"),
        StopKind.HOSPITAL: _("入院中（すべて止める）"),
        StopKind.ASKED: _("保護者の希望（すべて止める）"),
        StopKind.REFUSED: _("受けない意思がある（ワクチンを選ぶ）"),
        StopKind.CONTRAINDICATED: _("医師が接種できないと判断した（ワクチンを選ぶ）"),
        StopKind.VIOLENCE: _("この保護者には知らせない（DV・虐待。保護者を選ぶ）"),
        StopKind.CUSTODY: _("この保護者には知らせない（親権・監護の決まり。保護者を選ぶ）"),
        StopKind.NO_CONTACT: _("この保護者には知らせない（接触の禁止。保護者を選ぶ）"),
    }[kind]


def stage_name(stage: Stage) -> str:
    """Why a reminder was sent when it was."""
    return {
        Stage.DUE: _("標準の時期になった"),
        Stage.CATCH_UP: _("標準の時期をすぎた"),
        Stage.LAST_START: _("全部の回を受け終えるための最後の日が近い"),
        Stage.LAST_DAYS: _("受けられる最後の日が近い"),
    }[stage]


def stages_in_order(stages: Collection[Stage]) -> list[Stage]:
    """These reasons, from the first one that can come to the last."""
    return [stage for stage in Stage if stage in stages]


def silence_name(silence: Silence) -> str:
    """Why nothing is sent about a child."""
    return {
        Silence.QUIET: _("お知らせをすべて止めています"),
        Silence.MOVED_OUT: _("転出しているため、送りません"),
    }[silence]


def explain(problem: TsunaguError) -> str:
    """What is wrong with a stop, and what to do."""
    return {
        "impossible-stop": _("ワクチンを選んでいないか、おわりの日がはじまりの日より前です。"),
        "guardian-not-found": _("送らない保護者を選んでください。"),
    }[problem.code]
