"""What the engine refuses beside a bad dose: a broken schedule, a question before birth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.errors import Invalid, Misconfigured

if TYPE_CHECKING:
    from datetime import date


class ScheduleInvalid(Misconfigured):
    """The schedule's files contradict themselves or their schema; ``problems`` lists each one."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("the vaccination schedule cannot be used:\n- " + "\n- ".join(problems))
        self.problems = problems


class ExpressionInvalid(ValueError):
    """A day, gap or bound is written in a way the schedule's grammar does not know."""

    def __init__(self, text: str, expected: str) -> None:
        super().__init__(f"{text!r} is not {expected}")
        self.text = text


class UnknownSource(ValueError):
    """A row cites a source that the edition does not list."""

    def __init__(self, key: str) -> None:
        super().__init__(f"unknown source {key!r}")
        self.key = key


class AskedBeforeBirth(Invalid):
    """The question is about a day on which the child was not yet born."""

    code = "asked-before-birth"

    def __init__(self, as_of: date, born_on: date) -> None:
        super().__init__(f"{as_of} is before the birth on {born_on}")
        self.as_of = as_of
        self.born_on = born_on


class DayOutOfRange(Invalid):
    """A birth or an asked day in another age than ours."""

    code = "day-out-of-range"

    def __init__(self, day: date) -> None:
        super().__init__(f"{day} lies too far away for a forecast")
        self.day = day
