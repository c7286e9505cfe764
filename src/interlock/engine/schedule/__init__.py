"""Plan releases across departments: what is to be scheduled, and the schedule. Importing this loads no solver."""

from interlock.engine.schedule.problem import (
    Calendar,
    Kind,
    Link,
    Mode,
    Objective,
    Person,
    Problem,
    Release,
    Resource,
    Schedule,
    Solution,
    Status,
    Task,
)

__all__ = [
    "Calendar",
    "Kind",
    "Link",
    "Mode",
    "Objective",
    "Person",
    "Problem",
    "Release",
    "Resource",
    "Schedule",
    "Solution",
    "Status",
    "Task",
]
