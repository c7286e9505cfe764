from typing import Any

from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views import View

from interlock.organisation.models import Person
from interlock.people.forms import AssignForm, AudienceFilters, RelieveForm, RoleFilters
from interlock.people.models import Audience, Role, RoleAssignment
from interlock.workspaces.lists import ListView
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member
from interlock.workspaces.pages import ActView, Done, RowPage, stay


def holders() -> Prefetch:
    current = RoleAssignment.objects.current(today=timezone.localdate()).select_related("person__department")
    return Prefetch("assignments", current, to_attr="holders")


class RolesView(ListView):
    model = Role
    template = "people/roles.html"
    filters = RoleFilters
    orders = {
        "name": ("name",),
        "product": ("product__name", "name"),
        "department": ("department__name", "name"),
        "held": ("vacant", "name"),
    }
    columns = {
        "key": lambda role: role.key,
        "name": lambda role: role.name,
        "product": lambda role: role.product and role.product.name,
        "department": lambda role: role.department and role.department.name,
        "held_by": lambda role: [assignment.person.name for assignment in role.holders],
        "purpose": lambda role: role.purpose,
    }

    def rows(self, member: Member) -> Any:
        rows = super().rows(member).with_vacancy(today=timezone.localdate())
        return rows.select_related("product", "department").prefetch_related(holders())

    def more(self, request: MemberRequest, page: Any) -> dict[str, Any]:
        # Of a list that fits on one page this is all of them; of a longer one, nothing that is true can be said here.
        return {"vacant": None if page.has_other_pages() else sum(not role.holders for role in page.object_list)}


class RoleView(RowPage):
    model = Role
    related = ("product", "department")

    def more(self, request: MemberRequest, row: Any) -> dict[str, Any]:
        today = timezone.localdate()
        every = list(row.assignments.select_related("person__department"))
        return {
            "today": today,
            "current": [one for one in every if one.in_force(today)],
            "others": [one for one in every if not one.in_force(today)],
        }


class AssignView(ActView):
    model, form, act = Role, AssignForm, "Assign"

    def initial(self, row: Role) -> dict[str, Any]:
        return {"on": timezone.localdate()}

    def title(self, row: Role) -> str:
        return f"Who is {row}?"

    def do(self, row: Role, *, by: Member, **answers: Any) -> Done:
        row.assign(answers["person"], on=answers["on"], by=by)
        return Done(f"{answers['person']} is {row}.")


class RelieveView(ActView):
    form, act = RelieveForm, "Relieve"

    def row(self, member: Member, key: str, person: str) -> RoleAssignment:  # type: ignore[override]
        return last_assignment(member, key, person)

    def initial(self, row: RoleAssignment) -> dict[str, Any]:
        return {"on": timezone.localdate()}

    def title(self, row: RoleAssignment) -> str:
        return f"From which day is {row.person} no longer {row.role}?"

    def do(self, row: RoleAssignment, *, by: Member, **answers: Any) -> Done:
        row.role.relieve(row.person, on=answers["on"], by=by)
        undo = reverse("assignment-resume", args=[by.workspace.slug, row.role.key, row.person.key])
        later = answers["on"] > timezone.localdate()
        says = f"is no longer {row.role}" + (f" from {answers['on']:%-d %B %Y} on" if later else "")
        return Done(f"{row.person} {says}.", undo)

    def leads_to(self, row: RoleAssignment) -> str:
        return row.role.get_absolute_url()


class ResumeView(View):
    """Undoes what RelieveView did."""

    def post(self, request: MemberRequest, key: str, person: str) -> HttpResponse:
        last = last_assignment(request.member, key, person)
        last.role.assign(last.person, by=request.member, on=last.ends_on or timezone.localdate())
        return stay(request, last.role.get_absolute_url())


def last_assignment(member: Member, key: str, person: str) -> RoleAssignment:
    role = member.editable(Role, key=key)
    assignment = role.assignments.filter(person=member.visible(Person, key=person)).first()
    if assignment is None:
        raise Http404
    return assignment


class AudiencesView(ListView):
    model = Audience
    template = "people/audiences.html"
    filters = AudienceFilters
    orders = {
        "kind": ("kind", "name"),
        "name": ("name",),
        "department": ("department__name", "name"),
        "owner": ("owner__name", "name"),
    }
    columns = {
        "key": lambda audience: audience.key,
        "name": lambda audience: audience.name,
        "kind": lambda audience: audience.kind,
        "faces_customers": lambda audience: audience.faces_customers,
        "department": lambda audience: audience.department and audience.department.name,
        "owner": lambda audience: audience.owner and audience.owner.name,
        "channels": lambda audience: audience.channels,
        "description": lambda audience: audience.description,
    }

    def rows(self, member: Member) -> Any:
        return super().rows(member).select_related("department", "owner__department")


class AudienceView(RowPage):
    model = Audience
    related = ("department", "owner__department")
