"""Northwind's launches: gates that are decided, a launch that had to stop, one that is looked back on; who is told."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

from interlock.launch.demo import day, review
from interlock.launch.demo.communication import introduce, tell
from interlock.launch.demo.gates import decide
from interlock.workspaces.models import Member

__all__ = ["decide", "fill", "introduce", "tell"]


def fill(by: Member, *, today: date, on: Callable[[date], AbstractContextManager[None]]) -> None:
    day.fill(by, today=today, on=on)
    review.fill(by, today=today, on=on)
