import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from interlock.config.doctor import Level, examine
from interlock.jobs.models import Heartbeat, Run
from interlock.jobs.tests.probes import fail_once, note

pytestmark = pytest.mark.django_db


def found(subject, *, deploy=False):
    return [(diagnosis.level, diagnosis.says) for diagnosis in examine(deploy=deploy) if diagnosis.subject == subject]


@pytest.fixture
def public(settings):
    """The settings of an installation behind a proxy that speaks TLS."""
    settings.BASE_URL = "https://plan.example.com"
    settings.ALLOWED_HOSTS = ["plan.example.com"]
    settings.TRUSTED_PROXIES = 1
    settings.SECURE = settings.SECURE_SSL_REDIRECT = True
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    return settings


def test_a_fresh_installation_lacks_a_worker_alone():
    Heartbeat.objects.all().delete()
    wrong = [diagnosis.subject for diagnosis in examine(deploy=False) if diagnosis.level is Level.WRONG]
    assert [subject for subject in wrong if subject != "static files"] == ["worker"]


def test_the_command_fails_when_something_is_wrong(capsys):
    with pytest.raises(SystemExit, match="1"):
        call_command("doctor")
    assert "WRONG  worker         No worker runs" in capsys.readouterr().out


def test_a_running_worker_is_seen_until_it_falls_silent(settings):
    beat = Heartbeat.objects.create(worker="one", seen_at=timezone.now())
    assert found("worker") == [(Level.FINE, "1 running")]
    beat.seen_at -= settings.WORKER_TIMEOUT
    beat.save()
    assert found("worker")[0][0] is Level.WRONG


def test_jobs_that_wait_and_jobs_that_failed_are_counted(worker):
    fail_once.enqueue()
    worker.work_off()
    note.enqueue(path="", word="")
    Run.objects.filter(status="READY").update(enqueued_at=timezone.now() - timedelta(minutes=2))
    assert [says for level, says in found("worker") if level is Level.NOTE] == [
        "1 jobs have waited for more than a minute.",
        "1 jobs failed for good within a day; the log says why.",
    ]


def test_an_address_that_would_be_refused(settings):
    settings.BASE_URL, settings.ALLOWED_HOSTS = "http://plan.example.com", ["localhost"]
    assert found("address") == [
        (Level.WRONG, "http://plan.example.com is refused: add plan.example.com to INTERLOCK_HOSTS.")
    ]


def test_tls_at_a_proxy_that_is_not_trusted_would_redirect_for_ever(public):
    assert found("address") == [(Level.FINE, "https://plan.example.com")]
    public.TRUSTED_PROXIES = 0
    assert found("address")[0][0] is Level.WRONG


def test_a_key_that_others_can_read(settings, tmp_path):
    settings.HOME = tmp_path
    (tmp_path / "key").touch(mode=0o644)
    (tmp_path / "key").chmod(0o644)
    tmp_path.chmod(0o700)
    assert found("folder")[1] == (Level.WRONG, f"{tmp_path}/key can be read by others: chmod go= {tmp_path}/key")


def test_a_full_disk(monkeypatch):
    monkeypatch.setattr("interlock.config.doctor.GIGABYTE", 2**60)
    assert found("folder")[0][0] is Level.WRONG


def test_a_cache_that_forgets(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    assert found("cache")[0][0] is Level.WRONG


def test_a_database_that_is_older_than_the_code():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'jobs'")
    assert found("migrations") == [(Level.WRONG, "1 migrations wait: run `interlock migrate`.")]


def test_a_database_that_is_newer_than_the_code():
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('jobs', '9999_later', %s)", [timezone.now()]
        )
    assert found("migrations")[0] == (
        Level.WRONG,
        "The database is of a newer version than this code: upgrade the code.",
    )


@pytest.mark.django_db(transaction=True)
def test_a_production_configuration_passes_all_of_djangos_checks(process_environment):
    process_environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
    process_environment["INTERLOCK_BASE_URL"] = "https://plan.example.com"
    process_environment["INTERLOCK_TRUSTED_PROXIES"] = "1"
    done = subprocess.run(
        [sys.executable, "-m", "interlock.config.cli", "doctor", "--deploy"],
        env=process_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "fine   deployment     Django's checks for deployment find nothing" in done.stdout


def test_plain_http_does_not_pass_for_deployment():
    assert {says.split(":")[0] for _, says in found("deployment", deploy=True)} >= {"security.W004", "security.W008"}


def test_e_mails_that_are_only_printed_are_a_note_and_in_deployment_wrong(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert found("e-mail")[0][0] is Level.NOTE
    assert found("e-mail server", deploy=True)[0][0] is Level.WRONG


def test_an_e_mail_server_that_does_not_answer(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert "does not answer" in found("e-mail server", deploy=True)[0][1]
