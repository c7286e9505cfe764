"""What narrows the backlog. A filter reads what the address asks, and says it back in words and as conditions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from interlock.backlog.models import Feature
from interlock.organisation.models import Person
from interlock.workspaces import times
from interlock.workspaces.forms import key_in
from interlock.workspaces.indexing import matching
from interlock.workspaces.models import Member

NOTHING = Q(pk__in=())
# Of one filter; what was typed by hand may be anything.
MOST = 100


class Option(NamedTuple):
    value: str
    label: str
    chosen: bool = False


@dataclass(frozen=True)
class Asked:
    """What one filter was asked for.

    checks  the condition as it is put to one row after the other, in the list's order
    finds   the same as an index finds the rows, where that is said differently
    """

    options: list[Option]
    checks: Q
    finds: Q | None = None


@dataclass(frozen=True)
class Filter:
    name: str
    label: str
    # How the page draws it: a template of backlog/filters/.
    drawn = "choices"

    def read(self, asked: Sequence[str], *, by: Member, today: date) -> Asked | None:
        """None where nothing that can be read is asked."""
        raise NotImplementedError

    def offers(self, asked: Asked | None) -> list[Option]:
        """What can be chosen, and what is."""
        return asked.options if asked else []

    def address(self, by: Member) -> str:
        """Where more is offered while one types."""
        return ""


@dataclass(frozen=True)
class ChoiceFilter(Filter):
    choices: Sequence[tuple[str, str]] = ()

    def read(self, asked: Sequence[str], *, by: Member, today: date) -> Asked | None:
        options = [Option(value, label, True) for value, label in self.choices if value in asked]
        return self.narrow(options) if options else None

    def narrow(self, options: list[Option]) -> Asked:
        values = [option.value for option in options]
        # Of one value alone an index of its own may tell.
        return Asked(options, Q((self.name, values[0]) if len(values) == 1 else (f"{self.name}__in", values)))

    def offers(self, asked: Asked | None) -> list[Option]:
        chosen = {option.value for option in asked.options} if asked else set()
        return [Option(value, label, value in chosen) for value, label in self.choices]


class StatusFilter(ChoiceFilter):
    def narrow(self, options: list[Option]) -> Asked:
        statuses = [option.value for option in options]
        stages = [Feature.Status.values.index(status) for status in statuses]
        return Asked(options, Q(status__in=statuses), Q(stage__in=stages))


@dataclass(frozen=True)
class RowFilter(Filter):
    """Rows of a model, by key; or those features that have none."""

    model: Any = None
    path: str = ""
    none: tuple[str, str] | None = None
    drawn = "rows"

    def read(self, asked: Sequence[str], *, by: Member, today: date) -> Asked | None:
        keys = [text.strip() for text in asked if text.strip()][:MOST]
        words = [option for option in self.words() if option.value in keys]
        named = self._named([key for key in keys if key not in {word.value for word in words}], by)
        if not (named or words):
            return None
        options = [*words, *(Option(key, label) for key, label, _ in named)]
        found = [pk for _, _, pk in named if pk is not None] + self._meant(words, by)
        chosen = [option._replace(chosen=True) for option in options]
        return self.narrow(chosen, found, none=any(word in words for word in self._none()))

    def words(self) -> list[Option]:
        return self._none()

    def _none(self) -> list[Option]:
        return [Option(*self.none)] if self.none else []

    def address(self, by: Member) -> str:
        return reverse("choose", args=[by.workspace.slug, self.model._meta.model_name])

    def _meant(self, words: Sequence[Option], by: Member) -> list[int]:
        return []

    def _named(self, texts: Sequence[str], by: Member) -> list[tuple[str, str, int | None]]:
        """Key, label and primary key of each; what is not there, or not theirs to see, stands as it was asked."""
        rows = self.model.objects.visible_to(by)
        numbers = {text: self.model.number_of(key_in(text)) for text in texts}
        held = {row.number: row for row in rows.filter(number__in=set(numbers.values()) - {None})} if texts else {}
        found = {text: held.get(number) if number else rows.called(text).first() for text, number in numbers.items()}
        return [(row.key, str(row), row.pk) if row else (text, text, None) for text, row in found.items()]

    def narrow(self, options: list[Option], found: list[int], *, none: bool) -> Asked:
        checks = Q(**{f"{self.path}__in": found}) if found else NOTHING
        return Asked(options, checks | Q(**{self.path: None}) if none else checks)

    def offers(self, asked: Asked | None) -> list[Option]:
        chosen = asked.options if asked else []
        return [word for word in self.words() if word.value not in {one.value for one in chosen}] + chosen


class InitiativeFilter(RowFilter):
    def address(self, by: Member) -> str:
        return reverse("initiatives", args=[by.workspace.slug])


class OwnerFilter(RowFilter):
    def words(self) -> list[Option]:
        return [Option("me", "Me"), *super().words()]

    def _meant(self, words: Sequence[Option], by: Member) -> list[int]:
        if not any(word.value == "me" for word in words):
            return []
        return list(Person.objects.visible_to(by).filter(member=by).values_list("pk", flat=True))


class LinkFilter(RowFilter):
    """Rows at the far end of a many-to-many field."""

    def narrow(self, options: list[Option], found: list[int], *, none: bool) -> Asked:
        through = Feature._meta.get_field(self.path).remote_field.through  # type: ignore[union-attr]
        column = Feature._meta.get_field(self.path).m2m_reverse_field_name()  # type: ignore[union-attr]
        links = through.objects.filter(**{f"{column}__in": found})
        unlinked = ~Q(Exists(through.objects.filter(feature=OuterRef("pk")))) if none else None
        checks = Q(Exists(links.filter(feature=OuterRef("pk")))) if found else NOTHING
        finds = Q(pk__in=links.values("feature")) if found else NOTHING
        return Asked(options, checks | unlinked if unlinked else checks, finds | unlinked if unlinked else finds)


class TagFilter(LinkFilter):
    def address(self, by: Member) -> str:
        return reverse("tags", args=[by.workspace.slug])

    def _named(self, texts: Sequence[str], by: Member) -> list[tuple[str, str, int | None]]:
        found = {tag.name: tag.pk for tag in self.model.objects.filter(workspace=by.workspace_id, name__in=texts)}
        return [(name, name, found.get(name)) for name in texts]


@dataclass(frozen=True)
class TextFilter(Filter):
    """Words, as the search finds them; among what is archived, which it does not keep, a part of the title."""

    drawn = "text"

    def read(self, asked: Sequence[str], *, by: Member, today: date) -> Asked | None:
        text = " ".join(asked).replace("\0", "").strip()[:200]
        if not text:
            return None
        options = [Option(text, f"“{text}”", True)]
        number = Feature.number_of(text)
        if number:
            return Asked(options, Q(number=number))
        found = matching(Feature, by.workspace, text)
        titled = Q(title__icontains=text)
        return Asked(options, titled if found is None else Q(pk__in=found) | (~Q(archived_at=None) & titled))


class SinceFilter(Filter):
    """A day in the address, or “7d”: seven days before whenever it is looked at."""

    drawn = "since"
    spans = (
        ("1d", "the last day"),
        ("7d", "the last 7 days"),
        ("30d", "the last 30 days"),
        ("91d", "the last quarter"),
    )

    def read(self, asked: Sequence[str], *, by: Member, today: date) -> Asked | None:
        text = next((one.strip() for one in asked if one.strip()), "")
        spans = dict(self.spans)
        if text in spans:
            moment = timezone.now() - timedelta(days=int(text[:-1]))
            return Asked([Option(text, spans[text], True)], Q(changed_at__gte=moment))
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return None
        return Asked([Option(text, times.day(day, today=today), True)], Q(changed_at__gte=times.midnight(day)))

    def offers(self, asked: Asked | None) -> list[Option]:
        chosen = asked.options[0].value if asked else ""
        return [Option("", "Any time", not chosen), *(Option(*span, span[0] == chosen) for span in self.spans)]
