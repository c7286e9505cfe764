"""Heavy work in a process of its own: its memory is given back, and it can be ended at once."""

import multiprocessing
import resource
import time
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection
from threading import Lock
from typing import Any, NamedTuple

# How often is asked whether the work is still wanted.
GLANCE = 0.25
# Addresses, of which libraries reserve many and use few. Beyond, there is a MemoryError instead of a dead machine.
MEMORY = 6 * 1024**3


class Cancelled(Exception):
    """Nobody wants the answer any more."""


class Died(Exception):
    """The process ended without an answer, or took too long."""


def apart(
    function: str,
    *args: Any,
    at_most: float,
    wanted: Callable[[], bool] = lambda: True,
    progress: Callable[[str, float], None] | None = None,
    **how: Any,
) -> Any:
    """What the function answers.

    function  “module:name”, since this process need not load what that one does; it cannot ask Django for anything
    at_most   seconds, after which it is ended
    wanted    asked now and then; False ends it
    progress  is told how far it is, as the function says by calling its argument `report`: a stage, the share of it

    Arguments and answer travel by pickle. Raises Cancelled, Died, or what the function raised.
    """
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, function, args, how, progress is not None), daemon=True)
    process.start()
    theirs.close()
    ends = time.monotonic() + at_most
    try:
        while True:
            said = mine.recv() if mine.poll(GLANCE) else None
            if isinstance(said, _Answer):
                break
            if not wanted():
                raise Cancelled
            if time.monotonic() > ends:
                raise Died(f"No answer within {at_most:.0f} seconds.")
            if said is not None and progress:
                progress(*said)
    except EOFError as error:
        raise Died("The process ended without an answer.") from error
    finally:
        mine.close()
        process.kill()
        process.join()
    if not said.good:
        raise said.value
    return said.value


class _Answer(NamedTuple):
    good: bool
    value: Any


class _Report:
    """Says how far it is, not oftener than anybody looks; whoever calls it need not care."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe, self.stage, self.at = pipe, "", 0.0
        self.lock = Lock()

    def __call__(self, stage: str, share: float) -> None:
        now = time.monotonic()
        with self.lock:
            if stage != self.stage or now - self.at >= GLANCE:
                self.stage, self.at = stage, now
                self.pipe.send((stage, share))


def _work(pipe: Connection, function: str, args: tuple[Any, ...], how: dict[str, Any], reports: bool) -> None:
    module, _, name = function.partition(":")
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, most))
    more = {"report": _Report(pipe)} if reports else {}
    try:
        answer = _Answer(True, getattr(import_module(module), name)(*args, **how, **more))
    except Exception as error:
        answer = _Answer(False, error)
    pipe.send(answer)
    pipe.close()
