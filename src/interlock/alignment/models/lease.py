from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone

from interlock.workspaces.models import Workspace


class LeaseLost(Exception):
    """The holder was not heard of for so long that somebody else checks now."""


class CheckLease(models.Model):
    """Held by whoever checks a workspace: two checks at once could write down what one of them saw before a fix."""

    workspace = models.OneToOneField(Workspace, models.CASCADE, primary_key=True, related_name="check_lease")
    holder = models.UUIDField(null=True)
    # A holder that died is not waited for longer than this.
    until = models.DateTimeField(null=True)
    # When the rules were last through with what they had to look at …
    checked_at = models.DateTimeField(null=True)
    # … and the last day on which they looked at everything.
    everything_on = models.DateField(null=True)

    LASTS = timedelta(minutes=2)

    def __str__(self) -> str:
        return f"{self.workspace_id} until {self.until}"

    @classmethod
    @contextmanager
    def hold(cls, workspace: Workspace) -> Iterator[Self | None]:
        """Yields the lease where it was free and now is held, else None."""
        cls.objects.get_or_create(workspace=workspace)
        now, me = timezone.now(), uuid4()
        free = Q(holder=None) | Q(until__lt=now)
        got = cls.objects.filter(free, workspace=workspace).update(holder=me, until=now + cls.LASTS)
        try:
            yield cls(workspace=workspace, holder=me, until=now + cls.LASTS) if got else None
        finally:
            cls.objects.filter(workspace=workspace, holder=me).update(holder=None, until=None)

    def renew(self) -> None:
        """Say that the holder lives. Called often, written rarely."""
        now = timezone.now()
        if self.until and self.until - now > self.LASTS / 2:
            return
        self.until = now + self.LASTS
        if not self._held().update(until=self.until):
            raise LeaseLost

    def through(self, *, everything_on: date | None = None) -> None:
        """Note that the rules are through, and, where they looked at everything, on which day."""
        on = {"everything_on": everything_on} if everything_on else {}
        self._held().update(checked_at=timezone.now(), **on)

    def _held(self) -> "models.QuerySet[CheckLease]":
        return CheckLease.objects.filter(workspace=self.workspace_id, holder=self.holder)
