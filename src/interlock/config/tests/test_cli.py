import os
import subprocess
import sys

import pytest

from interlock import __version__
from interlock.config import cli


def interlock(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "interlock.config.cli", *arguments],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "interlock.config.settings",
            "PYTHONPATH": os.pathsep.join(sys.path),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command in this process; returns its exit status and what it said."""

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["interlock", *arguments])
        status = 0
        try:
            cli.main()
        except SystemExit as exit_:
            status = exit_.code
        said = capsys.readouterr()
        return status, said.out + said.err

    return command


def test_without_arguments_our_own_commands_are_listed_first_and_explained(run):
    status, said = run()
    assert status == 0
    ours, djangos = said.split("Django's own:")
    assert "  worker       Run background jobs" in ours
    assert "  serve " in ours
    assert "runserver" in djangos


@pytest.mark.parametrize(
    "name",
    ["backup", "check", "demo", "doctor", "import", "plan", "reindex", "restore", "rules_docs", "serve", "worker"],
)
def test_help_speaks_of_a_command_by_the_name_that_it_goes_by_and_of_its_own_options(run, name):
    _, said = run("help", name)
    assert said.startswith(f"usage: interlock {name} ")
    assert "--pythonpath" not in said


def test_check_is_about_the_plan_and_not_about_the_code():
    assert cli.ALIASES["check"] == "check_alignment"


def test_the_version(run):
    assert run("version") == (0, f"{__version__}\n")


def test_an_unknown_command_is_a_sentence(run):
    status, said = run("levitate")
    assert status == 1
    assert said.startswith("Unknown command: 'levitate'")


def test_a_folder_that_cannot_be_used_is_a_sentence():
    done = interlock("migrate", INTERLOCK_HOME="/proc/nowhere")
    assert done.returncode == 2
    assert done.stderr == (
        "The data folder /proc/nowhere cannot be created (No such file or directory). "
        "Set INTERLOCK_HOME to a folder that you may write to.\n"
    )


def test_a_setting_that_makes_no_sense_is_a_sentence(tmp_path):
    done = interlock("migrate", INTERLOCK_HOME=str(tmp_path), INTERLOCK_PORT="eighty")
    assert done.returncode == 2
    assert "INTERLOCK_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mail_server_of_no_kind_that_is_known_is_a_sentence(tmp_path):
    done = interlock("migrate", INTERLOCK_HOME=str(tmp_path), EMAIL_URL="smtp+tls://mail.example.com")
    assert done.returncode == 2
    assert done.stderr.startswith("EMAIL_URL begins with submission://")


def test_an_empty_database_is_a_sentence(tmp_path):
    done = interlock("worker", "--once", INTERLOCK_HOME=str(tmp_path), DATABASE_URL=f"sqlite:///{tmp_path}/empty")
    assert done.returncode == 2
    assert done.stderr.endswith("run `interlock migrate`.\n")
    assert "Traceback" not in done.stderr


def test_a_database_that_does_not_answer_is_a_sentence(tmp_path):
    done = interlock(
        "worker",
        "--once",
        INTERLOCK_HOME=str(tmp_path),
        INTERLOCK_DATABASE_TIMEOUT="1",
        DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
    )
    assert done.returncode == 2
    assert done.stderr.startswith("The database at 127.0.0.1:1 does not answer:")
    assert "Traceback" not in done.stderr
