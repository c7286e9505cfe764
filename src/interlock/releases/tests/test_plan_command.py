"""`interlock plan`: what it prints, what it ends with, and that it writes nothing."""

import json
import shlex
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from interlock.organisation.models import Department
from interlock.releases.models import Forecast, PlanRun, Release, Task, TaskDates, TaskLink, Workstream
from interlock.releases.what_if import FORMS
from interlock.workspaces.models import AuditEvent

pytestmark = pytest.mark.django_db

DOC = Path(__file__).parents[4] / "docs/planning.md"
QUICK = ("--simulate", "200", "--seconds", "1")


def run(*arguments):
    """What it prints, and the status it ends with."""
    out = StringIO()
    try:
        call_command("plan", *arguments, stdout=out)
    except SystemExit as end:
        return out.getvalue(), end.code
    except CommandError as error:
        return str(error), error.returncode
    return out.getvalue(), 0


@pytest.fixture
def release(payments, ada):
    return Release.objects.add(
        product=payments, name="4.2", target_on=timezone.localdate() + timedelta(days=14), by=ada
    )


@pytest.fixture
def tasks(release, engineering, ada):
    Department.objects.add(name="Platform", capacity=3, by=ada)
    engineering.change(capacity=2, by=ada)
    stream = Workstream.objects.add(release=release, department=engineering, by=ada)
    made = Task.objects.add_many(
        [
            {"workstream": stream, "title": "Build", "optimistic": 6, "likely": 9, "pessimistic": 20},
            {"workstream": stream, "title": "Publish", "likely": 2},
        ],
        by=ada,
    )
    TaskLink.objects.add(task=made[1], predecessor=made[0], by=ada)
    return made


def test_the_plan_its_forecast_and_the_levers_are_printed(tasks):
    said, status = run("R-1", *QUICK)
    assert status == 0
    assert said.startswith("4.2 is likely ")
    for part in ("85% likely by", "Load of Engineering", "TASK-1", "Build", "critical", "What would bring it back"):
        assert part in said
    assert "200 simulations, seed 1." in said


def test_before_and_after_stand_side_by_side_and_nothing_is_written(tasks):
    events = AuditEvent.objects.count()
    said, status = run("4.2", "--workspace", "northwind", "--what-if", "estimate TASK-1 2", *QUICK)
    assert status == 0
    assert "What if: 4.2 is likely on time" in said
    assert "“Build” takes 2 days" in said
    assert "As it is" in said
    assert "(was " in said
    assert AuditEvent.objects.count() == events
    assert not Forecast.objects.exists()
    assert not TaskDates.objects.exists()
    assert PlanRun.objects.get().state == PlanRun.State.WAITING


def test_json_has_these_keys_and_no_others(tasks):
    said, status = run("R-1", "--what-if", "drop TASK-2", "lend 1 of Platform to Engineering", "--json", *QUICK)
    told = json.loads(said)
    assert status == 0
    assert list(told) == ["workspace", "release", "today", "runs", "seed", "changes", "plan", "what_if"]
    assert [one["change"] for one in told["changes"]] == ["drop TASK-2", "lend 1 of D-2 to D-1"]
    for case in (told["plan"], told["what_if"]):
        assert list(case) == [
            "forecast",
            "contradictions",
            "person_days",
            "departments",
            "drivers",
            "levers",
            "other_releases",
        ]
        assert list(case["forecast"]) == ["target_on", "planned_on", "p50_on", "p85_on", "p95_on", "chance"]
    [engineering] = told["plan"]["departments"]
    assert list(engineering["tasks"][0]) == [
        "key",
        "title",
        "kind",
        "starts_on",
        "ends_on",
        "slack",
        "critical",
        "likely_by",
    ]
    assert [len(case["departments"][0]["tasks"]) for case in (told["plan"], told["what_if"])] == [2, 1]
    assert json.loads(run("R-1", "--what-if", "drop TASK-2", "--json", *QUICK)[0])["plan"] == told["plan"]


def test_the_levers_can_be_tried_as_they_are_told(tasks):
    [lever, *_] = json.loads(run("R-1", "--json", *QUICK)[0])["plan"]["levers"]
    before, after = (
        json.loads(run("R-1", "--json", *QUICK, "--what-if", *lever["changes"])[0])[case]
        for case in ("plan", "what_if")
    )
    assert after["forecast"]["p85_on"] < before["forecast"]["p85_on"]


def test_contradictions_are_told_in_words_and_by_the_status(tasks, ada):
    stream = tasks[0].workstream
    day = timezone.localdate() + timedelta(days=3)
    press = Task.objects.add(workstream=stream, title="Press date", kind="milestone", fixed_on=day, by=ada)
    TaskLink.objects.add(task=press, predecessor=tasks[1], by=ada)
    said, status = run("R-1", *QUICK)
    assert status == 1
    assert "Not every date can be kept:" in said
    assert f"“Press date” is fixed to {day:%-d %B %Y}, but needs “" in " ".join(said.split())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["R-9"], "There is no release “R-9” in northwind."),
        (["R-1", "--workspace", "nowhere"], "There is no workspace “nowhere”."),
        (["R-1", "--what-if", "do better"], "“do better” is no change that is understood."),
        (["R-1", "--what-if", "drop TASK-9"], "There is no TASK-9 that is still to be done"),
        (["R-1", "--simulate", "0"], "invalid whole number from 1 to 100,000"),
        (["R-1", "--seconds", "9999"], "invalid whole number from 1 to 600"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_status_2(arguments, says, tasks):
    said, status = run(*arguments)
    assert says in said
    assert status in (1, 2) if "invalid" in says else status == 2


def test_a_release_without_work_has_nothing_to_schedule(release, ada):
    assert run("R-1") == ("4.2 has no task that is still to be done: there is nothing to schedule.", 2)
    release.change(status="released", released_on=timezone.localdate(), by=ada)
    assert run("R-1") == ("4.2 is released: there is nothing left to plan.", 2)


def test_a_task_that_needs_more_people_than_there_are_is_named(tasks, ada):
    tasks[0].change(people=40, by=ada)
    said, status = run("R-1", *QUICK)
    assert status == 2
    assert said == "“Build” needs 40 of Engineering at once, and there is never more than 2."


def test_the_documentation_tells_every_change_and_its_examples_run(tasks):
    text = DOC.read_text()
    for one in FORMS:
        assert f"| `{one.example}` | {one.means} |" in text
    commands = [line for line in text.splitlines() if line.startswith("interlock plan ")]
    assert commands
    for line in commands:
        _, status = run(*shlex.split(line)[2:], *QUICK)
        assert status == 0, line
