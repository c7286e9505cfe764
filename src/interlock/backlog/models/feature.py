from collections.abc import Iterable
from random import SystemRandom
from typing import Any, ClassVar, Self

from django.core.validators import MinValueValidator, URLValidator
from django.db import IntegrityError, models, transaction
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.db.models.functions import Length, Lower

from interlock.engine import rank
from interlock.organisation.models import Person, Product, ProductPlanModel, ProductPlanQuerySet, Team
from interlock.people.models import Role
from interlock.strategy.models import Objective
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member, Workspace
from interlock.workspaces.models.audit import Entry, record
from interlock.workspaces.plan import WorkspaceQuerySet

RANK_RETRIES = 5
WEB_ADDRESS = URLValidator(schemes=["http", "https"])
LONG_RANK = 60
CURRENT = Q(archived_at=None)


class TagQuerySet(WorkspaceQuerySet["Tag"]):
    def visible_to(self, member: Member) -> Self:
        """Those of features that the member sees; and, for all but guests, those that no feature has."""
        links = Feature.tags.through.objects.filter(tag=OuterRef("pk"))
        known = Exists(links.filter(feature__in=Feature.objects.visible_to(member)))
        return self.of(member.workspace).filter(known | ~Exists(links) if member.reads_all else known)


class Tag(models.Model):
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)

    objects: ClassVar[Any] = TagQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="one_tag_per_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        return self.name

    @classmethod
    def named(cls, names: Iterable[str], *, workspace: Workspace) -> list["Tag"]:
        """The tags of those names, made where they are new."""
        wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))
        if any(len(name) > 60 for name in wanted):
            raise DomainError("A tag has at most 60 characters.", field="tags")
        Tag.objects.bulk_create([Tag(workspace=workspace, name=name) for name in wanted], ignore_conflicts=True)
        return list(Tag.objects.filter(workspace=workspace, name__in=wanted))


class FeatureQuerySet(ProductPlanQuerySet["Feature"]):
    def open(self) -> Self:
        return self.active().filter(status__in=Feature.OPEN)

    def planned(self) -> Self:
        return self.active().filter(status__in=(Feature.Status.PLANNED, Feature.Status.IN_PROGRESS))

    def ranked(self) -> Self:
        return self.order_by("rank", "pk")

    @transaction.atomic
    def even_out(self, workspace: Workspace) -> int:
        """Shorten ranks that many moves into one gap have grown; returns how many. The order stays as it is."""
        rows = Feature.objects.filter(workspace=workspace).order_by("rank")
        grown = rows.annotate(length=Length("rank")).filter(length__gt=LONG_RANK).values_list("rank", flat=True)
        if not grown:
            return 0
        first, last = grown[0], grown[len(grown) - 1]
        run = list(rows.select_for_update().filter(rank__gte=first, rank__lte=last))
        before = rows.filter(rank__lt=first).values_list("rank", flat=True).last()
        after = rows.filter(rank__gt=last).values_list("rank", flat=True).first()
        for row, place in zip(run, rank.among(len(run), before, after, rng=SystemRandom()), strict=True):
            row.rank = place
        Feature.objects.bulk_update(run, ["rank"], batch_size=500)
        return len(run)


class Feature(ProductPlanModel):
    """The unit that is prioritised, planned and released; an initiative gathers features."""

    class Kind(models.TextChoices):
        FEATURE = "feature", "Feature"
        INITIATIVE = "initiative", "Initiative"

    class Status(models.TextChoices):
        IDEA = "idea", "Idea"
        CANDIDATE = "candidate", "Candidate"
        PLANNED = "planned", "Planned"
        IN_PROGRESS = "in_progress", "In progress"
        DONE = "done", "Done"
        DROPPED = "dropped", "Dropped"

    # Still to be done: what rules about missing owners and objectives look at.
    OPEN = (Status.CANDIDATE, Status.PLANNED, Status.IN_PROGRESS)

    prefix = "F"
    page = "feature"
    owner_path = "owner__member"

    product = models.ForeignKey(Product, models.PROTECT, related_name="features", db_index=False)
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True, max_length=100_000)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.FEATURE)
    status = models.CharField(max_length=11, choices=Status, default=Status.CANDIDATE)
    initiative = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="features")
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="features", db_index=False)
    owner_role = models.ForeignKey(Role, models.PROTECT, null=True, blank=True, related_name="features")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="features", db_index=False)
    contributing_teams = models.ManyToManyField(Team, blank=True, related_name="contributes_to")
    objectives = models.ManyToManyField(Objective, blank=True, related_name="features")
    effort_days = models.DecimalField(
        max_digits=7, decimal_places=1, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    tags = models.ManyToManyField(Tag, blank=True, related_name="features")
    # [{"title": …, "url": …}]; a link without an address is kept as text.
    links = models.JSONField(default=list, blank=True)
    rank = models.CharField(max_length=2000, editable=False)
    # The status as a number: a list in its order follows the work, not the alphabet.
    stage = models.GeneratedField(
        expression=Case(*(When(status=status, then=Value(stage)) for stage, status in enumerate(Status.values))),
        output_field=models.PositiveSmallIntegerField(),
        db_persist=True,
    )

    objects: ClassVar[Any] = FeatureQuerySet.as_manager()

    class Meta:
        ordering = ["rank", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="feature_key"),
            models.UniqueConstraint(fields=["workspace", "rank"], name="feature_rank"),
            models.CheckConstraint(condition=Q(kind="feature") | Q(initiative=None), name="initiatives_stand_alone"),
        ]
        indexes = [
            # One for each order of the backlog, so that a page of it costs the same however long it is. Partial,
            # because PostgreSQL does not see that rows with an empty archived_at are in the order of what follows it.
            models.Index(fields=["workspace", "stage", "rank"], condition=CURRENT, name="feature_by_stage"),
            models.Index(fields=["workspace", "effort_days", "rank"], condition=CURRENT, name="feature_by_effort"),
            models.Index(fields=["workspace", "initiative", "rank"], condition=CURRENT, name="feature_by_initiative"),
            models.Index(fields=["workspace", "changed_at"], condition=CURRENT, name="feature_by_change"),
            models.Index("workspace", Lower("title"), "rank", condition=CURRENT, name="feature_by_title"),
            models.Index(fields=["workspace", "rank"], condition=Q(kind="initiative"), name="feature_initiatives"),
            models.Index(fields=["workspace", "rank"], condition=~CURRENT, name="feature_archived"),
            models.Index(fields=["product", "rank"], name="feature_by_product"),
            models.Index(fields=["owner", "rank"], name="feature_by_owner"),
            models.Index(fields=["team", "rank"], name="feature_by_team"),
        ]

    def __str__(self) -> str:
        return self.title

    @classmethod
    def before_add(cls, rows: list["Feature"]) -> None:
        """New features go to the end of the backlog."""
        last = cls.objects.filter(workspace=rows[0].workspace).order_by("-rank").values_list("rank", flat=True).first()
        for row, place in zip(rows, rank.spread(len(rows), last, rng=SystemRandom()), strict=True):
            row.rank = place

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if self.initiative_id and self.kind == Feature.Kind.INITIATIVE:
            raise DomainError("An initiative does not stand in another.", field="initiative")
        if "initiative" in names and self.initiative and self.initiative.kind != Feature.Kind.INITIATIVE:
            raise DomainError(f"{self.initiative.key} is not an initiative.", field="initiative")
        if "kind" in names and self.pk and self.kind == Feature.Kind.FEATURE and self.features.exists():
            raise DomainError("Other features stand in this initiative: move them first.", field="kind")
        if "links" in names:
            self.links = [checked_link(link) for link in self.links]

    def move(self, *, by: Member, after: "Feature | None" = None, before: "Feature | None" = None) -> "Feature":
        """Place it right behind or right before another; one row is written.

        Clients that move into the same gap at once draw different ranks; should they ever draw the same, the
        database refuses the second, who draws again.
        """
        for _ in range(RANK_RETRIES):
            try:
                return self._move(after, before, by)
            except IntegrityError:
                continue
        raise DomainError("Others are moving the same features right now. Try again.")

    @transaction.atomic
    def _move(self, after: "Feature | None", before: "Feature | None", by: Member) -> "Feature":
        others = Feature.objects.filter(workspace=self.workspace_id).exclude(pk=self.pk)
        anchor = after or before
        if anchor is None or anchor.pk == self.pk:
            return self
        held = dict(Feature.objects.select_for_update().filter(pk__in=[self.pk]).values_list("pk", "rank")) | dict(
            others.filter(pk=anchor.pk).values_list("pk", "rank")
        )
        if len(held) < 2:
            raise DomainError("There is no such feature.", field="after" if after else "before")
        at = held[anchor.pk]
        low: str | None
        high: str | None
        if after:
            low, high = at, others.filter(rank__gt=at).order_by("rank").values_list("rank", flat=True).first()
        else:
            low, high = (
                others.filter(rank__lt=at).order_by("-rank").values_list("rank", flat=True).first(),
                at,
            )
        if held[self.pk] > (low or "") and (high is None or held[self.pk] < high):
            return self
        self.rank = rank.between(low, high, rng=SystemRandom())
        Feature.objects.filter(pk=self.pk).update(rank=self.rank)
        record([Entry(self, "moved", {"after" if after else "before": [None, anchor.key]})], by=by)
        return self


def checked_link(link: Any) -> dict[str, str]:
    if not isinstance(link, dict) or not set(link) <= {"title", "url"}:
        raise DomainError("A link has a title and a url.", field="links")
    title, url = str(link.get("title", "")).strip()[:300], str(link.get("url", "")).strip()
    if not (title or url):
        raise DomainError("A link needs a title or an address.", field="links")
    if url:
        try:
            WEB_ADDRESS(url)
        except Exception as error:
            raise DomainError(f"“{url[:80]}” is not a web address.", field="links") from error
    return {"title": title or url, "url": url}
