"""What could be changed about a plan: read, carried out on paper, and by verbs that mean the same."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest

from interlock.backlog.models import Feature
from interlock.organisation.models import Department, Product
from interlock.releases import scheduling
from interlock.releases.models import Release, Task, TaskLink, Workstream
from interlock.releases.what_if import FORMS, suppose_all
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import AuditEvent

pytestmark = pytest.mark.django_db

MONDAY = date(2027, 3, 1)


@pytest.fixture
def release(payments, ada):
    return Release.objects.add(product=payments, name="4.2", target_on=MONDAY + timedelta(days=18), by=ada)


@pytest.fixture
def later(payments, ada):
    return Release.objects.add(product=payments, name="4.3", target_on=MONDAY + timedelta(days=60), by=ada)


@pytest.fixture
def stream(release, engineering, ada):
    return Workstream.objects.add(release=release, department=engineering, by=ada)


@pytest.fixture
def support(engineering, ada):
    return Department.objects.add(name="Support", capacity=3, by=ada)


@pytest.fixture
def feature(payments, release, ada):
    made = Feature.objects.add(product=payments, title="Auto-collect", by=ada)
    release.take([made], by=ada)
    return made


@pytest.fixture
def build(stream, feature, ada):
    return Task.objects.add(
        workstream=stream,
        title="Build",
        optimistic=2,
        likely=4,
        pessimistic=8,
        feature=feature,
        deadline=MONDAY + timedelta(days=11),
        by=ada,
    )


@pytest.fixture
def publish(stream, build, ada):
    made = Task.objects.add(workstream=stream, title="Publish", likely=1, by=ada)
    TaskLink.objects.add(task=made, predecessor=build, by=ada)
    return made


def supposed(release, *lines, by=None):
    return suppose_all(lines, release=release, by=by)


def told(gathered):
    """The problem without the places in which things stand."""
    problem = gathered.problem
    return (
        [(task.name, task.modes, problem.releases[task.release].name) for task in problem.tasks],
        [(one.name, one.capacity) for one in problem.resources],
        sorted((one.name, one.target) for one in problem.releases),
        problem.links,
    )


@pytest.mark.parametrize(
    ("line", "kept", "words"),
    [
        ("drop f-1", "drop F-1", "Drop “Auto-collect”"),
        ("drop TASK-2", "drop TASK-2", "Drop “Publish”"),
        ("move F-1 to 4.3", "move F-1 to R-2", "Move “Auto-collect” to 4.3"),
        ("Move TASK-1 to R-2", "move TASK-1 to R-2", "Move “Build” to 4.3"),
        ("move TASK-1 to 2027-3-8", "move TASK-1 to 2027-03-08", "“Build” not before 8 March 2027"),
        ("add  2 to engineering", "add 2 to D-1", "Add 2 people to Engineering"),
        ("add -1 to Support", "add -1 to D-2", "Take one person from Support"),
        ("add 0.5 to D-1", "add 0.5 to D-1", "Add 0.5 people to Engineering"),
        ("lend 1 of Support to D-1", "lend 1 of D-2 to D-1", "Lend one person of Support to Engineering"),
        ("estimate TASK-1 1", "estimate TASK-1 1", "“Build” takes 1 day"),
        ("estimate TASK-1 1 2.5 4", "estimate TASK-1 1 2.5 4", "“Build” takes 1 to 4 days, likely 2.5"),
        ("split TASK-1", "split TASK-1", "Let 2 people work on “Build” at once"),
        (
            "overlap TASK-1 and TASK-2 by 2",
            "overlap TASK-1 and TASK-2 by 2",
            "Start “Publish” 2 days before “Build” ends",
        ),
        ("target 2027-04-01", "target R-1 2027-04-01", "4.2 is due on 1 April 2027"),
        ("target R-2 2027-05-01", "target R-2 2027-05-01", "4.3 is due on 1 May 2027"),
    ],
)
def test_a_line_is_understood_and_kept_by_keys(line, kept, words, release, later, support, publish):
    _, [one] = supposed(release, line)
    assert (one.line, one.words) == (kept, words)
    _, [again] = supposed(release, one.line)
    assert again == one


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("do better", "“do better” is no change that is understood. Write such as “drop F-12”"),
        ("drop TASK-99", "There is no TASK-99 that is still to be done in an open release."),
        ("drop F-99", "There is no feature F-99."),
        ("move TASK-1 to 9.9", "There is no open release “9.9”."),
        ("move TASK-1 to R-1", "TASK-1 is in 4.2 already."),
        ("move TASK-1 to 2027-02-30", "2027-02-30 is no day."),
        ("move TASK-1 to 2027-03-30", "Its deadline lies before the day on which it may begin."),
        ("add 0 to Engineering", "Say how many people, from 1 to 1,000."),
        ("add 5000 to Engineering", "Say how many people, from 1 to 1,000."),
        ("add 1 to Legal", "There is no department “Legal”."),
        ("lend 4 of Support to Engineering", "Support does not have so many people."),
        ("lend 1 of Support to D-2", "Support cannot lend to itself."),
        ("estimate TASK-1 -3", "is no change that is understood"),
        ("estimate TASK-1 5 3 8", "The optimistic estimate is longer than the likely one."),
        ("estimate TASK-1 5000", "A task takes at most 1,000 days."),
        ("estimate TASK-1 99999999999999999999999999999999999", "A task takes at most 1,000 days."),
        ("split TASK-3", "TASK-3 is a moment: there is nothing to split."),
        ("estimate TASK-3 2", "TASK-3 is a moment: it takes no days."),
        ("overlap TASK-2 and TASK-1 by 1", "TASK-1 does not wait for TASK-2."),
        ("target 1066-10-14", "1066-10-14 lies outside 1900 to 2199."),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(line, says, release, later, support, stream, publish, ada):
    Task.objects.add(workstream=stream, title="Launch", kind="milestone", by=ada)
    with pytest.raises(DomainError) as refusal:
        supposed(release, line)
    assert says in refusal.value.sentence
    assert refusal.value.field == "changes"


def test_every_form_has_an_example_that_is_read_by_it():
    for one in FORMS:
        assert re.fullmatch(one.pattern, one.example, re.IGNORECASE), one.example
        assert one.means.endswith(".")


def test_a_change_sees_what_those_before_it_have_changed(release, later, publish, build):
    with pytest.raises(DomainError, match="TASK-1 is left out already by a change before this one"):
        supposed(release, "drop TASK-1", "estimate TASK-1 3")
    draft, (_, second) = supposed(release, "estimate TASK-1 2", "split TASK-1")
    assert draft.task("TASK-1").likely == 1
    # What is found is the plan as it stands, not as the change before has made it.
    assert second.found == {"TASK-1": {"people": 1, "optimistic": 2.0, "likely": 4.0, "pessimistic": 8.0}}


def test_nothing_is_written_and_the_problem_is_another_one(release, later, publish, build, ada):
    before = scheduling.gather(release.workspace, today=MONDAY)
    events = AuditEvent.objects.count()
    draft, _ = supposed(release, "estimate TASK-1 10", "add 1 to Engineering", "target 2027-04-01", "drop TASK-2")
    after = scheduling.gather(release.workspace, today=MONDAY, draft=draft)
    assert [task.modes[0].duration for task in before.problem.tasks] == [8, 2]
    assert [task.modes[0].duration for task in after.problem.tasks] == [20]
    assert after.problem.resources[0].capacity == before.problem.resources[0].capacity + 2
    assert after.problem.releases[0].target > before.problem.releases[0].target
    # Luck goes with the task, whatever else is planned.
    assert after.plan().keys == before.plan().keys[:1]
    assert AuditEvent.objects.count() == events


def test_what_is_dropped_holds_nothing_up_any_more(release, build, publish):
    draft, _ = supposed(release, "drop F-1")
    problem = scheduling.gather(release.workspace, today=MONDAY, draft=draft).problem
    assert [task.name for task in problem.tasks] == ["Publish"]
    assert problem.links == ()


def test_what_moves_to_another_release_is_done_by_its_department_for_that_one(release, later, build, publish):
    draft, _ = supposed(release, "move F-1 to R-2")
    gathered = scheduling.gather(release.workspace, today=MONDAY, draft=draft)
    assert [gathered.releases[task.release].key for task in gathered.problem.tasks] == ["R-2", "R-1"]
    assert draft.task("TASK-1").workstream.department == build.workstream.department


def test_the_same_is_done_for_good_by_verbs(release, later, build, publish, engineering, ada):
    lines = ["move F-1 to R-2", "estimate TASK-2 3", "add 2 to Engineering", "target 2027-04-01"]
    draft, _ = supposed(release, *lines)
    drafted = told(scheduling.gather(release.workspace, today=MONDAY, draft=draft))
    events = AuditEvent.objects.count()
    draft.carry_out(by=ada, reason="SCN-1")
    assert told(scheduling.gather(release.workspace, today=MONDAY)) == drafted
    for row in (build, publish, engineering, release):
        row.refresh_from_db()
    assert (build.workstream.release, build.workstream.department, build.deadline) == (later, engineering, None)
    assert (publish.likely, engineering.capacity, release.target_on) == (3, Decimal(3), date(2027, 4, 1))
    assert build.feature.scope.release == later
    since = AuditEvent.objects.order_by("pk")[events:]
    assert sorted((event.key, event.verb) for event in since) == [
        ("D-1", "changed"),
        ("F-1", "replanned"),
        ("R-1", "changed"),
        ("TASK-1", "changed"),
        ("TASK-2", "changed"),
        ("WS-2", "added"),
    ]
    assert {event.reason for event in since if event.verb == "changed"} == {"SCN-1"}


def test_who_may_not_change_a_row_changes_none_of_them(release, build, publish, engineering, cora):
    draft, _ = supposed(release, "estimate TASK-2 3", by=cora)
    with pytest.raises(DomainError, match="Not yours to change: TASK-2"):
        draft.carry_out(by=cora, reason="")
    publish.refresh_from_db()
    assert publish.likely == 1


def test_what_one_does_not_see_is_not_there(release, build, amir, ben, ada):
    secret = Product.objects.add(name="Secret", restricted=True, by=amir)
    hidden = Release.objects.add(product=secret, name="Hidden 1.0", by=amir)
    stream = Workstream.objects.add(release=hidden, department=build.workstream.department, by=amir)
    Task.objects.add(workstream=stream, title="Unheard of", likely=1, by=amir)
    for line in ("drop TASK-2", "move TASK-1 to R-2", "move TASK-1 to Hidden 1.0", "target R-2 2027-04-01"):
        with pytest.raises(DomainError, match="There is no"):
            supposed(release, line, by=ben)
        supposed(release, line, by=amir)
