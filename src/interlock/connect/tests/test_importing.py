import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from interlock.backlog.models import Feature
from interlock.connect.importing.judging import Judge
from interlock.connect.importing.mapping import Mapping
from interlock.connect.importing.notes import Kind, Note
from interlock.connect.importing.nouns import NOUNS
from interlock.connect.importing.run import Report, Run
from interlock.connect.importing.staging import Staging
from interlock.connect.models import ImportRun
from interlock.connect.readers import opened
from interlock.connect.tests.sources import files
from interlock.organisation.models import Department, Person, Product, Team
from interlock.workspaces.models import AuditEvent, ExternalId, Invitation, Member


class Imported:
    """What a run reported: counts as (created, changed, unchanged, refused), notes as texts with their places."""

    def __init__(self, report: Report, run: Run) -> None:
        self.stopped = report.stopped
        self.total = counts(report.total)
        self.counts = {name: counts(one) for name, one in report.counts.items()}
        self.notes = [(note.kind, f"{note.file}:{note.line} {note.field}: {note.text}") for note in run.notes()]

    def told(self, kind: Kind) -> list[str]:
        return [text for found, text in self.notes if found == kind]


def counts(one):
    return (one.created, one.changed, one.unchanged, one.refused)


def imported(folder: Path, mapping: str, *, by: Member, write: bool = True, strict: bool = False) -> Imported:
    with Run(opened(folder), Mapping.parse(mapping), by=by, strict=strict) as run:
        report = run.check()
        if write:
            report = run.write()
        return Imported(report, run)


BACKLOG = """
source: tracker
tables:
  status: {open: planned, closed: done}
imports:
  - entity: product
    files: plan.csv
    external_id: Product
    on_duplicate: first
    fields: {name: Product}
  - entity: feature
    files: plan.csv
    external_id: ID
    fields:
      product: Product
      title: Title
      status: {from: Status, do: [{lookup: status}]}
      owner: {from: Owner, by: [email, name], on_missing: create}
      effort_days: Effort
      tags: {from: Tags, do: [{split: ";"}]}
      links: Link
"""
PLAN = """ID,Product,Title,Status,Owner,Effort,Tags,Link
1,Checkout,Refunds,open,ada@northwind.example,12.5,money; urgent,https://tracker.example/1
2,Checkout,Exports,closed,ADA@northwind.example,,money,see the wiki
"""


@pytest.fixture
def plan(tmp_path):
    return files(tmp_path, {"plan.csv": PLAN})


def test_rows_become_features_with_all_that_belongs_to_them(plan, ada):
    assert imported(plan, BACKLOG, by=ada).counts == {
        "product": (1, 0, 0, 0),
        "person": (1, 0, 0, 0),
        "feature": (2, 0, 0, 0),
    }
    refunds, exports = Feature.objects.order_by("number")
    assert (refunds.title, refunds.status, refunds.effort_days) == ("Refunds", "planned", Decimal("12.5"))
    assert refunds.product.name == "Checkout"
    assert refunds.owner == exports.owner
    assert (refunds.owner.email, refunds.owner.standing) == ("ada@northwind.example", "unconfirmed")
    assert [tag.name for tag in refunds.tags.all()] == ["money", "urgent"]
    assert refunds.links == [{"title": "https://tracker.example/1", "url": "https://tracker.example/1"}]
    assert exports.links == [{"title": "see the wiki", "url": ""}]


def test_a_second_run_changes_nothing(plan, ada):
    imported(plan, BACKLOG, by=ada)
    before = AuditEvent.objects.count()
    assert imported(plan, BACKLOG, by=ada).total == (0, 0, 3, 0)
    assert AuditEvent.objects.count() == before


# --- who was erased --------------------------------------------------------------------------------------

DIRECTORY = """
source: directory
imports:
  - entity: person
    files: people.csv
    external_id: Handle
    fields:
      name: Name
      emails: Mail
      handles: Handle
  - entity: product
    files: plan.csv
    external_id: Product
    on_duplicate: first
    fields: {name: Product}
  - entity: feature
    files: plan.csv
    external_id: ID
    fields: {product: Product, title: Title, owner: {from: Owner, by: [handle], on_missing: create}}
"""
PEOPLE = "Handle,Name,Mail\nzebra,Zoe Brandt,zoe@northwind.example\nlion,Leo Brandt,leo@northwind.example\n"
OWNED = "ID,Product,Title,Owner\n1,Checkout,Refunds,zebra\n2,Checkout,Exports,@quagga\n"


def everything_kept():
    """Every text in the database, but for whom the audit and sign-in speak of by number."""
    return "\n".join(
        str(list(model._base_manager.values_list())) for model in apps.get_models() if model._meta.managed
    ).casefold()


def test_who_was_erased_neither_comes_back_with_the_same_file_nor_leaves_their_handle(tmp_path, olga):
    folder = files(tmp_path, {"people.csv": PEOPLE, "plan.csv": OWNED})
    imported(folder, DIRECTORY, by=olga)
    people = Person.objects.of(olga.workspace)
    zoe, quagga = people.get(name="Zoe Brandt"), people.get(identities__folded="quagga")
    Invitation.objects.invite("zoe@northwind.example", "viewer", by=olga)
    for person in (zoe, quagga):
        person.erase(by=olga, on=timezone.localdate())
    assert not {"zebra", "zoe", "quagga"} & set(re.findall(r"\w+", everything_kept()))
    before = people.count()
    again = imported(folder, DIRECTORY, by=olga)
    assert again.counts["person"] == (0, 0, 2, 0)
    assert again.told(Kind.SET_ASIDE) == [f"people.csv:2 : {zoe.key} was erased, and takes nothing from a source again"]
    assert people.count() == before
    assert Feature.objects.get(title="Refunds").owner == zoe
    assert Feature.objects.get(title="Exports").owner == quagga
    assert not {"zebra", "zoe", "quagga"} & set(re.findall(r"\w+", everything_kept()))


def test_who_was_erased_is_looked_up_together_with_the_others(tmp_path, olga):
    imported(files(tmp_path, {"people.csv": PEOPLE, "plan.csv": OWNED}), DIRECTORY, by=olga)
    zoe, leo = Person.objects.get(name="Zoe Brandt"), Person.objects.get(name="Leo Brandt")
    zoe.erase(by=olga, on=timezone.localdate())
    judge = Judge(Staging(), Mapping.parse(DIRECTORY), by=olga, progress=lambda *_: None)
    ContentType.objects.get_for_model(Person)
    with CaptureQueriesContext(connection) as queries:
        assert judge._known(NOUNS["person"], ["zebra", "lion", "tiger"]) == {"zebra": zoe.pk, "lion": leo.pk}
    assert len(queries) == 1


def test_runs_forget_whom_they_told_of(tmp_path, olga):
    run = ImportRun.objects.note_down(
        Report(dry=True),
        [Note(Kind.REFUSED, "“7” and “Zebra” stand beside zebras, 7 times"), Note(Kind.LOST, "Zoe Brandt’s")],
        label="zoe brandt.csv",
        mapping=Mapping.parse(DIRECTORY),
        by=olga,
    )
    run.preview = [
        {"entity": "person", "ext": "7", "place": "people.csv, line 2", "state": "new", "fields": {"title": "Keeper"}},
        {"entity": "feature", "ext": "1", "place": "plan.csv, line 2", "state": "new", "fields": {"owner": "ZEBRA"}},
    ]
    run.save()
    zoe = Person.objects.add(name="Zoe Brandt", by=olga)
    zoe.identify("@zebra", kind="handle", source="chat", by=olga)
    kind = ContentType.objects.get_for_model(Person)
    ExternalId.objects.create(workspace=olga.workspace, source="hr", record_id="7", content_type=kind, object_id=zoe.pk)
    zoe.erase(by=olga, on=timezone.localdate())
    run.refresh_from_db()
    assert [(row["entity"], row["fields"]) for row in run.preview] == [("feature", {"owner": "Somebody who left"})]
    assert run.label == "Somebody who left.csv"
    assert [note.text for note in run.notes.all()] == [
        "“Somebody who left” and “Somebody who left” stand beside zebras, 7 times",
        "Somebody who left’s",
    ]


PRODUCTS = """
source: tracker
imports:
  - entity: product
    external_id: Product
    fields: {name: Product, description: About, teams: {from: Team, by: name}}
"""


def test_who_sees_a_product_is_changed_by_no_import_of_an_editor(tmp_path, ada, amir):
    department = Department.objects.add(name="Engineering", by=amir)
    everybody = Team.objects.add(name="Everybody", department=department, by=amir)
    lab = Product.objects.add(name="Lab", teams=[everybody], by=amir)
    Team.objects.add(name="Outsiders", department=department, by=amir)
    path = files(tmp_path, {"products.csv": "Product,About,Team\nLab,Secret,Outsiders\nShop,Open,\n"})
    refused = imported(path, PRODUCTS, by=ada)
    assert refused.counts["product"] == (1, 0, 0, 1)
    assert refused.told(Kind.REFUSED) == [
        "products.csv:2 teams: As editor, you cannot change settings, rules and who sees a product."
    ]
    lab.refresh_from_db()
    assert (lab.description, list(lab.teams.all())) == ("", [everybody])
    assert imported(path, PRODUCTS, by=amir).counts["product"] == (0, 1, 1, 0)
    assert [team.name for team in lab.teams.all()] == ["Outsiders"]


HIDDEN = """
source: tracker
imports:
  - entity: feature
    external_id: ID
    fields: {title: Title, product: {from: Product, by: name}}
"""
NOT_OPEN = "nothing is known under “{}”, or changing it is not open to you"


@pytest.fixture
def hidden(tmp_path, ada, amir):
    """A file whose first feature an import brought into a product that was hidden from Ada afterwards."""
    lab = Product.objects.add(name="Lab", by=amir)
    path = files(tmp_path, {"plan.csv": "ID,Product,Title\n1,Lab,Secret\n"})
    imported(path, HIDDEN, by=amir)
    lab.restrict(True, by=amir)
    return path


@pytest.mark.parametrize("title", ["Secret", "Guess"])
def test_a_hidden_row_is_refused_whether_or_not_the_file_says_what_it_holds(title, hidden, ada, amir):
    files(hidden, {"plan.csv": f"ID,Product,Title\n1,Lab,{title}\n"})
    for write in (False, True):
        told = imported(hidden, HIDDEN, by=ada, write=write)
        assert told.counts["feature"] == (0, 0, 0, 1)
        assert told.told(Kind.REFUSED) == [f"plan.csv:2 : {NOT_OPEN.format(1)}"]
    assert Feature.objects.get().title == "Secret"
    assert imported(hidden, HIDDEN, by=amir).counts["feature"][3] == 0


def test_of_unknown_and_of_hidden_rows_the_same_is_said(hidden, ada):
    files(hidden, {"plan.csv": "ID,Product,Title\n1,Lab,Secret\n2,Lab,Secret\n"})
    told = imported(hidden, HIDDEN.replace("    fields", "    only_known: true\n    fields"), by=ada)
    assert told.total == (0, 0, 0, 0)
    assert told.told(Kind.SET_ASIDE) == [f"plan.csv:{number + 1} : {NOT_OPEN.format(number)}" for number in (1, 2)]


def test_a_reference_that_would_be_made_leads_to_nothing_hidden(tmp_path, ada, amir):
    made = HIDDEN.replace("by: name", "by: name, on_missing: create")
    path = files(tmp_path, {"plan.csv": "ID,Product,Title\n1,Lab,Secret\n"})
    imported(path, made, by=ada)
    Product.objects.get().restrict(True, by=amir)
    files(path, {"plan.csv": "ID,Product,Title\n2,Lab,Other\n"})
    assert imported(path, made, by=ada).told(Kind.REFUSED) == [f"plan.csv:2 product: {NOT_OPEN.format('Lab')}"]
    assert (Product.objects.count(), Feature.objects.count()) == (1, 1)


def test_dependencies_come_in_with_the_features_that_they_tie(tmp_path, ada):
    names = [("1", "Refunds"), ("2", "Exports")]
    folder = files(
        tmp_path,
        {
            "features.csv": "ID,Title\n" + "".join(f"{number},{title}\n" for number, title in names),
            "ties.csv": "ID,From,To\n1,1,2\n2,2,2\n",
        },
    )
    mapping = """
source: tracker
imports:
  - entity: product
    files: features.csv
    external_id: {value: it}
    on_duplicate: first
    fields: {name: {value: Checkout}}
  - entity: feature
    files: features.csv
    external_id: ID
    fields: {title: Title, product: {value: Checkout}}
  - entity: dependency
    files: ties.csv
    external_id: ID
    fields: {feature: {from: From, by: id}, needs: {from: To, by: id}}
"""
    brought = imported(folder, mapping, by=ada)
    assert brought.counts["dependency"] == (1, 0, 0, 1)
    assert brought.told(Kind.REFUSED) == ["ties.csv:3 needs: A feature does not need itself."]
