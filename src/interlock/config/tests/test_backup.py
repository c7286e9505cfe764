import json
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from interlock.backlog.models import Feature, Tag
from interlock.config import backup
from interlock.jobs.models import Heartbeat
from interlock.organisation.models import Product
from interlock.workspaces.models import AuditEvent, User, Workspace

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def payments(ada):
    return Product.objects.add(name="Payments", by=ada)


@pytest.fixture
def plan(payments, ada, northwind):
    """A little of everything: words of all kinds, numbers, dates, links, history, and what was deleted."""
    tags = Tag.named(["a", "ünï\ncode"], workspace=northwind)
    titles = ["Prices", "Ärger «mit» Zitaten \" ' \\ \t", "数字 🎉", "x" * 300]
    features = Feature.objects.add_many(
        [{"product": payments, "title": title, "effort_days": Decimal("2.5"), "tags": tags} for title in titles],
        by=ada,
    )
    features[0].change(by=ada, description="Line one\nline two")
    features[1].archive(by=ada)
    last = User.objects.create_user("gone@northwind.example", "correct horse", name="Gone")
    last.delete()
    return features


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "backup.zip"


@pytest.fixture
def uploads(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.MEDIA_ROOT.mkdir()
    (settings.MEDIA_ROOT / "deep").mkdir()
    (settings.MEDIA_ROOT / "deep" / "plan.pdf").write_bytes(b"%PDF")
    return settings.MEDIA_ROOT


def manifest(path):
    with zipfile.ZipFile(path) as file:
        return json.loads(file.read("manifest.json"))


def empty():
    call_command("flush", interactive=False, verbosity=0)


def doctored(path, name, change):
    """A copy of the archive in which one member was changed."""
    copy = path.with_name("doctored.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for member in old.namelist():
            new.writestr(member, change(old.read(member)) if member == name else old.read(member))
    return copy


def test_everything_comes_back_as_it_was(plan, ada, uploads, archive, tmp_path):
    backup.backup(archive)
    events = AuditEvent.objects.count()
    empty()
    (uploads / "deep" / "plan.pdf").unlink()
    backup.restore(archive)
    again = tmp_path / "again.zip"
    backup.backup(again)
    assert manifest(again)["tables"] == manifest(archive)["tables"]
    assert [feature.title for feature in Feature.objects.order_by("pk")] == [feature.title for feature in plan]
    assert AuditEvent.objects.count() == events
    assert (uploads / "deep" / "plan.pdf").read_bytes() == b"%PDF"


def test_new_rows_are_numbered_after_those_that_were_there_and_after_those_that_had_gone(plan, archive):
    backup.backup(archive)
    before = manifest(archive)["tables"]["workspaces_user"]["last"]
    empty()
    backup.restore(archive)
    new = User.objects.create_user("new@northwind.example", "correct horse", name="New")
    assert new.pk == before + 1


def test_a_backup_holds_the_same_whichever_database_it_goes_through(plan, archive, tmp_path, process_environment):
    """From the tests' database into a fresh one of SQLite, and from there back into the tests'."""
    process_environment["DATABASE_URL"] = f"sqlite:///{tmp_path}/other.sqlite3"
    through = tmp_path / "through.zip"
    backup.backup(archive)
    for command in ("restore", archive), ("backup", through):
        subprocess.run([sys.executable, "-m", "interlock.config.cli", *command], env=process_environment, check=True)
    assert manifest(through)["tables"] == manifest(archive)["tables"]
    empty()
    backup.restore(through)
    assert Feature.objects.count() == len(plan)


@contextmanager
def others_writing(product, by):
    """Somebody adds one feature after another; yields the keys of what was acknowledged."""
    done, written = threading.Event(), []

    def write():
        while not done.is_set():
            written.append(Feature.objects.add(product=product, title="New", by=by).pk)
        connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    while len(written) < 5:
        time.sleep(0.01)
    yield written
    time.sleep(0.2)
    done.set()
    writer.join()


def test_a_backup_holds_one_moment_though_others_write_all_the_while(payments, ada, archive):
    with others_writing(payments, by=ada) as written:
        backup.backup(archive)
        seen = len(written)
    assert len(written) > seen, "the backup held up those who wrote"
    with zipfile.ZipFile(archive) as file:
        features = [json.loads(line)[0] for line in file.open("tables/backlog_feature.jsonl")]
        history = sum(b'"F-' in line for line in file.open("tables/workspaces_auditevent.jsonl"))
    assert features == written[: len(features)]
    assert history == len(features)
    empty()
    backup.restore(archive)
    assert Feature.objects.count() == len(features)


def test_what_a_model_calls_secret_is_not_in_the_archive(plan, archive, monkeypatch):
    monkeypatch.setattr(Feature, "secrets", ("description", "archived_at"), raising=False)
    backup.backup(archive)
    with zipfile.ZipFile(archive) as file:
        table = file.read("tables/backlog_feature.jsonl")
    assert b"Prices" in table
    assert b"Line one" not in table


def test_sessions_stay_behind(plan, archive, ada, client):
    client.force_login(ada.user)
    backup.backup(archive)
    assert not [name for name in manifest(archive)["tables"] if "session" in name]


def test_an_archive_is_its_owners_alone_and_nothing_half_written_is_left(plan, archive):
    backup.backup(archive)
    assert archive.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in archive.parent.iterdir()] == ["backup.zip"]


def test_an_installation_in_use_is_not_overwritten(plan, archive):
    backup.backup(archive)
    with pytest.raises(backup.Refused, match="This installation is not empty"):
        backup.restore(archive)


def test_a_running_worker_is_in_the_way(plan, archive):
    backup.backup(archive)
    empty()
    Heartbeat.objects.create(worker="one", seen_at=timezone.now())
    with pytest.raises(backup.Refused, match="stop `interlock serve` first"):
        backup.restore(archive)
    Heartbeat.objects.update(seen_at=timezone.now() - timedelta(minutes=5))
    backup.restore(archive)


def test_a_newer_backup_is_refused(plan, archive):
    def newer(content):
        told = json.loads(content)
        told["migrations"].append(["backlog", "9999_of_tomorrow"])
        return json.dumps({**told, "version": "99.0"})

    backup.backup(archive)
    empty()
    with pytest.raises(backup.Refused, match=r"made by Interlock 99\.0, which is newer than this one .* upgrade"):
        backup.restore(doctored(archive, "manifest.json", newer))


@pytest.mark.parametrize("harm", [lambda rows: rows.replace(b"Prices", b"Prizes"), lambda rows: rows[: len(rows) // 2]])
def test_a_damaged_archive_leaves_the_installation_empty(plan, archive, harm):
    backup.backup(archive)
    empty()
    with pytest.raises(backup.Refused, match="damaged"):
        backup.restore(doctored(archive, "tables/backlog_feature.jsonl", harm))
    assert not Workspace.objects.exists()


def test_a_file_that_is_no_backup_is_a_sentence(tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear sir")
    with pytest.raises(CommandError, match="is not a backup of Interlock"):
        call_command("restore", path)
    with pytest.raises(CommandError, match=r"cannot be read \(No such file"):
        call_command("restore", tmp_path / "nowhere")
    with pytest.raises(CommandError, match=r"cannot be written \(No such file"):
        call_command("backup", tmp_path / "nowhere" / "backup.zip")


def test_a_name_that_leads_out_of_the_folder_stays_in_it(plan, uploads, archive):
    backup.backup(archive)
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("files/../../../escaped", "out")
    empty()
    backup.restore(archive)
    assert [path for path in uploads.rglob("escaped") if path.is_relative_to(uploads)]


def test_a_large_plan_is_backed_up_under_load_and_restored_within_a_minute(payments, ada, archive, figures):
    rows = figures.count("features backed up and restored", reduced=2_000, full=100_000)
    for start in range(0, rows, 2000):
        Feature.objects.add_many(
            [
                {"product": payments, "title": f"Feature {start + n}", "description": "Why and how. " * 20}
                for n in range(min(2000, rows - start))
            ],
            by=ada,
        )
    with others_writing(payments, by=ada):
        started = time.monotonic()
        made = backup.backup(archive)
        saved = time.monotonic()
    empty()
    emptied = time.monotonic()
    backup.restore(archive)
    took = saved - started, time.monotonic() - emptied
    figures.measured("seconds to back up", f"{took[0]:.1f}, {made.rows:,} rows, {archive.stat().st_size / 1e6:.1f} MB")
    figures.measured("seconds to restore and compare", f"{took[1]:.1f}")
    figures.at_most("seconds of both", sum(took), 60)
