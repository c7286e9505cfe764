from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models import Exists, OuterRef

from interlock.organisation.models import Product, ProductPlanModel, ProductPlanQuerySet
from interlock.organisation.models.product import products_seen
from interlock.releases.drafting import Draft, Found
from interlock.releases.models.computation import Computation
from interlock.releases.models.dates import PlanRun
from interlock.releases.models.release import Release
from interlock.releases.what_if import LONGEST_LINE, MOST, Refused, Supposed, read, suppose_all
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member
from interlock.workspaces.models.audit import Entry, record


@dataclass(frozen=True)
class Told:
    """A change of a scenario, as the plan stands now.

    words    what it means; the line itself where that cannot be told any more
    refused  why it cannot be made any more; empty where it can
    moved    what has become of the plan since the change was written down, in sentences
    """

    line: str
    words: str
    refused: str = ""
    moved: tuple[str, ...] = ()

    @property
    def stale(self) -> bool:
        return bool(self.refused or self.moved)


class ScenarioQuerySet(ProductPlanQuerySet["Scenario"]):
    def visible_to(self, member: Member) -> Self:
        """Seen by whoever sees the plan, and all that it speaks of."""
        rows = super().visible_to(member)
        seen = products_seen(member)
        if not member.reads_all:
            return rows.none()
        if seen is None:
            return rows
        speaks = Scenario.products.through.objects.filter(scenario=OuterRef("pk"))
        return rows.exclude(Exists(speaks.exclude(product__in=seen)))

    def open(self) -> Self:
        return self.active().filter(status=Scenario.Status.OPEN)

    def add_many(self, rows: Sequence[Mapping[str, Any]], *, by: Member, reason: str = "") -> list["Scenario"]:
        read = [_understood(one["release"], one.get("changes", []), {}, by=by) for one in rows]
        fields = [{**one, **understood} for one, (understood, _) in zip(rows, read, strict=True)]
        added: list[Scenario] = super().add_many(fields, by=by, reason=reason)
        for scenario, (_, found) in zip(added, read, strict=True):
            if found:
                scenario.note_down(found)
        return added

    def change_many(
        self, pairs: Iterable[tuple["Scenario", Mapping[str, Any]]], *, by: Member | None, **how: Any
    ) -> list["Scenario"]:
        wanted = [(row, dict(fields)) for row, fields in pairs]
        other = {row.pk for row, fields in wanted if "changes" in fields and fields["changes"] != row.changes}
        found = {}
        for row, fields in wanted:
            if row.pk in other:
                understood, found[row.pk] = _understood(row.release, fields["changes"], row.found, by=by)
                fields |= understood
        changed: list[Scenario] = super().change_many(wanted, by=by, **how)
        for row in changed:
            if row.pk in other:
                row.note_down(found[row.pk])
        return changed


class Scenario(ProductPlanModel):
    """What if: changes of a release's plan that are tried on paper, and made together once somebody decides so."""

    class Status(models.TextChoices):
        OPEN = "open", "Being tried"
        APPLIED = "applied", "Applied"

    prefix = "SCN"
    page = "scenario"
    product_path = "release__product"
    release = models.ForeignKey(Release, models.PROTECT, related_name="scenarios")
    name = models.CharField(max_length=120)
    note = models.TextField(blank=True, max_length=10_000)
    status = models.CharField(max_length=7, choices=Status, default=Status.OPEN, editable=False)
    # Lines of releases.what_if, by keys.
    changes = models.JSONField(default=list, blank=True)
    # Line → key → field → what it was when the line was written down. It follows from the changes, and is not audited.
    found = models.JSONField(default=dict, editable=False)
    # Of which it speaks, besides the release's own.
    products = models.ManyToManyField(Product, blank=True, editable=False, related_name="+")

    objects: ClassVar[Any] = ScenarioQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="scenario_key")]

    def __str__(self) -> str:
        return self.name

    @property
    def open(self) -> bool:
        return self.status == Scenario.Status.OPEN and not self.archived

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if names & {"changes", "release"} and not self.open and not names & {"archived_at"}:
            raise DomainError(f"{self.key} is applied: what it has changed is the plan now.", field="changes")

    def read(self, *, by: Member | None = None) -> tuple[Draft, list[Told]]:
        """A draft of the plan with its changes, as far as they can be made; and what is to be told of each."""
        draft, lines = read(self.changes, release=self.release, by=by)
        return draft, [
            Told(one.line, one.line, refused=one.says)
            if isinstance(one, Refused)
            else Told(one.line, one.words, moved=_moved(self.found.get(one.line), one, draft))
            for one in lines
        ]

    # --- changing it -----------------------------------------------------------------------------

    def suppose(self, line: str, *, by: Member) -> Self:
        """One change more."""
        return self.change(changes=[*self.changes, line], by=by)

    def forget(self, line: str, *, by: Member) -> Self:
        return self.change(changes=[one for one in self.changes if one != line], by=by)

    def take_as_it_is(self, *, by: Member) -> Self:
        """The plan has moved since the changes were written down, and they are meant all the same."""
        _, lines = suppose_all(self.changes, release=self.release, by=by)
        self.note_down({one.line: one.found for one in lines})
        record([Entry(self, "confirmed", {})], by=by)
        return self

    @transaction.atomic
    def apply(self, *, by: Member) -> Self:
        """Make its changes, by the verbs that pages use: all of them, or none.

        Raises DomainError where the plan is no longer what it was when they were written down, and where one of them
        is not theirs to make.
        """
        held = Scenario.objects.select_for_update(of=("self",)).select_related("release__workspace").get(pk=self.pk)
        if not held.open:
            raise DomainError(f"{self.key} is applied already.")
        if not held.changes:
            raise DomainError(f"{self.key} changes nothing yet.")
        if not held.release.open:
            raise DomainError(f"{held.release} is not open any more.")
        draft, _ = held.read(by=by)
        draft.lock()
        # Read again behind the locks: nobody changes these rows now.
        draft, told = held.read(by=by)
        if moved := [sentence for one in told for sentence in (one.refused, *one.moved) if sentence]:
            raise DomainError(f"The plan has moved since: {' '.join(moved)}", field="changes")
        draft.carry_out(by=by, reason=f"Scenario {self.key}")
        Scenario.objects.change_many([(self, {"status": Scenario.Status.APPLIED})], by=by, verb="applied")
        return self

    def note_down(self, found: dict[str, Any]) -> None:
        """How the plan was when the changes were written, and have done what they would do."""
        self.found = found
        Scenario._base_manager.filter(pk=self.pk).update(found=found)
        self.compute()

    def compute(self) -> None:
        run, _ = ScenarioRun.objects.get_or_create(scenario=self)
        run.want()


class ScenarioRun(Computation):
    """What a scenario would do, computed beside the plan as it is, with the same luck."""

    left_out_of_exports = "Computed anew from the scenario's changes."

    scenario = models.OneToOneField(Scenario, models.CASCADE, related_name="run")
    # Of the plan, at that moment: see PlanRun.wanted.
    plan = models.PositiveIntegerField(default=0)
    # See releases.figures.Figures.
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.scenario}: {self.get_state_display()}"

    def enqueue(self) -> None:
        from interlock.releases.tasks import compute_scenario

        compute_scenario.enqueue_once(scenario_id=self.scenario_id)

    @property
    def overtaken(self) -> bool:
        """The plan was changed after this was computed."""
        if not self.after:
            return False
        now = PlanRun.objects.filter(workspace=self.scenario.workspace_id).values_list("wanted", flat=True).first()
        return (now or 0) != self.plan


# --- what the changes mean -----------------------------------------------------------------------------


def _understood(
    release: Release, lines: Any, known: Mapping[str, Any], *, by: Member | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of a scenario with these changes, and what was found. What is known may be impossible by now."""
    if not isinstance(lines, list) or not all(isinstance(line, str) and len(line) <= LONGEST_LINE for line in lines):
        raise DomainError("Changes are a list of lines.", field="changes")
    if len(lines) > MOST:
        raise DomainError(f"A scenario holds at most {MOST} changes.", field="changes")
    if not lines:
        return {"changes": [], "products": []}, {}
    draft, told = read(lines, release=release, by=by)
    found: dict[str, Any] = {}
    for one in told:
        if one.line in known:
            found[one.line] = known[one.line]
        elif isinstance(one, Refused):
            raise DomainError(one.says, field="changes")
        else:
            found[one.line] = one.found
    spoken = Product.objects.filter(pk__in=draft.products - {release.product_id})
    return {"changes": list(found), "products": list(spoken)}, found


def _moved(before: Mapping[str, Found] | None, now: Supposed, draft: Draft) -> tuple[str, ...]:
    """What is not as it was found, in sentences; nothing where nobody wrote down how it was."""
    if before is None:
        return ()
    sentences = []
    for key in dict.fromkeys([*before, *now.found]):
        named = draft.called(key)
        if key not in before:
            sentences.append(f"“{named}” belongs to it now.")
        elif key not in now.found:
            sentences.append(f"“{named}” belongs to it no more.")
        else:
            was, is_ = before[key], now.found[key]
            fields = [name for name in is_ if was.get(name) != is_[name]]
            sentences += [_sentence(draft, key, name, was.get(name), is_[name]) for name in fields]
    return tuple(sentences)


def _sentence(draft: Draft, key: str, name: str, was: Any, is_: Any) -> str:
    model, named = draft.model(key), draft.called(key)
    if model is None or name in ("workstream", "release"):
        return f"“{named}” was moved to another release."
    field: Any = model._meta.get_field(name)
    return f"“{named}”: {field.verbose_name} was {_plain(field, was)}, and is {_plain(field, is_)}."


def _plain(field: Any, value: Any) -> str:
    if value is None:
        return "open"
    choices = dict(field.flatchoices or ())
    return str(choices.get(value, f"{value:g}" if isinstance(value, float) else value)).lower()
