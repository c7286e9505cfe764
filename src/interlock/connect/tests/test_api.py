"""Imports over the API: sent with a mapping, read until they are checked, written or forgotten."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from interlock.backlog.models import Feature
from interlock.connect.models import ImportRun
from tests.api import Caller

PLAN = b"Key,Summary,Owner\nA-1,Refunds,Zoe\nA-2,Exports,\nA-3,,\n"
MAPPING = """source: tracker
imports:
  - entity: feature
    external_id: Key
    fields: {title: Summary, product: {value: Checkout, on_missing: create}, owner: {from: Owner, by: name}}
"""
AT = "/api/v1/workspaces/northwind/imports"


@pytest.fixture
def caller(ada):
    return Caller(ada)


def send(caller, content=PLAN, *, name="plan.csv", mapping=MAPPING, key="", **more):
    headers = {"Idempotency-Key": key} if key else {}
    body = {"file": SimpleUploadedFile(name, content), "mapping": mapping, **more}
    return caller.client.post(AT, body, headers=headers)


def write(caller, **more):
    digest = caller.get("imports/IMP-1").json()["mapping_digest"]
    return caller.post("imports/IMP-1/writing", {"mapping_digest": digest, **more})


def test_a_file_is_sent_checked_read_and_written(caller, worker):
    sent = send(caller)
    assert sent.status_code == 201
    assert sent["Location"] == f"{AT}/IMP-1"
    assert (sent.json()["state"], sent.json()["by"]["name"]) == ("checking", "Ada")
    worker.work_off()
    checked = caller.get("imports/IMP-1").json()
    assert checked["state"] == "checked"
    assert checked["counts"]["feature"] == {"created": 2, "changed": 0, "unchanged": 0, "refused": 1}
    refunds = next(row for row in checked["preview"] if row["ext"] == "A-1")
    assert (refunds["state"], refunds["place"], refunds["fields"]["title"]) == ("new", "plan.csv, line 2", "Refunds")
    assert Feature.objects.count() == 0
    assert write(caller).json()["state"] == "writing"
    worker.work_off()
    assert caller.get("imports/IMP-1").json()["state"] == "done"
    assert Feature.objects.count() == 2


def test_its_notes_are_read_by_cursor_and_by_kind(caller, worker):
    send(caller)
    worker.work_off()
    first = caller.get("imports/IMP-1/notes?limit=1").json()
    assert first["items"] == [
        {"kind": "refused", "entity": "feature", "field": "", "file": "plan.csv", "line": 4, "text": "has no title"}
    ]
    second = caller.get(f"imports/IMP-1/notes?limit=1&cursor={first['next']}").json()
    assert second["items"][0]["kind"] == "unmatched"
    assert len(caller.get("imports/IMP-1/notes?kind=unmatched").json()["items"]) == 1


def test_strict_writes_all_or_nothing(caller, worker):
    send(caller)
    worker.work_off()
    write(caller, strict=True)
    worker.work_off()
    run = caller.get("imports/IMP-1").json()
    assert "all or none were asked for" in run["sentence"]
    assert Feature.objects.count() == 0


def test_it_can_be_checked_again_with_another_mapping(caller, worker):
    send(caller)
    worker.work_off()
    again = caller.put("imports/IMP-1/mapping", {"mapping": MAPPING.replace("title: Summary", "title: Key")})
    assert again.json()["state"] == "checking"
    worker.work_off()
    assert caller.get("imports/IMP-1").json()["counts"]["feature"]["created"] == 3


def test_what_was_never_written_can_be_forgotten(caller, worker):
    send(caller)
    worker.work_off()
    assert caller.delete("imports/IMP-1").status_code == 204
    assert caller.get("imports/IMP-1").status_code == 404
    assert caller.get("imports").json()["items"] == []


def test_the_same_key_sends_it_once_and_other_content_is_told(caller):
    first, again = send(caller, key="once"), send(caller, key="once")
    assert again.content == first.content
    assert again["Idempotency-Replayed"] == "true"
    assert ImportRun.objects.count() == 1
    assert send(caller, PLAN + b"A-4,x,\n", key="once").status_code == 422


@pytest.mark.parametrize(
    ("sent", "field", "says"),
    [
        ({"content": b"%PDF-1.7"}, "file", "plan.csv is a PDF"),
        ({"content": b"PK\x03\x04", "name": "plan.zip"}, "file", "is not a readable zip archive"),
        ({"mapping": "source: x\n"}, "mapping", "“imports” is missing"),
        ({"mapping": "a: [\n"}, "mapping", "is not valid YAML"),
        ({"mapping": "source: !!python/name:os.system\n"}, "mapping", "tags are not allowed"),
        ({"strict": "yes"}, "strict", "There is no such field"),
    ],
)
def test_what_cannot_be_used_is_a_problem_that_names_its_field(sent, field, says, caller):
    answer = send(caller, **sent)
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    [error] = answer.json()["errors"]
    assert error["field"] == field
    assert says in error["says"]
    assert ImportRun.objects.count() == 0


@pytest.mark.parametrize(
    "body", [b"", b"--wrong", b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n', b"\xff" * 100]
)
def test_a_body_that_is_no_form_is_a_problem(body, caller):
    answer = caller.client.generic("POST", AT, body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code in (400, 422)
    assert answer["Content-Type"] == "application/problem+json"


def test_more_than_the_server_takes_is_refused_unread(caller, settings):
    settings.UPLOAD_LARGEST = 1000
    assert send(caller, PLAN * 100).status_code == 413


@pytest.mark.parametrize("who", ["cora", "ben", "gus"])
def test_for_those_who_may_not_import_there_is_nothing(who, caller, worker, request):
    send(caller)
    theirs = Caller(request.getfixturevalue(who))
    assert theirs.get("imports").json()["items"] == []
    for answer in (
        theirs.get("imports/IMP-1"),
        theirs.get("imports/IMP-1/notes"),
        theirs.post("imports/IMP-1/writing", {"mapping_digest": "x"}),
        theirs.delete("imports/IMP-1"),
    ):
        assert answer.status_code == 404
    assert send(theirs).status_code == 403
    assert ImportRun.objects.count() == 1


def test_what_is_written_is_what_was_read(caller, worker):
    send(caller)
    worker.work_off()
    digest = caller.get("imports/IMP-1").json()["mapping_digest"]
    caller.put("imports/IMP-1/mapping", {"mapping": MAPPING.replace("title: Summary", "title: Key")})
    worker.work_off()
    refused = caller.post("imports/IMP-1/writing", {"mapping_digest": digest})
    assert refused.status_code == 409
    assert "was changed in the meantime" in refused.json()["detail"]
    assert caller.post("imports/IMP-1/writing", {}).status_code == 422
    assert write(caller).status_code == 200


def test_who_configures_reads_the_imports_of_others_and_changes_none(caller, worker, amir):
    send(caller)
    worker.work_off()
    admin = Caller(amir)
    assert admin.get("imports/IMP-1").status_code == 200
    for answer in (
        admin.put("imports/IMP-1/mapping", {"mapping": MAPPING}),
        write(admin),
        admin.delete("imports/IMP-1"),
    ):
        assert answer.status_code == 403
    assert caller.get("imports/IMP-1").json()["state"] == "checked"
