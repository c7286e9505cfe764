"""When rules run: over everything once a day, and over what depends on a change soon after it."""

import logging
import time
from collections.abc import Iterable, Iterator
from datetime import date

from django.db import InterfaceError, OperationalError

from interlock.alignment import registry, universe
from interlock.alignment.counting import count
from interlock.alignment.judging import judge
from interlock.alignment.look import Look
from interlock.alignment.models import CheckLease, Finding, LeaseLost, PendingChange, Tally, Waiver
from interlock.alignment.models.pending import TERMS, WAIVERS
from interlock.alignment.scoring import keep_scores
from interlock.alignment.terms import Applied, in_force
from interlock.alignment.universe import Touched, Universes
from interlock.workspaces.models import Workspace

logger = logging.getLogger(__name__)

POLL = 0.1
BATCH = 500


class Busy(Exception):
    """Somebody else has been checking this workspace for too long."""


class RulesFailed(Exception):
    """Rules that raised an error. Their findings stand as they were; all others are up to date."""

    def __init__(self, codes: Iterable[str]) -> None:
        self.codes = list(codes)
        super().__init__(f"{', '.join(self.codes)} could not be judged: see the log.")


def check(workspace: Workspace, *, today: date, wait_seconds: float = 60) -> None:
    """Judge everything. Waits for a check that is under way."""
    deadline = time.monotonic() + wait_seconds
    while True:
        with CheckLease.hold(workspace) as lease:
            if lease:
                pending = list(PendingChange.objects.filter(workspace=workspace).values_list("pk", flat=True))
                end_waivers(workspace, today=today)
                _retire_lost_rules(workspace)
                work = ((applied, universe.everything(applied.rule)) for applied in in_force(workspace))
                failed = _run(work, Look(workspace, today, lease))
                _settle(pending)
                lease.through(everything_on=today)
                break
        if time.monotonic() > deadline:
            raise Busy(f"{workspace} is being checked already.")
        time.sleep(POLL)
    recheck_pending(workspace, today=today)
    if failed:
        raise RulesFailed(failed)


def recheck_pending(workspace: Workspace, *, today: date) -> None:
    """Judge anew what changed since the last look. Whoever holds the lease does it for all."""
    failed: set[str] = set()
    while PendingChange.objects.filter(workspace=workspace).exists():
        with CheckLease.hold(workspace) as lease:
            if not lease:
                return
            pending = list(PendingChange.objects.filter(workspace=workspace))
            work = _depending_on(Touched.together(pending), workspace)
            failed |= _run(work, Look(workspace, today, lease))
            _settle([one.pk for one in pending])
            lease.through()
    if failed:
        raise RulesFailed(sorted(failed))


def _depending_on(touched: Touched, workspace: Workspace) -> Iterator[tuple[Applied, Universes]]:
    """The rules to run, with what each must look at; nothing, where only its tallies are different."""
    terms, waivers = touched.of(TERMS), touched.of(WAIVERS)
    for applied in in_force(workspace):
        rule = applied.rule
        where = universe.everything(rule) if rule.code in terms else universe.affected(rule, workspace, touched)
        if where or rule.code in waivers:
            yield applied, where


def _run(work: Iterable[tuple[Applied, Universes]], look: Look) -> set[str]:
    """Judge and count; returns the codes of rules that raised an error."""
    failed = set()
    for applied, where in work:
        look.lease.renew()
        try:
            judge(applied, look, where)
            count(applied, look, where)
        except (LeaseLost, OperationalError, InterfaceError):
            raise
        except Exception:
            # One rule's mistake must not hide what all the others have to say.
            logger.exception("%s could not be judged in %s", applied.rule.code, look.workspace.slug)
            failed.add(applied.rule.code)
    keep_scores(look.workspace, today=look.today)
    return failed


def _settle(pending: list[int]) -> None:
    """Forget changes that have been judged. Last: should this process die before, they are judged again."""
    for start in range(0, len(pending), BATCH):
        PendingChange.objects.filter(pk__in=pending[start : start + BATCH]).delete()


def _retire_lost_rules(workspace: Workspace) -> None:
    """What was found by rules that this version does not have any more is no longer held against anybody."""
    lost = Finding.objects.of(workspace).exclude(code__in=registry.codes()).exclude(status=Finding.Status.RESOLVED)
    lost.resolve()
    Tally.objects.filter(workspace=workspace).exclude(code__in=registry.codes()).delete()


def end_waivers(workspace: Workspace, *, today: date) -> None:
    """Waivers whose day has come end, and their findings are open again."""
    run_out = Waiver.objects.filter(finding__workspace=workspace, ended_at=None, until__lte=today)
    for waiver in run_out.select_related("finding__workspace"):
        waiver.finding.withdraw_waiver(by=None, due=today)
