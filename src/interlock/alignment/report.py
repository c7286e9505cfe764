"""What a check has to say, for whoever does not read pages: in a script, a build, a merge request."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from xml.etree import ElementTree as ET

from django.conf import settings

from interlock.alignment.models import Finding, Tally
from interlock.alignment.rule import Severity
from interlock.alignment.scoring import dimensions, shares, total
from interlock.organisation.models import Product
from interlock.workspaces.models import Member, Workspace
from interlock.workspaces.permissions import seen_by


@dataclass(frozen=True)
class Report:
    """The open findings of a workspace, or of one product of it, with the score."""

    workspace: Workspace
    findings: list[Finding]
    score: float | None
    dimensions: dict[str, float]
    # Who is told; without one, whoever runs the installation.
    reader: Member | None = None

    @classmethod
    def of(cls, workspace: Workspace, product: Product | None) -> "Report":
        findings = Finding.objects.of(workspace).open().urgent_first()
        tallies = Tally.objects.filter(workspace=workspace)
        if product:
            findings, tallies = findings.of_product(product), tallies.filter(product=product)
        values = dimensions(shares(tallies))
        return cls(
            workspace,
            list(findings.prefetch_related("subjects", "people", "departments")),
            total(values),
            {dimension.value: value for dimension, value in values.items()},
        )

    def meets(self, severity: Severity) -> bool:
        """Whether a finding is at least that severe."""
        return any(finding.severity >= severity for finding in self.findings)

    def groups(self) -> Iterator[tuple[Severity, Any, list[Finding]]]:
        """By severity and rule, the most urgent first."""
        for (severity, _), found in groupby(self.findings, key=lambda finding: (finding.severity, finding.code)):
            several = list(found)
            yield Severity(severity), several[0].rule, several

    @property
    def headline(self) -> str:
        if self.score is None:
            return "there is nothing to check yet."
        if not self.findings:
            return f"alignment {self.score:.0f} of 100, and nothing pulls apart."
        return f"alignment {self.score:.0f} of 100, {len(self.findings)} open findings."

    @staticmethod
    def concerns(finding: Finding) -> str:
        names = [*(d.name for d in finding.departments.all()), *(p.name for p in finding.people.all())]
        ways = ", ".join(fix.label[0].lower() + fix.label[1:] for fix in finding.fixes)
        return f"{finding.key} · {', '.join(names) or 'nobody yet'} · to fix: {ways}"

    # --- for other programs --------------------------------------------------------------------------

    def json(self) -> str:
        told = {
            "workspace": self.workspace.slug,
            "score": self.score if self.score is None else round(self.score, 1),
            "dimensions": {name: round(value, 1) for name, value in self.dimensions.items()},
            "findings": [self._told(finding) for finding in self.findings],
        }
        return json.dumps(told, indent=2, ensure_ascii=False)

    def _told(self, finding: Finding) -> dict[str, Any]:
        subjects = [subject for subject in self._seen(finding.subjects.all()) if not subject.mentioned]
        return {
            "code": finding.code,
            "name": finding.rule.name,
            "severity": Severity(finding.severity).word,
            "subject": ", ".join(f"{subject.key} {subject.title}" for subject in subjects),
            "evidence": finding.evidence_for(self.reader),
            "departments": [department.name for department in self._seen(finding.departments.all())],
            "people": [person.name for person in self._seen(finding.people.all())],
            "fixes": [fix.label for fix in finding.fixes],
            "url": settings.BASE_URL + finding.get_absolute_url(),
        }

    def _seen(self, rows: Iterable[Any]) -> list[Any]:
        return [row for row in rows if seen_by(self.reader, row)]

    def markdown(self) -> str:
        lines = [f"# {self.workspace.name}: {self.headline}", ""]
        if self.dimensions:
            lines += ["| Dimension | Score |", "| --- | ---: |"]
            lines += [f"| {name} | {value:.0f} |" for name, value in self.dimensions.items()]
        for severity, rule, found in self.groups():
            lines += ["", f"## {severity.label} {rule.code} {rule.name}", ""]
            lines += [
                f"- **{plain(finding.says)}** {plain(finding.evidence_for(self.reader))}".rstrip() for finding in found
            ]
        return "\n".join(lines)

    def junit(self) -> str:
        """A test case for each finding, as build servers show them."""
        failures = sum(finding.severity > Severity.NOTE for finding in self.findings)
        suite = ET.Element("testsuite", name=self.workspace.slug, tests=str(len(self.findings)), failures=str(failures))
        for finding in self.findings:
            told = self._told(finding)
            case = ET.SubElement(
                suite, "testcase", classname=f"{told['code']} {told['name']}", name=writable(told["subject"])
            )
            if finding.severity > Severity.NOTE:
                failure = ET.SubElement(case, "failure", type=told["severity"], message=writable(finding.says))
                failure.text = writable(f"{finding.evidence}\n{told['url']}")
        return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suite, encoding="unicode")


def plain(text: str) -> str:
    """Text in Markdown that is meant as it stands."""
    return "".join(f"\\{letter}" if letter in r"\`*_[]<>#|" else letter for letter in " ".join(text.split()))


def writable(text: str) -> str:
    """XML has no place for control characters."""
    return "".join(letter for letter in text if letter >= " " or letter in "\t\n")
