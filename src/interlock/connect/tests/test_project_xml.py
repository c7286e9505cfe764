"""A plan of Microsoft Project: read, and brought into a release."""

from datetime import date
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from interlock.connect.importing.mapping import Mapping
from interlock.connect.importing.notes import Kind
from interlock.connect.importing.project import mapping_for
from interlock.connect.importing.run import Run
from interlock.connect.models import ImportRun
from interlock.connect.readers import Reading, Refusal, Remarks, opened
from interlock.organisation.models import Department, Person
from interlock.releases.files import project
from interlock.releases.models import Release, Task, TaskLink, Workstream
from interlock.releases.plans import Plan
from interlock.workspaces.models import AuditEvent

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<Project xmlns="http://schemas.microsoft.com/project">'
SUMMARY = "<Task><UID>1</UID><Name>Engineering</Name><OutlineLevel>1</OutlineLevel><Summary>1</Summary></Task>"


def task(uid, name, more="", level=2):
    return f"<Task><UID>{uid}</UID><Name>{name}</Name><OutlineLevel>{level}</OutlineLevel>{more}</Task>"


def a_project(*tasks, more=""):
    return f"{HEAD}<Tasks>{SUMMARY}{''.join(tasks)}</Tasks>{more}</Project>"


def records(tmp_path, text, steps):
    path = tmp_path / "plan.xml"
    path.write_text(text, encoding="utf-8")
    return [one.data for one in Reading(steps=steps).records(opened(path), "plan.xml", Remarks())]


@pytest.fixture
def release(payments, ada):
    return Release.objects.add(product=payments, name="4.2", target_on=date(2027, 3, 19), by=ada)


@pytest.fixture
def bring_in(tmp_path, ada):
    def act(text, release):
        path: Path = tmp_path / "plan.xml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with Run(opened(path), Mapping.parse(mapping_for(release)), by=ada) as run:
            run.check()
            report = run.write()
            return report, [(note.kind, note.entity, note.text) for note in run.notes()]

    return act


# --- what is read ------------------------------------------------------------------------------------


def test_what_stands_below_a_summary_of_the_first_level_is_its_departments(tmp_path):
    text = a_project(
        task(2, "Backend", "<Summary>1</Summary>"),
        task(3, "Build", "<Duration>PT40H0M0S</Duration>", level=3),
        task(4, "Launch", "<Milestone>1</Milestone><Duration>PT0H0M0S</Duration>"),
    )
    assert records(tmp_path, text, ["departments", "[]"]) == [{"uid": "1", "name": "Engineering"}]
    build, launch = records(tmp_path, text, ["tasks", "[]"])
    assert (build["department"], build["likely"], build["kind"]) == ("1", "5", "task")
    assert (launch["kind"], "likely" in launch) == ("milestone", False)


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("<Duration>PT40H0M0S</Duration>", "5"),
        ("<Duration>PT12H30M0S</Duration>", "1.6"),
        ("<Duration>PT8H0M0S</Duration><Estimated>1</Estimated>", None),
        ("<Duration>PT16H0M0S</Duration><Estimated>1</Estimated>", "2"),
        ("<Duration>soon</Duration>", "soon"),
        ("", None),
    ],
)
def test_a_duration_is_so_many_days_of_work(tmp_path, written, days):
    [one] = records(tmp_path, a_project(task(2, "Build", written)), ["tasks", "[]"])
    assert one.get("likely") == days


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("0", {}),
        ("2", {"fixed_on": "2027-03-05"}),
        ("3", {"deadline": "2027-03-05"}),
        ("4", {"not_before": "2027-03-05"}),
        ("5", {"deadline": "begun by 2027-03-05"}),
        ("6", {"not_before": "not finished before 2027-03-05"}),
        ("7", {"deadline": "2027-03-05"}),
    ],
)
def test_a_constraint_is_a_date_of_the_task(tmp_path, kind, fields):
    more = f"<ConstraintType>{kind}</ConstraintType><ConstraintDate>2027-03-05T08:00:00</ConstraintDate>"
    [one] = records(tmp_path, a_project(task(2, "Build", more)), ["tasks", "[]"])
    assert {name: one[name] for name in ("fixed_on", "deadline", "not_before") if name in one} == fields


@pytest.mark.parametrize(
    ("lag", "written_in", "days"),
    [("28800", "8", "2"), ("-14400", "8", "-1"), ("24000", "7", "7"), ("9600", "7", "3"), ("50", "19", None)],
)
def test_a_lag_is_days_with_weekends(tmp_path, lag, written_in, days):
    link = (
        f"<PredecessorLink><PredecessorUID>2</PredecessorUID><Type>3</Type><LinkLag>{lag}</LinkLag>"
        f"<LagFormat>{written_in}</LagFormat></PredecessorLink>"
    )
    [one] = records(tmp_path, a_project(task(2, "Build"), task(3, "Test", link)), ["links", "[]"])
    assert (one["task"], one["predecessor"], one["kind"]) == ("3", "2", "ss")
    assert one["lag_days"] == (days or "50 % of the predecessor")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('<!DOCTYPE a [<!ENTITY x "y">]><Project>&x;</Project>', "document type or entities"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><Project/>', "document type or entities"),
        ("<Project><Tasks><Task></Tasks></Project>", "is not valid XML"),
        ("<html></html>", "is no project of Microsoft Project"),
        ("<Project>" + "<a>" * 50 + "</a>" * 50 + "</Project>", "nested deeper than 30"),
        (f"<Project><Tasks><Task><Name>{'x' * 1_000_001}</Name></Task></Tasks></Project>", "more than 1,000,000"),
        (f"<Project><Tasks>{'<Task/>' * 20_001}</Tasks></Project>", "more than 20,000 tasks"),
    ],
)
def test_hostile_files_are_refused_with_a_sentence(tmp_path, text, says):
    with pytest.raises(Refusal, match=says):
        records(tmp_path, text, [])


# --- what comes of it --------------------------------------------------------------------------------


@pytest.fixture
def plan(release, engineering, ada):
    support = Department.objects.add(name="Support", by=ada)
    dana = Person.objects.add(name="Dana", department=engineering, by=ada)
    build, help_ = (Workstream.objects.add(release=release, department=one, by=ada) for one in (engineering, support))
    made = Task.objects.add_many(
        [
            {"workstream": build, "title": "Build", "likely": 5, "optimistic": "4.5", "pessimistic": 9, "owner": dana},
            {"workstream": build, "title": "Test", "people": 3, "description": "With *care*.\n\nTwice."},
            {"workstream": help_, "title": "Articles", "likely": 3, "not_before": date(2027, 3, 8)},
            {"workstream": help_, "title": "Training", "likely": 1, "deadline": date(2027, 3, 18)},
            {"workstream": help_, "title": "Launch", "kind": "milestone", "fixed_on": date(2027, 3, 19)},
        ],
        by=ada,
    )
    made[0].start(on=date(2027, 3, 1), by=ada)
    made[0].change(remaining="2.5", by=ada)
    made[2].finish(on=date(2027, 3, 10), by=ada)
    for before, after, kind, lag in ((0, 1, "ff", 2), (1, 2, "ss", -3), (2, 3, "sf", 0), (3, 4, "fs", 1)):
        TaskLink.objects.add(task=made[after], predecessor=made[before], kind=kind, lag_days=lag, by=ada)
    return release


def told(release):
    """The plan, without the keys under which it stands."""
    tasks = Task.objects.active().filter(workstream__release=release).order_by("number")
    fields = "title description kind status optimistic likely pessimistic remaining people not_before fixed_on deadline"
    names = ["workstream__department__name", "owner__name", *fields.split(), "started_on", "done_on"]
    links = TaskLink.objects.active().filter(task__workstream__release=release).order_by("number")
    return list(tasks.values_list(*names)), list(
        links.values_list("task__title", "predecessor__title", "kind", "lag_days")
    )


def test_what_goes_out_comes_in_as_the_same_plan(plan, payments, bring_in, ada):
    other = Release.objects.add(product=payments, name="4.3", by=ada)
    report, notes = bring_in(project.written(Plan.of(plan, by=ada, described=True)), other)
    assert not [note for note in notes if note[0] in (Kind.REFUSED, Kind.LOST, Kind.UNMATCHED)]
    assert report.counts["task"].created == 5
    assert told(other) == told(plan)


def test_what_comes_back_is_known_by_its_key(plan, bring_in, ada):
    file = project.written(Plan.of(plan, by=ada, described=True))
    before = told(plan)
    report, _ = bring_in(file, plan)
    assert (report.total.created, report.total.refused, told(plan)) == (0, 0, before)
    bring_in(file.replace(b"<Name>Training</Name>", b"<Name>Training of support</Name>"), plan)
    assert [row[2] for row in told(plan)[0]] == ["Build", "Test", "Articles", "Training of support", "Launch"]
    assert Workstream.objects.count() == 2


def test_the_same_file_again_changes_nothing(release, engineering, bring_in):
    text = a_project(task(2, "Build"), task(3, "Test"))
    bring_in(text, release)
    before = AuditEvent.objects.count()
    report, _ = bring_in(text, release)
    assert (report.total.created, report.total.changed, AuditEvent.objects.count()) == (0, 0, before)


def test_what_has_no_department_here_is_refused_with_its_reason(release, engineering, bring_in):
    text = a_project(
        task(2, "Build"),
        task(3, "Legal", "<Summary>1</Summary>", level=1),
        task(4, "Check the terms"),
        task(5, "Of nobody", level=1),
    )
    report, notes = bring_in(text, release)
    assert report.counts["task"].created == 1
    refused = [text for kind, _, text in notes if kind == Kind.REFUSED]
    assert "there is no department “Legal”" in refused
    assert "“3”, to which it refers, is refused" in refused
    assert "has no workstream" in refused


def test_a_circle_is_refused_and_the_rest_is_written(release, engineering, bring_in):
    def after(uid):
        return f"<PredecessorLink><PredecessorUID>{uid}</PredecessorUID></PredecessorLink>"

    _, notes = bring_in(a_project(task(2, "Build", after(3)), task(3, "Test", after(2))), release)
    assert [text for kind, _, text in notes if kind == Kind.REFUSED] == [
        "That would be a circle: “Build” → “Test” → “Build”."
    ]
    assert (Task.objects.count(), TaskLink.objects.count()) == (2, 1)


# --- through which doors it comes --------------------------------------------------------------------


def test_a_page_takes_it_and_shows_what_it_would_become_first(release, engineering, ada):
    client = Client()
    client.force_login(ada.user)
    assert "/plan/import/" in client.get(release.plan_url).content.decode()
    page = f"{release.plan_url}import/"
    assert client.get(page).status_code == 200
    assert client.post(page).status_code == 422
    sent = SimpleUploadedFile("plan.xml", a_project(task(2, "Build")).encode())
    answer = client.post(page, {"file": sent})
    run = ImportRun.objects.get()
    assert (answer.status_code, answer.url) == (302, run.get_absolute_url())
    run.work(write=False, by=ada)
    assert (run.counts["task"]["created"], Task.objects.count()) == (1, 0)
    run.begin(strict=False, digest=run.mapping_digest, by=ada)
    run.work(write=True, by=ada)
    assert Task.objects.get().workstream.release == release


def test_the_api_takes_it_too(release, engineering, ada):
    client = Client()
    client.force_login(ada.user)
    sent = SimpleUploadedFile("plan.xml", a_project(task(2, "Build")).encode())
    answer = client.post(f"/api/v1/workspaces/northwind/releases/{release.key}/plan/xml", {"file": sent})
    assert (answer.status_code, answer.json()["title"]) == (201, f"Microsoft Project into {release.key}")


@pytest.mark.parametrize(("who", "status"), [("ben", 404), ("gus", 404), ("cleo", 404)])
def test_who_may_not_import_cannot(who, status, release, request):
    client = Client()
    client.force_login(request.getfixturevalue(who).user)
    assert client.get(f"{release.plan_url}import/").status_code == status
