"""From the checked content of the schedule's files to its shapes."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.immunization.crossing import cross_eras
from app.immunization.faults import UnknownSource
from app.immunization.grammar import Gap, Moment, parse_bound, parse_gap, parse_moment
from app.immunization.rules import (
    CrossRule,
    FirstLine,
    Follows,
    FormerStandard,
    Group,
    Kind,
    LongIllness,
    Maternal,
    Measure,
    Milestone,
    Product,
    Schedule,
    Series,
    ShortCourse,
    Standard,
    Switch,
    TargetDose,
    Voluntary,
    Window,
)
from app.immunization.wording import Basis, Contraindication, Evidence, Remark, Source, Words

Row = dict[str, Any]


class _Reader:
    """Turns rows into shapes; knows the edition's sources."""

    def __init__(self, sources: dict[str, Source]) -> None:
        self.sources = sources

    def basis(self, row: Row) -> Basis:
        cited = row["basis"]
        unknown = [key for key in cited["cite"] if key not in self.sources]
        if unknown:
            raise UnknownSource(unknown[0])
        return Basis(Evidence(cited["mark"]), tuple(self.sources[key] for key in cited["cite"]))

    def product(self, code: str, row: Row) -> Product:
        routine = row.get("routine", {})
        return Product(
            code=code,
            names=words(row),
            kind=Kind(row["kind"]),
            antigens=tuple(row["antigens"]),
            trade=tuple(row.get("trade", ())),
            basis=self.basis(row),
            routine_from=day(routine.get("from")),
            routine_to=day(routine.get("to")),
            sold_until=day(row.get("sold_until")),
            voluntary=row.get("voluntary", False),
            subject=row.get("subject", "child"),
        )

    def cross_rule(self, row: Row) -> CrossRule:
        return CrossRule(
            earlier=frozenset(Kind(kind) for kind in row["earlier"]),
            later=frozenset(Kind(kind) for kind in row["later"]),
            gap=parse_gap(row["gap"]),
            basis=self.basis(row),
            since=day(row.get("since")),
            until=day(row.get("until")),
        )

    def switch(self, row: Row) -> Switch:
        return Switch(
            row["group"], row["before"], frozenset(row["after"]), row["code"], self.basis(row)
        )

    def dose(self, row: Row) -> TargetDose:
        return TargetDose(
            id=row["id"],
            basis=self.basis(row),
            gap=gap(row.get("gap")),
            gap_after_skip=gap(row.get("gap_after_skip")),
            first_gap=gap(row.get("first_gap")),
            doctor_gap=gap(row.get("doctor_gap")),
            min_age=moment(row.get("min_age")),
            max_age=moment(row.get("max_age")),
            not_if_previous_after=moment(row.get("not_if_previous_after")),
            standard=standard(row.get("standard")),
            former=standard(row.get("former")),
            standard_after_skip=row.get("standard_after_skip", True),
        )

    def series(self, row: Row) -> Series:
        return Series(
            id=row["id"],
            doses=tuple(self.dose(dose) for dose in row["doses"]),
            start_until=moment(row.get("start_until")),
            product=row.get("product"),
            last=moment(row.get("last")),
        )

    def short_course(self, row: Row | None) -> ShortCourse | None:
        if row is None:
            return None
        return ShortCourse(
            row["product"],
            parse_moment(row["first_until"]),
            self.dose(row["dose"]),
            self.basis(row),
        )

    def follows(self, row: Row | None) -> Follows | None:
        if row is None:
            return None
        return Follows(
            row["group"],
            date.fromisoformat(row["as_of_from"]),
            row["unless_given"],
            row["review_if_given"],
            self.basis(row),
        )

    def former_standard(self, row: Row | None) -> FormerStandard | None:
        if row is None:
            return None
        return FormerStandard(
            row["first_product"],
            date.fromisoformat(row["as_of_before"]),
            date.fromisoformat(row["unstarted_before"]),
            self.basis(row),
        )

    def window(self, row: Row) -> Window:
        lines = tuple(
            FirstLine(parse_moment(line["at"]), day(line.get("since")), day(line.get("until")))
            for line in row["first"]
        )
        return Window(lines, parse_moment(row["last"]), self.basis(row))

    def remark(self, row: Row | None) -> Remark | None:
        return None if row is None else Remark(row["ja"], row["en"], self.basis(row))

    def group(self, code: str, row: Row) -> Group:
        takes = row.get("takes", {})
        return Group(
            code=code,
            names=words(row),
            diseases_ja=tuple(row["diseases"]["ja"]),
            diseases_en=tuple(row["diseases"]["en"]),
            counts=frozenset(row["counts"]),
            plans_with=row["plans_with"],
            window=self.window(row["window"]),
            choose=row["choose"],
            series=tuple(self.series(series) for series in row["series"]),
            basis=self.basis(row),
            born_from=day(row.get("born_from")),
            program_from=day(row.get("program_from")),
            sex=row.get("sex"),
            takes_from=moment(takes.get("from")),
            takes_before=moment(takes.get("before")),
            consult_after=moment(row.get("consult_after")),
            never_together=frozenset(row.get("never_together", ())),
            follows=self.follows(row.get("follows")),
            former_standard=self.former_standard(row.get("former_standard")),
            short_course=self.short_course(row.get("short_course")),
            long_illness_until=moment(row.get("long_illness_until")),
            excluded=self.remark(row.get("excluded")),
            volume=self.remark(row.get("volume")),
        )

    def maternal(self, row: Row) -> Maternal:
        return Maternal(
            code=row["code"],
            names=words(row),
            product=row["product"],
            first=parse_moment(row["first"]),
            last=parse_moment(row["last"]),
            program_from=date.fromisoformat(row["program_from"]),
            advised_days_before_birth=row["advised_days_before_birth"],
            basis=self.basis(row),
            gestation_basis=self.basis({"basis": row["gestation_basis"]}),
        )

    def measure(self, row: Row) -> Measure:
        open_days = row.get("window", {})
        given = row.get("given_between")
        return Measure(
            id=row["id"],
            words=words(row),
            cohorts={code: days(span) for code, span in row["cohorts"].items()},
            basis=self.basis(row),
            open_from=day(open_days.get("from")),
            open_to=day(open_days.get("to")),
            from_age=moment(row.get("from_age")),
            until_age=moment(row.get("until_age")),
            given_between=days(given) if given else None,
            municipal_parameter=row.get("municipal_parameter"),
        )

    def contraindication(self, row: Row) -> Contraindication:
        return Contraindication(tuple(row["ja"]), tuple(row["en"]), self.basis(row))

    def contraindications(self, rows: Row) -> dict[str, Contraindication]:
        return {key: self.contraindication(row) for key, row in rows.items()}

    def long_illness(self, row: Row) -> LongIllness:
        return LongIllness(words(row), row["months"], frozenset(row["never"]), self.basis(row))

    def voluntary(self, row: Row) -> Voluntary:
        return Voluntary(row["product"], row["ja"], row["en"], self.basis(row))

    def milestone(self, row: Row) -> Milestone:
        return Milestone(date.fromisoformat(row["on"]), row["ja"], row["en"], self.basis(row))


def words(row: Row) -> Words:
    """The three texts of a row."""
    return Words(row["ja"], row["en"], row["easy"])


def day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def days(row: Row) -> tuple[date, date]:
    return date.fromisoformat(row["from"]), date.fromisoformat(row["to"])


def moment(text: str | None) -> Moment | None:
    return None if text is None else parse_moment(text)


def gap(text: str | None) -> Gap | None:
    return None if text is None else parse_gap(text)


def standard(row: Row | None) -> Standard | None:
    if row is None:
        return None
    mark = row.get("to_mark")
    end = row.get("to")
    return Standard(
        parse_bound(row["from"]),
        None if end is None else parse_bound(end),
        None if mark is None else Evidence(mark),
    )


def assemble(content: Row) -> Schedule:
    """The whole schedule. The content has passed its schema; references are checked afterwards."""
    edition, products_file = content["edition"], content["products"]
    groups_file, measures_file = content["groups"], content["measures"]
    read = _Reader(_sources(edition["sources"]))
    products = {code: read.product(code, row) for code, row in products_file["products"].items()}
    rules = tuple(read.cross_rule(row) for row in products_file["between_vaccines"])
    return Schedule(
        id=edition["id"],
        edition=edition["edition"],
        compiled_on=date.fromisoformat(edition["compiled_on"]),
        births_from=date.fromisoformat(edition["births_from"]),
        sources=read.sources,
        products=products,
        groups={code: read.group(code, row) for code, row in groups_file["groups"].items()},
        cross_rules=rules,
        switches=tuple(read.switch(row) for row in products_file["switches"]),
        maternal=read.maternal(groups_file["maternal"]),
        measures=tuple(read.measure(row) for row in measures_file["measures"]),
        long_illness=read.long_illness(measures_file["long_illness"]),
        voluntary=tuple(read.voluntary(row) for row in measures_file["voluntary"]),
        contraindications=read.contraindications(measures_file["contraindications"]),
        precautions=read.contraindication(measures_file["precautions"]),
        milestones=tuple(read.milestone(row) for row in edition["milestones"]),
        wording={code: words(row) for code, row in content["wording"].items()},
        cross_eras=cross_eras(rules, products),
        longest_cross_gap=max(rule.gap.at_most for rule in rules),
    )


def _sources(rows: Row) -> dict[str, Source]:
    return {key: Source(key, row["ja"], row["en"], row.get("url")) for key, row in rows.items()}
