"""The columns of the backlog, each with all that is done with it: show, order, filter, edit, export.

A room below adds one of its own in its columns.py:

    @column(after="objectives")
    class ReleaseColumn(Column): ...

Cells are written as strings, not by templates: a page has six hundred of them.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from html import escape
from typing import Any, ClassVar, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Prefetch, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

from interlock.backlog import filters
from interlock.backlog.filters import Filter
from interlock.backlog.models import Feature, Tag
from interlock.organisation.models import Person, Product, Team
from interlock.people.models import Role
from interlock.strategy.models import Objective
from interlock.workspaces import times
from interlock.workspaces.forms import RowField, RowsField, RowsInput, control
from interlock.workspaces.keyset import Leg, Legs, Term
from interlock.workspaces.models import Member

Pairs = Sequence[tuple[Feature, Any]]


def filled_first(path: str, term: Term) -> Legs:
    """By something that may be empty."""
    return Leg((term, "rank"), Q(**{f"{path}__isnull": False})), Leg(("rank",), Q(**{path: None}))


def named_first(path: str, term: Term, by: Member) -> Legs:
    """By the name of what the feature points at: the other table is walked, so it must know the workspace too."""
    pointing = Q(**{f"{path}__workspace": by.workspace_id})
    return Leg((term, f"{path}_id", "rank"), pointing), Leg(("rank",), Q(**{path: None}))


class Column:
    name: ClassVar[str]
    label: ClassVar[str]
    # Shown unless the address names others.
    usual: ClassVar[bool] = False
    # Leaves first where it gets narrow.
    spare: ClassVar[bool] = True
    numeric: ClassVar[bool] = False
    editable: ClassVar[bool] = True
    # Whether the list can show it; else it stands on the feature's page alone.
    listed: ClassVar[bool] = True
    # What draws it on the page after a change, where that takes a template.
    template: ClassVar[str] = ""
    # Further relations to fetch before it is changed.
    linked: ClassVar[tuple[str, ...]] = ()
    # What a cell reads besides the feature.
    related: ClassVar[tuple[str, ...]] = ()
    newest_first: ClassVar[bool] = False
    # Whether a feature holds several of them.
    many: ClassVar[bool] = False
    filter: ClassVar[Filter | None] = None

    def legs(self, by: Member) -> Legs:
        """The order of the list by this column; none where that means nothing."""
        return ()

    def prefetches(self, by: Member) -> Sequence[Prefetch]:
        return ()

    @cached_property
    def css(self) -> str:
        return " ".join([self.name, *(["num"] if self.numeric else []), *(["spare"] if self.spare else [])])

    # --- show ------------------------------------------------------------------------------------

    def value(self, feature: Feature, by: Member) -> Any:
        """As it is exported, and only what this member may see."""
        raise NotImplementedError

    def cell(self, feature: Feature, by: Member) -> str:
        """HTML; empty where there is nothing to show."""
        value = self.value(feature, by)
        return "" if value is None else escape(str(value))

    def detail(self, feature: Feature, by: Member) -> str:
        """The same on the feature's page, where there is room, and where it may lead on."""
        return self.cell(feature, by)

    # --- edit ------------------------------------------------------------------------------------

    def field(self, by: Member, feature: Feature | None = None) -> forms.Field:
        """The control that changes it, for one feature or for many."""
        raise NotImplementedError

    def held(self, feature: Feature) -> Any:
        """What is there to be changed, whoever may see it."""
        return getattr(feature, self.name)

    def put(self, pairs: Pairs, *, by: Member, version: int | None = None) -> None:
        """Give features their values, each its own."""
        changes = [(feature, {self.name: self.fit(value, by)}) for feature, value in pairs]
        Feature.objects.change_many(changes, by=by, version=version)

    def fit(self, value: Any, by: Member) -> Any:
        """A form's answer as the feature takes it."""
        return value

    def adopt(self, asked: str, by: Member) -> Any:
        """The value of what is added to a list that is narrowed to this; None where that says none."""
        try:
            return self.field(by).clean([asked] if self.many else asked)
        except ValidationError:
            return None

    def changes(self) -> Sequence["Change"]:
        """What can be done to many features at once."""
        return [Change(self.name, self.label, self)] if self.editable else []

    # --- what the audit keeps ----------------------------------------------------------------------

    def told(self, feature: Feature) -> Any:
        """What the feature holds, as an audit event tells it."""
        held = self.held(feature)
        return str(held) if isinstance(held, Decimal) else held

    def recall(self, told: Any, by: Member) -> Any:
        """The value of which an audit event tells."""
        return told


class Change:
    """Something done to many features at once: `then` makes what each shall hold from what it holds and the answer."""

    def __init__(
        self, name: str, label: str, column: Column, then: Callable[[Any, Any], Any] = lambda held, answer: answer
    ) -> None:
        self.name, self.label, self.column, self.then = name, label, column, then

    @transaction.atomic
    def make(self, features: Any, answer: Any, *, by: Member) -> None:
        """Of a queryset. What each holds is read under lock, so that nothing is lost that others add meanwhile."""
        features = features.select_for_update(of=("self",)).order_by("pk")
        pairs = [(feature, self.then(self.column.held(feature), answer)) for feature in features]
        self.column.put(pairs, by=by)


# --- the registry ------------------------------------------------------------------------------------

_columns: list[Column] = []
Kind = TypeVar("Kind", bound=type[Column])


def column(*, after: str = "") -> Callable[[Kind], Kind]:
    def note(kind: Kind) -> Kind:
        names = [one.name for one in _columns]
        _columns.insert(names.index(after) + 1 if after else len(names), kind())
        return kind

    return note


def discover() -> None:
    autodiscover_modules("columns")


def columns() -> Sequence[Column]:
    return _columns


def column_named(name: str) -> Column | None:
    return next((one for one in _columns if one.name == name), None)


def link(row: Any, by: Member) -> str:
    url = reverse(row._meta.model_name, args=[by.workspace.slug, row.key])
    return f'<a href="{url}">{escape(str(row))}</a>'


# --- kinds -------------------------------------------------------------------------------------------


class FieldColumn(Column):
    """A field of the feature."""

    def value(self, feature: Feature, by: Member) -> Any:
        return getattr(feature, self.name)

    def field(self, by: Member, feature: Feature | None = None) -> forms.Field:
        made = control(Feature._meta.get_field(self.name))
        if made is None:
            raise TypeError(f"Nobody can fill in {self.name}.")
        made.label = self.label
        return made


class ChoiceColumn(FieldColumn):
    words: ClassVar[Mapping[str, str]]
    levels: ClassVar[Mapping[str, str]] = {}

    def value(self, feature: Feature, by: Member) -> str:
        return self.words[getattr(feature, self.name)]

    def cell(self, feature: Feature, by: Member) -> str:
        held = getattr(feature, self.name)
        return f'<span class="tag" data-level="{self.levels.get(held, "none")}">{self.words[held]}</span>'


class RowColumn(FieldColumn):
    """One row that the feature points at."""

    model: ClassVar[Any]
    only: ClassVar[Q | None] = None
    offers: ClassVar[str] = ""
    empty: ClassVar[str] = "–"

    def row(self, feature: Feature, by: Member) -> Any:
        row = getattr(feature, self.name)
        return row if row and row.seen_by(by) else None

    def value(self, feature: Feature, by: Member) -> str | None:
        row = self.row(feature, by)
        return str(row) if row else None

    def detail(self, feature: Feature, by: Member) -> str:
        row = self.row(feature, by)
        return link(row, by) if row else ""

    def field(self, by: Member, feature: Feature | None = None) -> forms.Field:
        field: Any = Feature._meta.get_field(self.name)
        how: dict[str, Any] = {"only": self.only, "offers": self.offers, "empty": self.empty}
        made = RowField(self.model, label=self.label, required=not field.null, **how)
        made.serve(by, held=getattr(feature, self.name) if feature else None)
        return made

    def told(self, feature: Feature) -> str | None:
        row = self.held(feature)
        return row.key if row else None

    def recall(self, told: Any, by: Member) -> Any:
        return self.model.objects.visible_to(by).keyed(told).get() if told else None


class RowsColumn(Column):
    """Rows with which the feature is linked."""

    many = True
    model: ClassVar[Any]

    def prefetches(self, by: Member) -> Sequence[Prefetch]:
        return [Prefetch(self.name, self.seen(by), to_attr=f"seen_{self.name}")]

    def seen(self, by: Member) -> Any:
        return self.model.objects.visible_to(by)

    def rows(self, feature: Feature, by: Member) -> list[Any]:
        fetched = getattr(feature, f"seen_{self.name}", None)
        return list(self.seen(by).filter(features=feature)) if fetched is None else fetched

    @property
    def linked(self) -> tuple[str, ...]:  # type: ignore[override]
        return (self.name,)

    def value(self, feature: Feature, by: Member) -> list[str]:
        return [f"{row.key} {row}" for row in self.rows(feature, by)]

    def cell(self, feature: Feature, by: Member) -> str:
        first, *others = [*self.rows(feature, by), None]
        more = f' <span class="more">+{len(others) - 1}</span>' if len(others) > 1 else ""
        return f'<span class="cut">{escape(str(first))}</span>{more}' if first else ""

    def detail(self, feature: Feature, by: Member) -> str:
        drawn = "".join(f"<li>{link(row, by)}</li>" for row in self.rows(feature, by))
        return f"<ul>{drawn}</ul>" if drawn else ""

    def field(self, by: Member, feature: Feature | None = None) -> forms.Field:
        made = RowsField(self.model, label=self.label, required=False)
        made.serve(by, held=self.held(feature) if feature else ())
        return made

    def held(self, feature: Feature) -> list[Any]:
        return list(getattr(feature, self.name).all())

    def changes(self) -> Sequence[Change]:
        return [
            Change(f"{self.name}-add", f"Add {self.label.lower()}", self, lambda held, more: [*held, *more]),
            Change(
                f"{self.name}-remove",
                f"Remove {self.label.lower()}",
                self,
                lambda held, less: [row for row in held if row not in less],
            ),
        ]

    def told(self, feature: Feature) -> list[str]:
        return sorted(row.key for row in self.held(feature))

    def recall(self, told: Any, by: Member) -> list[Any]:
        numbers = [self.model.number_of(key) for key in told or ()]
        return list(self.model.objects.of(by.workspace).filter(number__in=numbers))


# --- the columns of a feature's own ------------------------------------------------------------------


@column()
class Key(FieldColumn):
    name, label = "key", "Key"
    usual, editable = True, False

    def legs(self, by: Member) -> Legs:
        return (Leg(("number",)),)


@column()
class Title(FieldColumn):
    name, label = "title", "Title"
    usual, spare = True, False

    def legs(self, by: Member) -> Legs:
        return (Leg((Lower("title"), "rank")),)

    def changes(self) -> Sequence[Change]:
        """Features that are all called the same help nobody."""
        return ()


@column()
class Status(ChoiceColumn):
    name, label = "status", "Status"
    usual, spare = True, False
    words = dict(Feature.Status.choices)
    levels = {"planned": "info", "in_progress": "info", "done": "good"}
    filter = filters.StatusFilter("status", "Status", Feature.Status.choices)

    def legs(self, by: Member) -> Legs:
        return (Leg(("stage", "rank")),)


@column()
class Owner(RowColumn):
    name, label, model, empty = "owner", "Owner", Person, "Nobody"
    usual = True
    related = ("owner__department",)
    filter = filters.OwnerFilter("owner", "Owner", Person, "owner", ("nobody", "Nobody"))

    def adopt(self, asked: str, by: Member) -> Any:
        return Person.objects.of_member(by) if asked == "me" else super().adopt(asked, by)

    def legs(self, by: Member) -> Legs:
        return named_first("owner", "owner__name", by) if by.reads_all else ()

    def cell(self, feature: Feature, by: Member) -> str:
        person = self.row(feature, by)
        if person is None:
            return ""
        colour = f' data-colour="{person.department.colour}"' if person.department else ""
        face = f'<span class="face" aria-hidden="true"{colour}>{escape(person.initials)}</span>'
        return f'<span class="person">{face}<span class="cut">{escape(person.name)}</span></span>'


@column()
class TeamColumn(RowColumn):
    name, label, model = "team", "Team", Team
    usual = True
    related = ("team__department",)
    filter = filters.RowFilter("team", "Team", Team, "team", ("none", "No team"))

    def legs(self, by: Member) -> Legs:
        return named_first("team", Lower("team__name"), by) if by.reads_all else ()

    def cell(self, feature: Feature, by: Member) -> str:
        team = self.row(feature, by)
        if team is None:
            return ""
        name = f'<span class="cut">{escape(team.name)}</span>'
        return f'<span class="department" data-colour="{team.department.colour}"><i></i>{name}</span>'


@column()
class Effort(FieldColumn):
    name, label = "effort_days", "Effort, days"
    usual = numeric = True

    def legs(self, by: Member) -> Legs:
        return filled_first("effort_days", "effort_days")

    def cell(self, feature: Feature, by: Member) -> str:
        return "" if feature.effort_days is None else f"{feature.effort_days:,f}".removesuffix(".0")


@column()
class Objectives(RowsColumn):
    name, label, model = "objectives", "Objectives", Objective
    usual = True
    filter = filters.LinkFilter("objective", "Objective", Objective, "objectives", ("none", "No objective"))

    def seen(self, by: Member) -> Any:
        return super().seen(by).only("workspace", "product", "number", "title")


@column()
class Tags(RowsColumn):
    name, label, model = "tags", "Tags", Tag
    filter = filters.TagFilter("tag", "Tag", Tag, "tags", ("none", "No tag"))

    def seen(self, by: Member) -> Any:
        return Tag.objects.filter(workspace=by.workspace_id)

    def value(self, feature: Feature, by: Member) -> list[str]:
        return [tag.name for tag in self.rows(feature, by)]

    def cell(self, feature: Feature, by: Member) -> str:
        drawn = "".join(f'<span class="tag">{escape(tag.name)}</span>' for tag in self.rows(feature, by))
        return f'<span class="tags">{drawn}</span>' if drawn else ""

    def detail(self, feature: Feature, by: Member) -> str:
        return self.cell(feature, by)

    def field(self, by: Member, feature: Feature | None = None) -> forms.Field:
        return TagsField(by, label=self.label, required=False)

    def held(self, feature: Feature) -> list[str]:
        return [tag.name for tag in feature.tags.all()]

    def fit(self, value: Any, by: Member) -> list[Tag]:
        """By name; what is new is made."""
        return Tag.named(value, workspace=by.workspace)

    def told(self, feature: Feature) -> list[str]:
        return sorted(self.held(feature))

    def recall(self, told: Any, by: Member) -> list[str]:
        return list(told or ())

    def adopt(self, asked: str, by: Member) -> Any:
        return None if asked == "none" else super().adopt(asked, by)


@column()
class KindColumn(ChoiceColumn):
    name, label = "kind", "Kind"
    words = dict(Feature.Kind.choices)
    filter = filters.ChoiceFilter("kind", "Kind", Feature.Kind.choices)

    def legs(self, by: Member) -> Legs:
        return [Leg(("rank",), Q(kind=kind)) for kind in (Feature.Kind.INITIATIVE, Feature.Kind.FEATURE)]


@column()
class Initiative(RowColumn):
    name, label, model = "initiative", "Initiative", Feature
    only, offers = Q(kind=Feature.Kind.INITIATIVE), "initiatives"
    related = ("initiative",)
    filter = filters.InitiativeFilter("initiative", "Initiative", Feature, "initiative", ("none", "No initiative"))

    def legs(self, by: Member) -> Legs:
        return filled_first("initiative", "initiative_id")


@column()
class ProductColumn(RowColumn):
    name, label, model = "product", "Product", Product
    related = ("product",)
    filter = filters.RowFilter("product", "Product", Product, "product", None)

    def legs(self, by: Member) -> Legs:
        return named_first("product", "product__name", by)[:1]


@column()
class OwningRole(RowColumn):
    name, label, model = "owner_role", "Owning role", Role
    related = ("owner_role__product",)


@column()
class ContributingTeams(RowsColumn):
    name, label, model = "contributing_teams", "Contributing teams", Team

    def rows(self, feature: Feature, by: Member) -> list[Any]:
        fetched = getattr(feature, "seen_contributing_teams", None)
        return list(self.seen(by).filter(contributes_to=feature)) if fetched is None else fetched


@column()
class Changed(Column):
    name, label = "changed", "Changed"
    usual = newest_first = True
    editable = False
    filter = filters.SinceFilter("changed", "Changed")

    def legs(self, by: Member) -> Legs:
        return (Leg(("changed_at", "pk")),)

    def value(self, feature: Feature, by: Member) -> Any:
        return feature.changed_at

    def cell(self, feature: Feature, by: Member) -> str:
        moment, now = feature.changed_at, timezone.now()
        ago = times.ago(moment, now=now)
        told = ago or times.day(timezone.localtime(moment).date(), today=timezone.localdate())
        fresh = " data-fresh" if ago else ""
        return f'<time datetime="{moment.isoformat(timespec="seconds")}"{fresh}>{told}</time>'


@column()
class Description(FieldColumn):
    name, label = "description", "Description"
    listed, template = False, "backlog/description.html"

    def changes(self) -> Sequence[Change]:
        return ()


@column()
class Links(FieldColumn):
    name, label = "links", "Links"
    listed = False

    def value(self, feature: Feature, by: Member) -> list[str]:
        return [" ".join(filter(None, (one["title"], one["url"]))) for one in feature.links]

    def detail(self, feature: Feature, by: Member) -> str:
        drawn = "".join(
            f'<li><a href="{escape(one["url"])}" rel="noopener noreferrer">{escape(one["title"])}</a></li>'
            if one["url"]
            else f"<li>{escape(one['title'])}</li>"
            for one in feature.links
        )
        return f"<ul>{drawn}</ul>" if drawn else ""

    def field(self, by: Member, feature: Feature | None = None) -> forms.Field:
        return LinksField(label=self.label, required=False)

    def changes(self) -> Sequence[Change]:
        return ()


class LinksField(forms.CharField):
    """A link a line: its title, then its address."""

    widget = forms.Textarea

    def __init__(self, **how: Any) -> None:
        super().__init__(help_text="One a line: a title, then the address.", **how)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str):
            return value
        lines = ((one["title"] if one["title"] != one["url"] else "", one["url"]) for one in value or ())
        return "\n".join(" ".join(filter(None, line)) for line in lines)

    def to_python(self, value: Any) -> Any:
        lines = (line.split() for line in (super().to_python(value) or "").splitlines())
        return [self._link(words) for words in lines if words]

    @staticmethod
    def _link(words: list[str]) -> dict[str, str]:
        """Without an address it is kept as text."""
        *title, last = words
        return {"title": " ".join(title), "url": last} if "://" in last else {"title": " ".join(words), "url": ""}


class TagsField(forms.Field):
    """Tags by name, several with commas between them; what is new is made."""

    widget = RowsInput

    def __init__(self, by: Member, **how: Any) -> None:
        super().__init__(**how)
        self.by = by
        self.widget.attrs["data-choose"] = reverse("tags", args=[by.workspace.slug])

    def prepare_value(self, value: Any) -> list[tuple[str, str]]:
        return [(str(tag), str(tag)) for tag in value or ()]

    def to_python(self, value: Any) -> list[str]:
        names = (name.strip() for text in value or () for name in text.split(","))
        return [name for name in dict.fromkeys(names) if name]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return {str(tag) for tag in initial or ()} != set(self.to_python(data))
