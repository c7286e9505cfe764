from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar, Self

from django.db import models

from interlock.organisation.models import Department, Product, ProductPlanModel, ProductPlanQuerySet
from interlock.releases.models.release import Release
from interlock.releases.models.workstream import Workstream
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member, Workspace

LONGEST_DAYS = 366


class FreezeWindowQuerySet(ProductPlanQuerySet["FreezeWindow"]):
    def visible_to(self, member: Member) -> Self:
        """Guests see the release, and not what its departments agreed among themselves."""
        rows = super().visible_to(member)
        return rows if member.reads_all else rows.none()

    def not_over(self, *, today: date) -> Self:
        return self.filter(ends_on__gte=today)

    def in_force(self, workspace: Workspace, *, today: date) -> "Freezes":
        """What is still to be heeded, whoever sees it."""
        rows = self.of(workspace).active().not_over(today=today)
        return Freezes.of(rows.prefetch_related("departments").order_by("starts_on", "number"))


class FreezeWindow(ProductPlanModel):
    """Days on which nothing may launch: of one product or of all, where one of its departments or any takes part.

    It may also stop work: those departments then do nothing for such releases.
    """

    prefix = "FW"
    page = "freezewindow"

    name = models.CharField(max_length=120)
    starts_on = models.DateField()
    # The last day of it.
    ends_on = models.DateField()
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="freezes")
    departments = models.ManyToManyField(Department, blank=True, related_name="freezes")
    stops_work = models.BooleanField(default=False)
    reason = models.TextField(blank=True, max_length=2000)

    objects: ClassVar[Any] = FreezeWindowQuerySet.as_manager()

    class Meta:
        verbose_name = "freeze window"
        ordering = ["starts_on", "number"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="freeze_window_key")]
        indexes = [models.Index(fields=["workspace", "ends_on"], name="freeze_by_end")]

    def __str__(self) -> str:
        return self.name

    @property
    def days(self) -> str:
        """“24 December 2027”, “20 December 2027 to 3 January 2028”."""
        if self.starts_on == self.ends_on:
            return f"{self.starts_on:%-d %B %Y}"
        year = "" if self.starts_on.year == self.ends_on.year else f" {self.starts_on:%Y}"
        return f"{self.starts_on:%-d %B}{year} to {self.ends_on:%-d %B %Y}"

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if self.ends_on < self.starts_on:
            raise DomainError("It ends before it starts.", field="ends_on")
        if (self.ends_on - self.starts_on).days >= LONGEST_DAYS:
            raise DomainError("A freeze is a year long at most.", field="ends_on")


@dataclass(frozen=True)
class Freezes:
    """Freeze windows, and the departments of each; none: all of them."""

    windows: tuple[tuple[FreezeWindow, frozenset[Department]], ...] = ()

    @classmethod
    def of(cls, windows: Iterable[FreezeWindow]) -> "Freezes":
        return cls(tuple((one, frozenset(one.departments.all())) for one in windows))

    def concerning(self, *, product: int, departments: frozenset[Department]) -> list[FreezeWindow]:
        """Those that hold for a release of the product, given who takes part in it."""
        return [
            one
            for one, whose in self.windows
            if one.product_id in (None, product) and (not whose or whose & departments)
        ]

    def over_launch(self, day: date, *, product: int, departments: frozenset[Department]) -> list[FreezeWindow]:
        """Those in which such a release must not launch on that day."""
        mine = self.concerning(product=product, departments=departments)
        return [one for one in mine if one.starts_on <= day <= one.ends_on]

    def next_launch(self, day: date, *, product: int, departments: frozenset[Department]) -> date:
        """The first day from that one on, on which it may launch."""
        while frozen := self.over_launch(day, product=product, departments=departments):
            day = max(one.ends_on for one in frozen) + timedelta(days=1)
        return day

    def idle(self, department: Department, product: int | None) -> frozenset[date]:
        """Days on which a department does no work for releases of a product; None: for none of whatever product."""
        return frozenset(
            one.starts_on + timedelta(days=n)
            for one, whose in self.windows
            if one.stops_work and one.product_id in (None, product) and (not whose or department in whose)
            for n in range((one.ends_on - one.starts_on).days + 1)
        )


def taking_part(releases: Iterable[Release]) -> Mapping[int, frozenset[Department]]:
    """The departments that have a part in each release."""
    found: dict[int, set[Department]] = {release.pk: set() for release in releases}
    for stream in Workstream.objects.active().filter(release__in=found).select_related("department"):
        found[stream.release_id].add(stream.department)
    return {pk: frozenset(departments) for pk, departments in found.items()}
