from datetime import date
from typing import Any, ClassVar, Self

from django.core.validators import URLValidator
from django.db import models
from django.db.models.functions import Coalesce

from interlock.organisation.models import Department, Person, ProductPlanModel, ProductPlanQuerySet
from interlock.people.models import Audience, Channel
from interlock.releases.models import Release, Task
from interlock.workspaces.addresses import address
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member


class CommunicationQuerySet(ProductPlanQuerySet["Communication"]):
    def visible_to(self, member: Member) -> Self:
        """Guests see the release, and not who is told what by whom."""
        rows = super().visible_to(member)
        return rows if member.reads_all else rows.none()

    def kept(self) -> Self:
        """What was sent, or still is to be."""
        return self.active().exclude(status=Communication.Status.DROPPED)

    def open(self) -> Self:
        return self.active().filter(status__in=Communication.OPEN)

    def planned(self) -> Self:
        """Of releases that nobody has cancelled or put away."""
        return self.open().filter(release__archived_at=None).exclude(release__status=Release.Status.CANCELLED)

    def due_by(self, day: date) -> Self:
        return self.planned().filter(goes_out_on__lte=day)

    def by_day(self) -> Self:
        """The first first, by the day on which each went out or is to; what has none comes last."""
        return self.order_by(Coalesce("sent_on", "goes_out_on").asc(nulls_last=True), "number")


class Communication(ProductPlanModel):
    """That an audience is told of a release: what, by which channel, on which day, by whom."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        READY = "ready", "Ready"
        SENT = "sent", "Sent"
        DROPPED = "dropped", "Dropped"

    OPEN = (Status.DRAFT, Status.READY)

    prefix = "COM"
    product_path = "release__product"
    owner_path = "owner__member"

    release = models.ForeignKey(Release, models.PROTECT, related_name="communications")
    audience = models.ForeignKey(Audience, models.PROTECT, related_name="communications")
    message = models.CharField(max_length=300)
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.EMAIL)
    status = models.CharField(max_length=7, choices=Status, default=Status.DRAFT)
    goes_out_on = models.DateField(null=True, blank=True)
    sent_on = models.DateField(null=True, blank=True)
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="communications")
    # What must be done before it can go out.
    needs = models.ForeignKey(Task, models.PROTECT, null=True, blank=True, related_name="communications")
    # Where the text is.
    link = models.CharField(max_length=1000, blank=True, validators=[URLValidator(schemes=["http", "https"])])

    objects: ClassVar[Any] = CommunicationQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="communication_key")]
        indexes = [
            models.Index(fields=["release", "archived_at", "goes_out_on"], name="communication_by_release"),
            models.Index(fields=["owner", "status", "goes_out_on"], name="communication_by_owner"),
        ]

    def __str__(self) -> str:
        return self.message

    def get_absolute_url(self) -> str:
        return f"{address('release-communication', self.workspace.slug, self.release.key)}#{self.key}"

    @property
    def open(self) -> bool:
        return self.status in Communication.OPEN and not self.archived

    @property
    def day(self) -> date | None:
        """On which it went out, or is to."""
        return self.sent_on or self.goes_out_on

    @property
    def in_words(self) -> str:
        """“14 March: What is new (ready)”."""
        day = f"{self.day:%-d %B}" if self.day else "no day"
        return f"{day}: {self.message} ({self.get_status_display().lower()})"

    def reaches_by(self, day: date | None) -> bool:
        """Whether it is out by that day; where the launch has no day yet, it will be."""
        return day is None or (self.day is not None and self.day <= day)

    @property
    def trains(self) -> bool:
        """Whether it makes those who answer customers ready to do so."""
        return self.channel == Channel.TRAINING and self.audience.faces_customers

    @property
    def speaker(self) -> Department | None:
        """The department from which it comes: the one that speaks to the audience, else the owner's."""
        return self.audience.department or (self.owner.department if self.owner else None)

    def send(self, *, on: date, by: Member) -> Self:
        """Say that it has gone out."""
        return self.change(status=Communication.Status.SENT, sent_on=on, by=by)

    def take_back(self, *, by: Member) -> Self:
        """It has not gone out after all."""
        return self.change(status=Communication.Status.READY, sent_on=None, by=by)

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        sent = self.status == Communication.Status.SENT
        if names & {"status", "sent_on"} and sent and self.sent_on is None:
            raise DomainError("Say on which day it was sent.", field="sent_on")
        if names & {"status", "sent_on"} and not sent and self.sent_on is not None:
            raise DomainError("Only what was sent has a day on which it was.", field="sent_on")
        if names & {"needs", "release"} and self.needs and self.needs.workstream.release_id != self.release_id:
            raise DomainError(f"It can only wait for what belongs to {self.release}.", field="needs")
