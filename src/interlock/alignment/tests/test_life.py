"""A finding's life, the score, and what checks promise when they meet each other or die."""

import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from interlock.alignment import checking, registry, tasks
from interlock.alignment.models import CheckLease, Finding, PendingChange, RuleSetting, Score, Tally
from interlock.alignment.rule import Severity
from interlock.alignment.tests.probes import Open, Resolved, Waived
from interlock.backlog.models import Dependency, Feature, Requirement
from interlock.backlog.rules import DependencyCycle, FeatureWithoutObjective, FeatureWithoutOwner
from interlock.jobs.models import Run
from interlock.organisation.models import Product
from interlock.releases.models import Release
from interlock.strategy.models import Objective
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import AuditEvent, Member


@pytest.fixture
def export(payments, ada):
    return Feature.objects.add(product=payments, title="Export invoices", by=ada)


@pytest.fixture
def unowned(alignment, export):
    return alignment.finding(FeatureWithoutOwner)


def again(finding):
    return Finding.objects.get(pk=finding.pk)


def waive(finding, *, by, today, days=10):
    finding.waive(reason="After the fair", until=today + timedelta(days=days), by=by, today=today)


# --- open, waived, resolved, back --------------------------------------------------------------------


def test_it_keeps_its_identity_from_check_to_check(alignment, unowned, export, ada):
    alignment.check()
    export.change(title="Export all invoices", by=ada)
    assert alignment.finding(FeatureWithoutOwner) == unowned
    assert again(unowned).says == "Nobody owns “Export all invoices”"


def test_fixed_it_is_resolved_and_broken_again_it_is_the_same_reopened(alignment, unowned, export, dana, ada):
    export.change(owner=dana, by=ada)
    assert alignment.finding(FeatureWithoutOwner, status=Resolved) == unowned
    export.change(owner=None, by=ada)
    assert alignment.finding(FeatureWithoutOwner) == unowned
    assert (again(unowned).reopened, again(unowned).resolved_at) == (1, None)


def test_waived_it_comes_back_by_itself_on_its_day(alignment, unowned, today, ada):
    waive(unowned, by=ada, today=today)
    assert again(unowned).status == Waived
    alignment.check(today + timedelta(days=9))
    assert again(unowned).status == Waived
    alignment.check(today + timedelta(days=10))
    assert again(unowned).status == Open
    assert AuditEvent.objects.about(unowned).latest("pk").actor is None


def test_a_waiver_outlives_a_resolution_until_its_day(alignment, unowned, export, dana, today, ada):
    waive(unowned, by=ada, today=today)
    export.change(owner=dana, by=ada)
    alignment.look()
    assert again(unowned).status == Resolved
    export.change(owner=None, by=ada)
    alignment.look()
    assert again(unowned).status == Waived


def test_a_waiver_that_ended_while_resolved_does_not_reopen_what_is_well(alignment, unowned, export, dana, today, ada):
    waive(unowned, by=ada, today=today)
    export.change(owner=dana, by=ada)
    alignment.look()
    again(unowned).withdraw_waiver(by=ada)
    assert again(unowned).status == Resolved
    export.change(owner=None, by=ada)
    alignment.look()
    assert again(unowned).status == Open


@pytest.mark.parametrize(("reason", "days"), [(" ", 10), ("Later", 0), ("Later", -1)])
def test_a_waiver_needs_a_reason_and_a_day_to_come(reason, days, unowned, today, ada):
    with pytest.raises(DomainError):
        unowned.waive(reason=reason, until=today + timedelta(days=days), by=ada, today=today)


def test_a_rule_switched_off_finds_nothing_and_counts_nothing(alignment, unowned, amir):
    setting = RuleSetting.objects.configure(FeatureWithoutOwner(), enabled=False, by=amir)
    assert alignment.findings(FeatureWithoutOwner) == []
    assert alignment.checked(FeatureWithoutOwner) == 0
    setting.withdraw(by=amir)
    assert alignment.finding(FeatureWithoutOwner) == unowned


def test_a_product_may_call_it_more_severe_or_not_apply_it(alignment, unowned, payments, ada, amir):
    ledger = Product.objects.add(name="Ledger", by=ada)
    Feature.objects.add(product=ledger, title="Close the month", by=ada)
    RuleSetting.objects.configure(FeatureWithoutOwner(), product=ledger, severity=Severity.ERROR, by=amir)
    assert sorted(f.severity for f in alignment.findings(FeatureWithoutOwner)) == [Severity.WARNING, Severity.ERROR]
    RuleSetting.objects.configure(FeatureWithoutOwner(), product=payments, enabled=False, by=amir)
    assert [finding.product for finding in alignment.findings(FeatureWithoutOwner)] == [ledger]


# --- the score ---------------------------------------------------------------------------------------


def score(workspace, dimension="", product=None):
    return Score.objects.get(workspace=workspace, product=product, dimension=dimension, on=timezone.localdate()).value


def test_the_score_is_the_mean_of_dimensions_of_shares_weighted_by_severity(alignment, payments, dana, northwind, ada):
    goal = Objective.objects.add(title="Grow", owner=dana, by=ada)
    ours = {"product": payments, "owner": dana, "objectives": [goal], "status": "planned"}
    Feature.objects.add_many([{**ours, "title": t} for t in "abc"], by=ada)
    Feature.objects.add(product=payments, title="d", status="planned", by=ada)
    alignment.look()
    # Priorities: BL101 3/4 (weight 2), BL102 3/4 (2), BL107 4/4 (1).
    assert score(northwind, "Priorities") == pytest.approx(100 * (2 * 0.75 + 2 * 0.75 + 1) / 5)
    # Goals: GO101 1/1 (4), GO102 0/1 (2), GO103 1/1 (2).
    assert score(northwind, "Goals") == pytest.approx(100 * 6 / 8)
    # Roles: PE101 4/4.
    assert score(northwind, "Roles") == 100
    assert score(northwind) == pytest.approx((80 + 75 + 100) / 3)
    # The objective belongs to no product.
    assert score(northwind, product=payments) == pytest.approx((80 + 100) / 2)


def test_what_is_waived_counts_as_passed(alignment, unowned, northwind, today, ada):
    before = score(northwind, "Priorities")
    waive(unowned, by=ada, today=today)
    alignment.look()
    # BL101 0/1 (2), BL102 1/1 (2).
    assert (before, score(northwind, "Priorities")) == (0, 50)
    assert Tally.objects.get(code="BL102").waived == 1


def test_every_row_of_a_finding_has_failed_once(alignment, payments, export, ada):
    other = Feature.objects.add(product=payments, title="b", by=ada)
    for a, b in ((export, other), (other, export)):
        Dependency.objects.add(feature=a, needs=b, by=ada)
    alignment.look()
    tally = Tally.objects.get(code="BL105")
    assert (tally.checked, tally.failed) == (2, 2)


def test_where_nothing_was_checked_there_is_no_score(alignment, northwind):
    assert not Score.objects.filter(workspace=northwind).exists()


def test_a_restricted_product_does_not_show_in_the_numbers_of_others(alignment, export, ada, amir, ben):
    secret = Product.objects.add(name="Skunkworks", restricted=True, by=amir)
    hidden = Feature.objects.add(product=secret, title="X", by=amir)
    for a, b in ((export, hidden), (hidden, export)):
        Dependency.objects.add(feature=a, needs=b, by=amir)
    alignment.look()
    fresh = Member.objects.get(pk=ben.pk)
    circle = {t.product_id: (t.checked, t.failing) for t in Tally.objects.visible_to(fresh).filter(code="BL105")}
    assert circle == {export.product_id: (1, 0)}
    assert alignment.finding(DependencyCycle) not in Finding.objects.visible_to(fresh)
    shown = {s.dimension: s.shown for s in Score.objects.visible_to(fresh).of(None)}
    whole = {s.dimension: s.shown for s in Score.objects.visible_to(amir).of(None)}
    # Seen: BL101 0/1 (2), BL102 0/1 (2), BL105 1/1 (4). In truth BL105 fails, twice.
    assert (shown["Priorities"], whole["Priorities"]) == (50, 0)


# --- what is judged, and at what cost ----------------------------------------------------------------


def test_a_change_runs_only_rules_that_read_what_changed(alignment, export, ada, monkeypatch):
    alignment.look()
    ran = []
    judge = checking.judge
    monkeypatch.setattr(checking, "judge", lambda applied, *how: (ran.append(applied.rule.code), judge(applied, *how)))
    Objective.objects.add(title="Grow", by=ada)
    alignment.look()
    assert set(ran) == {"GO101", "GO102", "GO103", "GO201", "PE101"}


@pytest.mark.parametrize("rule", registry.rules(), ids=lambda rule: rule.code)
def test_queries_do_not_depend_on_the_number_of_rows(rule, payments, northwind, olga, ada, monkeypatch):
    monkeypatch.setattr(registry, "_rules", {rule.code: rule})
    day = timezone.localdate() + timedelta(days=200)

    def grow(count):
        Objective.objects.add_many([{"title": "o", "product": payments}] * count, by=ada)
        features = Feature.objects.add_many([{"product": payments, "title": "f", "status": "planned"}] * count, by=ada)
        Requirement.objects.add_many([{"feature": f, "title": "r"} for f in features], by=ada)
        pairs = [(a, b) for a, b in zip(features[::2], features[1::2], strict=True)]
        Dependency.objects.add_many(
            [{"feature": a, "needs": b} for a, b in [*pairs, *(p[::-1] for p in pairs)]], by=ada
        )
        target = timezone.localdate() + timedelta(days=1)
        releases = Release.objects.add_many([{"product": payments, "name": "r", "target_on": target}] * count, by=ada)
        for feature, release in zip(features[: count // 2], releases, strict=False):
            release.take([feature], by=ada)

    def cost():
        checking.check(northwind, today=day)
        with CaptureQueriesContext(connection) as queries:
            checking.check(northwind, today=day)
        return len(queries)

    grow(10)
    few = cost()
    grow(60)
    assert cost() == few


# --- two at once, and death ---------------------------------------------------------------------------


def test_whoever_finds_a_check_under_way_leaves_the_change_to_it(alignment, northwind, export, today):
    with CheckLease.hold(northwind) as lease:
        assert lease
        checking.recheck_pending(northwind, today=today)
        assert PendingChange.objects.exists()
        with pytest.raises(checking.Busy):
            checking.check(northwind, today=today, wait_seconds=0)
    alignment.look()
    assert not PendingChange.objects.exists()


def test_a_change_during_a_check_is_judged_after_it(alignment, northwind, export, dana, today, ada, monkeypatch):
    keep = checking.keep_scores

    def meanwhile(*args, **kwargs):
        monkeypatch.setattr(checking, "keep_scores", keep)
        export.change(owner=dana, by=ada)
        keep(*args, **kwargs)

    monkeypatch.setattr(checking, "keep_scores", meanwhile)
    checking.check(northwind, today=today)
    assert alignment.findings(FeatureWithoutOwner) == []


def test_one_rules_error_does_not_silence_the_others(alignment, export, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(FeatureWithoutObjective, "violations", broken)
        with pytest.raises(checking.RulesFailed, match="BL101"):
            alignment.look()
    assert alignment.finding(FeatureWithoutOwner)
    alignment.check()


def test_the_new_day_is_checked_once(northwind, today):
    tasks.check_the_new_day.call()
    (run,) = Run.objects.filter(task_path__endswith="check_workspace")
    run.execute()
    assert CheckLease.objects.get(workspace=northwind).everything_on == today
    run.delete()
    tasks.check_the_new_day.call()
    assert not Run.objects.filter(task_path__endswith="check_workspace").exists()


KILLED = """
import os, signal, django
django.setup()
from django.utils import timezone
from interlock.alignment import checking
from interlock.workspaces.models import Workspace
checking.count = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
checking.{verb}(Workspace.objects.get(slug="northwind"), today=timezone.localdate())
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["check", "recheck_pending"])
def test_a_check_that_is_killed_loses_nothing(verb, process_environment, northwind, export, today):
    killed = subprocess.run([sys.executable, "-c", KILLED.format(verb=verb)], env=process_environment, check=False)
    assert killed.returncode == -9
    assert PendingChange.objects.exists()
    CheckLease.objects.update(until=timezone.now() - timedelta(seconds=1))
    checking.recheck_pending(northwind, today=today)
    assert Finding.objects.open().filter(code="BL102").exists()
    assert Tally.objects.get(code="BL102").failed == 1
