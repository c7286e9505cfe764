"""Has the rules run over plans that were laid out, in a database that is gone afterwards.

In a process of its own: one of Django's knows one database, and nothing may end in that of the installation.
What it does there stands in replay.py.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, cast

from interlock.connect.proving.told import Laid

# What of the environment says where an installation's own data is.
OWN = ("DATABASE_URL", "CACHE_URL", "INTERLOCK_HOME", "INTERLOCK_SECRET_KEY", "PYTHONDONTWRITEBYTECODE")


class ReplayFailed(Exception):
    """The process that replays ended early; the message is what it said last."""


@dataclass(frozen=True)
class Judged:
    """What the rules said of one plan.

    warned  code of a rule → the items of which it warned
    looked  code of a rule → how many rows it applied to
    failed  codes of rules that raised an error
    """

    warned: Mapping[str, frozenset[str]]
    looked: Mapping[str, int]
    failed: frozenset[str]


def judged(plans: Iterable[tuple[Laid, date]], settings: Mapping[str, Mapping[str, int]]) -> Iterator[Judged]:
    """The rules over each plan, by the thresholds that a workspace has set: code → name → value."""
    with TemporaryDirectory(prefix="interlock-replay-") as home:
        environment = {name: value for name, value in os.environ.items() if name not in OWN}
        environment |= {
            "INTERLOCK_HOME": home,
            "INTERLOCK_LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "interlock.config.settings",
        }
        command = [sys.executable, "-m", "interlock.connect.proving.replay"]
        pipe = subprocess.PIPE
        errors = Path(home, "errors")
        with (
            errors.open("w") as told,
            subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=told, text=True) as child,  # noqa: S603
        ):
            asks, answers = cast("IO[str]", child.stdin), cast("IO[str]", child.stdout)
            for laid, today in plans:
                # Where it ended, what it said last is read below.
                with suppress(BrokenPipeError):
                    asks.write(json.dumps(_asked(laid, today, settings)) + "\n")
                    asks.flush()
                line = answers.readline()
                if not line:
                    child.wait()
                    said = errors.read_text().strip().splitlines() or ["it said nothing"]
                    raise ReplayFailed(f"The replay of {today:%-d %B %Y} ended early: {said[-1]}")
                yield _read(json.loads(line), laid)


def _asked(laid: Laid, today: date, settings: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    return {
        "folder": str(laid.folder),
        "mapping": laid.mapping,
        "today": today.isoformat(),
        "touched": {ext: at.isoformat() for ext, at in laid.touched.items()},
        "settings": settings,
    }


def _read(answer: dict[str, Any], laid: Laid) -> Judged:
    warned = {
        code: frozenset(laid.items[ext] for ext in exts if ext in laid.items) for code, exts in answer["warned"].items()
    }
    return Judged(warned, answer["looked"], frozenset(answer["failed"]))
