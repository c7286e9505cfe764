from django.utils import timezone

from interlock.organisation.models import Department, Person, Product
from interlock.people.models import Role, RoleAssignment
from interlock.people.views import holders
from interlock.workspaces.models import Member
from interlock.workspaces.panels import Panel, panel


@panel(Person, order=20)
def roles_held(person: Person, member: Member) -> Panel | None:
    seen = Role.objects.visible_to(member)
    held = RoleAssignment.objects.filter(person=person, role__in=seen).select_related("role__product")
    assignments = list(held)
    if not assignments:
        return None
    return Panel("people/panels/of_person.html", {"assignments": assignments, "today": timezone.localdate()})


@panel(Product, order=30)
def roles_of_product(product: Product, member: Member) -> Panel | None:
    return _roles(product, member, product=product)


@panel(Department, order=30)
def roles_of_department(department: Department, member: Member) -> Panel | None:
    return _roles(department, member, department=department)


def _roles(row: Product | Department, member: Member, **where: Product | Department) -> Panel | None:
    roles = Role.objects.visible_to(member).active().filter(**where).select_related("product", "department")
    shown = list(roles.prefetch_related(holders()))
    if not shown and not member.edits:
        return None
    return Panel("people/panels/roles.html", {"roles": shown, "of": row, "of_field": next(iter(where))})
