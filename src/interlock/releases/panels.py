from interlock.organisation.models import Department, Product
from interlock.releases.models import DayRate, Release, RiskHit, Task
from interlock.risks.models import Risk
from interlock.workspaces.models import Member
from interlock.workspaces.pages import may_edit
from interlock.workspaces.panels import Panel, panel
from interlock.workspaces.permissions import Action

SHOWN = 20


@panel(Product, order=40)
def of_product(product: Product, member: Member) -> Panel | None:
    releases = list(Release.objects.visible_to(member).open().filter(product=product).counted(by=member)[:SHOWN])
    return Panel("releases/panels/of_product.html", {"releases": releases}) if releases else None


@panel(Risk, order=20)
def hits_of_risk(risk: Risk, member: Member) -> Panel:
    """Also where there are none: a risk that hits nothing is one with which no forecast counts."""
    rows = (
        RiskHit.objects.visible_to(member)
        .active()
        .filter(risk=risk)
        .named()
        .select_related("task__workstream__release")
    )
    editable = not risk.archived and may_edit(member, risk)
    return Panel("releases/panels/hits_of_risk.html", {"risk": risk, "hits": list(rows), "editable": editable})


@panel(Task, order=40)
def risks_of_task(task: Task, member: Member) -> Panel | None:
    rows = RiskHit.objects.visible_to(member).active().filter(task=task, risk__archived_at=None)
    hits = list(rows.filter(risk__status=Risk.Status.OPEN).select_related("risk"))
    return Panel("releases/panels/risks_of_task.html", {"hits": hits}) if hits else None


@panel(Department, order=60)
def day_rate(department: Department, member: Member) -> Panel | None:
    if not member.can(Action.READ_COSTS):
        return None
    rate = DayRate.objects.visible_to(member).active().filter(department=department).first()
    editable = not department.archived and member.edits
    return Panel(
        "releases/panels/day_rate.html", {"department": department, "rate": rate, "editable": editable}, "side"
    )
