"""What is never loaded where it would only cost start-up time and memory."""

import subprocess
import sys

import pytest

HEAVY = {"altair", "duckdb", "highspy", "ibis", "networkx", "numba", "numpy", "ortools", "pandas", "scipy", "sklearn"}

WEB = """
import sys
import interlock.config.asgi
from django.urls import get_resolver
get_resolver().url_patterns
"""
SUPERVISOR = """
import sys
import interlock.config.supervisor
"""


def loaded_by(script, environment):
    script += "print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.django_db(transaction=True)
def test_a_web_process_never_loads_a_solver(process_environment):
    assert loaded_by(WEB, process_environment) & HEAVY == set()


def test_what_watches_the_processes_loads_no_django(process_environment):
    assert "django" not in loaded_by(SUPERVISOR, process_environment)
