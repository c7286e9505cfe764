"""Leaving: everything of a workspace as files, and a new workspace filled from them, without loss."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from interlock.alignment import checking
from interlock.alignment.models import Finding, Score, Waiver
from interlock.backlog.models import Feature
from interlock.config import northwind as demo
from interlock.connect.exporting import HISTORY, MANIFEST, writing
from interlock.connect.exporting.kinds import kinds, unaccounted
from interlock.connect.exporting.models import KEPT
from interlock.connect.exporting.reading import recognised
from interlock.connect.exporting.restoring import bring_in
from interlock.connect.exporting.writing import export
from interlock.connect.models import Export
from interlock.connect.readers import Refusal
from interlock.connect.tasks import forget_old_exports
from interlock.organisation.models import Person, Product
from interlock.releases.models import TaskDates
from interlock.workspaces.models import AuditEvent, Member, User, Workspace
from interlock.workspaces.permissions import Role
from interlock.workspaces.purging import purge
from tests.api import Caller
from tests.world import settle

HOSTILE = "<script>alert(1)</script> =1+1 'x\" \\ \u2028 \u202e Ärger 漢字 👩‍🚀 {{ 7*7 }} %s"


def elsewhere(user, slug="elsewhere"):
    return Workspace.objects.found("Elsewhere", by=user, slug=slug)


def exported(member, folder, name="before.zip"):
    export(member.workspace, folder / name)
    return folder / name


def files(archive):
    with zipfile.ZipFile(archive) as held:
        return {name: held.read(name) for name in held.namelist()}


def rewritten(archive, change, *, sums=True):
    """The archive with its files changed, and, unless its checksums are to be wrong, said so in its manifest."""
    held = files(archive)
    change(held)
    if sums:
        manifest = json.loads(held[MANIFEST])
        for one in manifest["files"]:
            if one["name"] in held:
                content = held[one["name"]]
                one |= {"sha256": hashlib.sha256(content).hexdigest(), "rows": content.count(b"\n")}
        held[MANIFEST] = json.dumps(manifest).encode()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in held.items():
            target.writestr(name, content)
    return archive


def differences(before, after):
    """Files that differ, but for what the manifest says of when and of which workspace."""
    assert before.keys() == after.keys()
    told = [name for name in before if name != MANIFEST and before[name] != after[name]]
    apart = {"made_at": "", "workspace": ""}
    first, second = (json.loads(one[MANIFEST]) | apart for one in (before, after))
    return told if first == second else [*told, MANIFEST]


def moved(member, folder):
    """Exported, brought in and exported again: both exports, and the seat in the new workspace."""
    before, there = exported(member, folder), elsewhere(member.user)
    bring_in(recognised(before), by=there)
    return files(before), files(exported(there, folder, "after.zip")), there


def lines(held, label):
    return [json.loads(line) for line in held[f"{label}.jsonl"].splitlines()]


# --- nothing is lost ---------------------------------------------------------------------------------


def test_every_model_of_ours_is_exported_or_left_out_for_a_reason():
    assert list(unaccounted()) == []


@pytest.fixture
def lived_in(olga, ada, ben, gus):
    """A world whose people wrote whatever they liked, archived, moved, erased and undid."""
    world = settle(olga, text=lambda words: f"{words} {HOSTILE}")
    day = timezone.localdate()
    gone = Feature.objects.add(product=world.secret, title="archived", by=olga).archive(by=olga)
    gone.change(description="\n".join([HOSTILE] * 9), by=olga)
    world.needed.move(before=world.feature, by=olga)
    forgotten = Person.objects.add(name="Forgotten", email="forgotten@northwind.example", member=gus, by=olga)
    forgotten.erase(by=olga, on=day)
    ben.end(by=olga)
    world.product.archive(by=olga)
    world.product.restore(by=olga)
    world.secret.admit(ada, by=olga)
    world.view.open_with(by=ada)
    world.waived.withdraw_waiver(by=ada)
    world.finding.waive(reason=HOSTILE, until=day + timedelta(days=9), by=ada, today=day)
    world.token.revoke(by=olga)
    checking.check(olga.workspace, today=day)
    checking.check(olga.workspace, today=day + timedelta(days=1))
    return world


def test_what_is_exported_is_read_back_without_loss(lived_in, tmp_path, figures):
    before, after, _ = moved(lived_in.owner, tmp_path)
    assert differences(before, after) == []
    assert all(before[f"{kind}.jsonl"] for kind in kinds())
    rows = sum(content.count(b"\n") for name, content in before.items() if name != MANIFEST)
    figures.measured("entities exported and read back", f"{len(before) - 1} kinds, {rows:,} rows, 0 differences")


def test_what_was_brought_in_can_be_taken_further(lived_in, tmp_path):
    before, _, there = moved(lived_in.owner, tmp_path)
    again = elsewhere(there.user, slug="further")
    bring_in(recognised(tmp_path / "after.zip"), by=again)
    assert differences(before, files(exported(again, tmp_path, "further.zip"))) == []


@pytest.mark.prove
def test_the_demo_is_read_back_without_loss(db, tmp_path, figures):
    users = {role: User.objects.create_user(f"{role}@northwind.example", name=role.label) for role in Role}
    demo.live_through(users, today=timezone.localdate())
    owner = Member.objects.get(workspace__slug="northwind", role=Role.OWNER)
    before, after, _ = moved(owner, tmp_path)
    assert differences(before, after) == []
    rows = sum(content.count(b"\n") for content in before.values())
    figures.measured("the demo exported and read back", f"{len(before) - 1} kinds, {rows:,} rows, 0 differences")


def test_findings_keep_their_identity_and_waivers(lived_in, tmp_path):
    _, _, there = moved(lived_in.owner, tmp_path)
    here = lived_in.workspace
    day = timezone.localdate() + timedelta(days=1)
    # Dates are not taken along: they are computed anew.
    TaskDates.objects.all().delete()
    told = {}
    for workspace in (here, there.workspace):
        checking.check(workspace, today=day)
        rows = Finding.objects.of(workspace).order_by("number")
        told[workspace.slug] = (
            list(rows.values_list("number", "code", "status", "reopened", "opened_at", "resolved_at")),
            list(Waiver.objects.filter(finding__workspace=workspace).order_by("pk").values_list("reason", "ended_at")),
            list(Score.objects.filter(workspace=workspace).order_by("pk").values_list("on", "value")),
        )
    assert told["northwind"] == told["elsewhere"]


def test_the_history_goes_on_under_the_same_members(lived_in, tmp_path, client):
    _, _, there = moved(lived_in.owner, tmp_path)
    events = AuditEvent.objects.filter(workspace_id=there.workspace_id)
    ada = Member.objects.get(workspace=there.workspace, user__email="ada@northwind.example")
    assert events.filter(actor=ada.pseudonym, verb="made default").count() == 1
    assert events.filter(model="workspaces.member", key=ada.key, object_id=ada.pk).count() == 0
    admitted = events.filter(model="organisation.product", key="PROD-2").order_by("pk").last()
    assert ada.key in admitted.changes["members"][1]
    feature = Feature.objects.get(workspace=there.workspace, number=lived_in.feature.number)
    assert set(events.about(feature).values_list("object_id", flat=True)) == {feature.pk}
    assert events.last().verb == "brought in"
    client.force_login(there.user)
    assert client.get("/elsewhere/settings/audit/").status_code == 200
    assert client.get("/elsewhere/features/F-2/").status_code == 200


def test_no_secret_is_in_it(lived_in, tmp_path):
    held = b"".join(files(exported(lived_in.owner, tmp_path)).values()).decode()
    assert lived_in.token.digest not in held
    assert lived_in.owner.user.password not in held
    assert "forgotten@" not in held
    assert str(lived_in.owner.pseudonym) not in held
    assert "Forgotten" not in held


def test_new_rows_follow_on_those_that_were_brought_in(lived_in, tmp_path):
    _, _, there = moved(lived_in.owner, tmp_path)
    last = Feature.objects.filter(workspace=lived_in.workspace).order_by("number").last()
    new = Feature.objects.add(product=Product.objects.of(there.workspace).first(), title="new", by=there)
    assert new.number == last.number + 1


def test_members_who_have_no_account_here_get_one_without_a_password(lived_in, tmp_path, cleo):
    path = exported(lived_in.owner, tmp_path)
    User.objects.filter(email="eve@northwind.example").update(email="eve@elsewhere.example")
    brought = bring_in(recognised(path), by=cleo)
    assert brought.besides == "Cleo"
    eve = Member.objects.get(workspace=cleo.workspace, user__email="eve@northwind.example")
    assert eve.role == Role.VIEWER
    assert not eve.user.has_usable_password()
    assert Member.objects.get(pk=cleo.pk).role == Role.OWNER


def test_an_export_that_two_processes_make_at_once_is_whole(lived_in, tmp_path, monkeypatch):
    target, write = tmp_path / "plan.zip", writing._write

    def meanwhile(workspace, into):
        monkeypatch.setattr(writing, "_write", write)
        export(workspace, target)
        return write(workspace, into)

    monkeypatch.setattr(writing, "_write", meanwhile)
    export(lived_in.workspace, target)
    assert list(tmp_path.iterdir()) == [target]
    assert zipfile.ZipFile(target).testzip() is None


def test_what_a_killed_process_left_of_an_export_goes_with_it(lived_in):
    made = Export.objects.get()
    left = Path(f"{made.file.path}.abc{writing.PARTIAL}")
    left.touch()
    made.forget(by=None)
    assert not left.exists()


def test_a_folder_says_the_same_as_an_archive(lived_in, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    export(lived_in.workspace, folder)
    told = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert differences(files(exported(lived_in.owner, tmp_path)), told) == []
    bring_in(recognised(folder), by=elsewhere(lived_in.owner.user))


CROSSING = """
import sys, django
django.setup()
from pathlib import Path
from django.core.management import call_command
from interlock.connect.exporting.reading import recognised
from interlock.connect.exporting.restoring import bring_in
from interlock.connect.exporting.writing import export
from interlock.workspaces.models import User, Workspace
call_command("migrate", verbosity=0)
owner = Workspace.objects.found("Elsewhere", by=User.objects.create_user("olga@northwind.example", name="Olga"))
bring_in(recognised(Path(sys.argv[1])), by=owner)
export(owner.workspace, Path(sys.argv[2]))
"""


@pytest.mark.skipif(connection.vendor == "sqlite", reason="PostgreSQL's run crosses over to SQLite")
def test_both_databases_say_the_same(lived_in, tmp_path):
    before, after = exported(lived_in.owner, tmp_path), tmp_path / "after.zip"
    told = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/plan.sqlite3",
        "DJANGO_SETTINGS_MODULE": "interlock.config.settings",
        "INTERLOCK_HOME": str(tmp_path),
    }
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", CROSSING, str(before), str(after)]
    done = subprocess.run(command, env={**os.environ, **told, **path}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert differences(files(before), files(after)) == []


# --- what is refused ---------------------------------------------------------------------------------


def replaced(name, old, new):
    def change(held):
        assert old in held[name]
        held[name] = held[name].replace(old, new, 1)

    return change


def without(name):
    return lambda held: held.pop(name)


def added(name, content):
    return lambda held: held.update({name: content})


FEATURES = "backlog.feature.jsonl"
SPOILED = {
    "a file of the manifest is missing": (without(FEATURES), "lacks backlog.feature.jsonl"),
    "a kind is missing altogether": (replaced(MANIFEST, b'"backlog.tag"', b'"backlog.tug"'), "which files there are"),
    "a file too many": (added("more.jsonl", b"{}\n"), "does not name"),
    "another version": (replaced(MANIFEST, b'"format_version": 1', b'"format_version": 2'), "version 2"),
    "a reference to nothing": (replaced(FEATURES, b'"PROD-1"', b'"PROD-9"'), "PROD-9, which is not in"),
    "a reference to another kind": (replaced(FEATURES, b'"PROD-1"', b'"P-1"'), "P-1, which is not in"),
    "a tree that is none": (replaced("strategy.objective.jsonl", b'"parent":null', b'"parent":"O-2"'), "in a circle"),
    "a key twice": (replaced(FEATURES, b'"F-1"', b'"F-2"'), "F-2 is there twice"),
    "a key of another kind": (replaced("backlog.dependency.jsonl", b'"DEP-2"', b'"F-2"'), "not of the form DEP-1"),
    "a status that there is not": (replaced(FEATURES, b'"planned"', b'"banana"'), "status cannot be 'banana'"),
    "a number for a text": (replaced(FEATURES, b'"kind":"initiative"', b'"kind":7'), "kind makes no sense: 7"),
    "a link that runs": (replaced(FEATURES, b"https://example.com/", b"javascript:alert(1)"), "is not a web address"),
    "a field too many": (replaced(FEATURES, b'{"key"', b'{"pk":1,"key"'), "has, and should not, pk"),
    "a field too few": (replaced(FEATURES, b'"links"', b'"lonks"'), "links"),
    "a moment that never was": (replaced(FEATURES, b'"created_at":"2', b'"created_at":"2x'), "created_at"),
    "half a line": (replaced(FEATURES, b"}\n", b"\n"), "is not JSON"),
    "a list for a row": (replaced(FEATURES, b'{"key"', b'[1]\n{"key"'), "is not a JSON object"),
    "nesting without end": (replaced(FEATURES, b'{"key"', b"[" * 200_000 + b'{"key"'), "is not JSON"),
    "a line without end": (added(FEATURES, b'{"key":"' + os.urandom(4_500_000).hex().encode()), "longer than 8 MB"),
    "no owner": (replaced("workspaces.member.jsonl", b'"owner"', b'"viewer"'), "No member is an owner"),
    "a member twice": (replaced("workspaces.member.jsonl", b"eve@", b"olga@"), "is there twice"),
    "no address": (replaced("workspaces.member.jsonl", b"eve@northwind.example", b"eve"), "needs an e-mail address"),
    "a history of nobody": (replaced(f"{HISTORY}.jsonl", b'"olga@northwind.example"', b'"nobody"'), "no member nobody"),
    "a history of nothing": (replaced(f"{HISTORY}.jsonl", b'"row":"D-1"', b'"row":"D-9"'), "D-9, which is not in"),
    "a number beyond measure": (replaced(FEATURES, b'"version":1', b'"version":99999999999999999999'), "version"),
    "a text too long": (replaced(FEATURES, b'"title":"', b'"title":"' + b"x" * 400), "title"),
    "a way out of the archive": (added("../escaped.jsonl", b""), "would lie outside of it"),
    "a bomb": (added("bomb.jsonl", b"0" * 150_000_000), "100 times its size"),
}


def test_what_is_not_right_is_refused_in_a_sentence_and_nothing_is_written(olga, tmp_path, figures):
    settle(olga)
    path = exported(olga, tmp_path)
    whole, there, wrong = path.read_bytes(), elsewhere(olga.user), {}
    before = counted()
    for name, (change, sentence) in SPOILED.items():
        path.write_bytes(whole)
        rewritten(path, change)
        with pytest.raises(CommandError, match="Nothing was written") as refused:
            call_command("import_plan", str(path), workspace="elsewhere")
        if sentence not in str(refused.value):
            wrong[name] = str(refused.value)
        assert counted() == before, name
    assert not wrong
    assert Workspace.objects.get(pk=there.workspace_id).name == "Elsewhere"
    assert not (tmp_path.parent / "escaped.jsonl").exists()
    figures.measured("spoiled exports refused", f"{len(SPOILED)}, 0 written")


def counted():
    models = [kind.model for kind in kinds().values()]
    return {model._meta.label: model._base_manager.count() for model in (*models, AuditEvent, User)}


def test_a_wrong_checksum_is_refused(olga, tmp_path):
    settle(olga)
    path = rewritten(exported(olga, tmp_path), replaced(FEATURES, b"about it", b"about me"), sums=False)
    with pytest.raises(Refusal, match="checksum"):
        bring_in(recognised(path), by=elsewhere(olga.user))


def test_a_workspace_that_is_not_empty_is_refused(lived_in, cleo, tmp_path):
    path = exported(lived_in.owner, tmp_path)
    Product.objects.add(name="Here already", by=cleo)
    with pytest.raises(Refusal, match=r"Southwind is not empty \(it has 1 products\)"):
        bring_in(recognised(path), by=cleo)


def test_only_an_owner_brings_a_plan_in(olga, amir, tmp_path):
    path = exported(olga, tmp_path)
    with pytest.raises(CommandError, match="Nothing was written"):
        call_command("import_plan", str(path), workspace="northwind", member=amir.user.email)


def test_what_is_no_export_needs_a_mapping(olga, tmp_path):
    (tmp_path / "people.csv").write_text("name\nDana\n")
    with pytest.raises(CommandError, match="no export of Interlock"):
        call_command("import_plan", str(tmp_path / "people.csv"), workspace="northwind")


# --- the doors ---------------------------------------------------------------------------------------


def test_the_command_exports_and_imports(olga, tmp_path, capsys):
    settle(olga)
    call_command("export", workspace="northwind", output=tmp_path / "plan.zip")
    elsewhere(olga.user)
    call_command("import_plan", str(tmp_path / "plan.zip"), workspace="elsewhere", dry_run=True)
    assert not Feature.objects.filter(workspace__slug="elsewhere").exists()
    call_command("import_plan", str(tmp_path / "plan.zip"), workspace="elsewhere")
    assert Feature.objects.filter(workspace__slug="elsewhere").count() == 6
    assert "Brought in" in capsys.readouterr().out
    assert AuditEvent.objects.filter(workspace_id=olga.workspace_id, verb="exported").count() == 1
    assert (tmp_path / "plan.zip").stat().st_mode & 0o077 == 0


def test_where_nothing_can_be_written_the_command_says_so(olga, tmp_path):
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export", workspace="northwind", output=tmp_path / "nowhere" / "plan.zip")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(CommandError, match="is not empty"):
        call_command("export", workspace="northwind", output=tmp_path / "full")


@pytest.mark.django_db(transaction=True)
def test_an_admin_asks_for_an_export_and_fetches_it_when_it_is_ready(amir, client, worker):
    client.force_login(amir.user)
    assert "No export yet" in client.get("/northwind/settings/exports/").content.decode()
    page = client.post("/northwind/settings/exports/", follow=True).content.decode()
    assert "Being made" in page
    client.post("/northwind/settings/exports/")
    asked = Export.objects.get()
    assert client.get(asked.get_absolute_url()).status_code == 404
    worker.work_off()
    assert "Download" in client.get("/northwind/settings/exports/").content.decode()
    response = client.get(asked.get_absolute_url())
    assert response["Content-Disposition"] == f'attachment; filename="{asked.filename}"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Type"] == "application/zip"
    assert response.getvalue()[:4] == b"PK\x03\x04"


@pytest.mark.parametrize(("who", "status"), [("ada", 403), ("ben", 403), ("gus", 403), ("cleo", 404)])
def test_who_does_not_see_everything_gets_no_export(who, status, olga, client, request):
    export = settle(olga).export
    client.force_login(request.getfixturevalue(who).user)
    assert client.get("/northwind/settings/exports/").status_code == status
    assert client.post("/northwind/settings/exports/").status_code == status
    assert client.get(export.get_absolute_url()).status_code == status
    assert client.post(f"/northwind/settings/exports/{export.pk}/forget/").status_code == status
    assert Export.objects.count() == 1


def test_the_api_makes_and_gives_exports(olga):
    settle(olga)
    caller = Caller(olga)
    asked = caller.post("exports").json()
    assert asked["state"] == "waiting"
    assert caller.get(f"exports/{asked['key']}/file").status_code == 404
    Export.objects.get(state="waiting").make()
    assert caller.get(f"exports/{asked['key']}").json()["state"] == "ready"
    response = caller.get(f"exports/{asked['key']}/file")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response.getvalue()[:4] == b"PK\x03\x04"
    assert caller.delete(f"exports/{asked['key']}").status_code == 204
    assert caller.get(f"exports/{asked['key']}").status_code == 404


def test_an_export_is_gone_after_its_days_and_with_its_workspace(olga, cleo, django_capture_on_commit_callbacks):
    old, other = settle(olga).export, Export.objects.ask(by=cleo)
    other.make()
    Export.objects.filter(pk=old.pk).update(asked_at=timezone.now() - KEPT - timedelta(hours=1))
    with django_capture_on_commit_callbacks(execute=True):
        forget_old_exports.call()
    assert list(Export.objects.all()) == [other]
    assert not Path(old.file.path).exists()
    cleo.workspace.delete_after_grace(named="Southwind", by=cleo)
    purge(cleo.workspace)
    assert not Path(settings.MEDIA_ROOT, "exports", str(cleo.workspace_id)).exists()
