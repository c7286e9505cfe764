"""The plan as a table: a task a line, with its dates, its owner and what it waits for."""

from collections import defaultdict

from interlock.releases.models import TaskLink
from interlock.releases.plans import Plan
from interlock.workspaces.exports import Columns


def waits(link: TaskLink, predecessor: str) -> str:
    """“TASK-3”, “TASK-3 SS”, “TASK-3 FS + 2 days”: finish to start without days between goes without saying."""
    lag = f" {'+' if link.lag_days > 0 else '−'} {abs(link.lag_days)} days" if link.lag_days else ""
    said = f" {link.kind.upper()}" if lag or link.kind != TaskLink.Kind.FINISH_START else ""
    return f"{predecessor}{said}{lag}"


def columns(plan: Plan) -> Columns:
    keys = {task.pk: task.key for task in plan.tasks}
    before: dict[int, list[str]] = defaultdict(list)
    for link in plan.links:
        before[link.task_id].append(waits(link, keys[link.predecessor_id]))
    return {
        "key": lambda task: task.key,
        "title": lambda task: task.title,
        "department": lambda task: task.workstream.department,
        "kind": lambda task: task.kind,
        "status": lambda task: task.status,
        "owner": lambda task: task.owner,
        "starts": lambda task: task.span and task.span[0],
        "ends": lambda task: task.span and task.span[1],
        "optimistic days": lambda task: task.optimistic,
        "likely days": lambda task: task.likely,
        "pessimistic days": lambda task: task.pessimistic,
        "days left": lambda task: task.remaining,
        "people": lambda task: task.people,
        "not before": lambda task: task.not_before,
        "fixed on": lambda task: task.fixed_on,
        "deadline": lambda task: task.deadline,
        "started on": lambda task: task.started_on,
        "done on": lambda task: task.done_on,
        "critical": lambda task: (dates := getattr(task, "dates", None)) and dates.critical,
        "days of slack": lambda task: (dates := getattr(task, "dates", None)) and dates.slack,
        "likely by": lambda task: (dates := getattr(task, "dates", None)) and dates.likely_by,
        "agreed start": lambda task: (span := plan.agreed.get(task.key)) and span[0],
        "agreed end": lambda task: (span := plan.agreed.get(task.key)) and span[1],
        "days later than agreed": plan.moved,
        "waits for": lambda task: before[task.pk],
    }
