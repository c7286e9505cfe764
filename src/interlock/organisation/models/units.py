from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower

from interlock.organisation import calendars
from interlock.organisation.models.tree import TreeVerbs
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Action
from interlock.workspaces.plan import PlanModel, PlanQuerySet

COLOURS = 8
# Working days are counted as ISO 8601 does: Monday is 1.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def office_week() -> list[int]:
    return [1, 2, 3, 4, 5]


class Department(PlanModel):
    """Engineering, Design, Marketing …: who pulls apart when nobody looks. Keeps one colour everywhere."""

    prefix = "D"
    page = "department"
    taken = ("A department of this name exists already.", "name")

    name = models.CharField(max_length=120)
    colour = models.PositiveSmallIntegerField(
        default=0, blank=True, validators=[MinValueValidator(1), MaxValueValidator(COLOURS)]
    )
    working_days = models.JSONField(default=office_week, blank=True)
    # Whose public holidays are free: a country, or a part of one, as ISO 3166 has them (DE, DE-BY).
    holidays_of = models.CharField(max_length=10, blank=True)
    # How many people can work on releases at once; left open, as many as belong to it.
    capacity = models.DecimalField(
        max_digits=6,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(10_000)],
    )

    objects: ClassVar[Any] = PlanQuerySet["Department"].as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="department_key"),
            models.UniqueConstraint(
                "workspace",
                Lower("name"),
                condition=models.Q(archived_at=None),
                name="department_name",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def before_add(cls, rows: list["Department"]) -> None:
        for row in rows:
            row.colour = row.colour or (row.number - 1) % COLOURS + 1

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if "archived_at" in names and self.archived:
            refuse_while_used(self, {"team": self.teams.active(), "person": self.people.active()})
        if "working_days" in names:
            self._refuse_idle_week()
        if "holidays_of" in names and self.holidays_of:
            self.holidays_of = self.holidays_of.strip().upper()
            if not calendars.is_known(self.holidays_of):
                raise DomainError(
                    f"The holidays of “{self.holidays_of}” are not known. Give a country or a part of one, "
                    "such as DE or DE-BY.",
                    field="holidays_of",
                )

    def get_working_days_display(self) -> str:
        first, last = self.working_days[0], self.working_days[-1]
        if len(self.working_days) > 2 and self.working_days == list(range(first, last + 1)):
            return f"{WEEKDAYS[first - 1]} to {WEEKDAYS[last - 1]}"
        return ", ".join(WEEKDAYS[day - 1] for day in self.working_days)

    def workdays(self, first: date, number: int) -> list[bool]:
        """For each of so many days from `first` on whether it is worked on."""
        return calendars.workdays(first, number, self.working_days, self.holidays_of)

    def shifted(self, day: date, working_days: int) -> date:
        """So many of its working days later, or earlier; zero leads to the next of them, or to `day` if it is one."""
        return calendars.shifted(day, working_days, self.working_days, self.holidays_of)

    def _refuse_idle_week(self) -> None:
        days = self.working_days
        if not isinstance(days, list) or not all(type(day) is int and 1 <= day <= 7 for day in days):
            raise DomainError("Working days are numbers from 1 (Monday) to 7 (Sunday).", field="working_days")
        if not days:
            raise DomainError("Somebody must work on some day of the week.", field="working_days")
        self.working_days = sorted(set(days))


def refuse_while_used(row: PlanModel, users: Mapping[str, Any]) -> None:
    """Raise DomainError where something still stands in what is to be archived."""
    for noun, rows in users.items():
        count = rows.count()
        if count:
            plural = rows.model._meta.verbose_name_plural if count > 1 else noun
            raise DomainError(
                f"{count:,} {plural} still belong{'' if count > 1 else 's'} to {row}: move or archive first."
            )


class TeamQuerySet(TreeVerbs, PlanQuerySet["Team"]):
    pass


class Team(PlanModel):
    """People who work together, in a department; a team may stand under another."""

    prefix = "T"
    page = "team"

    name = models.CharField(max_length=120)
    department = models.ForeignKey(Department, models.PROTECT, related_name="teams")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    purpose = models.TextField(blank=True, max_length=2000)

    objects: ClassVar[Any] = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="team_key")]
        indexes = [models.Index(Lower("name"), "workspace", name="team_by_name")]

    def __str__(self) -> str:
        return self.name

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if "archived_at" in names and self.archived:
            refuse_while_used(self, {"team": self.children.active()})

    def refuse_to_widen(self, by: Member) -> None:
        """Who is in a team that a restricted product lists, sees that product."""
        if not by.can(Action.CONFIGURE) and self.products.filter(restricted=True).exists():
            raise DomainError(
                f"{self} decides who sees a restricted product: an admin changes who is in it.", field="team"
            )
