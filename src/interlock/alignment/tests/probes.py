"""What tests of rules ask: which rows a rule finds in northwind, and what its finding offers."""

from datetime import date
from typing import Any

from interlock.alignment import checking
from interlock.alignment.models import Finding, PendingChange, Tally
from interlock.alignment.rule import Rule
from interlock.workspaces.models import Workspace

Open, Waived, Resolved = Finding.Status.OPEN, Finding.Status.WAIVED, Finding.Status.RESOLVED


class Alignment:
    """A workspace under check: what changed is judged anew whenever something is asked."""

    def __init__(self, workspace: Workspace, today: date) -> None:
        self.workspace, self.today = workspace, today

    def look(self) -> None:
        checking.recheck_pending(self.workspace, today=self.today)

    def check(self, today: date | None = None) -> None:
        """Judge everything, as of that day, which it is from now on."""
        self.today = today or self.today
        checking.check(self.workspace, today=self.today)

    def findings(self, rule: type[Rule], *, status: str = Open) -> list[Finding]:
        self.look()
        return list(Finding.objects.filter(workspace=self.workspace, code=rule.code, status=status).order_by("pk"))

    def finding(self, rule: type[Rule], *, status: str = Open) -> Finding:
        (finding,) = self.findings(rule, status=status)
        return finding

    def subjects(self, rule: type[Rule], *, status: str = Open) -> list[Any]:
        """The rows that the rule finds wrong."""
        return [row for finding in self.findings(rule, status=status) for row in finding.rows()]

    def checked(self, rule: type[Rule]) -> int:
        """How many rows the rule applied to."""
        self.look()
        return sum(Tally.objects.filter(workspace=self.workspace, code=rule.code).values_list("checked", flat=True))

    def evidence(self, rule: type[Rule]) -> str:
        return self.finding(rule).evidence

    def agrees_with_itself(self) -> None:
        """What was judged piece by piece is what judging everything at once says."""
        self.look()
        piece_by_piece = told(self.workspace)
        self.check()
        assert piece_by_piece == told(self.workspace)


def told(workspace: Workspace) -> tuple[set[Any], set[Any]]:
    """All that the findings and tallies of a workspace say."""
    assert not PendingChange.objects.filter(workspace=workspace).exists()
    findings = Finding.objects.filter(workspace=workspace).exclude(status=Resolved)
    return (
        {
            (
                *(finding.code, finding.identity, finding.status, finding.severity),
                *(finding.says, finding.evidence, finding.product_id, tuple(finding.fix_names)),
                frozenset(person.pk for person in finding.people.all()),
                frozenset(department.pk for department in finding.departments.all()),
                frozenset(
                    (one.object_id, one.key, one.title, one.url, one.product_id, one.mentioned)
                    for one in finding.subjects.all()
                ),
            )
            for finding in findings.prefetch_related("people", "departments", "subjects")
        },
        set(
            Tally.objects.filter(workspace=workspace).values_list(
                *("code", "product_id", "severity", "checked", "failed", "waived", "failed_openly", "waived_openly")
            )
        ),
    )
