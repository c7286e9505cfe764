from typing import Any, ClassVar

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from interlock.organisation.models import Absence, Department, Identity, Person, Product, Team, TeamMembership
from interlock.organisation.models.units import WEEKDAYS, office_week
from interlock.workspaces.forms import MemberForm, PlanForm, RowField
from interlock.workspaces.lists import Filters, SearchField
from interlock.workspaces.models import Member

# --- rows ----------------------------------------------------------------------------------------------


class PersonForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = Person
        fields = ("name", "email", "title", "department")
        labels = {"title": "What they do"}


class DepartmentForm(PlanForm):
    working_days = forms.TypedMultipleChoiceField(
        choices=list(enumerate(WEEKDAYS, start=1)),
        coerce=int,
        initial=office_week,
        widget=forms.CheckboxSelectMultiple,
        label="Works on",
        required=False,
    )

    class Meta(PlanForm.Meta):
        model = Department
        fields = ("name", "working_days", "holidays_of", "capacity")
        labels = {"holidays_of": "Public holidays of", "capacity": "People at work on releases"}
        help_texts = {
            "holidays_of": "A country or a part of one, such as DE or DE-BY.",
            "capacity": "How many can work at once; left open, as many as belong to it.",
        }

    def clean_working_days(self) -> list[int]:
        """A new department of which nothing is said works as offices do; that one never works, the domain refuses."""
        days: list[int] = self.cleaned_data["working_days"]
        return days if days or self.instance.pk else office_week()


class TeamForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = Team
        fields = ("name", "department", "parent", "purpose")
        labels = {"parent": "Stands under"}


class ProductForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = Product
        fields = ("name", "description")


class AbsenceForm(PlanForm):
    together: ClassVar = dict.fromkeys(("starts_on", "ends_on"), ("starts_on", "ends_on"))

    class Meta(PlanForm.Meta):
        model = Absence
        fields = ("starts_on", "ends_on")
        labels = {"starts_on": "First day", "ends_on": "Last day"}


class AbsenceAddForm(PlanForm):
    """Of whomever it says. Why somebody is away is not asked."""

    class Meta(PlanForm.Meta):
        model = Absence
        fields = ("person", "starts_on", "ends_on")
        labels = AbsenceForm.Meta.labels


# --- what can be done with a person ----------------------------------------------------------------------


def day(**how: Any) -> forms.DateField:
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **how)


class JoinForm(MemberForm):
    team = RowField(Team)
    on = day(label="From", required=False)


class TakeInForm(MemberForm):
    person = RowField(Person)
    on = day(label="From", required=False)


class LeaveForm(MemberForm):
    on = day(label="Out from", help_text="The first day on which they are no longer in the team.")


class AwayForm(MemberForm):
    starts_on = day(label="First day")
    ends_on = day(label="Last day")


class IdentityForm(MemberForm):
    spelling = forms.CharField(
        label="Also known as", max_length=200, help_text="An address, a handle or another spelling of the name."
    )
    kind = forms.ChoiceField(choices=Identity.Kind)


class LinkForm(MemberForm):
    member = RowField(Member, required=False, empty="Nobody", label="Account")


class AdmitMemberForm(MemberForm):
    member = RowField(Member, label="Member")


class AdmitTeamForm(MemberForm):
    team = RowField(Team, label="Team")


# --- lists -----------------------------------------------------------------------------------------------


class PeopleFilters(Filters):
    STANDINGS = (
        ("", "Here"),
        *Person.Standing.choices,
        ("any", "Everybody"),
    )

    q = SearchField("Name, address or handle")
    department = RowField(Department, empty="All departments")
    team = RowField(Team, empty="All teams")
    standing = forms.ChoiceField(choices=STANDINGS)
    archived = forms.BooleanField(label="Archived")

    def narrow(self, rows: Any) -> Any:
        rows = rows.archived() if self.asked("archived") else rows.active()
        standing = self.asked("standing")
        if not standing:
            rows = rows.exclude(standing=Person.Standing.LEFT)
        elif standing != "any":
            rows = rows.filter(standing=standing)
        if self.asked("department"):
            rows = rows.filter(department=self.asked("department"))
        if self.asked("team"):
            current = TeamMembership.objects.current(today=timezone.localdate())
            rows = rows.filter(Exists(current.filter(person=OuterRef("pk"), team=self.asked("team"))))
        return self.search(rows, self.asked("q"))

    @staticmethod
    def search(rows: Any, text: str) -> Any:
        if not text:
            return rows
        known = Identity.objects.filter(person=OuterRef("pk"), folded__contains=Identity.fold(text))
        return rows.filter(
            Q(name__icontains=text) | Q(email__icontains=text) | Q(title__icontains=text) | Exists(known)
        )


class UnitFilters(Filters):
    """Of what has a name and can be archived."""

    q = SearchField("Name")
    archived = forms.BooleanField(label="Archived")

    def narrow(self, rows: Any) -> Any:
        rows = rows.archived() if self.asked("archived") else rows.active()
        return rows.filter(name__icontains=self.asked("q")) if self.asked("q") else rows


class TeamFilters(UnitFilters):
    department = RowField(Department, empty="All departments")

    def narrow(self, rows: Any) -> Any:
        rows = super().narrow(rows)
        return rows.filter(department=self.asked("department")) if self.asked("department") else rows


class AbsenceFilters(Filters):
    department = RowField(Department, empty="All departments")
    person = RowField(Person, empty="Everybody")
    over = forms.BooleanField(label="Also those that are over")
    archived = forms.BooleanField(label="Archived")

    def narrow(self, rows: Any) -> Any:
        rows = rows.archived() if self.asked("archived") else rows.active()
        if not self.asked("over"):
            rows = rows.not_over(today=timezone.localdate())
        if self.asked("department"):
            rows = rows.filter(person__department=self.asked("department"))
        return rows.filter(person=self.asked("person")) if self.asked("person") else rows
