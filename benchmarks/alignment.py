"""What checking costs: everything the first time and again, and after one change.

    python -m benchmarks.alignment --features 100000 --people 5000

Prints JSON lines, the last a summary.
"""

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from benchmarks.frame import set_up, stage, tell, usage
from benchmarks.workspace import arguments, make, settle

REPEATS = 15


def main() -> None:
    """What checking costs: everything the first time and again, and after one change."""
    parser = arguments(main)
    parser.add_argument("--full-check-alone", action="store_true", help="what the benchmark starts itself as")
    options = parser.parse_args()
    set_up()
    from django.db import connection

    workspace = make(options.slug, features=options.features, people=options.people, seed=options.seed)
    if options.full_check_alone:
        return full_checks(workspace)
    # In a process of its own, since the memory that making the workspace took is never given back.
    command = [sys.executable, "-m", "benchmarks.alignment", "--full-check-alone", "--slug", options.slug]
    subprocess.run(command, check=True)
    from interlock.alignment.rule import RuleScope

    rechecks = {
        "subject": recheck(workspace, only=lambda rule: rule.scope is RuleScope.SUBJECT),
        "whole": recheck(workspace, only=lambda rule: rule.scope is not RuleScope.SUBJECT),
        "all": recheck(workspace, only=lambda rule: True),
    }
    tell(summary="alignment", database=connection.vendor, features=options.features, recheck_seconds=rechecks)
    return None


def full_checks(workspace: Any) -> None:
    from django.utils import timezone

    from interlock.alignment import checking
    from interlock.alignment.models import Finding, FindingSubject, Score, Tally

    for model in (FindingSubject, Finding.people.through, Finding.departments.through, Finding, Tally, Score):
        model._default_manager.all().delete()
    for which in ("first", "again"):
        with stage(f"full check, {which}") as told:
            checking.check(workspace, today=timezone.localdate())
            told["findings"] = Finding.objects.open().filter(workspace=workspace).count()
    settle()  # as PostgreSQL does by itself within a minute, where autovacuum runs


@contextmanager
def ruled_by(only: Callable[[Any], bool]) -> Iterator[None]:
    from interlock.alignment import registry

    rules = [rule for rule in registry.rules() if only(rule)]
    with patch.object(registry, "rules", lambda: rules):
        yield


def recheck(workspace: Any, *, only: Callable[[Any], bool]) -> dict[str, float]:
    """Kind of change → median seconds until what depends on it is judged."""
    from django.utils import timezone

    from interlock.alignment import checking
    from interlock.workspaces.models import Member

    editor = Member.objects.get(workspace=workspace, role="editor")
    medians = {}
    for name, change in CHANGES.items():
        clock, cpu = [], []
        for turn in range(REPEATS):
            change(workspace, editor, turn)
            with ruled_by(only):
                before = usage()
                checking.recheck_pending(workspace, today=timezone.localdate())
                after = usage()
            clock.append(after["seconds"] - before["seconds"])
            cpu.append(after["cpu_seconds"] - before["cpu_seconds"])
        medians[name] = round(statistics.median(clock), 4)
        tell(stage=f"recheck: {name}", seconds=medians[name], cpu_seconds=statistics.median(cpu), worst=max(clock))
    return medians


# --- changes -----------------------------------------------------------------------------------------


def feature_loses_owner(workspace: Any, editor: Any, turn: int) -> None:
    from interlock.backlog.models import Feature

    Feature.objects.of(workspace).open().exclude(owner=None)[turn * 7].change(owner=None, by=editor)


def feature_gets_objective(workspace: Any, editor: Any, turn: int) -> None:
    from interlock.backlog.models import Feature
    from interlock.strategy.models import Objective

    objective = Objective.objects.of(workspace).open()[turn]
    Feature.objects.of(workspace).open().filter(objectives=None)[turn].change(objectives=[objective], by=editor)


def feature_is_replanned(workspace: Any, editor: Any, turn: int) -> None:
    from interlock.backlog.models import Feature
    from interlock.releases.models import Release

    feature = Feature.objects.of(workspace).open().exclude(blocks=None).exclude(scope=None)[turn * 7]
    Release.objects.of(workspace).open().filter(product=feature.product)[turn % 5].take([feature], by=editor)


def dependency_is_added(workspace: Any, editor: Any, turn: int) -> None:
    from interlock.backlog.models import Dependency, Feature

    feature, needs = Feature.objects.of(workspace).open().filter(needs=None)[turn * 7 : turn * 7 + 2]
    Dependency.objects.add(feature=feature, needs=needs, by=editor)


def release_slips(workspace: Any, editor: Any, turn: int) -> None:
    from django.utils import timezone

    from interlock.releases.models import Release

    release = Release.objects.of(workspace).open()[turn]
    release.change(target_on=timezone.localdate() + timedelta(days=200 + turn), by=editor)


def person_leaves(workspace: Any, editor: Any, turn: int) -> None:
    from interlock.organisation.models import Person

    Person.objects.of(workspace).current()[turn].change(standing=Person.Standing.LEFT, by=editor)


CHANGES: dict[str, Callable[[Any, Any, int], None]] = {
    "feature loses its owner": feature_loses_owner,
    "feature gets an objective": feature_gets_objective,
    "feature is replanned": feature_is_replanned,
    "dependency is added": dependency_is_added,
    "release slips": release_slips,
    "person leaves": person_leaves,
}

if __name__ == "__main__":
    main()
