import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A file in which jobs note what they did."""
    return tmp_path / "notes"


@pytest.fixture
def start_worker(
    transactional_db: None, process_environment: dict[str, str]
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-m", "interlock.config.cli", "worker"], env=process_environment)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
