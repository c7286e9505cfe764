"""Taking back a change of many features. The history says what to set back, so nothing else has to be kept."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core import signing
from django.core.exceptions import ObjectDoesNotExist

from interlock.backlog.columns import Column, column_named
from interlock.backlog.models import Feature
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import AuditEvent, Door, Member

SALT = "backlog.undo"
LASTS = 3600
BATCH = 500


@dataclass
class Span:
    """Events of one actor, those between two of the history."""

    after: int
    until: int = 0

    def count(self, by: Member) -> int:
        """How many features were changed."""
        return _events(by, self.after, self.until).order_by().values("object_id").distinct().count()

    def token(self, by: Member) -> str:
        return signing.dumps([str(by.pseudonym), self.after, self.until], salt=SALT)


@contextmanager
def noted(by: Member) -> Iterator[Span]:
    """What is done inside can be taken back by the span's token."""
    span = Span(_latest(by))
    yield span
    span.until = _latest(by)


def _latest(by: Member) -> int:
    events = AuditEvent.objects.filter(workspace_id=by.workspace_id)
    return events.order_by("-pk").values_list("pk", flat=True).first() or 0


def _events(by: Member, after: int, until: int) -> Any:
    """What happened to features; what this person's imports and tokens did at the same time is not meant."""
    theirs = AuditEvent.objects.filter(workspace_id=by.workspace_id, actor=by.pseudonym, door=Door.PAGE)
    return theirs.filter(pk__gt=after, pk__lte=until, model=Feature._meta.label_lower)


def undo(token: str, *, by: Member) -> tuple[int, int]:
    """Set back what still is as it was left; returns how many features that was, and how many were left alone."""
    try:
        actor, after, until = signing.loads(token, salt=SALT, max_age=LASTS)
    except signing.BadSignature as error:
        raise DomainError("It is too late to undo this here. The history of each feature says what it was.") from error
    if actor != str(by.pseudonym):
        raise DomainError("Only who did this can undo it.")
    back = left = 0
    keys = list(_events(by, after, until).order_by("-pk").values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        batch = list(AuditEvent.objects.filter(pk__in=keys[start : start + BATCH]).order_by("-pk"))
        done = _set_back(batch, by)
        back, left = back + done, left + len(batch) - done
    return back, left


def _set_back(events: list[AuditEvent], by: Member) -> int:
    rows = Feature.objects.editable_by(by).filter(pk__in={event.object_id for event in events})
    features = rows.select_related("owner").prefetch_related("objectives", "tags", "contributing_teams").in_bulk()
    recalled = cache(lambda column, told: column.recall(_thaw(told), by))
    archived: list[int] = []
    restored: list[int] = []
    pairs: dict[Column, list[tuple[Feature, Any]]] = defaultdict(list)
    for event in events:
        feature = features.get(event.object_id)
        if feature is None:
            continue
        if event.verb == "archived" and feature.archived:
            archived.append(feature.pk)
        elif event.verb == "restored" and not feature.archived:
            restored.append(feature.pk)
        else:
            _recall(event, feature, pairs, recalled)
    Feature.objects.filter(pk__in=archived).restore(by=by)
    Feature.objects.filter(pk__in=restored).archive(by=by)
    for column, changes in pairs.items():
        column.put(changes, by=by)
    touched = {feature.pk for changes in pairs.values() for feature, _ in changes}
    return len(touched | {*archived, *restored})


def _recall(
    event: AuditEvent,
    feature: Feature,
    pairs: dict[Column, list[tuple[Feature, Any]]],
    recalled: Callable[[Column, Any], Any],
) -> None:
    for name, (before, after) in event.changes.items():
        column = column_named(name)
        if column and _freeze(column.told(feature)) == _freeze(after):
            try:
                pairs[column].append((feature, recalled(column, _freeze(before))))
            except ObjectDoesNotExist:
                continue


def _freeze(told: Any) -> Any:
    return tuple(sorted(told)) if isinstance(told, list) else told


def _thaw(told: Any) -> Any:
    return list(told) if isinstance(told, tuple) else told
