from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from interlock.organisation.models import Department
from interlock.organisation.models.product import products_seen
from interlock.releases.figures import days_between
from interlock.releases.forms import CHANGE_FORMS, ScenarioStartForm
from interlock.releases.models import Release, Scenario, ScenarioRun, Task
from interlock.workspaces.errors import DomainError
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member
from interlock.workspaces.pages import ActView, Done, RowPage, may_edit, stay

# Beside each other there is no room for more; the others stand in the list below.
BESIDE = 6
SHOWN = 200
MOVED = 12


class ScenariosView(View):
    """What would become of a release, if."""

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        by = request.member
        if not by.reads_all:
            raise Http404
        release = by.visible(Release, key=key)
        mine = Scenario.objects.visible_to(by).active().filter(release=release).select_related("run", "workspace")
        scenarios = list(mine[:SHOWN])
        for one in scenarios:
            one.release = release
        told = [Seen.of(one) for one in scenarios if one.open]
        computed = [one for one in told if one.before and one.after]
        shown = {
            "row": release,
            "release": release,
            "told": told,
            "compared": computed[:BESIDE],
            "rows": compared(computed[:BESIDE], by) if computed else [],
            "best": min(computed, key=lambda one: one.after["p85_on"], default=None),
            "applied": [one for one in scenarios if not one.open],
            "editable": not release.archived and may_edit(by, release),
        }
        return render(request, "releases/scenarios.html", shown)


@dataclass(frozen=True)
class Seen:
    """A scenario with its figures, as far as the member may read them."""

    scenario: Scenario
    run: Any
    before: Any
    after: Any

    @classmethod
    def of(cls, scenario: Scenario) -> "Seen":
        run: ScenarioRun | None = getattr(scenario, "run", None)
        key = scenario.release.key
        before, after = (
            figures.get("releases", {}).get(key) for figures in ((run.before, run.after) if run else ({}, {}))
        )
        return cls(scenario, run, before, after)

    @property
    def days(self) -> int | None:
        """By how many days the 85 % date is later than without it, or earlier if negative."""
        return days_between(self.before, self.after)

    @property
    def percent(self) -> int | None:
        return _percent(self.after)


def _percent(figures: Any) -> int | None:
    return None if figures is None or figures["chance"] is None else round(100 * figures["chance"])


@dataclass(frozen=True)
class Figure:
    """A line of the comparison: what it is, as the plan is, and with each scenario."""

    label: str
    cells: Sequence["Cell"]


@dataclass(frozen=True)
class Cell:
    """`day` is shown as a day; `more` says how it differs from the plan as it is; level: good, bad or none."""

    text: str = ""
    day: date | None = None
    more: str = ""
    level: str = ""


def compared(told: Sequence[Seen], by: Member) -> list[Figure]:
    """Side by side: the plan as it is first, as it was when the newest of them was computed."""
    if not told:
        return []
    newest = max(told, key=lambda one: one.run.at)
    sides = [newest.run.before, *(one.run.after for one in told)]
    key = newest.scenario.release.key
    mine = [side["releases"][key] for side in sides]
    departments = Department.objects.visible_to(by)
    numbers = {Department.number_of(one) for side in sides for one in side["load"]}
    names = {one.key: one.name for one in departments.filter(number__in=numbers)}
    days = [
        Figure(label, [_day(one[field], mine[0][field], judged=field != "target_on") for one in mine])
        for label, field in (("Target", "target_on"), ("Likely (85%)", "p85_on"), ("50%", "p50_on"), ("95%", "p95_on"))
    ]
    chances = [_percent(one) for one in mine]
    return [
        *days[:2],
        Figure("Chance of the target", [_share(one, chances[0], better=1) for one in chances]),
        *days[2:],
        Figure("Person-days of work", [_number(side["person_days"], sides[0]["person_days"]) for side in sides]),
        *(
            Figure(f"Load of {names[one]}", [_share(_load(side, one), _load(sides[0], one)) for side in sides])
            for one in dict.fromkeys(one for side in sides for one in side["load"])
            if one in names
        ),
        Figure("Elsewhere", [Cell("–"), *(Cell("; ".join(elsewhere(one, by)) or "nothing changes") for one in told)]),
    ]


def elsewhere(one: Seen, by: Member) -> list[str]:
    """What becomes of other releases, of those that the member sees."""
    if not one.run or not one.run.after:
        return []
    before, after = one.run.before["releases"], one.run.after["releases"]
    moved = {key: days_between(before.get(key), figures) for key, figures in after.items()}
    moved = {key: days for key, days in moved.items() if days and key != one.scenario.release.key}
    if not moved:
        return []
    rows = Release.objects.visible_to(by).filter(number__in=[Release.number_of(key) for key in moved])
    return [f"{row.name} {_later(moved[row.key] or 0)}" for row in rows.order_by("number")]


def _later(days: int) -> str:
    return f"{abs(days)} day{'' if abs(days) == 1 else 's'} {'later' if days > 0 else 'earlier'}"


def _day(value: str | None, before: str | None, *, judged: bool) -> Cell:
    if not value:
        return Cell("–")
    on = date.fromisoformat(value)
    days = (on - date.fromisoformat(before)).days if before else 0
    return Cell(
        day=on, more=_later(days) if days else "", level=("bad" if days > 0 else "good") if days and judged else ""
    )


def _share(percent: int | None, before: int | None, better: int = 0) -> Cell:
    if percent is None:
        return Cell("–")
    more = percent - before if before is not None else 0
    level = ("good" if more * better > 0 else "bad") if more and better else ""
    return Cell(f"{percent}%", more=f"{more:+d}".replace("-", "−") if more else "", level=level)


def _load(side: Any, department: str) -> int | None:
    load = side["load"].get(department)
    return None if load is None else round(100 * load)


def _number(value: float, before: float) -> Cell:
    more = value - before
    return Cell(f"{value:g}", more=f"{more:+g}".replace("-", "−") if more else "")


class ScenarioView(RowPage):
    model = Scenario
    related = ("release__product", "run")

    def more(self, request: MemberRequest, row: Scenario) -> dict[str, Any]:
        by = request.member
        row.release.workspace = row.workspace = by.workspace
        seen = Seen.of(row)
        _, told = row.read(by=by) if row.open else (None, ())
        return {
            "release": row.release,
            "seen": seen,
            "together": [seen],
            "run": seen.run,
            "told": told,
            "moved": any(one.stale for one in told),
            "rows": compared([seen], by) if seen.after and seen.before else [],
            "tasks": _tasks(seen, by),
            # What contradicts each other may be tasks of any release.
            "says": seen.run.says if seen.run and products_seen(by) is None else "",
            "kinds": [(kind, form.label) for kind, form in CHANGE_FORMS.items()],
            "overtaken": bool(seen.run and seen.run.overtaken),
        }


def _tasks(seen: Seen, by: Member) -> list[dict[str, Any]]:
    """The tasks of the release that end on another day, those that move most first."""
    if not seen.run or not seen.run.after:
        return []
    before, after = seen.run.before["tasks"], seen.run.after["tasks"]
    moved = {key: days_between(before.get(key), one, "ends_on") for key, one in after.items()}
    keys = sorted((key for key, days in moved.items() if days), key=lambda key: -abs(moved[key] or 0))[:MOVED]
    rows = Task.objects.visible_to(by).filter(number__in=[Task.number_of(key) for key in keys])
    named = {row.key: row for row in rows.select_related("workstream__department")}
    return [
        {
            "task": named[key],
            "before": date.fromisoformat(before[key]["ends_on"]),
            "after": date.fromisoformat(after[key]["ends_on"]),
            "says": _later(moved[key] or 0),
            "level": "bad" if (moved[key] or 0) > 0 else "good",
        }
        for key in keys
        if key in named
    ]


# --- changing them -------------------------------------------------------------------------------------


class ScenarioStartView(ActView):
    """A scenario of a release; what a lever does, where one comes from there."""

    model, form, act = Release, ScenarioStartForm, "Try it"

    def title(self, row: Release) -> str:
        return f"What if, for {row}?"

    def says(self, row: Release) -> str:
        return "Nothing of the plan changes until the scenario is applied."

    def do(self, row: Release, *, by: Member, **answers: Any) -> Done:
        self.made = Scenario.objects.add(release=row, by=by, **answers)
        return Done(f"{self.made.key} is being computed.")

    def after(self, request: MemberRequest, row: Release) -> HttpResponse:
        return redirect(self.made)


class ChangeAddView(ActView):
    """One change more."""

    model, act = Scenario, "Add"
    form: ClassVar[Any] = None

    def title(self, row: Scenario) -> str:
        return str(self.form.title)

    def do(self, row: Scenario, *, by: Member, **answers: Any) -> Done:
        row.suppose(self.form.line(**answers), by=by)
        return Done(f"{row.key} is being computed.")


class _Step(View):
    """A button that does something with a scenario."""

    says = ""

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        scenario: Scenario = request.member.editable(Scenario, key=key)
        self.step(scenario, request)
        if self.says:
            messages.success(request, self.says.format(scenario))
        return stay(request, scenario.get_absolute_url())

    def step(self, scenario: Scenario, request: MemberRequest) -> None:
        raise NotImplementedError


class ChangeDropView(_Step):
    def step(self, scenario: Scenario, request: MemberRequest) -> None:
        scenario.forget(request.POST.get("line", ""), by=request.member)


class ScenarioApplyView(_Step):
    says = "{0} is the plan now."

    def step(self, scenario: Scenario, request: MemberRequest) -> None:
        scenario.apply(by=request.member)


class ScenarioRefreshView(_Step):
    says = "{0} starts from the plan as it is now."

    def step(self, scenario: Scenario, request: MemberRequest) -> None:
        scenario.take_as_it_is(by=request.member)


class ScenarioComputeView(_Step):
    def step(self, scenario: Scenario, request: MemberRequest) -> None:
        if not scenario.open:
            raise DomainError(f"{scenario.key} is applied already.")
        scenario.compute()


class ScenarioStopView(_Step):
    def step(self, scenario: Scenario, request: MemberRequest) -> None:
        run = ScenarioRun.objects.filter(scenario=scenario).first()
        if run:
            run.stop()


class ScenarioRunView(View):
    """How far its computation is."""

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        scenario = request.member.visible(Scenario, key=key)
        run = ScenarioRun.objects.filter(scenario=scenario).first()
        shown = {"scenario": scenario, "run": run, "editable": may_edit(request.member, scenario)}
        return render(request, "releases/scenario_run_page.html", shown)
