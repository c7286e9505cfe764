from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Lower

from interlock.organisation.models import Department, Person
from interlock.workspaces.errors import DomainError
from interlock.workspaces.plan import PlanModel, PlanQuerySet


class Channel(models.TextChoices):
    """How words reach people."""

    EMAIL = "email", "E-mail"
    PRODUCT = "product", "In the product"
    WEBSITE = "website", "Website or blog"
    PRESS = "press", "Press"
    SOCIAL = "social", "Social networks"
    MEETING = "meeting", "Meeting or call"
    TRAINING = "training", "Training"
    CHAT = "chat", "Chat"
    HELP = "help", "Help articles"


class Audience(PlanModel):
    """Those who are told of a release in the same words: customers, partners, the sales teams."""

    class Kind(models.TextChoices):
        INTERNAL = "internal", "Internal"
        EXTERNAL = "external", "External"

    prefix = "AUD"
    page = "audience"
    owner_path = "owner__member"
    taken = ("An audience of this name exists already.", "name")

    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, max_length=2000)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.EXTERNAL)
    # Those whom customers ask: what they do not know on the day of a launch, customers hear that they do not know.
    faces_customers = models.BooleanField(default=False)
    # Who speaks to them: on its days off, nothing goes out.
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="audiences")
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="audiences")
    # By which channels they can be reached; empty where nobody has said.
    channels = models.JSONField(default=list, blank=True)

    objects: ClassVar[Any] = PlanQuerySet["Audience"].as_manager()

    class Meta:
        ordering = ["kind", "name"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="audience_key"),
            models.UniqueConstraint(
                "workspace", Lower("name"), condition=models.Q(archived_at=None), name="audience_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_channels_display(self) -> str:
        return ", ".join(str(Channel(one).label) for one in self.channels) or "Anything"

    def reached_by(self, channel: str) -> bool:
        """Whether they can be; of an audience of which nothing is said, by any."""
        return not self.channels or channel in self.channels

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if "channels" in names:
            self._refuse_unknown_channels()
        if names & {"kind", "faces_customers"} and self.faces_customers and self.kind != Audience.Kind.INTERNAL:
            raise DomainError("Only colleagues answer customers: make it internal.", field="faces_customers")

    def _refuse_unknown_channels(self) -> None:
        told = self.channels
        if not isinstance(told, list) or not set(told) <= set(Channel.values):
            raise DomainError(f"Channels are {', '.join(Channel.values)}.", field="channels")
        self.channels = [channel for channel in Channel.values if channel in told]
