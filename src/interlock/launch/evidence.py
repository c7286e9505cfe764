"""What shows whether a criterion is met, as it stands now: a state, and the evidence in words.

The words name no person, so that a decision can keep them when somebody is forgotten.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Q

from interlock.alignment import registry
from interlock.alignment.models import Finding, FindingSubject
from interlock.backlog.models import Feature, Requirement
from interlock.launch.models import GateCriterion
from interlock.organisation.models import Product, ProductPlanModel
from interlock.releases.models import Release, Task
from interlock.strategy.models import Metric

Kind = GateCriterion.Kind
OF_A_RELEASE = "release__product"


class State(Enum):
    MET = "met", "Met", "good"
    NOT_MET = "not_met", "Not met", "bad"
    UNKNOWN = "unknown", "Not known", "warn"

    def __init__(self, code: str, word: str, level: str) -> None:
        self.code, self.word, self.level = code, word, level


MET, NOT_MET, UNKNOWN = State.MET, State.NOT_MET, State.UNKNOWN


@dataclass(frozen=True)
class Judged:
    criterion: GateCriterion
    state: State
    words: str

    @property
    def met(self) -> bool:
        return self.state is MET


def judge(release: Release, criteria: Sequence[Any]) -> list[Judged]:
    """Each criterion of a release's gates; they come `with_evidence`."""
    codes = {one.rule for one in criteria if one.kind == Kind.RULE}
    open_ = open_findings(release, codes) if codes else {}

    def told(one: Any) -> tuple[State, str]:
        match one.kind:
            case Kind.LINK:
                return _by_link(one)
            case Kind.METRIC:
                return _by_number(one, release)
            case Kind.TASK:
                return _by_task(one.task)
            case Kind.RULE:
                return _by_rule(one.rule, open_.get(one.rule, 0), off=one.off)
        return _by_word(one)

    return [Judged(one, *told(one)) for one in criteria]


def _by_link(one: GateCriterion) -> tuple[State, str]:
    return (MET, f"It is at {urlsplit(one.link).netloc}.") if one.link else (NOT_MET, "There is no link yet.")


def _by_number(one: Any, release: Release) -> tuple[State, str]:
    metric: Metric = one.metric
    if metric.product_id not in (None, release.product_id):
        return UNKNOWN, "Its metric is another product's now."
    asked = f"{one.get_comparison_display()} {metric.in_words(one.bound)} is asked for"
    if one.value is None:
        return UNKNOWN, f"{metric} is not measured yet; {asked}."
    held = MET if one.holds(one.value) else NOT_MET
    return held, f"{metric} was {metric.in_words(one.value)} on {one.measured_on:%-d %B %Y}; {asked}."


def _by_task(task: Task) -> tuple[State, str]:
    if task.status == Task.Status.DONE:
        return MET, f"“{task}” was done on {task.done_on:%-d %B %Y}." if task.done_on else f"“{task}” is done."
    if task.archived or task.status == Task.Status.DROPPED:
        return UNKNOWN, f"“{task}” is not planned any more."
    dates = getattr(task, "dates", None)
    planned = f", and planned to end on {dates.ends_on:%-d %B %Y}" if dates else ""
    return NOT_MET, f"“{task}” is {task.get_status_display().lower()}{planned}."


def _by_rule(code: str, count: int, *, off: bool) -> tuple[State, str]:
    if code not in registry.codes():
        return UNKNOWN, f"There is no rule {code} any more."
    if off:
        return UNKNOWN, f"The rule {code} is switched off."
    if count:
        return NOT_MET, f"{count:,} open finding{'' if count == 1 else 's'} of {code} in this release."
    return MET, f"No open finding of {code} in this release."


def _by_word(one: GateCriterion) -> tuple[State, str]:
    if not one.word:
        return UNKNOWN, "Nobody has given their word yet."
    held = MET if one.word == GateCriterion.Word.MET else NOT_MET
    on = f"Said on {one.word_on:%-d %B %Y}" if one.word_on else "Said"
    return held, f"{on}: {one.word_note}" if one.word_note else f"{on}."


# --- findings about a release ----------------------------------------------------------------------------


def open_findings(release: Release, codes: Iterable[str]) -> dict[str, int]:
    """Rule → its open findings about the release and what belongs to it.

    Findings that also speak of another product which few may see are left out: everybody is told the same number.
    """
    kinds = ContentType.objects.get_for_models(*subjects())
    about = Q()
    for model, path in subjects().items():
        rows = model._base_manager.filter(**{path: release.pk}).order_by().values("pk")
        about |= Q(subjects__content_type=kinds[model], subjects__object_id__in=rows, subjects__mentioned=False)
    hidden = Product.objects.of(release.workspace).filter(restricted=True).exclude(pk=release.product_id)
    beyond = FindingSubject.objects.filter(product_id__in=hidden.order_by().values("pk")).values("finding")
    found = Finding.objects.of(release.workspace).open().filter(about, code__in=codes).exclude(pk__in=beyond)
    return dict(found.order_by().values_list("code").annotate(number=Count("pk", distinct=True)))


def subjects() -> dict[type[Any], str]:
    """The kinds of rows that belong to a release → the lookup from them to it."""
    found: dict[type[Any], str] = {Release: "pk", Feature: "scope__release", Requirement: "feature__scope__release"}
    for model in apps.get_models():
        if issubclass(model, ProductPlanModel) and model.product_path.endswith(OF_A_RELEASE):
            found[model] = model.product_path.removesuffix("__product")
    return found
