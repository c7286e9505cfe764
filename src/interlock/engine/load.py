"""How much of a department's time its work takes, week by week.

Source: the load curve of resource levelling, Demeulemeester & Herroelen (2002), Project Scheduling, ch. 5.
Work is spread evenly over its working days.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from interlock.engine.schedule.problem import Calendar, Resource

WEEK = 7


@dataclass(frozen=True, slots=True)
class Work:
    """first, last  days from 0 on, both included
    effort       person-days in all
    """

    first: int
    last: int
    effort: float


def there(resource: Resource, calendar: Calendar, days: int, *, slots: int, units: int) -> list[float]:
    """Person-days that the people of a resource have on each of so many days.

    slots  to a day
    units  to a person

    >>> week = Calendar("Sales", (True,) * 5 + (False,) * 2, frozenset([1]))
    >>> there(Resource("Sales", 4, ((3, 2),)), week, 6, slots=1, units=2)
    [2.0, 0.0, 2.0, 1.0, 1.0, 0.0]
    """
    units_at, changes, capacity = [], list(resource.changes), resource.capacity
    for slot in range(days * slots):
        while changes and changes[0][0] <= slot:
            capacity = changes.pop(0)[1]
        works = calendar.week[slot % len(calendar.week)] and slot not in calendar.closed
        units_at.append(capacity if works else 0)
    return [sum(units_at[day * slots : (day + 1) * slots]) / (slots * units) for day in range(days)]


def by_week(work: Work, able: Sequence[bool], *, weekday: int = 0) -> dict[int, float]:
    """Person-days of a piece of work in each week that it reaches into.

    able     whether each day from 0 on is one of work, as far as the work reaches; beyond it, none is
    weekday  of day 0, Monday as 0: the weeks are counted from the one in which it lies

    It is spread evenly over its days of work; where it has none, it is done on the first day all the same.

    >>> by_week(Work(3, 8, 4.0), [True, True, True, True, True, False, False, True, True])
    {0: 2.0, 1: 2.0}
    """
    days = [day for day in range(max(work.first, 0), min(work.last + 1, len(able))) if able[day]]
    found: dict[int, float] = defaultdict(float)
    for day in days or [max(work.first, 0)]:
        found[(day + weekday) // WEEK] += work.effort / (len(days) or 1)
    return dict(found)
