"""Heavy work in a process of its own: its memory is given back, and it can be ended at once."""

import multiprocessing
import resource
import time
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

# How often is asked whether the work is still wanted.
GLANCE = 0.25
# Addresses, of which libraries reserve many and use few. Beyond, there is a MemoryError instead of a dead machine.
MEMORY = 6 * 1024**3


class Cancelled(Exception):
    """Nobody wants the answer any more."""


class Died(Exception):
    """The process ended without an answer, or took too long."""


def apart(function: str, *args: Any, at_most: float, wanted: Callable[[], bool] = lambda: True, **how: Any) -> Any:
    """What the function answers.

    function  “module:name”, since this process need not load what that one does; it cannot ask Django for anything
    at_most   seconds, after which it is ended
    wanted    asked now and then; False ends it

    Arguments and answer travel by pickle. Raises Cancelled, Died, or what the function raised.
    """
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, function, args, how), daemon=True)
    process.start()
    theirs.close()
    ends = time.monotonic() + at_most
    try:
        while not mine.poll(GLANCE):
            if not wanted():
                raise Cancelled
            if time.monotonic() > ends:
                raise Died(f"No answer within {at_most:.0f} seconds.")
        good, answer = mine.recv()
    except EOFError as error:
        raise Died("The process ended without an answer.") from error
    finally:
        mine.close()
        process.kill()
        process.join()
    if not good:
        raise answer
    return answer


def _work(pipe: Connection, function: str, args: tuple[Any, ...], how: dict[str, Any]) -> None:
    module, _, name = function.partition(":")
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, most))
    try:
        answer: tuple[bool, Any] = (True, getattr(import_module(module), name)(*args, **how))
    except Exception as error:
        answer = (False, error)
    pipe.send(answer)
    pipe.close()
