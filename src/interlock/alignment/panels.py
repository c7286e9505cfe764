from typing import Any

from django.db.models import prefetch_related_objects

from interlock.alignment.models import Finding, FindingSubject
from interlock.organisation.models import Department, Person, Product
from interlock.workspaces.models import Member
from interlock.workspaces.panels import Panel, panel
from interlock.workspaces.plan import PlanModel

SHOWN = 10


@panel(PlanModel, order=10)
def findings(row: PlanModel, member: Member) -> Panel | None:
    """What is wrong with it, as far as the member may know."""
    unresolved = _about(row, Finding.objects.visible_to(member))
    found = list(unresolved.exclude(status=Finding.Status.RESOLVED).urgent_first()[: SHOWN + 1])
    if not found:
        return None
    if not member.edits:  # who is offered the fixes of what they own
        prefetch_related_objects(found, "people")
    heading = "What is wrong with it"
    if isinstance(row, Person | Department):
        heading = f"What concerns {row}"
    shown = {"heading": heading, "findings": found[:SHOWN], "more": len(found) > SHOWN}
    return Panel("alignment/panels/findings.html", shown, place="top")


def _about(row: PlanModel, rows: Any) -> Any:
    match row:
        case Person():
            return rows.concerning(row)
        case Department():
            return rows.filter(departments=row)
        case Product():
            return rows.filter(product=row)
    about = FindingSubject.objects.about(type(row)).filter(object_id=row.pk)
    return rows.filter(pk__in=about.values("finding"))
