"""Runs one rule, and keeps its findings in step with what it says: opened, updated, resolved, back again."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.utils import timezone

from interlock.alignment.look import Look
from interlock.alignment.models import Finding, FindingSubject, Waiver
from interlock.alignment.models.finding import announce_findings, identity_of, short_hash
from interlock.alignment.rule import Rule, Violation
from interlock.alignment.terms import Applied, Part
from interlock.alignment.universe import Universe, Universes, product_path, widened
from interlock.workspaces.models import KeyCounter, Workspace
from interlock.workspaces.plan import PlanModel
from interlock.workspaces.turns import Turns

BATCH = 500


def judge(applied: Applied, look: Look, universes: Universes) -> None:
    """Run a rule over what it must look at, and write down what is different from the last time."""
    for subject, narrow in universes.items():
        universe = widened(narrow, applied.rule, subject)
        held = _held(applied.rule, subject, look.workspace, universe)
        seen: set[str] = set()
        news: list[Seen] = []
        for violation in _violations(applied, subject, look, universe):
            one = _seen(violation, applied)
            seen.add(one.identity)
            if held.get(one.identity) != one.digest:
                news.append(one)
        turns = Turns()
        for start in range(0, len(news), BATCH):
            turns.give()
            look.lease.renew()
            _write(news[start : start + BATCH], applied.rule, look.workspace)
        gone = sorted(held.keys() - seen)
        for start in range(0, len(gone), BATCH):
            turns.give()
            look.lease.renew()
            _resolve(gone[start : start + BATCH], applied.rule, look.workspace)


def checked(applied: Applied, part: Part, subject: type[PlanModel], look: Look) -> Any:
    """The rows of one kind to which a rule applies, of those that it judges by the same thresholds."""
    rows = subject._default_manager.of(look.workspace).active()  # type: ignore[attr-defined]
    rows = part.of(rows, product_path(subject))
    return applied.rule.checked(rows, today=look.today, settings=part.settings)


def _violations(applied: Applied, subject: type[PlanModel], look: Look, universe: Universe) -> Iterator[Violation]:
    long_texts = [field.name for field in subject._meta.concrete_fields if isinstance(field, models.TextField)]
    for part in applied.parts():
        rows = checked(applied, part, subject, look).defer(*long_texts)
        rows = universe.within(rows, row="pk", product=product_path(subject))
        yield from applied.rule.violations(rows, today=look.today, settings=part.settings)


def _held(rule: Rule, subject: type[PlanModel], workspace: Workspace, universe: Universe) -> dict[str, str]:
    """Identity → digest of the findings about the universe that are not resolved."""
    findings = Finding.objects.of(workspace).filter(code=rule.code).exclude(status=Finding.Status.RESOLVED)
    about = FindingSubject.objects.about(subject)
    if not universe.everything or len(rule.subjects) > 1:
        inside = universe.within(about, row="object_id", product="product_id")
        findings = findings.filter(pk__in=inside.values("finding"))
    return dict(findings.values_list("identity", "digest"))


# --- a violation as it will be written ---------------------------------------------------------------


class Subject(NamedTuple):
    model: type[PlanModel]
    pk: int
    key: str
    title: str
    product_id: int | None
    mentioned: bool
    row: PlanModel


class Seen(NamedTuple):
    identity: str
    digest: str
    violation: Violation
    severity: int
    subjects: tuple[Subject, ...]

    def shown(self) -> dict[str, Any]:
        """What a finding tells of it."""
        return {
            "severity": self.severity,
            "says": self.violation.says,
            "evidence": self.violation.evidence,
            "fix_names": list(self.violation.fixes),
            "product_id": self.subjects[0].product_id,
            "digest": self.digest,
        }


def _seen(violation: Violation, applied: Applied) -> Seen:
    subjects = tuple(
        Subject(type(row), row.pk, row.key, str(row)[:300], row.product_scope(), mentioned, row)
        for rows, mentioned in ((violation.subjects, False), (violation.mentions, True))
        for row in rows
    )
    own = [one for one in subjects if not one.mentioned]
    severity = max(applied.at(one.product_id).severity for one in own)
    shown = (
        severity,
        violation.says,
        violation.evidence,
        sorted(violation.people),
        sorted(violation.departments),
        violation.fixes,
        [one[1:-1] for one in subjects],
    )
    return Seen(
        identity_of((one.model._meta.label_lower, one.pk) for one in own),
        short_hash(shown, 16),
        violation,
        severity,
        subjects,
    )


# --- writing -----------------------------------------------------------------------------------------


@transaction.atomic
def _write(batch: Sequence[Seen], rule: Rule, workspace: Workspace) -> None:
    """Open what is new, update what reads differently, reopen what was resolved."""
    now = timezone.now()
    identities = [one.identity for one in batch]
    known = {finding.identity: finding for finding in _locked(rule, workspace, identities)}
    new = [one for one in batch if one.identity not in known]
    numbers = KeyCounter.take(workspace.pk, Finding.prefix, len(new)) if new else range(0)
    created = Finding.objects.bulk_create(
        Finding(
            workspace=workspace,
            number=number,
            code=rule.code,
            identity=one.identity,
            opened_at=now,
            turned_at=now,
            **one.shown(),
        )
        for number, one in zip(numbers, new, strict=True)
    )
    altered = [(known[one.identity], one) for one in batch if one.identity in known]
    for finding, one in altered:
        for name, value in one.shown().items():
            setattr(finding, name, value)
    _reopen([finding for finding, _ in altered if finding.status == Finding.Status.RESOLVED], now=now)
    if altered:
        columns = [*batch[0].shown(), "status", "opened_at", "resolved_at", "turned_at", "reopened"]
        Finding.objects.bulk_update([finding for finding, _ in altered], columns)
        for ends in (FindingSubject, Finding.people.through, Finding.departments.through):
            ends._default_manager.filter(finding__in=[finding.pk for finding, _ in altered]).delete()
    _attach([*zip(created, new, strict=True), *altered], workspace)
    announce_findings([*created, *(finding for finding, _ in altered)])


def _reopen(findings: Sequence[Finding], *, now: Any) -> None:
    """What was waived when it was resolved is waived still: its date decides."""
    waived = set(
        Waiver.objects.filter(finding__in=[f.pk for f in findings], ended_at=None).values_list("finding_id", flat=True)
        if findings
        else ()
    )
    for finding in findings:
        finding.status = Finding.Status.WAIVED if finding.pk in waived else Finding.Status.OPEN
        finding.opened_at, finding.resolved_at, finding.turned_at = now, None, now
        finding.reopened += 1


def _attach(pairs: Sequence[tuple[Finding, Seen]], workspace: Workspace) -> None:
    """Write the subjects, people and departments of findings."""
    kinds = ContentType.objects.get_for_models(*{one.model for _, seen in pairs for one in seen.subjects})
    FindingSubject.objects.bulk_create(
        FindingSubject(
            finding=finding,
            content_type=kinds[one.model],
            object_id=one.pk,
            key=one.key,
            title=one.title,
            url=_at_home(one.row, workspace).get_absolute_url(),
            product_id=one.product_id,
            mentioned=one.mentioned,
        )
        for finding, seen in pairs
        for one in seen.subjects
    )
    persons, departments = Finding.people.through, Finding.departments.through
    persons._default_manager.bulk_create(
        persons(finding_id=finding.pk, person_id=pk) for finding, seen in pairs for pk in seen.violation.people
    )
    departments._default_manager.bulk_create(
        departments(finding_id=finding.pk, department_id=pk)
        for finding, seen in pairs
        for pk in seen.violation.departments
    )


def _at_home(row: Any, workspace: Workspace) -> Any:
    """The row, knowing its workspace without asking the database, and so what was joined to it."""
    row.workspace = workspace
    for joined in list(row._state.fields_cache.values()):
        if isinstance(joined, PlanModel) and "workspace" not in joined._state.fields_cache:
            _at_home(joined, workspace)
    return row


@transaction.atomic
def _resolve(identities: Sequence[str], rule: Rule, workspace: Workspace) -> None:
    findings = [one for one in _locked(rule, workspace, identities) if one.status != Finding.Status.RESOLVED]
    Finding.objects.filter(pk__in=[finding.pk for finding in findings]).resolve()
    announce_findings(findings)


def _locked(rule: Rule, workspace: Workspace, identities: Sequence[str]) -> list[Finding]:
    """Locked, so that nobody waives them meanwhile and is overwritten."""
    findings = Finding.objects.of(workspace).filter(code=rule.code, identity__in=identities)
    return list(findings.select_for_update().order_by("pk"))
