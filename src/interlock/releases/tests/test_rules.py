from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from interlock.alignment.models import Finding
from interlock.backlog.models import Dependency, Feature, Requirement
from interlock.organisation.models import Department, Person, Product
from interlock.releases.models import Forecast, Release, ReleaseTemplate, Task, TaskLink, Workstream
from interlock.releases.rules import (
    DepartmentWithoutWorkstream,
    DependencyReleasedLater,
    HandoverOutOfOrder,
    LaunchBeforeReady,
    ReleaseOverdue,
    RequirementWithoutCriteria,
    TaskLate,
    TaskWithoutOwner,
)
from interlock.workspaces.errors import DomainError

Status, Precision = Feature.Status, Release.Precision


@pytest.fixture
def today():
    return date(2027, 2, 10)


@pytest.fixture
def export(payments, ada):
    return Feature.objects.add(product=payments, title="Export invoices", by=ada)


@pytest.fixture
def ledger(payments, ada):
    return Feature.objects.add(product=payments, title="Ledger migration", by=ada)


@pytest.fixture
def spring(payments, ada):
    return Release.objects.add(product=payments, name="4.2", target_on=date(2027, 3, 14), by=ada)


@pytest.fixture
def summer(payments, ada):
    return Release.objects.add(product=payments, name="4.3", target_on=date(2027, 6, 1), by=ada)


# --- BL104: somebody could say when it is done -------------------------------------------------------


@pytest.fixture
def fast(export, spring, ada):
    spring.take([export], by=ada)
    return Requirement.objects.add(feature=export, title="The export is fast", by=ada)


def test_a_requirement_without_criteria_is_found_until_it_has_one(alignment, fast, ada):
    assert alignment.subjects(RequirementWithoutCriteria) == [fast]
    alignment.finding(RequirementWithoutCriteria).fix("write_criterion", criterion="10,000 rows in 10 s", by=ada)
    assert alignment.subjects(RequirementWithoutCriteria) == []


def test_a_blank_criterion_says_nothing(alignment, fast, ada):
    fast.change(criteria=["  "], by=ada)
    assert alignment.subjects(RequirementWithoutCriteria) == [fast]


def test_dropping_the_requirement_ends_the_matter(alignment, fast, ada):
    alignment.finding(RequirementWithoutCriteria).fix("drop", by=ada)
    assert alignment.subjects(RequirementWithoutCriteria) == []


def test_outside_a_release_it_can_wait(alignment, fast, export, spring, ada):
    assert alignment.checked(RequirementWithoutCriteria) == 1
    spring.drop([export], by=ada)
    assert alignment.checked(RequirementWithoutCriteria) == 0


@pytest.mark.parametrize(
    "end",
    [
        lambda fast, by: fast.change(status=Requirement.Status.DONE, by=by),
        lambda fast, by: fast.archive(by=by),
        lambda fast, by: fast.feature.change(status=Status.DROPPED, by=by),
        lambda fast, by: fast.feature.change(status=Status.DONE, by=by),
        lambda fast, by: fast.feature.archive(by=by),
        lambda fast, by: fast.feature.scope.release.change(status=Release.Status.RELEASED, by=by),
        lambda fast, by: fast.feature.scope.release.change(status=Release.Status.CANCELLED, by=by),
        lambda fast, by: fast.feature.scope.release.archive(by=by),
    ],
    ids=[
        *["done", "archived", "feature dropped", "feature done", "feature archived"],
        *["released", "cancelled", "release archived"],
    ],
)
def test_what_is_over_needs_no_criteria(end, alignment, fast, ada):
    assert alignment.checked(RequirementWithoutCriteria) == 1
    end(fast, by=ada)
    assert alignment.checked(RequirementWithoutCriteria) == 0
    assert alignment.subjects(RequirementWithoutCriteria) == []


def test_a_requirement_takes_its_finding_along_to_another_feature(alignment, fast, ledger, spring, ada):
    assert "Export invoices" not in alignment.evidence(RequirementWithoutCriteria)
    spring.take([ledger], by=ada)
    fast.change(feature=ledger, by=ada)
    assert alignment.evidence(RequirementWithoutCriteria) == (
        f"{fast.key} of {ledger.key} is planned for 4.2, without acceptance criteria."
    )


# --- BL106: what it needs comes in time --------------------------------------------------------------


@pytest.fixture
def needs(export, ledger, ada):
    """Export invoices needs the ledger migration."""
    return Dependency.objects.add(feature=export, needs=ledger, by=ada)


def test_what_is_needed_but_released_later_is_found(alignment, needs, export, ledger, spring, summer, ada):
    spring.take([export], by=ada)
    summer.take([ledger], by=ada)
    assert alignment.subjects(DependencyReleasedLater) == [export]
    assert alignment.evidence(DependencyReleasedLater) == (
        f"It needs {ledger.key} “Ledger migration”, planned for 4.3, 1 June 2027."
    )


def test_what_is_needed_and_in_no_release_is_found(alignment, needs, export, ledger, spring, ada):
    spring.take([export], by=ada)
    assert "which is in no release" in alignment.evidence(DependencyReleasedLater)


@pytest.mark.parametrize(
    "enough",
    [
        lambda ledger, spring, summer, by: spring.take([ledger], by=by),
        lambda ledger, spring, summer, by: ledger.change(status=Status.DONE, by=by),
        lambda ledger, spring, summer, by: (
            summer.take([ledger], by=by),
            summer.change(status=Release.Status.RELEASED, by=by),
        ),
        lambda ledger, spring, summer, by: (
            summer.take([ledger], by=by),
            summer.change(target_on=date(2027, 3, 14), by=by),
        ),
    ],
    ids=["same release", "done", "released", "same day"],
)
def test_what_comes_in_time_is_well(enough, alignment, needs, export, ledger, spring, summer, ada):
    spring.take([export], by=ada)
    assert alignment.subjects(DependencyReleasedLater) == [export]
    enough(ledger, spring, summer, by=ada)
    assert alignment.subjects(DependencyReleasedLater) == []
    assert alignment.checked(DependencyReleasedLater) == 1


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        (lambda ledger, summer, by: ledger.change(status=Status.DROPPED, by=by), "which is dropped"),
        (lambda ledger, summer, by: ledger.archive(by=by), "which is archived"),
        (
            lambda ledger, summer, by: summer.change(status=Release.Status.CANCELLED, by=by),
            "planned for 4.3, which is cancelled",
        ),
        (lambda ledger, summer, by: summer.change(target_on=None, by=by), "planned for 4.3, which has no date"),
        (
            lambda ledger, summer, by: summer.change(target_precision=Precision.TBC, by=by),
            "planned for 4.3, which has no date",
        ),
        (lambda ledger, summer, by: summer.archive(by=by), "which is in no release"),
    ],
    ids=["dropped", "archived", "cancelled", "undated", "to be confirmed", "release archived"],
)
def test_what_will_not_come_is_said(lost, said, alignment, needs, export, ledger, spring, summer, ada):
    spring.take([export], by=ada)
    summer.take([ledger], by=ada)
    summer.change(target_on=date(2027, 3, 1), by=ada)
    assert alignment.subjects(DependencyReleasedLater) == []
    lost(ledger, summer, by=ada)
    assert said in alignment.evidence(DependencyReleasedLater)


@pytest.mark.parametrize(
    ("ours", "theirs", "late"),
    [
        ((date(2027, 3, 14), Precision.DAY), (date(2027, 3, 8), Precision.WEEK), False),
        ((date(2027, 3, 13), Precision.DAY), (date(2027, 3, 8), Precision.WEEK), True),
        ((date(2027, 3, 14), Precision.DAY), (date(2027, 3, 1), Precision.MONTH), True),
        ((date(2027, 3, 1), Precision.MONTH), (date(2027, 3, 31), Precision.DAY), False),
        ((date(2027, 1, 1), Precision.QUARTER), (date(2027, 3, 1), Precision.MONTH), False),
        ((date(2027, 3, 1), Precision.MONTH), (date(2027, 1, 1), Precision.QUARTER), False),
        ((date(2027, 2, 1), Precision.MONTH), (date(2027, 1, 1), Precision.QUARTER), True),
    ],
)
def test_of_a_rough_date_the_last_day_counts(ours, theirs, late, alignment, needs, export, ledger, spring, summer, ada):
    spring.change(target_on=ours[0], target_precision=ours[1], by=ada)
    summer.change(target_on=theirs[0], target_precision=theirs[1], by=ada)
    spring.take([export], by=ada)
    summer.take([ledger], by=ada)
    assert alignment.subjects(DependencyReleasedLater) == ([export] if late else [])


def test_a_release_without_a_date_can_wait_for_any_other(alignment, needs, export, ledger, spring, summer, ada):
    spring.change(target_on=None, by=ada)
    spring.take([export], by=ada)
    summer.take([ledger], by=ada)
    assert alignment.subjects(DependencyReleasedLater) == []


@pytest.mark.parametrize("end", ["dependency", "feature", "release", "done", "take_out"])
def test_what_is_over_needs_nothing(end, alignment, needs, export, ledger, spring, ada):
    spring.take([export], by=ada)
    assert alignment.checked(DependencyReleasedLater) == 1
    match end:
        case "dependency":
            needs.archive(by=ada)
        case "feature":
            export.archive(by=ada)
        case "release":
            spring.change(status=Release.Status.RELEASED, by=ada)
        case "done":
            export.change(status=Status.DONE, by=ada)
        case "take_out":
            alignment.finding(DependencyReleasedLater).fix("take_out", by=ada)
    assert alignment.checked(DependencyReleasedLater) == 0
    assert alignment.subjects(DependencyReleasedLater) == []


def test_bringing_it_forward_is_a_way_out(alignment, needs, export, ledger, spring, summer, ada):
    spring.take([export], by=ada)
    summer.take([ledger], by=ada)
    alignment.finding(DependencyReleasedLater).fix("bring_forward", by=ada)
    assert alignment.subjects(DependencyReleasedLater) == []
    assert list(spring.scope.values_list("feature", flat=True)) == [export.pk, ledger.pk]


def test_waiting_for_it_is_a_way_out(alignment, needs, export, ledger, spring, summer, ada):
    spring.take([export], by=ada)
    summer.take([ledger], by=ada)
    alignment.finding(DependencyReleasedLater).fix("move", release=summer, by=ada)
    assert alignment.subjects(DependencyReleasedLater) == []


def test_doing_without_is_a_way_out(alignment, needs, export, spring, ada):
    spring.take([export], by=ada)
    alignment.finding(DependencyReleasedLater).fix("do_without", dependency=needs, by=ada)
    assert alignment.subjects(DependencyReleasedLater) == []


def test_only_ways_that_help_are_offered(alignment, needs, export, ledger, spring, summer, ada):
    def offered():
        return {fix.name for fix in alignment.finding(DependencyReleasedLater).fixes}

    spring.take([export], by=ada)
    assert offered() == {"bring_forward", "do_without", "take_out"}
    summer.take([ledger], by=ada)
    assert offered() == {"bring_forward", "do_without", "take_out", "move"}
    ledger.change(status=Status.DROPPED, by=ada)
    assert offered() == {"do_without", "take_out"}


def test_a_slip_is_noticed_at_whatever_waits_for_it(alignment, needs, export, ledger, spring, summer, ada):
    summer.change(target_on=date(2027, 3, 1), by=ada)
    spring.take([export], by=ada)
    summer.take([ledger], by=ada)
    assert alignment.subjects(DependencyReleasedLater) == []
    summer.change(target_on=date(2027, 3, 20), by=ada)
    assert alignment.subjects(DependencyReleasedLater) == [export]


def test_the_finding_concerns_both_sides(alignment, needs, export, ledger, spring, dana, ada):
    lee = Person.objects.add(name="Lee", by=ada)
    export.change(owner=dana, by=ada)
    ledger.change(owner=lee, by=ada)
    spring.take([export], by=ada)
    assert set(alignment.finding(DependencyReleasedLater).people.all()) == {dana, lee}


def test_a_contributor_cannot_move_what_belongs_to_others(alignment, needs, export, ledger, spring, cora, ada):
    export.change(owner=Person.objects.add(name="Cora", member=cora, by=ada), by=ada)
    spring.take([export], by=ada)
    with pytest.raises(PermissionDenied):
        alignment.finding(DependencyReleasedLater).fix("bring_forward", by=cora)


# --- RL114: out by its target ------------------------------------------------------------------------


def test_a_release_past_its_target_is_found(alignment, spring, today):
    alignment.check(date(2027, 3, 14))
    assert alignment.subjects(ReleaseOverdue) == []
    alignment.check(date(2027, 3, 15))
    assert alignment.subjects(ReleaseOverdue) == [spring]
    assert alignment.finding(ReleaseOverdue).says == "4.2 was to be out by 14 March 2027 and is still open"


@pytest.mark.parametrize(
    ("precision", "last"),
    [
        (Precision.WEEK, date(2027, 3, 14)),
        (Precision.MONTH, date(2027, 3, 31)),
        (Precision.QUARTER, date(2027, 3, 31)),
    ],
)
def test_a_rough_target_has_passed_when_its_last_day_has(precision, last, alignment, spring, ada):
    spring.change(target_on=date(2027, 3, 9), target_precision=precision, by=ada)
    alignment.check(last)
    assert alignment.subjects(ReleaseOverdue) == []
    alignment.check(last.replace(day=1, month=last.month + 1) if last.day == 31 else last.replace(day=last.day + 1))
    assert alignment.subjects(ReleaseOverdue) == [spring]


@pytest.mark.parametrize("undated", [{"target_on": None}, {"target_precision": Precision.TBC}])
def test_what_has_no_date_cannot_be_late(undated, alignment, spring, ada):
    spring.change(**undated, by=ada)
    alignment.check(date(2028, 1, 1))
    assert alignment.checked(ReleaseOverdue) == 0


@pytest.mark.parametrize(
    ("fix", "answers"),
    [
        ("move_target", {"target_on": date(2027, 5, 1)}),
        ("mark_released", {"released_on": date(2027, 3, 20)}),
        ("cancel", {}),
    ],
)
def test_moving_releasing_or_cancelling_it_is_a_way_out(fix, answers, alignment, spring, ada):
    alignment.check(date(2027, 3, 20))
    assert alignment.subjects(ReleaseOverdue) == [spring]
    alignment.finding(ReleaseOverdue).fix(fix, **answers, by=ada)
    assert alignment.subjects(ReleaseOverdue) == []


def test_an_archived_release_is_not_late(alignment, spring, ada):
    alignment.check(date(2027, 3, 20))
    spring.archive(by=ada)
    assert alignment.subjects(ReleaseOverdue) == []


def test_it_concerns_whoever_has_something_to_finish_in_it(alignment, export, ledger, spring, dana, billing, ada):
    export.change(owner=dana, team=billing, by=ada)
    ledger.change(owner=Person.objects.add(name="Lee", by=ada), status=Status.DONE, by=ada)
    spring.take([export, ledger], by=ada)
    alignment.check(date(2027, 3, 20))
    finding = alignment.finding(ReleaseOverdue)
    assert list(finding.people.all()) == [dana]
    assert [department.name for department in finding.departments.all()] == ["Engineering"]
    assert finding.evidence == f"{spring.key} was planned for 14 March 2027; it is planned, with one feature to finish."
    spring.drop([export], by=ada)
    assert "no feature left to finish" in alignment.evidence(ReleaseOverdue)


# --- what is hidden stays hidden ---------------------------------------------------------------------


def test_a_finding_that_speaks_of_a_restricted_product_is_seen_by_those_who_see_that(
    alignment, needs, export, ledger, spring, ada, ben, amir
):
    secret = Product.objects.add(name="Skunkworks", by=ada)
    hidden = Release.objects.add(product=secret, name="X", target_on=date(2027, 9, 1), by=ada)
    spring.take([export], by=ada)
    hidden.take([ledger], by=ada)
    secret.change(restricted=True, by=amir)
    finding = alignment.finding(DependencyReleasedLater)
    assert finding not in Finding.objects.visible_to(ben)
    assert finding in Finding.objects.visible_to(amir)


# --- who may fix -------------------------------------------------------------------------------------


def test_a_viewer_is_refused_every_fix(alignment, fast, needs, export, ledger, spring, summer, ben, ada):
    summer.take([ledger], by=ada)
    alignment.check(date(2027, 3, 20))
    answers = {
        RequirementWithoutCriteria: [("write_criterion", {"criterion": "In 10 s"}), ("drop", {})],
        DependencyReleasedLater: [
            *[("bring_forward", {}), ("take_out", {})],
            *[("move", {"release": summer}), ("do_without", {"dependency": needs})],
        ],
        ReleaseOverdue: [
            *[("move_target", {"target_on": date(2027, 5, 1)}), ("cancel", {})],
            ("mark_released", {"released_on": date(2027, 3, 20)}),
        ],
    }
    for rule, fixes in answers.items():
        assert {name for name, _ in fixes} == {fix.name for fix in rule.fixes}
        for name, answer in fixes:
            with pytest.raises((PermissionDenied, DomainError)):
                alignment.finding(rule).fix(name, by=ben, **answer)


@pytest.mark.parametrize("today", [date(2027, 1, 1), date(2027, 3, 31), date(2027, 4, 1), date(2027, 5, 16)])
def test_a_target_is_over_when_the_last_day_that_it_can_mean_is(today, payments, ada):
    rows = [
        {"name": f"{days} {precision}", "target_on": today - timedelta(days=days), "target_precision": precision}
        for days in (-1, 0, 1, 5, 6, 7, 15, 30, 31, 45, 89, 90, 91, 92, 120)
        for precision in Release.Precision.values
    ]
    releases = Release.objects.add_many([{"product": payments, **row} for row in rows], by=ada)
    late = {one.pk for one in releases if one.latest_target and one.latest_target < today}
    assert set(Release.objects.overdue(today=today).values_list("pk", flat=True)) == late
    assert late


# --- RL101: every department that the template asks for has its part -----------------------------------


@pytest.fixture
def support(ada):
    return Department.objects.add(name="Support", by=ada)


@pytest.fixture
def planned(spring, engineering, ada):
    """Of a template that asks for Engineering, Support and Legal; begun with Engineering alone."""
    plan = "\n".join(
        f"{name}:\n - {{id: {name.lower()}, title: Work, ends: 5}}" for name in ("Engineering", "Support", "Legal")
    )
    ReleaseTemplate.objects.add(name="Ours", plan=plan, by=ada).start(spring, by=ada, left_out=["Support", "Legal"])
    return spring


def test_a_department_that_the_template_asks_for_is_missed(alignment, planned, support, ada):
    finding = alignment.finding(DepartmentWithoutWorkstream)
    assert finding.says == "4.2 is planned without Support"
    assert list(finding.departments.all()) == [support]
    finding.fix("add_department", department=support, by=ada)
    assert alignment.subjects(DepartmentWithoutWorkstream) == []


def test_what_the_workspace_does_not_have_is_not_missed(alignment, planned, ada):
    assert alignment.subjects(DepartmentWithoutWorkstream) == []


def test_a_part_that_is_taken_away_is_missed_again(alignment, planned, engineering, ada):
    Task.objects.get().archive(by=ada)
    Workstream.objects.get().archive(by=ada)
    assert alignment.subjects(DepartmentWithoutWorkstream) == [planned]
    planned.change(status=Release.Status.RELEASED, released_on=date(2027, 2, 1), by=ada)
    assert alignment.subjects(DepartmentWithoutWorkstream) == []


# --- RL102: somebody does it ---------------------------------------------------------------------------


@pytest.fixture
def stream(spring, engineering, ada):
    return Workstream.objects.add(release=spring, department=engineering, by=ada)


@pytest.fixture
def build(stream, dana, ada):
    return Task.objects.add(workstream=stream, title="Build", owner=dana, likely=3, by=ada)


def test_a_task_without_an_owner_is_found_until_somebody_takes_it(alignment, build, dana, ada):
    assert alignment.subjects(TaskWithoutOwner) == []
    build.change(owner=None, by=ada)
    assert alignment.finding(TaskWithoutOwner).says == "Nobody does “Build” for 4.2"
    alignment.finding(TaskWithoutOwner).fix("choose_owner", owner=dana, by=ada)
    assert alignment.subjects(TaskWithoutOwner) == []


def test_an_owner_who_has_left_is_none(alignment, build, dana, ada):
    dana.change(standing=Person.Standing.LEFT, by=ada)
    assert "Dana Ruiz, is not here any more" in alignment.finding(TaskWithoutOwner).evidence


def test_milestones_and_what_is_over_need_no_owner(alignment, build, stream, ada):
    Task.objects.add(workstream=stream, title="Freeze", kind=Task.Kind.MILESTONE, by=ada)
    build.change(owner=None, status=Task.Status.DONE, done_on=date(2027, 2, 1), by=ada)
    assert alignment.subjects(TaskWithoutOwner) == []


# --- RL103: what is announced is likely ----------------------------------------------------------------


def forecast(release, chance, days=9, **fields):
    target = release.latest_target
    return Forecast.objects.create(
        release=release,
        at=timezone.now(),
        target_on=target,
        planned_on=target,
        p50_on=target,
        p85_on=target + timedelta(days=days),
        p95_on=target + timedelta(days=days + 9),
        chance=chance,
        runs=1000,
        **fields,
    )


def test_a_target_that_few_simulations_make_is_found(alignment, stream, spring, engineering, ada):
    forecast(spring, 0.38)
    alignment.check()
    finding = alignment.finding(LaunchBeforeReady)
    assert finding.evidence == (
        "38 of 100 simulations of its plan make the target; 85 of 100 are done by 23 March 2027, 9 days later."
    )
    assert list(finding.departments.all()) == [engineering]
    forecast(spring, 0.9, days=0)
    alignment.check()
    assert alignment.subjects(LaunchBeforeReady) == []


def test_a_forecast_of_another_target_says_nothing_of_this_one(alignment, spring, ada):
    forecast(spring, 0.1)
    alignment.check()
    alignment.finding(LaunchBeforeReady).fix("move_target", target_on=date(2027, 4, 1), by=ada)
    assert alignment.subjects(LaunchBeforeReady) == []


# --- RL104: deadlines are kept, or moved -----------------------------------------------------------------


def test_a_deadline_that_has_passed_is_found_and_says_who_waits(alignment, build, stream, today, ada):
    build.change(deadline=today - timedelta(days=1), by=ada)
    after = Task.objects.add(workstream=stream, title="Test", likely=1, by=ada)
    TaskLink.objects.add(task=after, predecessor=build, by=ada)
    alignment.check()
    finding = alignment.finding(TaskLate)
    assert finding.evidence == "It was due on 9 February 2027 for 4.2, and is to do. 1 waits for it."
    finding.fix("mark_done", done_on=today, by=ada)
    assert alignment.subjects(TaskLate) == []


def test_the_day_itself_is_in_time(alignment, build, today, ada):
    build.change(deadline=today, by=ada)
    assert alignment.subjects(TaskLate) == []


# --- RL105: handovers happen in order --------------------------------------------------------------------


@pytest.fixture
def handover(build, spring, support, ada):
    theirs = Workstream.objects.add(release=spring, department=support, by=ada)
    articles = Task.objects.add(workstream=theirs, title="Help articles", likely=1, by=ada)
    return TaskLink.objects.add(task=articles, predecessor=build, by=ada)


def test_a_department_that_begins_too_early_is_found(alignment, handover, today, ada):
    assert alignment.subjects(HandoverOutOfOrder) == []
    handover.task.start(on=today, by=ada)
    finding = alignment.finding(HandoverOutOfOrder)
    assert finding.says == "Support has begun “Help articles” before Engineering has finished “Build”"
    finding.fix("mark_done", done_on=today, by=ada)
    assert alignment.subjects(HandoverOutOfOrder) == []


@pytest.mark.parametrize("fix", ["overlap", "unlink"])
def test_what_may_overlap_or_is_not_needed_is_no_handover(fix, alignment, handover, today, ada):
    handover.task.start(on=today, by=ada)
    alignment.finding(HandoverOutOfOrder).fix(fix, by=ada)
    assert alignment.subjects(HandoverOutOfOrder) == []
