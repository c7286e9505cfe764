"""What scratch.py has another process do: import plans, each into a workspace of its own, and run every rule over them.

It reads a JSON line for each plan, and answers with one. Django is set up only once it has begun.
"""

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any


def main() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    for number, line in enumerate(sys.stdin, start=1):
        asked = json.loads(line)
        answer = json.dumps(judge(number, asked))
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


def judge(number: int, asked: dict[str, Any]) -> dict[str, Any]:
    from interlock.alignment.checking import RulesFailed, check
    from interlock.alignment.models import RuleSetting, Tally
    from interlock.connect.importing.mapping import Mapping as ImportMapping
    from interlock.connect.importing.run import Run
    from interlock.connect.readers import opened
    from interlock.workspaces.models import User, Workspace

    user = User.objects.create_user(f"replay{number}@replay.example", name="Replay")
    by = Workspace.objects.found(f"Freeze {number}", by=user, slug=f"freeze-{number}")
    with Run(opened(Path(asked["folder"])), ImportMapping.parse(asked["mapping"]), by=by) as run:
        run.check()
        run.write()
    exts = _touch(by.workspace, asked["touched"])
    RuleSetting.objects.bulk_create(
        RuleSetting(workspace=by.workspace, code=code, settings=values) for code, values in asked["settings"].items()
    )
    failed: list[str] = []
    try:
        check(by.workspace, today=date.fromisoformat(asked["today"]))
    except RulesFailed as error:
        failed = error.codes
    looked: dict[str, int] = {}
    for code, rows in Tally.objects.filter(workspace=by.workspace).values_list("code", "checked"):
        looked[code] = looked.get(code, 0) + rows
    return {"warned": warned_of(by.workspace, exts), "looked": looked, "failed": failed}


def _touch(workspace: Any, touched: dict[str, str]) -> dict[int, str]:
    """Say of each feature when it was changed last, which an import of today cannot; returns their external ids."""
    from django.contrib.contenttypes.models import ContentType

    from interlock.backlog.models import Feature
    from interlock.workspaces.models import ExternalId

    kind = ContentType.objects.get_for_model(Feature)
    held = ExternalId.objects.filter(workspace=workspace, content_type=kind)
    exts: dict[int, str] = dict(held.filter(record_id__in=touched).values_list("object_id", "record_id"))
    features = list(Feature.objects.filter(pk__in=exts))
    for feature in features:
        feature.changed_at = datetime.fromisoformat(touched[exts[feature.pk]])
    Feature.objects.bulk_update(features, ["changed_at"], batch_size=500)
    return exts


def warned_of(workspace: Any, exts: dict[int, str]) -> dict[str, list[str]]:
    """Code → external ids of the features that its open findings concern."""
    from interlock.alignment.models import Finding, FindingSubject

    held = FindingSubject.objects.filter(
        finding__workspace=workspace, finding__status=Finding.Status.OPEN, mentioned=False
    )
    found: dict[str, set[str]] = {}
    paths = _paths_to_features()
    for label, path in paths.items():
        app, model = label.split(".")
        about = held.filter(content_type__app_label=app, content_type__model=model)
        subjects = list(about.values_list("finding__code", "object_id"))
        ends = _features(path, {pk for _, pk in subjects})
        for code, pk in subjects:
            found.setdefault(code, set()).update(exts[feature] for feature in ends.get(pk, ()) if feature in exts)
    return {code: sorted(names) for code, names in found.items()}


def _paths_to_features() -> dict[str, str]:
    """What a finding may be about → the lookup from a feature to it."""
    return {
        "backlog.feature": "pk",
        "backlog.requirement": "requirements",
        "releases.release": "scope__release",
        "strategy.objective": "objectives",
        "strategy.keyresult": "objectives__key_results",
    }


def _features(path: str, pks: set[int]) -> dict[int, set[int]]:
    from interlock.backlog.models import Feature

    found: dict[int, set[int]] = {}
    wanted = sorted(pks)
    for start in range(0, len(wanted), 500):
        rows = Feature.objects.filter(**{f"{path}__in": wanted[start : start + 500]})
        for end, feature in rows.values_list(path, "pk"):
            found.setdefault(end, set()).add(feature)
    return found


if __name__ == "__main__":
    main()
