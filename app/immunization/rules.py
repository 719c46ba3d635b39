"""The shapes of the national schedule: what a row of ``config/immunization`` means.

Immutable and compared by identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date, timedelta

    from app.immunization.grammar import Bound, Gap, Moment
    from app.immunization.wording import Basis, Contraindication, Evidence, Remark, Source, Words

Choose = Literal["single", "by_start_age", "by_first_product", "by_own_product"]
Sex = Literal["F", "M"]


class Kind(StrEnum):
    """What decides the interval to other vaccines (予防接種実施規則; 令和2年10月1日の見直し)."""

    INJECTABLE_LIVE = "injectable_live"
    ORAL_LIVE = "oral_live"
    NASAL_LIVE = "nasal_live"
    INACTIVATED = "inactivated"


@dataclass(frozen=True, eq=False)
class Product:
    """A vaccine product; ``routine_from``/``routine_to`` bound the days on which it is routine."""

    code: str
    names: Words
    kind: Kind
    antigens: tuple[str, ...]
    trade: tuple[str, ...]
    basis: Basis
    routine_from: date | None = None
    routine_to: date | None = None
    sold_until: date | None = None
    voluntary: bool = False
    subject: Literal["child", "mother"] = "child"

    def is_routine_on(self, day: date) -> bool:
        """Whether a dose on this day is routine, as far as the product goes."""
        if self.routine_from is not None and day < self.routine_from:
            return False
        return self.routine_to is None or day <= self.routine_to


@dataclass(frozen=True, eq=False)
class CrossRule:
    """A minimum gap between two different products, by their kinds, in force between two days."""

    earlier: frozenset[Kind]
    later: frozenset[Kind]
    gap: Gap
    basis: Basis
    since: date | None = None
    until: date | None = None

    def in_force_on(self, day: date) -> bool:
        """Whether the later dose, given on this day, is judged by this rule."""
        return (self.since is None or self.since <= day) and (
            self.until is None or day <= self.until
        )


@dataclass(frozen=True, eq=False)
class Switch:
    """What is said when a product of a group follows another. Never a verdict."""

    group: str
    before: str
    after: frozenset[str]
    code: str
    basis: Basis


@dataclass(frozen=True, slots=True)
class Standard:
    """The recommended window of a dose. Without ``to`` it closes with the legal window."""

    start: Bound
    to: Bound | None
    to_mark: Evidence | None = None


@dataclass(frozen=True, eq=False)
class TargetDose:
    """One dose of a series: its intervals, its age limits and its standard window."""

    id: str
    basis: Basis
    gap: Gap | None = None
    gap_after_skip: Gap | None = None
    first_gap: Gap | None = None
    doctor_gap: Gap | None = None
    min_age: Moment | None = None
    max_age: Moment | None = None
    not_if_previous_after: Moment | None = None
    standard: Standard | None = None
    former: Standard | None = None
    standard_after_skip: bool = True


@dataclass(frozen=True, eq=False)
class Series:
    """Target doses in order, with what selects the series."""

    id: str
    doses: tuple[TargetDose, ...]
    start_until: Moment | None = None
    product: str | None = None
    last: Moment | None = None


@dataclass(frozen=True, eq=False)
class ShortCourse:
    """Fewer doses for an early start: a second dose far enough from the first ends the series."""

    product: str
    first_until: Moment
    dose: TargetDose
    basis: Basis


@dataclass(frozen=True, eq=False)
class Follows:
    """The result is that of another group from a day on, unless an own product was given."""

    group: str
    as_of_from: date
    unless_given: str
    review_if_given: str
    basis: Basis


@dataclass(frozen=True, eq=False)
class FormerStandard:
    """When the standard windows of an older product still apply."""

    first_product: str
    as_of_before: date
    unstarted_before: date
    basis: Basis


@dataclass(frozen=True, slots=True)
class FirstLine:
    """A first age with the days on which this line allows a dose."""

    at: Moment
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, eq=False)
class Window:
    """First and last legal age of a group."""

    first: tuple[FirstLine, ...]
    last: Moment
    basis: Basis


@dataclass(frozen=True, eq=False)
class Group:
    """A routine vaccine of a child, as parents count it."""

    code: str
    names: Words
    diseases_ja: tuple[str, ...]
    diseases_en: tuple[str, ...]
    counts: frozenset[str]
    plans_with: str
    window: Window
    choose: Choose
    series: tuple[Series, ...]
    basis: Basis
    born_from: date | None = None
    program_from: date | None = None
    sex: Sex | None = None
    takes_from: Moment | None = None
    takes_before: Moment | None = None
    consult_after: Moment | None = None
    never_together: frozenset[str] = frozenset()
    follows: Follows | None = None
    former_standard: FormerStandard | None = None
    short_course: ShortCourse | None = None
    long_illness_until: Moment | None = None
    excluded: Remark | None = None
    volume: Remark | None = None


@dataclass(frozen=True, eq=False)
class Maternal:
    """The vaccine given in pregnancy, by gestational age; the due day is 40 weeks 0 days."""

    code: str
    names: Words
    product: str
    first: Moment
    last: Moment
    program_from: date
    advised_days_before_birth: int
    basis: Basis
    gestation_basis: Basis


@dataclass(frozen=True, eq=False)
class Measure:
    """A special measure, told beside the forecast: births by group, days and ages it holds for."""

    id: str
    words: Words
    cohorts: Mapping[str, tuple[date, date]]
    basis: Basis
    open_from: date | None = None
    open_to: date | None = None
    from_age: Moment | None = None
    until_age: Moment | None = None
    given_between: tuple[date, date] | None = None
    municipal_parameter: str | None = None


@dataclass(frozen=True, eq=False)
class LongIllness:
    """Two more years after a long illness, up to an age per group."""

    words: Words
    months: int
    never: frozenset[str]
    basis: Basis


@dataclass(frozen=True, eq=False)
class Milestone:
    """A day on which the programme changed."""

    on: date
    ja: str
    en: str
    basis: Basis


@dataclass(frozen=True, eq=False)
class Voluntary:
    """What is known of a voluntary vaccine (任意接種); not forecast."""

    product: str
    ja: str
    en: str
    basis: Basis


GapsByEarlier = Mapping[str, tuple["Gap", CrossRule]]
NO_GAPS: GapsByEarlier = {}


@dataclass(frozen=True, eq=False)
class CrossEra:
    """The gaps between products in force from a day on: later product -> earlier product -> gap."""

    since: date
    gaps: Mapping[str, GapsByEarlier]


@dataclass(frozen=True, eq=False)
class Schedule:
    """One edition of the national schedule."""

    id: str
    edition: str
    compiled_on: date
    births_from: date
    sources: Mapping[str, Source]
    products: Mapping[str, Product]
    groups: Mapping[str, Group]
    cross_rules: tuple[CrossRule, ...]
    switches: tuple[Switch, ...]
    maternal: Maternal
    measures: tuple[Measure, ...]
    long_illness: LongIllness
    voluntary: tuple[Voluntary, ...]
    contraindications: Mapping[str, Contraindication]
    precautions: Contraindication
    milestones: tuple[Milestone, ...]
    wording: Mapping[str, Words]
    cross_eras: tuple[CrossEra, ...]
    longest_cross_gap: timedelta

    def gaps_before(self, later: str, on: date) -> GapsByEarlier:
        """Gaps that a dose of ``later`` on this day must keep to earlier other products."""
        for era in self.cross_eras:
            if era.since <= on:
                return era.gaps.get(later, NO_GAPS)
        return NO_GAPS
