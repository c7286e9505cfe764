"""The web processes: granian, which starts them and replaces one that dies."""

import gc
import multiprocessing
import signal
import sys
from collections.abc import Callable
from typing import Any

from django.urls import get_resolver
from django.utils.module_loading import import_string
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from interlock.config.memory import collect_seldom
from interlock.config.supervisor import die_with

APPLICATION = "interlock.config.asgi.application"
# A stream that stays open never ends by itself; after so long it is cut off.
SECONDS_TO_STOP = 3


def load(target: str) -> Callable[..., Any]:
    """Runs in each web process. Orphans would keep the port, and answer with yesterday's code."""
    parent = multiprocessing.parent_process()
    if parent and parent.pid:
        die_with(parent.pid, signal.SIGKILL)
    return import_string(target)


def preload() -> None:
    """Before the processes fork: what they have in common is in memory once, and a replacement starts at once."""
    import_string(APPLICATION)
    get_resolver().url_patterns  # noqa: B018 imports what pages and API need
    collect_seldom()
    gc.collect()
    gc.freeze()  # else a collection would write to each object, and so copy it


def main(host: str, port: str, processes: str) -> None:
    preload()
    Granian(
        APPLICATION,
        address=host,
        port=int(port),
        interface=Interfaces.ASGINL,
        workers=int(processes),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=SECONDS_TO_STOP,
        log_level=LogLevels.warning,
    ).serve(target_loader=load)


if __name__ == "__main__":
    main(*sys.argv[1:])
