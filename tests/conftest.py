from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import Served, serving


@pytest.fixture
def served(process_environment: dict[str, str], tmp_path: Path) -> Iterator[Served]:
    """A server and a worker, at work on the database of the tests."""
    with serving(process_environment, tmp_path / "server.log") as served:
        yield served
