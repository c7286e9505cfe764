"""Jobs for the tests to run, in a worker process of their own where need be."""

import os
import time
from pathlib import Path

from interlock.jobs import job


class Unwell(Exception):
    pass


@job(retries=2)
def note(path: str, word: str) -> None:
    with Path(path).open("a") as file:
        file.write(f"{word}\n")


@job(retries=2)
def fail_always(path: str) -> None:
    note.func(path, "tried")
    raise Unwell("as ever")


@job()
def fail_once() -> None:
    raise Unwell("once and for all")


@job(retries=1)
def hang_at_first(path: str) -> None:
    note.func(path, str(os.getpid()))
    if len(Path(path).read_text().split()) == 1:
        time.sleep(60)


@job()
def hang_at_first_and_never_again(path: str) -> None:
    hang_at_first.func(path)


@job(queue="import")
def hang_in_import(path: str) -> None:
    note.func(path, "importing")
    time.sleep(60)


@job(retries=9)
def leave_early() -> None:
    raise SystemExit(3)
