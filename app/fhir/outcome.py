"""OperationOutcome: what FHIR answers when something is wrong (FHIR R4 §2.36). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.fhir.terminology import Element


class Issue(NamedTuple):
    """One thing that is wrong. ``code`` is of FHIR's IssueType; ``expression`` says where."""

    code: str
    diagnostics: str
    expression: str | None = None


def outcome(issues: Sequence[Issue]) -> Element:
    """All issues in one resource."""
    return {"resourceType": "OperationOutcome", "issue": [_row(issue) for issue in issues]}


def _row(issue: Issue) -> Element:
    row: Element = {
        "severity": "error",
        "code": issue.code,
        "diagnostics": issue.diagnostics,
    }
    return row if issue.expression is None else row | {"expression": [issue.expression]}
