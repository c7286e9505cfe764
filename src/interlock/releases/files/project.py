"""The plan as Microsoft Project reads it (MSPDI, the XML of Project 2007 and later).

What is one thing here and there: departments are summary tasks with a calendar of their own, estimates are durations
of eight-hour days, links keep kind and lag, “not before” is “start no earlier than”, a fixed date is “must start on”.
The optimistic and the pessimistic estimate stand in Duration1 and Duration3, where Project's PERT looks for them; the
key in Text1, by which an import knows the task again.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from xml.etree import ElementTree as Xml

from django.utils import timezone

from interlock.organisation.models import Department, Person
from interlock.releases.models import Task, TaskLink
from interlock.releases.plans import Plan

NAMESPACE = "http://schemas.microsoft.com/project"
HOURS = 8
# As Project numbers its fields.
KEY, OPTIMISTIC, LIKELY, PESSIMISTIC = "188743731", "188743783", "188743784", "188743785"
KINDS = {
    TaskLink.Kind.FINISH_FINISH: 0,
    TaskLink.Kind.FINISH_START: 1,
    TaskLink.Kind.START_FINISH: 2,
    TaskLink.Kind.START_START: 3,
}
# Tenths of a minute of a day that weekends do not interrupt, and the format that says so.
ELAPSED_DAY, ELAPSED_DAYS, WORKING_DAYS = 14_400, 8, 7
MUST_START_ON, NOT_BEFORE, AS_SOON_AS_POSSIBLE = 2, 4, 0
# Numbers beyond those that tasks and people have.
SUMMARIES = DEPARTMENTS = 10_000_000
MORNING, EVENING = "08:00:00", "17:00:00"
SHIFTS = (("08:00:00", "12:00:00"), ("13:00:00", "17:00:00"))
# Holidays are told this far around the plan, since it will move.
AROUND = timedelta(days=180)
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def written(plan: Plan) -> bytes:
    project = Xml.Element("Project", xmlns=NAMESPACE)
    spans = [task.span for task in plan.tasks if task.span]
    first = min((span[0] for span in spans), default=plan.release.target_on or timezone.localdate())
    last = max((span[1] for span in spans), default=first)
    _fill(
        project,
        SaveVersion=14,
        Name=f"{plan.release.key}.xml",
        Title=plan.release,
        Subject=plan.release.product,
        # By which an import of it knows that keys are meant.
        Category=plan.release.key,
        ScheduleFromStart=1,
        StartDate=f"{first}T{MORNING}",
        FinishDate=f"{last}T{EVENING}",
        CalendarUID=1,
        DefaultStartTime=MORNING,
        DefaultFinishTime=EVENING,
        MinutesPerDay=HOURS * 60,
        MinutesPerWeek=HOURS * 60 * 5,
        DaysPerMonth=20,
        DurationFormat=WORKING_DAYS,
    )
    attributes = _add(project, "ExtendedAttributes")
    for field, name, alias in (
        (KEY, "Text1", "Key"),
        (OPTIMISTIC, "Duration1", "Optimistic"),
        (LIKELY, "Duration2", "Likely"),
        (PESSIMISTIC, "Duration3", "Pessimistic"),
    ):
        _add(attributes, "ExtendedAttribute", FieldID=field, FieldName=name, Alias=alias)
    departments = [stream.department for stream in plan.streams]
    calendars = _add(project, "Calendars")
    _calendar(calendars, 1, "Standard", [1, 2, 3, 4, 5], [])
    for department in departments:
        free = list(_holidays(department, first - AROUND, last + AROUND))
        _calendar(calendars, _calendar_of(department), department.name, department.working_days, free)
    _tasks(_add(project, "Tasks"), plan)
    owners = list({task.owner_id: task.owner for task in plan.tasks if task.owner}.values())
    _resources(_add(project, "Resources"), departments, owners)
    _assignments(_add(project, "Assignments"), plan.tasks)
    Xml.indent(project, " ")
    return Xml.tostring(project, encoding="utf-8", xml_declaration=True)


# --- calendars --------------------------------------------------------------------------------------


def _calendar_of(department: Department) -> int:
    return department.number + 1


def _holidays(department: Department, first: date, last: date) -> Iterator[date]:
    if department.holidays_of:
        days = (last - first).days + 1
        for n, worked in enumerate(department.workdays(first, days)):
            day = first + timedelta(days=n)
            if not worked and day.isoweekday() in department.working_days:
                yield day


def _calendar(calendars: Xml.Element, uid: int, name: str, week: Sequence[int], free: Iterable[date]) -> None:
    calendar = _add(calendars, "Calendar", UID=uid, Name=name, IsBaseCalendar=1, BaseCalendarUID=-1)
    days = _add(calendar, "WeekDays")
    # Project counts from Sunday.
    for number, iso in enumerate((7, 1, 2, 3, 4, 5, 6), start=1):
        day = _add(days, "WeekDay", DayType=number, DayWorking=int(iso in week))
        if iso in week:
            times = _add(day, "WorkingTimes")
            for begins, ends in SHIFTS:
                _add(times, "WorkingTime", FromTime=begins, ToTime=ends)
    exceptions = _add(calendar, "Exceptions")
    for one in free:
        exception = _add(exceptions, "Exception", EnteredByOccurrences=0)
        _add(exception, "TimePeriod", FromDate=f"{one}T00:00:00", ToDate=f"{one}T23:59:00")
        _fill(exception, Occurrences=1, Name="Public holiday", Type=1, DayWorking=0)


# --- tasks --------------------------------------------------------------------------------------------


def _tasks(tasks: Xml.Element, plan: Plan) -> None:
    place = 0
    links: dict[int, list[TaskLink]] = {}
    for link in plan.links:
        links.setdefault(link.task_id, []).append(link)
    numbers = {task.pk: task.number for task in plan.tasks}
    for n, (stream, mine) in enumerate(plan.parts, start=1):
        place += 1
        spans = [task.span for task in mine if task.span]
        summary = _add(
            tasks,
            "Task",
            UID=SUMMARIES + stream.number,
            ID=place,
            Name=stream.department,
            Type=1,
            IsNull=0,
            OutlineNumber=n,
            OutlineLevel=1,
        )
        if spans:
            first, last = min(span[0] for span in spans), max(span[1] for span in spans)
            _fill(summary, Start=f"{first}T{MORNING}", Finish=f"{last}T{EVENING}")
        _fill(summary, Milestone=0, Summary=1, Notes=stream.note)
        for m, task in enumerate(mine, start=1):
            place += 1
            element = _add(
                tasks,
                "Task",
                UID=task.number,
                ID=place,
                Name=task.title,
                Type=1,
                IsNull=0,
                OutlineNumber=f"{n}.{m}",
                OutlineLevel=2,
            )
            _about(element, task)
            for link in links.get(task.pk, ()):
                _add(
                    element,
                    "PredecessorLink",
                    PredecessorUID=numbers[link.predecessor_id],
                    Type=KINDS[TaskLink.Kind(link.kind)],
                    CrossProject=0,
                    LinkLag=link.lag_days * ELAPSED_DAY,
                    LagFormat=ELAPSED_DAYS,
                )
            for field, value in _extended(task):
                _add(element, "ExtendedAttribute", FieldID=field, Value=value)
            if agreed := plan.agreed.get(task.key):
                starts = EVENING if task.kind == Task.Kind.MILESTONE else MORNING
                _add(element, "Baseline", Number=0, Start=f"{agreed[0]}T{starts}", Finish=f"{agreed[1]}T{EVENING}")


def _about(element: Xml.Element, task: Task) -> None:
    moment = task.kind == Task.Kind.MILESTONE
    # What is at a moment here is at the end of its day.
    starts = EVENING if moment else MORNING
    if task.span:
        _fill(element, Start=f"{task.span[0]}T{starts}", Finish=f"{task.span[1]}T{EVENING}")
    _fill(
        element,
        # Project takes a day for what nobody has estimated, with a question mark behind it, as we do.
        Duration=_hours(Decimal(0) if moment else Decimal(1) if task.likely is None else task.likely),
        DurationFormat=WORKING_DAYS,
        Estimated=int(not moment and task.likely is None),
        Milestone=int(moment),
        Summary=0,
        PercentComplete=_percent(task),
    )
    if task.started_on or task.done_on:
        _fill(element, ActualStart=f"{task.started_on or task.done_on}T{starts}")
    if task.done_on:
        _fill(element, ActualFinish=f"{task.done_on}T{EVENING}")
    if task.remaining is not None:
        _fill(element, RemainingDuration=_hours(task.remaining))
    held = task.fixed_on or task.not_before
    kind = MUST_START_ON if task.fixed_on else NOT_BEFORE if task.not_before else AS_SOON_AS_POSSIBLE
    _fill(element, ConstraintType=kind, CalendarUID=_calendar_of(task.workstream.department))
    if held:
        _fill(element, ConstraintDate=f"{held}T{starts}")
    if task.deadline:
        _fill(element, Deadline=f"{task.deadline}T{EVENING}")
    _fill(element, Notes=task.description)


def _percent(task: Task) -> int:
    """Of its duration, done; never all of it before it is."""
    if task.status == Task.Status.DONE:
        return 100
    if task.status != Task.Status.IN_PROGRESS:
        return 0
    if task.remaining is None or not task.likely:
        return 1
    return min(max(round(100 * (1 - task.remaining / task.likely)), 1), 99)


def _extended(task: Task) -> Iterator[tuple[str, str]]:
    yield KEY, task.key
    for field, value in ((OPTIMISTIC, task.optimistic), (LIKELY, task.likely), (PESSIMISTIC, task.pessimistic)):
        if value is not None and task.kind == Task.Kind.TASK:
            yield field, _hours(value)


def _hours(days: Decimal) -> str:
    """“PT12H30M0S”."""
    minutes = int(days * HOURS * 60)
    return f"PT{minutes // 60}H{minutes % 60}M0S"


# --- who --------------------------------------------------------------------------------------------------


def _resources(resources: Xml.Element, departments: Sequence[Department], owners: Sequence[Person]) -> None:
    place = 0
    for department in departments:
        place += 1
        about = {"UID": DEPARTMENTS + department.number, "ID": place, "Name": department, "Type": 1, "IsNull": 0}
        capacity = {} if department.capacity is None else {"MaxUnits": department.capacity}
        _add(resources, "Resource", **about, Code=department.key, **capacity, CalendarUID=_calendar_of(department))
    for person in owners:
        place += 1
        _add(
            resources,
            "Resource",
            UID=person.number,
            ID=place,
            Name=person,
            Type=1,
            IsNull=0,
            Code=person.key,
            Group=person.department or "",
            MaxUnits=1,
        )


def _assignments(assignments: Xml.Element, tasks: Iterable[Task]) -> None:
    """The owner, and of the department so many as are needed besides."""
    uid = 0
    for task in tasks:
        owned = task.owner is not None
        others = task.people - owned if task.kind == Task.Kind.TASK else 0
        people = [(task.owner.number, 1)] if task.owner else []
        people += [(DEPARTMENTS + task.workstream.department.number, others)] if others else []
        for resource, units in people:
            uid += 1
            _add(assignments, "Assignment", UID=uid, TaskUID=task.number, ResourceUID=resource, Units=units)


# --- XML ----------------------------------------------------------------------------------------------------


def _add(under: Xml.Element, name: str, **children: object) -> Xml.Element:
    element = Xml.SubElement(under, name)
    _fill(element, **children)
    return element


def _fill(element: Xml.Element, **children: object) -> None:
    """In the order given, since the schema of Project asks for one; without what is empty."""
    for name, value in children.items():
        if value != "":
            Xml.SubElement(element, name).text = UNWRITABLE.sub("\ufffd", str(value))
