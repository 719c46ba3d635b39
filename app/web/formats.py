"""Days, instants, eras and ages as people read them, in each language."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from app.core import clock

if TYPE_CHECKING:
    from datetime import datetime

_WEEKDAYS_JA: Final = "月火水木金土日"
_WEEKDAYS_EN: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
# First day of each era, newest first: 元号を改める政令 and their forerunners. The solar calendar
# came into force on 1 January of 明治6年 (太政官布告第337号), so nothing older is named.
_ERAS: Final = (
    (date(2019, 5, 1), "令和", "Reiwa"),
    (date(1989, 1, 8), "平成", "Heisei"),
    (date(1926, 12, 25), "昭和", "Showa"),
    (date(1912, 7, 30), "大正", "Taisho"),
    (date(1873, 1, 1), "明治", "Meiji"),
)
_MEIJI_OFFSET: Final = 1867
_MONTHS_PER_YEAR: Final = 12
_YEARS_WITH_MONTHS: Final = 7


def day(value: date, language: str) -> str:
    """2026年12月14日（月） / Mon 14 Dec 2026."""
    if language == "en":
        weekday = _WEEKDAYS_EN[value.weekday()]
        return f"{weekday} {value.day} {_MONTHS_EN[value.month - 1]} {value.year}"
    weekday = _WEEKDAYS_JA[value.weekday()] + ("曜日" if language == "easy" else "")
    return f"{value.year}年{value.month}月{value.day}日（{weekday}）"


def instant(value: datetime, language: str) -> str:
    """An aware instant in Japan time: 2026年12月14日（月） 9:05."""
    local = value.astimezone(clock.JST)
    separator = ", " if language == "en" else " "
    return f"{day(local.date(), language)}{separator}{local.hour}:{local.minute:02}"


def era(value: date, language: str) -> str:
    """和暦: 令和8年12月14日 / Reiwa 8, 14 Dec. Before the solar calendar the western form stays."""
    named = next((row for row in _ERAS if value >= row[0]), None)
    if named is None:
        return day(value, language)
    first, name, latin = named
    year = value.year - (_MEIJI_OFFSET if latin == "Meiji" else first.year - 1)
    if language == "en":
        return f"{latin} {year}, {value.day} {_MONTHS_EN[value.month - 1]}"
    return f"{name}{'元' if year == 1 else year}年{value.month}月{value.day}日"


def completed_months(born_on: date, on: date) -> int:
    """Full calendar months lived; where the day number is lacking, full one day later."""
    months = (on.year - born_on.year) * _MONTHS_PER_YEAR + on.month - born_on.month
    return months - (on.day < born_on.day)


def age(born_on: date, on: date | None, language: str) -> str:
    """生後20日, 生後2か月, 3歳2か月, 8歳. ``on`` is today in Japan when left out.

    Raises ``ValueError`` for a day before the birth.
    """
    on = on or clock.today()
    if on < born_on:
        raise ValueError("a day before the birth has no age")
    months = completed_months(born_on, on)
    write = _age_en if language == "en" else _age_ja
    return write((on - born_on).days, *divmod(months, _MONTHS_PER_YEAR))


def _age_ja(days: int, years: int, months: int) -> str:
    if years == 0:
        return f"生後{months}か月" if months else f"生後{days}日"
    return f"{years}歳{months}か月" if months and years < _YEARS_WITH_MONTHS else f"{years}歳"


def _age_en(days: int, years: int, months: int) -> str:
    if years == 0:
        return _counted(months, "month") if months else _counted(days, "day")
    if months and years < _YEARS_WITH_MONTHS:
        return f"{_counted(years, 'year')} {_counted(months, 'month')}"
    return _counted(years, "year")


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"
