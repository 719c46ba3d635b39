"""Days, ages, gaps and names as they are said in Japanese, English and plain Japanese."""

from __future__ import annotations

import calendar
from datetime import date
from typing import TYPE_CHECKING, assert_never

from app.immunization.dates import DAYS_A_WEEK, MONTHS_A_YEAR
from app.immunization.grammar import Gap, Moment
from app.immunization.rules import Group, Product
from app.immunization.wording import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

Fact = date | Moment | Gap | Product | Group | int
WEEKDAYS = "月火水木金土日"
SCHOOL_EVE_AMOUNT = 0


def day_words(day: date) -> Words:
    """2026年12月14日（月）; 14 December 2026 (Mon)."""
    plain = f"{day.year}年{day.month}月{day.day}日"
    weekday = calendar.day_abbr[day.weekday()]
    english = f"{day.day} {calendar.month_name[day.month]} {day.year} ({weekday})"
    return Words(f"{plain}（{WEEKDAYS[day.weekday()]}）", english, plain)


def age_words(moment: Moment) -> Words:
    """生後2か月, 3歳, 生後14週6日, 12歳になる年度の初日 …"""
    if moment.kind == "age":
        return _attained(moment)
    if moment.kind == "weeks":
        weeks, days = moment.amount, moment.plus_days
        return Words(
            f"生後{weeks}週{days}日", f"{weeks} weeks {days} days", f"うまれて {weeks}週 {days}日"
        )
    if moment.kind == "school":
        return _school(moment)
    years = moment.amount
    if moment.kind == "fiscal_first":
        return Words(
            f"{years}歳になる年度の4月1日",
            f"1 April of the school year in which the child turns {years}",
            f"{years}さいに なる 年度の 4月1日",
        )
    return Words(
        f"{years}歳になる年度の3月31日",
        f"31 March of the school year in which the child turns {years}",
        f"{years}さいに なる 年度の 3月31日",
    )


def _attained(moment: Moment) -> Words:
    months = moment.amount
    if months == 0:
        return Words("生まれた日", "birth", "うまれた 日")
    years, rest = divmod(months, MONTHS_A_YEAR)
    if rest or years <= 1:
        said = Words(f"生後{months}か月", f"{months} months", f"うまれて {months}か月")
    else:
        said = Words(f"{years}歳", f"{years} years", f"{years}さい")
    if moment.plus_days:
        plus = moment.plus_days
        return Words(
            f"{said.ja}の{plus}日後", f"{said.en} and {plus} day(s)", f"{said.easy}の {plus}日あと"
        )
    return said


def _school(moment: Moment) -> Words:
    if moment.amount == SCHOOL_EVE_AMOUNT:
        return Words("小学校に入る前の日", "the eve of school entry", "小学校に はいる まえの 日")
    return Words(
        "小学校に入る前の年度の4月1日",
        "1 April of the year before school",
        "小学校に はいる まえの 年の 4月1日",
    )


def gap_words(gap: Gap) -> Words:
    """27日, 6か月, 2か月半."""
    number = gap.number
    if gap.unit == "d":
        if number % DAYS_A_WEEK == DAYS_A_WEEK - 1:
            weeks = (number + 1) // DAYS_A_WEEK
            return Words(f"{number}日", f"{number} days ({weeks} weeks later)", f"{number}日")
        return Words(f"{number}日", f"{number} days", f"{number}日")
    if gap.unit == "m":
        return Words(f"{number}か月", f"{number} month(s)", f"{number}か月")
    return Words(f"{number}か月半", f"{number} and a half months", f"{number}か月はん")


def fact_words(fact: Fact) -> Words:
    """Any fact of the reasoning in three languages."""
    if isinstance(fact, date):
        return day_words(fact)
    if isinstance(fact, Moment):
        return age_words(fact)
    if isinstance(fact, Gap):
        return gap_words(fact)
    if isinstance(fact, Product | Group):
        return fact.names
    if isinstance(fact, int):
        return Words(str(fact), str(fact), str(fact))
    assert_never(fact)


def fact_text(fact: Fact) -> str:
    """A fact for machines: ISO day, expression, code, number."""
    if isinstance(fact, date):
        return fact.isoformat()
    if isinstance(fact, Moment | Gap):
        return fact.text
    return fact.code if isinstance(fact, Product | Group) else str(fact)


def fill(template: Words, facts: Mapping[str, Fact]) -> Words:
    """A sentence of the wording with its places filled, in each language."""
    said = {name: fact_words(fact) for name, fact in facts.items()}
    return Words(
        template.ja.format(**{name: words.ja for name, words in said.items()}),
        template.en.format(**{name: words.en for name, words in said.items()}),
        template.easy.format(**{name: words.easy for name, words in said.items()}),
    )
