from typing import Any, ClassVar, Self, TypeVar

from django.db import models, transaction
from django.db.models import Case, Q, When
from django.utils import timezone

from interlock.organisation.models.people import TeamMembership
from interlock.organisation.models.units import Team
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Action, Reach
from interlock.workspaces.plan import PlanModel, PlanQuerySet

Row = TypeVar("Row", bound="ProductPlanModel")


class ProductQuerySet(PlanQuerySet["Product"]):
    def visible_to(self, member: Member) -> Self:
        """Open products, and those that list the member or a team of theirs. Guests: only what lists them."""
        rows = self.of(member.workspace)
        return rows if member.can(Action.CONFIGURE) else rows.filter(_shown_to(member))


def _shown_to(member: Member) -> Q:
    teams = TeamMembership.objects.current(today=timezone.localdate()).filter(person__member=member).values("team")
    listed = Q(pk__in=Product.members.through.objects.filter(member=member).values("product")) | Q(
        pk__in=Product.teams.through.objects.filter(team__in=teams).values("product")
    )
    match member.reach(Action.READ):
        case Reach.ALL:
            return Q(restricted=False) | listed
        case Reach.SHARED:
            return listed
    return Q(pk__in=())


class Product(PlanModel):
    """What is planned and released. Open to every member, or restricted to listed members and teams."""

    prefix = "PROD"
    page = "product"
    beyond_edit: ClassVar = dict.fromkeys(("restricted", "members", "teams"), Action.CONFIGURE)

    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, max_length=10_000)
    restricted = models.BooleanField(default=False)
    members = models.ManyToManyField(Member, blank=True, related_name="products")
    teams = models.ManyToManyField(Team, blank=True, related_name="products")

    objects: ClassVar[Any] = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="product_key")]
        indexes = [models.Index(fields=["workspace", "name"], name="product_by_name")]

    def __str__(self) -> str:
        return self.name

    def seen_by(self, member: Member) -> bool:
        return sees_product(member, self.pk)

    def product_scope(self) -> int:
        return self.pk

    # --- who sees it -----------------------------------------------------------------------------

    def restrict(self, restricted: bool, *, by: Member) -> None:
        """Show it to listed members and teams only, or to everybody again."""
        by.require(Action.CONFIGURE)
        self.change(restricted=restricted, by=by)

    def admit(self, seeing: Member | Team, *, by: Member) -> None:
        self._relist(seeing, True, by)

    def dismiss(self, seeing: Member | Team, *, by: Member) -> None:
        self._relist(seeing, False, by)

    @transaction.atomic
    def _relist(self, seeing: Member | Team, listed: bool, by: Member) -> None:
        by.require(Action.CONFIGURE)
        # Under lock, since two admins may list somebody at once.
        held = Product.objects.select_for_update().get(pk=self.pk)
        name = "members" if isinstance(seeing, Member) else "teams"
        others = [one for one in getattr(held, name).all() if one.pk != seeing.pk]
        Product.objects.change_many([(self, {name: [*others, seeing] if listed else others})], by=by)


class ProductPlanQuerySet(PlanQuerySet[Row]):
    def visible_to(self, member: Member) -> Self:
        """Rows of products that the member sees, and, except for guests, those of no product."""
        rows = self.of(member.workspace)
        path = self.model.product_path
        seen = products_seen(member)
        if seen is None:
            return rows
        allowed = Q(**{f"{path}__in": seen})
        return rows.filter(allowed | Q(**{path: None}) if member.reads_all else allowed)


class ProductPlanModel(PlanModel):
    # From a row to its product.
    product_path: ClassVar[str] = "product"

    class Meta:
        abstract = True

    def __init_subclass__(cls, **how: Any) -> None:
        super().__init_subclass__(**how)
        steps, _, _ = cls.product_path.rpartition("__")
        cls.scope_relations = (steps,) if steps else ()

    def seen_by(self, member: Member) -> bool:
        return sees_product(member, self.product_scope())

    def product_scope(self) -> int | None:
        row: Any = self
        *steps, last = self.product_path.split("__")
        for step in steps:
            row = getattr(row, step)
        return getattr(row, f"{last}_id") if row is not None else None


def products_seen(member: Member) -> list[int] | None:
    """The products a member sees, or None where that is all of them.

    Kept on the member, who lives as long as one request: rights that are revoked end with it.
    """
    if "products_seen" not in member.__dict__:
        member.__dict__["products_seen"] = _products_seen(member)
    seen: list[int] | None = member.__dict__["products_seen"]
    return seen


def _products_seen(member: Member) -> list[int] | None:
    if member.can(Action.CONFIGURE):
        return None
    shown = Case(When(_shown_to(member), then=True), default=False, output_field=models.BooleanField())
    products = dict(Product.objects.of(member.workspace).order_by().annotate(shown=shown).values_list("pk", "shown"))
    if member.reads_all and all(products.values()):
        return None
    return [pk for pk, seen in products.items() if seen]


def sees_product(member: Member, product: int | None) -> bool:
    seen = products_seen(member)
    return member.reads_all if product is None else seen is None or product in seen
