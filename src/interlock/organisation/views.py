from datetime import date
from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import Count, OuterRef, Prefetch, Q, Subquery, Window
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views import View

from interlock.organisation.forms import (
    AbsenceFilters,
    AdmitMemberForm,
    AdmitTeamForm,
    AwayForm,
    IdentityForm,
    JoinForm,
    LeaveForm,
    LinkForm,
    PeopleFilters,
    TakeInForm,
    TeamFilters,
    UnitFilters,
)
from interlock.organisation.models import Absence, Department, Identity, Person, Product, Team, TeamMembership
from interlock.organisation.models.people import in_force
from interlock.organisation.trees import TreeListView
from interlock.workspaces.lists import ListView
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member
from interlock.workspaces.pages import ActView, Done, RowPage, stay, tell
from interlock.workspaces.permissions import Action


def current_teams() -> Prefetch:
    current = TeamMembership.objects.current(today=timezone.localdate())
    return Prefetch("memberships", current.select_related("team"))


# --- people ----------------------------------------------------------------------------------------------


class PeopleView(ListView):
    model = Person
    template = "organisation/people.html"
    filters = PeopleFilters
    orders = {
        "name": ("name",),
        "title": ("title", "name"),
        "department": ("department__name", "name"),
        "added": ("created_at",),
    }
    columns = {
        "key": lambda person: person.key,
        "name": lambda person: person.name,
        "email": lambda person: person.email,
        "title": lambda person: person.title,
        "department": lambda person: person.department and person.department.name,
        "teams": lambda person: [membership.team.name for membership in person.memberships.all()],
        "standing": lambda person: person.standing,
    }

    def rows(self, member: Member) -> Any:
        return super().rows(member).select_related("department").prefetch_related(current_teams())


class PersonView(RowPage):
    model = Person
    related = ("department", "member__user")

    def rows(self, member: Member) -> Any:
        away = Absence.objects.active().filter(person=OuterRef("pk")).not_over(today=timezone.localdate())
        first = away.order_by("starts_on", "pk")
        told = {f"away_{name}": Subquery(first.values(name)[:1]) for name in AWAY}
        number = away.order_by().values("person").annotate(number=Count("pk")).values("number")
        return super().rows(member).annotate(**told, away_times=Subquery(number))

    def more(self, request: MemberRequest, row: Any) -> dict[str, Any]:
        today = timezone.localdate()
        known = {name: getattr(row, f"away_{name}") for name in AWAY}
        return {
            "absence": Absence(person=row, workspace_id=row.workspace_id, **known) if row.away_times else None,
            "others": (row.away_times or 1) - 1,
            "memberships": row.memberships.select_related("team__department"),
            "today": today,
            "identities": row.identities.order_by("kind", "spelling"),
            "manages": request.member.can(Action.MANAGE_MEMBERS),
        }


class StandingView(View):
    """Here, or gone."""

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        person = request.member.editable(Person, key=key)
        if request.POST.get("standing") == Person.Standing.LEFT:
            today = timezone.localdate()
            person.depart(by=request.member, on=today, today=today)
            messages.success(request, f"{person} has left. What they held is open to somebody else.")
        else:
            person.change(standing=Person.Standing.CURRENT, by=request.member)
            messages.success(request, f"{person} is here.")
        return redirect(person)


class AccountView(ActView):
    """Which account is this person's."""

    model, form = Person, LinkForm

    def row(self, member: Member, key: str) -> Person:
        return managed(member, key)

    def initial(self, row: Person) -> dict[str, Any]:
        return {"member": Member.objects.named().filter(person=row).first()}

    def title(self, row: Person) -> str:
        return f"Which account is {row}’s?"

    def says(self, row: Person) -> str:
        return "Whoever signs in with it may change what this person owns, and sees what their teams see."

    def do(self, row: Person, *, by: Member, **answers: Any) -> None:
        row.link(answers["member"], by=by)


class EraseView(View):
    """What a person can ask for: that their name goes. It cannot be taken back."""

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        return render(request, "organisation/person_erase.html", {"person": managed(request.member, key)})

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        person = managed(request.member, key)
        person.erase(by=request.member, on=timezone.localdate())
        messages.success(request, f"{person.key} is erased. Its history keeps the key alone.")
        return redirect(person)


def managed(member: Member, key: str) -> Person:
    person = member.visible(Person, key=key)
    member.require(Action.MANAGE_MEMBERS)
    return person


class IdentitiesView(ActView):
    model, form, act = Person, IdentityForm, "Add"

    def title(self, row: Person) -> str:
        return f"How else is {row} known?"

    def says(self, row: Person) -> str:
        return "Imports find the person by every name, address and handle that is noted here."

    def do(self, row: Person, *, by: Member, **answers: Any) -> None:
        row.identify(**answers, source="", by=by)


class UnidentifyView(View):
    def post(self, request: MemberRequest, key: str, identity: int) -> HttpResponse:
        person = request.member.editable(Person, key=key)
        person.unidentify(get_object_or_404(Identity, person=person, pk=identity), by=request.member)
        return redirect(person)


# --- who is away when --------------------------------------------------------------------------------------

# What is told of somebody's next absence.
AWAY = ("pk", "number", "starts_on", "ends_on")


class AbsencesView(ListView):
    """Who is not there, now and to come."""

    model = Absence
    template = "organisation/absences.html"
    filters = AbsenceFilters
    orders = {
        "from": ("starts_on", "person__name"),
        "until": ("ends_on", "person__name"),
        "person": ("person__name", "starts_on"),
        "department": ("person__department__name", "starts_on"),
    }
    columns = {
        "key": lambda absence: absence.key,
        "person": lambda absence: absence.person.name,
        "department": lambda absence: absence.person.department and absence.person.department.name,
        "starts_on": lambda absence: absence.starts_on,
        "ends_on": lambda absence: absence.ends_on,
    }

    def rows(self, member: Member) -> Any:
        return super().rows(member).select_related("person__department", "person__member")

    def more(self, request: MemberRequest, page: Any) -> dict[str, Any]:
        by, today = request.member, timezone.localdate()
        mine = {row.pk for row in page.object_list} if by.edits else set()
        if not by.edits and by.may(Action.EDIT):
            mine = {row.pk for row in page.object_list if row.person.member_id == by.pk}
        away = Absence.objects.visible_to(by).between(today, today)
        return {"mine": mine, "away": away.values("person").distinct().count(), "today": today}


class AwayView(ActView):
    """Whoever may change a person says when they are away: contributors, of themselves."""

    model, form, act = Person, AwayForm, "Add"

    def title(self, row: Person) -> str:
        return f"When is {row} away?"

    def says(self, row: Person) -> str:
        return "The plan gives them no work on these days. Why they are away is nobody’s business."

    def do(self, row: Person, *, by: Member, **answers: Any) -> Done:
        absence = Absence.objects.add(person=row, by=by, **answers)
        undo = reverse("absence-archive", args=[by.workspace.slug, absence.key])
        return Done(f"Noted: {absence}.", undo)


# --- who is in which team --------------------------------------------------------------------------------


class JoinView(ActView):
    model, form, act = Person, JoinForm, "Join"

    def initial(self, row: Person) -> dict[str, Any]:
        return {"on": timezone.localdate()}

    def title(self, row: Person) -> str:
        return f"Which team does {row} join?"

    def do(self, row: Person, *, by: Member, **answers: Any) -> Done:
        row.join(**answers, by=by)
        return Done(joined(row, answers["team"], answers["on"]))


class TakeInView(ActView):
    """The same from the team's side."""

    model, form, act = Team, TakeInForm, "Add"

    def initial(self, row: Team) -> dict[str, Any]:
        return {"on": timezone.localdate()}

    def title(self, row: Team) -> str:
        return f"Who joins {row}?"

    def do(self, row: Team, *, by: Member, **answers: Any) -> Done:
        answers["person"].join(row, by=by, on=answers["on"])
        return Done(joined(answers["person"], row, answers["on"]))


def joined(person: Person, team: Team, on: date | None) -> str:
    later = on and on > timezone.localdate()
    return f"{person} joins {team} on {on:%-d %B %Y}." if later else f"{person} is in {team}."


class LeaveView(ActView):
    form, act = LeaveForm, "Leave the team"

    def row(self, member: Member, key: str, team: str) -> TeamMembership:  # type: ignore[override]
        return last_membership(member, key, team)

    def initial(self, row: TeamMembership) -> dict[str, Any]:
        return {"on": timezone.localdate()}

    def title(self, row: TeamMembership) -> str:
        return f"From which day is {row.person} no longer in {row.team}?"

    def do(self, row: TeamMembership, *, by: Member, **answers: Any) -> Done:
        row.person.leave(row.team, on=answers["on"], by=by)
        undo = reverse("membership-resume", args=[by.workspace.slug, row.person.key, row.team.key])
        later = answers["on"] > timezone.localdate()
        says = f"leaves {row.team} on {answers['on']:%-d %B %Y}" if later else f"has left {row.team}"
        return Done(f"{row.person} {says}.", undo)

    def leads_to(self, row: TeamMembership) -> str:
        return row.person.get_absolute_url()


class RejoinView(View):
    """Undoes what LeaveView did."""

    def post(self, request: MemberRequest, key: str, team: str) -> HttpResponse:
        last = last_membership(request.member, key, team)
        last.person.join(last.team, by=request.member, on=last.ends_on or timezone.localdate())
        return stay(request, last.person.get_absolute_url())


def last_membership(member: Member, key: str, team: str) -> TeamMembership:
    person = member.editable(Person, key=key)
    membership = person.memberships.filter(team=member.visible(Team, key=team)).first()
    if membership is None:
        raise Http404
    return membership


# --- departments and teams -------------------------------------------------------------------------------


class DepartmentsView(ListView):
    model = Department
    template = "organisation/departments.html"
    filters = UnitFilters
    orders = {"name": ("name",), "people": ("people_count", "name"), "teams": ("team_count", "name")}
    columns = {
        "key": lambda department: department.key,
        "name": lambda department: department.name,
        "people": lambda department: department.people_count,
        "teams": lambda department: department.team_count,
    }

    def rows(self, member: Member) -> Any:
        here = Q(people__archived_at=None) & ~Q(people__standing=Person.Standing.LEFT)
        return (
            super()
            .rows(member)
            .annotate(
                people_count=Count("people", filter=here, distinct=True),
                team_count=Count("teams", filter=Q(teams__archived_at=None), distinct=True),
            )
        )


class DepartmentView(RowPage):
    model = Department

    def more(self, request: MemberRequest, row: Any) -> dict[str, Any]:
        people = row.people.active().exclude(standing=Person.Standing.LEFT)
        shown = list(people.order_by("name").annotate(of=Window(Count("*")))[:SHOWN])
        return {
            "teams": with_sizes(row.teams.active()),
            "people": shown,
            "people_count": shown[0].of if shown else 0,
            "more_than_shown": SHOWN,
        }


SHOWN = 60


def with_sizes(teams: Any) -> Any:
    return teams.annotate(size=Count("memberships", filter=in_force(timezone.localdate(), "memberships__")))


class TeamsView(TreeListView):
    """The teams of every department, as the tree in which they stand."""

    model = Team
    template = "organisation/teams.html"
    filters = TeamFilters
    orders = {"department": ("department__name", "name"), "name": ("name",), "size": ("size", "name")}
    columns = {
        "key": lambda team: team.key,
        "name": lambda team: team.name,
        "department": lambda team: team.department.name,
        "stands_under": lambda team: team.parent and team.parent.key,
        "people": lambda team: team.size,
        "purpose": lambda team: team.purpose,
    }

    def rows(self, member: Member) -> Any:
        return with_sizes(super().rows(member)).select_related("department", "parent")


class TeamView(RowPage):
    model = Team
    related = ("department", "parent")

    def more(self, request: MemberRequest, row: Any) -> dict[str, Any]:
        today = timezone.localdate()
        memberships = list(row.memberships.select_related("person__department").order_by("ends_on", "person__name"))
        return {
            "today": today,
            "current": [one for one in memberships if not one.over(today) and not one.to_come(today)],
            "coming": [one for one in memberships if one.to_come(today)],
            "past": [one for one in memberships if one.over(today)],
            "children": with_sizes(row.children.active()),
            "products": Product.objects.visible_to(request.member).active().filter(teams=row),
        }


# --- products --------------------------------------------------------------------------------------------


class ProductsView(ListView):
    model = Product
    template = "organisation/products.html"
    filters = UnitFilters
    orders = {"name": ("name",), "added": ("created_at",)}
    columns = {
        "key": lambda product: product.key,
        "name": lambda product: product.name,
        "restricted": lambda product: product.restricted,
        "description": lambda product: product.description,
    }
    for_guests = True


class ProductView(RowPage):
    model = Product

    def more(self, request: MemberRequest, row: Any) -> dict[str, Any]:
        configures = request.member.can(Action.CONFIGURE)
        return {
            "configures": configures,
            "listed_members": row.members.select_related("user").order_by("user__name") if configures else (),
            "listed_teams": row.teams.all() if configures else (),
        }


def configured(member: Member, key: str) -> Product:
    """Whoever sees the product is told that this is not theirs; whoever does not, that there is none."""
    product = member.visible(Product, key=key)
    member.require(Action.CONFIGURE)
    return product


class RestrictView(View):
    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        product = configured(request.member, key)
        restricted = request.POST.get("restricted") == "yes"
        product.restrict(restricted, by=request.member)
        says = "is shown to those who are listed" if restricted else "is open to every member"
        messages.success(request, f"{product} {says}.")
        return redirect(product)


class AdmitView(ActView):
    model, act = Product, "Let them see it"

    def row(self, member: Member, key: str) -> Product:
        return configured(member, key)


class AdmitMemberView(AdmitView):
    form = AdmitMemberForm

    def title(self, row: Product) -> str:
        return f"Which member sees {row}?"

    def do(self, row: Product, *, by: Member, **answers: Any) -> None:
        row.admit(answers["member"], by=by)


class AdmitTeamView(AdmitView):
    form = AdmitTeamForm

    def title(self, row: Product) -> str:
        return f"Which team sees {row}?"

    def says(self, row: Product) -> str:
        return "Whoever is in the team sees the product, now and later."

    def do(self, row: Product, *, by: Member, **answers: Any) -> None:
        row.admit(answers["team"], by=by)


class DismissView(View):
    kind: ClassVar[Any] = None

    def post(self, request: MemberRequest, key: str, whom: str) -> HttpResponse:
        product = configured(request.member, key)
        listed = product.members if self.kind is Member else product.teams
        found = listed.filter(pk__in=self.kind.objects.keyed(whom)).first()
        if found is None:
            raise Http404
        product.dismiss(found, by=request.member)
        again = reverse(f"product-{self.kind._meta.model_name}-add", args=[request.member.workspace.slug, key, whom])
        tell(request, Done(f"{found} is no longer listed for {product}.", again))
        return redirect(product)


class AdmitAgainView(View):
    """Undoes what DismissView did."""

    kind: ClassVar[Any] = None

    def post(self, request: MemberRequest, key: str, whom: str) -> HttpResponse:
        product = configured(request.member, key)
        found = self.kind.objects.visible_to(request.member).keyed(whom).first()
        if found is None:
            raise Http404
        product.admit(found, by=request.member)
        return redirect(product)
