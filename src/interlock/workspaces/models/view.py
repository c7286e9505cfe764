from typing import Self

from django.db import models, transaction
from django.urls import reverse

from interlock.workspaces.errors import DomainError
from interlock.workspaces.models.audit import Entry, record
from interlock.workspaces.models.workspace import Member, Workspace


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, member: Member) -> Self:
        seen = models.Q(member=member) | models.Q(shared=True)
        rows = self.filter(seen, workspace=member.workspace_id)
        return rows if member.reads_all else rows.none()

    def editable_by(self, member: Member) -> Self:
        return self.visible_to(member).filter(member=member)

    @transaction.atomic
    def keep(self, name: str, *, page: str, query: str, by: Member, shared: bool = False) -> "SavedView":
        """Save what a list shows under a name; the same name again replaces it."""
        if not name.strip():
            raise DomainError("Give the view a name.", field="name")
        if len(name.strip()) > 80:
            raise DomainError("A name has at most 80 characters.", field="name")
        if len(query) > 2000:
            raise DomainError("This list is narrowed by more than a view can keep.", field="name")
        terms = {"query": query, "shared": shared}
        view, new = self.select_for_update().get_or_create(
            member=by, page=page, name=name.strip(), defaults={"workspace": by.workspace, **terms}
        )
        before = dict.fromkeys(terms) if new else {term: getattr(view, term) for term in terms}
        changes = {term: [before[term], value] for term, value in terms.items() if before[term] != value}
        if not new and changes:
            view.query, view.shared = query, shared
            view.save(update_fields=list(terms))
        if changes:
            record([Entry(view, "saved" if new else "changed", changes)], by=by)
        return view


class SavedView(models.Model):
    """A list's filters and order, kept under a name: the address's query, nothing else."""

    prefix = "VIEW"

    workspace = models.ForeignKey(Workspace, models.CASCADE)
    member = models.ForeignKey(Member, models.CASCADE, related_name="views")
    page = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=2000, blank=True)
    shared = models.BooleanField(default=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["member", "page", "name"], name="one_view_per_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        return f"{self.prefix}-{self.pk}"

    def get_absolute_url(self) -> str:
        """The page that it is a view of. Without a query at all, that page would open with the default."""
        return f"{reverse(self.page, args=[self.workspace.slug])}?{self.query or 'sort='}"

    @transaction.atomic
    def open_with(self, *, by: Member) -> None:
        """Make it what its page opens with, for this member alone."""
        DefaultView.objects.update_or_create(member=by, page=self.page, defaults={"view": self})
        record([Entry(self, "made default", {})], by=by)

    @transaction.atomic
    def open_without(self, *, by: Member) -> None:
        if DefaultView.objects.filter(member=by, view=self).delete()[0]:
            record([Entry(self, "no longer default", {})], by=by)

    @transaction.atomic
    def forget(self, *, by: Member) -> None:
        record([Entry(self, "forgotten", {})], by=by)
        self.delete()


class DefaultView(models.Model):
    """That a member's page opens with a view, their own or a shared one."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="default_views")
    page = models.CharField(max_length=40)
    view = models.ForeignKey(SavedView, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "page"], name="one_default_view_per_page")]

    def __str__(self) -> str:
        return f"{self.page}: {self.view}"

    @classmethod
    def of(cls, member: Member, page: str) -> SavedView | None:
        """What a page opens with; a view that is no longer shared with the member is nothing."""
        chosen = SavedView.objects.visible_to(member).filter(pk__in=cls.objects.filter(member=member).values("view"))
        return chosen.filter(page=page).first()
