"""Imports through their pages: sent, told what they mean, looked at, written or forgotten."""

import io
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from interlock.backlog.models import Feature
from interlock.connect.models import ImportRun
from interlock.organisation.models import Person
from interlock.web.live import who_sees
from interlock.web.models import LiveEvent
from interlock.workspaces.models import AuditEvent, Member, User
from interlock.workspaces.permissions import Role

PLAN = b"""Key,Summary,Status,Owner,Effort,Tags,Fix version,Goal
A-1,Refunds,To Do,ada@northwind.example,12.5,money;urgent,4.2,Fewer tickets
A-2,Exports,Closed,,,money,4.2,
A-3,,To Do,,,,,
"""
MAPPING = """source: tracker
title: The tracker
imports:
  - entity: feature
    external_id: Key
    fields:
      title: Summary
      product: {value: Checkout, on_missing: create}
      owner: {from: Owner, by: name}
"""


class Pages:
    """What somebody does on the pages of northwind."""

    def __init__(self, member, worker):
        self.worker = worker
        self.client = Client()
        self.client.force_login(member.user)

    def get(self, name, *args, **query):
        return self.client.get(reverse(name, args=["northwind", *args]), query)

    def post(self, name, *args, follow=False, **data):
        return self.client.post(reverse(name, args=["northwind", *args]), data, follow=follow)

    def send(self, content=PLAN, name="plan.csv"):
        return self.post("import-new", file=SimpleUploadedFile(name, content))

    def write(self, run, **data):
        return self.post("import-write", run.key, digest=run.mapping_digest, **data)

    def check(self, content=PLAN, name="plan.csv", mapping=MAPPING):
        self.send(content, name)
        run = newest()
        self.post("import-mapping", run.key, mapping=mapping)
        self.worker.work_off()
        return newest()


def newest():
    return ImportRun.objects.order_by("-number").first()


def text(response):
    return response.content.decode()


def kept_files():
    return [path for path in Path(settings.MEDIA_ROOT, "imports").glob("*") if path.is_file()]


@pytest.fixture
def pages(ada, worker):
    for path in kept_files():
        path.unlink()
    return Pages(ada, worker)


# --- the way through ---------------------------------------------------------------------------------


def test_where_nothing_was_imported_the_page_says_what_to_do(pages):
    page = text(pages.get("imports"))
    assert "Bring your plan in" in page
    assert reverse("import-new", args=["northwind"]) in page
    assert reverse("import-guide", args=["northwind"]) in page


def test_the_navigation_leads_to_imports_whoever_may_import(pages, ben):
    assert "/northwind/imports/" in text(pages.get("home"))
    reader = Client()
    reader.force_login(ben.user)
    assert "/northwind/imports/" not in reader.get("/northwind/").content.decode()


def test_a_table_is_offered_a_mapping_made_from_its_columns_that_only_needs_a_nod(pages):
    sent = pages.send()
    assert sent["Location"] == "/northwind/imports/IMP-1/mapping/"
    form = pages.client.get(sent["Location"]).context["form"]
    pages.post("import-mapping", "IMP-1", mapping=form["mapping"].value())
    pages.worker.work_off()
    run = newest()
    assert (run.state, run.sentence) == ("checked", "")
    assert run.counts["feature"] == {"created": 2, "changed": 0, "unchanged": 0, "refused": 1}
    assert run.counts["release"]["created"] == run.counts["objective"]["created"] == 1
    assert Feature.objects.count() == 0


def test_what_was_checked_is_shown_as_it_would_become_and_nothing_is_written(pages):
    run = pages.check()
    page = text(pages.get("import-run", run.key))
    assert "plan.csv would bring 3 new rows and 1 refused" in page
    assert "Refunds" in page
    assert "has no title" in page
    assert "plan.csv, line 4" in page
    assert "there is no person “ada@northwind.example”" in text(pages.get("import-run", run.key, kind="unmatched"))
    assert Feature.objects.count() == 0


def test_what_is_imported_is_in_the_plan_and_the_page_leads_there(pages):
    run = pages.check()
    pages.write(run)
    pages.worker.work_off()
    page = text(pages.get("import-run", run.key))
    assert "plan.csv brought 3 new rows and 1 refused" in page
    assert 'href="/northwind/backlog/"' in page
    assert [feature.title for feature in Feature.objects.order_by("number")] == ["Refunds", "Exports"]
    assert AuditEvent.objects.filter(key=run.key, verb="imported").exists()
    assert kept_files() == []
    assert newest().preview == []


def test_all_or_nothing_means_nothing_where_a_row_is_refused(pages):
    run = pages.check()
    pages.write(run, strict="strict")
    pages.worker.work_off()
    assert "all or none were asked for" in text(pages.get("import-run", run.key))
    assert Feature.objects.count() == 0
    pages.write(run)
    pages.worker.work_off()
    assert Feature.objects.count() == 2


def test_the_same_file_again_would_change_nothing_and_says_so(pages):
    for _ in range(2):
        run = pages.check(PLAN.replace(b"A-3,,To Do,,,,,\n", b""))
        page = text(pages.get("import-run", run.key))
        pages.write(run)
        pages.worker.work_off()
    assert run.totals == {"created": 0, "changed": 0, "unchanged": 2, "refused": 0}
    assert "the plan holds all of it already" in page


def test_what_was_not_written_can_be_forgotten_with_its_file(pages):
    run = pages.check()
    assert len(kept_files()) == 1
    assert "Forgot plan.csv" in text(pages.post("import-forget", run.key, follow=True))
    assert kept_files() == []
    assert newest() is None


def test_what_was_written_can_not_be_forgotten(pages):
    run = pages.check()
    pages.write(run)
    pages.worker.work_off()
    assert pages.post("import-forget", run.key).status_code == 422
    assert newest().written


def test_while_it_is_at_work_the_page_says_how_far_it_is(pages):
    pages.send()
    pages.post("import-mapping", "IMP-1", mapping=MAPPING)
    ImportRun.objects.update(stage="Writing", done=500, total=2000)
    page = text(pages.get("import-run", "IMP-1"))
    assert "plan.csv is being checked" in page
    assert "500 of 2,000 rows" in page
    assert 'value="0.250"' in page
    assert pages.post("import-write", "IMP-1").status_code == 422


def test_every_note_can_be_paged_and_downloaded(pages):
    rows = b"".join(b"B-%d,,,,,,,\n" % n for n in range(120))
    run = pages.check(PLAN + rows)
    first = pages.get("import-run", run.key, kind="refused")
    assert len(first.context["notes"].rows) == 50
    second = pages.get("import-run", run.key, kind="refused", after=first.context["notes"].after)
    assert second.context["notes"].rows[0].line == 54
    lines = b"".join(pages.get("import-run", run.key, format="csv").streaming_content).decode().splitlines()
    assert len(lines) == 1 + newest().notes.count()
    assert lines[1] == "refused,feature,,plan.csv,4,has no title"


# --- mappings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "says", "line"),
    [
        (
            MAPPING.replace("title: Summary", "titel: Summary"),
            "imports[0].fields.titel: a feature has no such field",
            7,
        ),
        (MAPPING.replace("entity: feature", "entity: fature"), "there is no “fature”", 4),
        (MAPPING.replace("external_id: Key\n", "external_id: [\n"), "is not valid YAML", 7),
        ("source: x\n", "“imports” is missing", 1),
        ("- just\n- a list\n", "A mapping is one YAML document", 0),
        ("source: !!python/object:os.system x\n", "tags are not allowed", 1),
    ],
)
def test_a_mistake_in_a_mapping_is_said_at_its_place_and_nothing_typed_is_lost(wrong, says, line, pages):
    pages.send()
    answer = pages.post("import-mapping", "IMP-1", mapping=wrong)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert says in form.errors["mapping"][0]
    assert form["mapping"].value() == wrong
    assert (form.place.wrong if form.place else 0) == line
    assert newest().state == "received"


def test_a_mapping_can_come_from_a_file_or_from_an_earlier_import(pages):
    pages.check()
    pages.send()
    pages.post("import-mapping", "IMP-2", mapping="", earlier="IMP-1")
    assert newest().mapping == MAPPING
    pages.send()
    sent = SimpleUploadedFile("mapping.yaml", MAPPING.replace("The tracker", "From a file").encode())
    pages.post("import-mapping", "IMP-3", mapping="what stood there", upload=sent)
    assert newest().title == "From a file"


def test_a_mapping_from_a_file_that_is_wrong_stands_in_the_form_to_be_mended(pages):
    pages.send()
    sent = SimpleUploadedFile("mapping.yaml", b"source: x\n")
    answer = pages.post("import-mapping", "IMP-1", mapping="", upload=sent)
    assert answer.context["form"]["mapping"].value() == "source: x\n"


def test_the_guide_names_all_that_a_mapping_may_say(pages):
    page = text(pages.get("import-guide"))
    for word in ("effort_days", "lookup", "on_missing", "$folder", "front-matter", "extract_all"):
        assert word in page


# --- who ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["cora", "ben", "gus", "cleo"])
def test_for_those_who_may_not_import_there_are_no_imports(who, pages, worker, request):
    run = pages.check()
    theirs = Pages(request.getfixturevalue(who), worker)
    assert theirs.get("imports").status_code == 404
    assert theirs.get("import-run", run.key).status_code == 404
    assert theirs.send().status_code == 404
    assert theirs.post("import-write", run.key).status_code == 404
    assert newest() == run


@pytest.fixture
def eve(northwind):
    """Edits northwind as Ada does, and sees none of what she imports."""
    user = User.objects.create_user("eve@northwind.example", "correct horse", name="Eve")
    return Member.objects.create(workspace=northwind, user=user, role=Role.EDITOR)


def test_who_sent_it_and_those_who_configure_hear_of_it_live_and_nobody_else_does(
    pages, ada, eve, olga, amir, ben, cora, gus
):
    pages.write(pages.check())
    pages.worker.work_off()
    events = [one for one in LiveEvent.objects.all() if "imports" in one.topics]
    assert events
    for event in events:
        assert event.topics == ["imports"]
        assert who_sees(event, [ada, eve, olga, amir, ben, cora, gus]) == {ada.pk, olga.pk, amir.pk}


def test_the_imports_of_another_editor_are_not_there(pages, worker, eve):
    run = pages.check()
    theirs = Pages(eve, worker)
    assert run.key not in text(theirs.get("imports"))
    assert theirs.get("import-run", run.key).status_code == 404
    assert theirs.post("import-mapping", run.key, mapping=MAPPING).status_code == 404
    assert theirs.write(run).status_code == 404
    assert theirs.post("import-forget", run.key).status_code == 404
    theirs.send()
    assert "earlier" not in theirs.get("import-mapping", newest().key).context["form"].fields


def test_who_configures_looks_at_the_import_of_another_and_leaves_it_alone(pages, worker, amir):
    run = pages.check()
    theirs = Pages(amir, worker)
    page = text(theirs.get("import-run", run.key))
    assert "Ada sent this, and nobody else can map, import or forget it." in page
    assert reverse("import-write", args=["northwind", run.key]) not in page
    assert reverse("import-forget", args=["northwind", run.key]) not in page
    assert theirs.get("import-mapping", run.key).status_code == 403
    assert theirs.post("import-mapping", run.key, mapping=MAPPING).status_code == 403
    assert theirs.write(run).status_code == 403
    assert theirs.post("import-forget", run.key).status_code == 403
    with pytest.raises(PermissionDenied, match="is Ada's"):
        run.begin(strict=False, digest=run.mapping_digest, by=amir)
    assert newest().checked


def test_what_is_imported_is_what_the_page_showed(pages):
    shown = pages.check()
    pages.post("import-mapping", shown.key, mapping=MAPPING.replace("title: Summary", "title: Key"))
    pages.worker.work_off()
    for told in ({"digest": shown.mapping_digest}, {}):
        answer = pages.post("import-write", shown.key, **told)
        assert answer.status_code == 422
        assert "The mapping of IMP-1 was changed in the meantime" in text(answer)
    assert newest().checked
    page = text(pages.get("import-run", shown.key))
    assert newest().mapping_digest in page
    assert pages.write(newest()).status_code == 302


def test_who_is_not_signed_in_leaves_no_file_behind(client, northwind):
    sent, before = SimpleUploadedFile("plan.csv", PLAN), kept_files()
    assert client.post("/northwind/imports/new/", {"file": sent}).status_code == 302
    assert client.post("/accounts/login/", {"login": "x", "file": sent}).status_code == 200
    assert kept_files() == before


def test_who_lost_the_right_meanwhile_writes_nothing(pages, ada, olga):
    pages.send()
    pages.post("import-mapping", "IMP-1", mapping=MAPPING)
    ada.change_role("viewer", by=olga)
    pages.worker.work_off()
    assert (newest().state, newest().sentence) == ("refused", "As viewer, you cannot import.")


# --- hostile input -----------------------------------------------------------------------------------


def zipped(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("bomb.zip", zipped(a__csv=b"0" * 30_000_000), "unpacks to more than 100 times its size"),
        ("up.zip", zipped(**{"../a__csv": b"a"}), "holds a file that would lie outside of it"),
        ("sheet.xlsx", zipped(**{"[Content_Types]__xml": b"<x/>"}), "is an Excel or Word file. Save it as CSV"),
        ("plan.csv", b"%PDF-1.7", "is a PDF"),
        ("plan.csv", b"\x7fELF\x02\x01", "is a program"),
        ("plan.csv", b"", "The submitted file is empty."),
        ("plan.zip", b"PK\x03\x04 and then nothing", "is not a readable zip archive"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_source_is_refused_when_it_is_sent(name, content, says, pages):
    answer = pages.send(content, name)
    assert answer.status_code == 422
    assert says in text(answer)
    assert newest() is None
    assert kept_files() == []


def test_a_file_that_is_too_large_is_refused_in_a_sentence(pages, monkeypatch, settings):
    settings.UPLOAD_LARGEST = 1_100_000
    monkeypatch.setattr("interlock.connect.readers.limits.SOURCE_BYTES", 1_000_000)
    answer = pages.send(b"ID,Title\n" + b"1,x\n" * 500_000)
    assert answer.status_code == 422
    assert "plan.csv holds more than 1 MB" in text(answer)
    assert newest() is None


YAML = MAPPING.replace("external_id: Key", "external_id: id").replace("title: Summary", "title: title")
CIRCLE = """source: x
imports:
  - entity: objective
    external_id: id
    fields: {title: title, parent: {from: parent, by: id}}
"""
BILLION = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("name", "content", "mapping", "says"),
    [
        ("cell.csv", b"Key,Summary\n1," + b"x" * 10_000_000, MAPPING, "is longer than 2,000,000 characters"),
        ("zero.csv", b"Key,Summary\n1,a\0b\n", MAPPING, "is not text: it holds zero bytes"),
        ("mixed.csv", "Key,Summary\n1,é\n".encode() + b"2,\xe9\xff\n", MAPPING, "and then no longer"),
        ("twice.csv", b"Key,Summary\n1,a\n1,b\n", MAPPING, "have an external id that stood before: “1”"),
        ("tag.yaml", b"!!python/object/apply:os.system [id]", YAML, "tags are not allowed"),
        ("bomb.yaml", BILLION.encode(), YAML, "holds more than 300,000 values"),
        ("self.yaml", b"a: &a [*a]\n", YAML, "the alias *a leads nowhere, or into itself"),
        ("deep.json", b"[" * 500 + b"]" * 500, YAML, "nested"),
        ("circle.csv", b"id,title,parent\n1,a,2\n2,b,1\n", CIRCLE, "stand under each other in a circle"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 12 else "",
)
def test_hostile_input_ends_in_a_sentence_on_the_page_and_nothing_is_written(name, content, mapping, says, pages):
    before = AuditEvent.objects.exclude(verb="sent").count()
    pages.send(content, name)
    assert pages.get("import-mapping", newest().key).status_code == 200
    pages.post("import-mapping", newest().key, mapping=mapping)
    pages.worker.work_off()
    run = newest()
    page = text(pages.get("import-run", run.key))
    assert run.state == "refused"
    assert says in page
    assert "Nothing was written." in page
    told = AuditEvent.objects.exclude(verb="sent").count()
    assert (Feature.objects.count(), Person.objects.count(), told) == (0, 0, before)


def test_markup_in_a_file_stays_text(pages):
    run = pages.check(b"Key,Summary,Owner\n<b>1</b>,<script>alert(1)</script>,<i>\n", "<img>.csv")
    page = text(pages.get("import-run", run.key)) + text(pages.get("imports"))
    assert "<script>alert" not in page
    assert "<img>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
