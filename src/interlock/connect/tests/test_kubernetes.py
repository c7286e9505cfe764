"""The example, on its extract and on the real thing. The figures of its README are checked here."""

import re
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings

from interlock.backlog.models import Dependency, Feature
from interlock.connect.importing.mapping import Mapping
from interlock.connect.importing.notes import Kind
from interlock.connect.importing.run import Run
from interlock.connect.readers import opened
from interlock.organisation.models import Department, Identity, Person, Team
from interlock.releases.models import Release, Task, Workstream
from interlock.workspaces.models import AuditEvent, ExternalId

EXAMPLE = settings.PACKAGE.parent.parent / "examples" / "kubernetes"


def bring_in(folder: Path, by):
    mapping = EXAMPLE / "mapping.yaml"
    with Run(opened(folder), Mapping.parse(mapping.read_text(), name="mapping.yaml"), by=by) as run:
        run.check()
        report = run.write()
        return report, [(note.kind, note.entity, note.field, note.text) for note in run.notes()]


def test_the_extract_is_imported_and_a_second_time_changes_nothing(ada):
    report, _ = bring_in(EXAMPLE / "data", ada)
    assert (report.counts["feature"].created, report.total.refused) == (72, 0)
    assert Feature.objects.exclude(owner=None).exclude(team=None).count() == 72
    assert Dependency.objects.exists()
    docs = Workstream.objects.get(release__name="1.34", department__name="Release Team: Docs")
    assert docs.owner
    freeze = docs.tasks.get(title="Docs Freeze")
    assert (freeze.kind, freeze.status, str(freeze.fixed_on)) == ("milestone", "done", "2025-08-06")
    before = AuditEvent.objects.count()
    report, _ = bring_in(EXAMPLE / "data", ada)
    assert (report.total.created, report.total.changed) == (0, 0)
    assert AuditEvent.objects.count() == before


def test_the_extract_names_nobody_by_their_own_handle(shared):
    org = (shared / "data/kubernetes/org/config/kubernetes/org.yaml").read_text()
    real = {name.lower() for name in re.findall(r'^- "?([\w-]+)"?$', org, re.MULTILINE)}
    texts = [path.read_text() for path in (EXAMPLE / "data").rglob("*") if path.is_file()]
    named = {
        name.lower()
        for text in texts
        for names in re.findall(r"@([\w-]+)|github: ([\w-]+)|github\.com/([\w-]+)\)", text)
        for name in names
    }
    assert named & real <= {""}


@pytest.mark.shared
def test_the_real_data_is_imported_whole_and_what_is_messy_is_reported(shared, ada):
    folder = shared / "data/kubernetes"
    report, notes = bring_in(folder, ada)
    files = {path.relative_to(folder).as_posix() for path in folder.glob("enhancements/keps/**/kep.yaml")}
    assert len(files) == 655
    features = ExternalId.objects.filter(content_type__model="feature", record_id__endswith="kep.yaml")
    assert set(features.values_list("record_id", flat=True)) == files
    assert report.total.refused == 0

    told = Counter((kind, entity, field) for kind, entity, field, _ in notes)
    assert told[Kind.UNMATCHED, "feature", "contributing_teams"] == 19
    assert told[Kind.UNMATCHED, "feature", "release"] == 25
    assert told[Kind.UNMATCHED, "feature", "needs"] == 55
    assert told[Kind.LOST, "feature", "created"] + told[Kind.LOST, "feature", "updated"] == 10
    lost = [text for kind, _, _, text in notes if kind == Kind.LOST]
    assert {"“2023-14-05” is no date that exists", "“2025-30-01” is no date that exists"} <= set(lost)

    assert (Department.objects.count(), Team.objects.filter(parent=None).count()) == (44, 35)
    assert Team.objects.exclude(parent=None).count() == 236
    standings = Counter(Person.objects.values_list("standing", flat=True))
    assert standings == {Person.Standing.CURRENT: 1273, Person.Standing.UNCONFIRMED: 394}
    assert Dependency.objects.count() == 270
    assert Feature.objects.exclude(description="").count() == 197
    assert (Workstream.objects.count(), Workstream.objects.exclude(owner=None).count()) == (141, 121)
    assert Counter(Task.objects.values_list("status", flat=True)) == {"done": 709, "todo": 7}
    assert told[Kind.LOST, "task", "fixed_on"] == 7
    targets = dict(Release.objects.values_list("name", "target_on"))
    assert len(targets) == 20
    assert {str(targets[name]) for name in ("1.18", "1.22", "1.37")} == {"2020-03-24", "2021-08-04", "2026-08-26"}


@pytest.mark.shared
def test_people_are_one_however_they_are_spelled(shared, ada):
    bring_in(shared / "data/kubernetes", ada)
    assert len({Identity.fold(one) for one in ("@DirectXMan12", "directxman12", "“@DirectXMan12”")}) == 1
    for handle in ("@DirectXMan12", "bentheelder", "SergeyKanzhelev", "seans3 "):
        assert Person.objects.known_as(handle, workspace=ada.workspace).count() == 1
    names = {name.casefold() for name in Person.objects.values_list("name", flat=True)}
    assert not names & {"tbd", "n/a", "k8s-ci-robot", "kubernetes"}


@pytest.mark.shared
def test_dead_links_stay_as_text(shared, ada):
    bring_in(shared / "data/kubernetes", ada)
    external = ExternalId.objects.get(
        content_type__model="feature", record_id__endswith="2333-legacyflags-kflag/kep.yaml"
    )
    feature = Feature.objects.get(pk=external.object_id)
    assert {"title": "KEP-32", "url": ""} in feature.links
