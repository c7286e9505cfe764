"""The plan of all open releases of a workspace, as the engine takes it, and what it answers, as dates.

All releases at once, since they share the people. A slot is half a day, counted from the morning of today.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING, Any

from interlock.engine import schedule as engine
from interlock.engine.outlook import Event, Lever, Outlook, Plan, ReleaseOutlook, Three, Units
from interlock.organisation.models import Absence, Department, Person
from interlock.releases.drafting import Draft
from interlock.releases.models import Forecast, Freezes, FreezeWindow, Release, RiskHit, Task, TaskDates, TaskLink
from interlock.releases.models.freeze import taking_part
from interlock.risks.models import Risk
from interlock.workspaces.models import Workspace

if TYPE_CHECKING:
    from interlock.engine import levers

SLOTS = 2
# People are counted in halves.
HALVES = 2
# Unestimated work takes a day, so that what follows it is not planned as if it were nothing.
UNKNOWN = Decimal(1)
HALF = Decimal("0.5")
FURTHEST = 366 * 3
# Of an estimate of one number: finished tasks rarely take less than four fifths of it, and rarely more than twice it.
USUALLY = (Decimal("0.8"), Decimal("2.0"))
# Finished tasks: estimates change with those who make them, so what is long ago says little.
REMEMBERED = 2000
WEIGHTS = {Release.Tier.FULL: 4, Release.Tier.FEATURE: 2, Release.Tier.SILENT: 1, Release.Tier.HOTFIX: 8}


@dataclass(frozen=True)
class Gathered:
    """`problem.tasks[n]` is `tasks[n]`, and `problem.releases[n]` is `releases[n]`."""

    problem: engine.Problem
    tasks: Sequence[Task]
    releases: Sequence[Release]
    # `problem.resources[n]` are the people of `departments[n]`.
    departments: Sequence[Department]
    # What the forecast takes besides: see engine.outlook.Plan.
    estimates: Sequence[Three | None]
    department: Sequence[int]
    history: Sequence[tuple[str, Sequence[tuple[Three, float]]]]
    features: Mapping[str, Sequence[int]]
    units: Units
    # `events[n]` is what `risks[n]` does to the tasks.
    events: Sequence[Event]
    risks: Sequence[Risk]

    def plan(self) -> Plan:
        """Raises ValueError where a task needs more people than there ever are."""
        for task, told in zip(self.tasks, self.problem.tasks, strict=True):
            for people, units in zip(self.problem.resources, told.modes[0].demand, strict=True):
                most = max([people.capacity, *(there for _, there in people.changes)])
                if units > most and told.modes[0].duration:
                    there = f"never more than {most / HALVES:g}" if most else "nobody who could do it"
                    raise ValueError(f"“{task}” needs {task.people:g} of {people.name} at once, and there is {there}.")
        keys = tuple(task.pk for task in self.tasks)
        return Plan(
            self.problem,
            self.estimates,
            self.department,
            self.history,
            self.features,
            self.units,
            keys=keys,
            events=self.events,
        )


def gather(workspace: Workspace, *, today: date, draft: Draft | None = None) -> Gathered:
    """The plan as it stands, or as a draft has it."""
    draft = draft or Draft.of(workspace)
    tasks, departments, releases = draft.open_tasks, draft.departments, draft.releases
    place = {kind: {pk: n for n, pk in enumerate(rows)} for kind, rows in (("d", departments), ("r", releases))}
    at = {task.pk: n for n, task in enumerate(tasks)}
    freezes = FreezeWindow.objects.in_force(workspace, today=today)
    calendars = _Calendars(departments, freezes, today)
    launches = _launches(tasks, freezes)
    problem = engine.Problem(
        tasks=tuple(
            _task(one, place["d"], place["r"], calendars, len(departments), launches.get(one.pk), today=today)
            for one in tasks
        ),
        links=tuple(_links(draft.links, at)),
        resources=tuple(resources(workspace, departments.values(), draft.capacity, today=today).values()),
        calendars=tuple(calendars.all),
        releases=tuple(_release(one, today=today) for one in releases.values()),
        objective=engine.Objective.LATENESS,
    )
    events = dict(_events(workspace, tasks, problem))
    return Gathered(
        problem,
        tasks,
        list(releases.values()),
        list(departments.values()),
        estimates=[_estimate(task, problem.tasks[n].modes[0].duration) for n, task in enumerate(tasks)],
        department=[place["d"][task.workstream.department_id] for task in tasks],
        history=_history(workspace, departments),
        features=_features(tasks),
        units=Units(SLOTS, HALVES, today),
        events=list(events.values()),
        risks=list(events),
    )


def _events(workspace: Workspace, tasks: Sequence[Task], problem: engine.Problem) -> Iterator[tuple[Risk, Event]]:
    """The open risks whose days are known, and which tasks each makes longer, should it happen."""
    hit: dict[Risk, set[int]] = defaultdict(set)
    hits = RiskHit.objects.of(workspace).active().filter(risk__in=Risk.objects.of(workspace).open())
    for one in hits.exclude(risk__likely=None).select_related("risk").order_by("risk__number", "number"):
        hit[one.risk] |= _made_longer(one, tasks, problem)
    for risk, places in hit.items():
        if places and risk.three:
            low, likely, high = (float(days * SLOTS) for days in risk.three)
            yield risk, Event(risk.title, risk.probability / 100, (low, likely, high), tuple(sorted(places)))


def _made_longer(hit: RiskHit, tasks: Sequence[Task], problem: engine.Problem) -> set[int]:
    """A task; of a department's part, or of a whole release, the work that is last in it, so that its end moves."""
    work = {n for n, task in enumerate(tasks) if task.kind == Task.Kind.TASK}
    if hit.task_id:
        return {n for n in work if tasks[n].pk == hit.task_id}
    if hit.workstream_id:
        return _last({n for n in work if tasks[n].workstream_id == hit.workstream_id}, problem)
    # What follows the launch is not what moves it.
    counts = {n for n in work if problem.tasks[n].release is not None}
    return _last({n for n in counts if tasks[n].workstream.release_id == hit.release_id}, problem)


def _last(group: set[int], problem: engine.Problem) -> set[int]:
    """Those that no other of the group follows, however indirectly."""
    before: dict[int, list[int]] = defaultdict(list)
    for link in problem.links:
        before[link.after].append(link.before)
    followed: set[int] = set()
    waiting = [one for n in group for one in before[n]]
    while waiting:
        one = waiting.pop()
        if one not in followed:
            followed.add(one)
            waiting += before[one]
    return group - followed


def _launches(tasks: Sequence[Task], freezes: Freezes) -> dict[int, date]:
    """For launches whose day lies in a freeze, the first day after it. One that is fixed stays: it is told as it is."""
    if not freezes.windows:
        return {}
    launches = {task.pk: task for task in tasks if task.launch_day and not task.fixed_on}
    part = taking_part([task.workstream.release for task in launches.values()])
    found = {}
    for pk, task in launches.items():
        release = task.workstream.release
        assert task.launch_day  # noqa: S101
        day = freezes.next_launch(task.launch_day, product=release.product_id, departments=part[release.pk])
        if day != task.launch_day:
            found[pk] = day
    return found


class _Calendars:
    """Of each department, and, where a freeze of one product stops its work, another one for that product."""

    def __init__(self, departments: Mapping[int, Department], freezes: Freezes, today: date) -> None:
        self.departments, self.freezes, self.today = departments, freezes, today
        self.all = [calendar(one, freezes, today=today) for one in departments.values()]
        self.own = {pk: n for n, pk in enumerate(departments)}
        self.products = {one.product_id for one, _ in freezes.windows if one.product_id and one.stops_work}
        self.special: dict[tuple[int, int], int] = {}

    def of(self, task: Task) -> int:
        """The place of the calendar by which a task is worked on."""
        department, product = task.workstream.department_id, task.workstream.release.product_id
        if product not in self.products:
            return self.own[department]
        if (department, product) not in self.special:
            self.special[department, product] = len(self.all)
            department_ = self.departments[department]
            self.all.append(calendar(department_, self.freezes, product=product, today=self.today))
        return self.special[department, product]


def _task(
    task: Task,
    department_at: Mapping[int, int],
    release_at: Mapping[int, int],
    calendars: _Calendars,
    resources: int,
    launch: date | None,
    *,
    today: date,
) -> engine.Task:
    mine = department_at[task.workstream.department_id]
    moment = task.kind == Task.Kind.MILESTONE
    demand = tuple(HALVES * task.people if n == mine and not moment else 0 for n in range(resources))
    target = task.workstream.release.latest_target
    due = task.deadline or target
    begun = task.status == Task.Status.IN_PROGRESS
    # What follows the launch does not make it late.
    counts = not (due and target and due > target)
    return engine.Task(
        name=task.title,
        modes=(engine.Mode(duration=0 if moment else slots_left(task, today), demand=demand),),
        earliest=0 if begun else _earliest(task, launch, today),
        fixed=_fixed(task, today) if not begun else None,
        calendar=None if moment else calendars.of(task),
        release=release_at[task.workstream.release_id] if counts else None,
        # What is begun goes on; then what is due first.
        priority=0 if begun else -1 - max((due - today).days, 0) if due else -FURTHEST,
    )


def days_left(task: Task, today: date) -> Decimal:
    """Working days that a task still takes most likely."""
    days = UNKNOWN if task.likely is None else task.likely
    if task.status == Task.Status.IN_PROGRESS:
        worked = workdays(task.workstream.department, task.started_on or today, today - timedelta(days=1))
        days = max(days - worked, HALF) if task.remaining is None else task.remaining
    return days


def slots_left(task: Task, today: date) -> int:
    """Half days of work that are left of a task."""
    return int((days_left(task, today) * SLOTS).to_integral_value(rounding=ROUND_UP))


def workdays(department: Department, first: date, last: date) -> int:
    """From the first day to the last one, both included."""
    days = min(max((last - first).days + 1, 0), FURTHEST)
    return sum(department.workdays(first, days))


def _three(task: Task) -> Three | None:
    """In slots; where only the likely days are known, as uncertain as such estimates usually are."""
    if task.likely is None or not task.likely:
        return None
    low = task.optimistic if task.optimistic is not None else task.likely * USUALLY[0]
    high = task.pessimistic if task.pessimistic is not None else task.likely * USUALLY[1]
    return float(low * SLOTS), float(task.likely * SLOTS), float(high * SLOTS)


def _estimate(task: Task, left: int) -> Three | None:
    """Of what is left: what is half done is as uncertain, by its share, as it was before."""
    if task.kind == Task.Kind.MILESTONE or not left:
        return None
    low, likely, high = _three(task) or (float(UNKNOWN * SLOTS),) * 3
    share = left / likely if task.status == Task.Status.IN_PROGRESS else 1.0
    return low * share, likely * share, high * share


def _features(tasks: Sequence[Task]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for n, task in enumerate(tasks):
        # Whoever sees the release reads of these: of another product's, only of such as everybody may see.
        own = task.feature and task.feature.product_id == task.workstream.release.product_id
        if task.feature and (own or not task.feature.product.restricted):
            found[task.feature.title].append(n)
    return dict(found)


def _history(
    workspace: Workspace, departments: Mapping[int, Department]
) -> list[tuple[str, list[tuple[Three, float]]]]:
    """What each department has finished lately, with the working slots that it took."""
    found: dict[int, list[tuple[Three, float]]] = {pk: [] for pk in departments}
    done = Task.objects.of(workspace).filter(kind=Task.Kind.TASK, status=Task.Status.DONE)
    done = done.filter(workstream__department__in=departments, started_on__isnull=False, done_on__isnull=False)
    for task in done.select_related("workstream").order_by("-done_on", "-pk").defer("description")[:REMEMBERED]:
        three, department = _three(task), departments[task.workstream.department_id]
        worked = workdays(department, task.started_on, task.done_on) if task.started_on and task.done_on else 0
        if three and worked:
            found[department.pk].append((three, float(worked * SLOTS)))
    return [(department.name, found[pk]) for pk, department in departments.items()]


def _slot(day: date | None, today: date) -> int:
    """The first slot of a day; the first of all for what is past."""
    return min(max((day - today).days, 0), FURTHEST) * SLOTS if day else 0


# A moment is the end of its day: what must be done before it has that day to be done.


def _earliest(task: Task, launch: date | None, today: date) -> int:
    day = launch or task.not_before
    moment = day and task.kind == Task.Kind.MILESTONE
    return _slot(day, today) + (SLOTS if moment else 0)


def _fixed(task: Task, today: date) -> int | None:
    if task.fixed_on is None:
        return None
    return _slot(task.fixed_on, today) + (SLOTS if task.kind == Task.Kind.MILESTONE else 0)


def _links(links: Sequence[TaskLink], at: Mapping[int, int]) -> Sequence[engine.Link]:
    """Between tasks that are still to be done; what waited for something that is done waits no more."""
    return [
        engine.Link(at[one.predecessor_id], at[one.task_id], engine.Kind(one.kind.upper()), one.lag_days * SLOTS)
        for one in links
        if one.predecessor_id in at and one.task_id in at
    ]


def resources(
    workspace: Workspace, departments: Iterable[Department], capacity: Callable[[Department], Decimal], *, today: date
) -> dict[int, engine.Resource]:
    """What each department can do, in halves of people; `capacity`: how many of it can work at once."""
    absent: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    last = today + timedelta(days=FURTHEST)
    absences = Absence.objects.of(workspace).between(today, last)
    absences = absences.filter(person__standing=Person.Standing.CURRENT)
    for department_id, starts_on, ends_on in absences.values_list("person__department_id", "starts_on", "ends_on"):
        absent[department_id][_slot(starts_on, today)] += 1
        absent[department_id][_slot(ends_on + timedelta(days=1), today)] -= 1
    return {one.pk: _resource(one.name, int(capacity(one) * HALVES), absent[one.pk]) for one in departments}


def _resource(name: str, capacity: int, absent: Mapping[int, int]) -> engine.Resource:
    away, changes = 0, []
    for slot in sorted(absent):
        away += absent[slot]
        changes.append((slot, max(capacity - HALVES * away, 0)))
    return engine.Resource(name, capacity, tuple(changes))


def calendar(department: Department, freezes: Freezes, *, product: int | None = None, today: date) -> engine.Calendar:
    """When a department works for releases of a product; without one, for any at all."""
    week = [(today + timedelta(days=n)).isoweekday() in department.working_days for n in range(7)]
    ahead = department.workdays(today, FURTHEST) if department.holidays_of else []
    free = {n for n, worked in enumerate(ahead) if week[n % 7] and not worked}
    free |= {n for day in freezes.idle(department, product) if 0 <= (n := (day - today).days) < FURTHEST}
    return engine.Calendar(
        department.name,
        tuple(worked for worked in week for _ in range(SLOTS)),
        frozenset(n * SLOTS + half for n in free for half in range(SLOTS)),
    )


def _release(release: Release, *, today: date) -> engine.Release:
    target = release.latest_target
    slot = _slot(target, today) + SLOTS if target else FURTHEST * SLOTS
    return engine.Release(release.name, slot, WEIGHTS[Release.Tier(release.tier)])


def keep(gathered: Gathered, outlook: Outlook) -> list[int]:
    """Write down the dates; returns the keys of the tasks that have others than before."""
    solution = outlook.solution
    schedule = solution.schedule
    if schedule is None:
        return []
    critical = set(solution.critical_chain)
    rows = []
    for n, task in enumerate(gathered.tasks):
        start, finish = schedule.start[n], schedule.finish[n]
        moment = task.kind == Task.Kind.MILESTONE
        rows.append(
            TaskDates(
                task=task,
                starts_on=gathered.units.day_before(start) if moment else gathered.units.day_of(start),
                ends_on=gathered.units.day_before(finish),
                slack=solution.total_float[n] // SLOTS if solution.total_float else None,
                critical=n in critical,
                likely_by=gathered.units.day_before(outlook.likely_by[n]) if outlook.likely_by else None,
                criticality=outlook.criticality[n] if outlook.criticality else None,
            )
        )
    return TaskDates.objects.keep(rows)


def foretell(gathered: Gathered, outlook: Outlook, *, at: datetime, runs: int, seed: int) -> list[Release]:
    """Keep the forecasts that say something else than the last ones; returns their releases.

    One with other dates is a new one, so that each shift of them stays known.
    """
    last = {one.release_id: one for one in Forecast.objects.newest().filter(release__in=gathered.releases)}
    told = []
    for n, (release, found) in enumerate(zip(gathered.releases, outlook.releases, strict=False)):
        if found is None:
            continue
        forecast = _forecast(gathered, outlook, n, found, at=at)
        forecast.runs, forecast.seed = runs, seed
        before = last.get(release.pk)
        if before and before.days == forecast.days:
            # No shift to remember; what leads there is told as it is now.
            forecast.pk, forecast.at = before.pk, before.at
        if before is None or forecast.told != before.told:
            forecast.save()
            told.append(release)
    return told


def lines_of(gathered: Gathered, lever: Lever) -> list[str]:
    """The lever as changes that can be supposed: see releases.what_if. None, where it moves work to nowhere."""
    from interlock.engine import levers  # loads numpy, which pages do not need

    problem, tasks, people, one = gathered.problem, gathered.tasks, gathered.departments, lever.what
    match one:
        case levers.Drop():
            return [f"drop {_feature(gathered, one)}"]
        case levers.Move() if one.release is not None:
            return [f"move {_feature(gathered, one)} to {gathered.releases[one.release].key}"]
        case levers.Add():
            return [f"add {one.units / HALVES:g} to {people[one.resource].key}"]
        case levers.Lend():
            return [f"lend {one.units / HALVES:g} of {people[one.source].key} to {people[one.target].key}"]
        case levers.Overlap():
            link = problem.links[one.link]
            week = problem.calendars[problem.tasks[link.before].calendar or 0].week
            # Slots of work are meant, and a link counts days that pass.
            days = max(round(one.slots * len(week) / sum(week) / SLOTS), 1)
            return [f"overlap {tasks[link.before].key} and {tasks[link.after].key} by {days}"]
        case levers.Shift():
            task = problem.tasks[one.task]
            slot = max((task.earliest if task.fixed is None else task.fixed) - one.slots, 0)
            moment = tasks[one.task].kind == Task.Kind.MILESTONE
            day = gathered.units.day_before(slot) if moment else gathered.units.day_of(slot)
            return [f"move {tasks[one.task].key} to {day}"]
        case levers.Split():
            return [f"split {tasks[one.task].key}"]
    return []


def _feature(gathered: Gathered, lever: "levers.Drop | levers.Move") -> str:
    feature = gathered.tasks[lever.tasks[0]].feature
    return feature.key if feature else gathered.tasks[lever.tasks[0]].key


def _spoken_of(gathered: Gathered, lever: Lever) -> list[str]:
    """The releases that the words of a lever tell something of: who may not see them does not read it."""
    named = {gathered.tasks[place].workstream.release.key for place in lever.names}
    return sorted(named | ({gathered.releases[lever.into].key} if lever.into is not None else set()))


def _drivers(gathered: Gathered, found: ReleaseOutlook) -> list[list[Any]]:
    """What holds it back most, tasks and risks, by their keys."""
    tasks = [(gathered.tasks[place].key, share) for place, share in found.drivers]
    risks = [(gathered.risks[place].key, share) for place, share in found.events]
    return [[key, round(share, 4)] for key, share in sorted(tasks + risks, key=lambda one: -one[1])]


def _forecast(gathered: Gathered, outlook: Outlook, n: int, found: ReleaseOutlook, *, at: datetime) -> Forecast:
    release, schedule = gathered.releases[n], outlook.solution.schedule
    ends = schedule.finish if schedule else ()
    mine = [end for task, end in zip(gathered.problem.tasks, ends, strict=False) if task.release == n]
    days: dict[str, int] = defaultdict(int)
    for slot, number in found.finishes:
        days[gathered.units.day_before(slot).isoformat()] += number
    p50, p85, p95 = (gathered.units.day_before(slot) for slot in found.levels)
    target = release.latest_target
    return Forecast(
        release=release,
        at=at,
        target_on=target,
        planned_on=gathered.units.day_before(max(mine, default=0)),
        p50_on=p50,
        p85_on=p85,
        p95_on=p95,
        chance=found.chance if target else None,
        finishes=days,
        drivers=_drivers(gathered, found),
        levers=[
            {
                "words": one.words,
                "days": one.gain,
                "chance": round(one.chance, 4),
                "costs": [[gathered.releases[other].key, words] for other, words in one.costs],
                "releases": _spoken_of(gathered, one),
                "changes": lines_of(gathered, one),
            }
            for one in found.levers
        ],
    )
