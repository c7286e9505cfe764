"""When a step of a runbook is to happen: so long before or after the launch hour, or at a time of the launch day.

>>> str(Planned.read("t-1h30"))
'T-90'
>>> Planned.read("T-90").words
'T−1 h 30 min'
>>> Planned.read("9:05").words
'09:05'
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils import timezone

from interlock.workspaces.errors import DomainError

LONGEST = 60 * 24 * 60  # minutes
RELATIVE = re.compile(
    r"T(?:\s*([+-])\s*(?=\d)(?:(\d{1,4})\s*d(?:ays?)?)?\s*(?:(\d{1,4})\s*h)?\s*(?:(\d{1,5})\s*(?:m|min)?)?)?", re.I
)
CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class Planned:
    """minutes  after the launch hour; negative: before it
    clock    instead: a time of the launch day"""

    minutes: int = 0
    clock: time | None = None

    @classmethod
    def read(cls, text: str) -> "Planned":
        """Raises DomainError where it is neither T-30, T+1h30, T-2d nor 14:00."""
        plain = text.replace("−", "-").strip()
        if found := CLOCK.fullmatch(plain):
            return cls(clock=time(int(found[1]), int(found[2])))
        found = RELATIVE.fullmatch(plain)
        if found is None:
            raise DomainError("Write T-30, T+1h30, T-2d, or a time of the day such as 14:00.", field="planned")
        sign, days, hours, minutes = found.groups()
        told = int(days or 0) * 24 * 60 + int(hours or 0) * 60 + int(minutes or 0)
        if told > LONGEST:
            raise DomainError("A runbook reaches at most 60 days from the launch.", field="planned")
        return cls(-told if sign == "-" else told)

    def __str__(self) -> str:
        return f"{self.clock:%H:%M}" if self.clock else f"T{'-' if self.minutes < 0 else '+'}{abs(self.minutes)}"

    @property
    def words(self) -> str:
        if self.clock:
            return f"{self.clock:%H:%M}"
        if not self.minutes:
            return "T"
        hours, minutes = divmod(abs(self.minutes), 60)
        days, hours = divmod(hours, 24)
        parts = [f"{number} {unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if number]
        return f"T{'−' if self.minutes < 0 else '+'}{' '.join(parts)}"

    def after(self, hour: time) -> int:
        """Minutes after the launch hour."""
        if self.clock is None:
            return self.minutes
        return (self.clock.hour - hour.hour) * 60 + self.clock.minute - hour.minute

    def moment(self, launch: datetime) -> datetime:
        if self.clock is None:
            return launch + timedelta(minutes=self.minutes)
        day = timezone.localtime(launch).date()
        return timezone.make_aware(datetime.combine(day, self.clock))
