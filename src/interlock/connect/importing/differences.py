"""What a source said of a row, where the row holds something else now, or has no field for it."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db.models import Q

from interlock.connect.importing.fields import Choice, Field, Hanging, Names, Reference
from interlock.connect.importing.judging import told
from interlock.connect.importing.nouns import NOUNS, Noun
from interlock.organisation.models import Identity, Person
from interlock.organisation.models.product import products_seen
from interlock.workspaces.models import ExternalId, Member
from interlock.workspaces.plan import PlanModel

LONG = 300
NOT_KEPT = "Something else: of a long text only a fingerprint is kept"


class Difference(NamedTuple):
    label: str
    says: str
    # Whether the row has a field for it.
    held: bool


def differences(row: PlanModel, known: Sequence[ExternalId], *, reader: Member) -> list[list[Difference]]:
    """For each of the sources, in a number of queries that depends on neither how many there are nor what they say."""
    noun = next((one for one in NOUNS.values() if one.model is type(row)), None)
    ends = Ends(row, noun, known, reader) if noun else None
    return [[*(_of_fields(row, noun, one, ends) if noun and ends else ()), *_kept(one)] for one in known]


def _kept(one: ExternalId) -> Iterator[Difference]:
    for name, value in one.record.get("kept", {}).items():
        yield Difference(name, _shown(value), held=False)


def _of_fields(row: PlanModel, noun: Noun, one: ExternalId, ends: "Ends") -> Iterator[Difference]:
    for name, said in one.record.get("fields", {}).items():
        field = noun.fields.get(name)
        if field is None:
            yield Difference(name, _shown(said), held=False)
        # What hangs on the row is not a field of it; what is about a person is kept as a fingerprint alone.
        elif not (isinstance(field, Hanging) or field.private) and _differs(row, noun, field, said, one, ends):
            label = str(row._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
            yield Difference(label[:1].upper() + label[1:], _says(field, said), held=True)


def _differs(row: PlanModel, noun: Noun, field: Field, said: Any, one: ExternalId, ends: "Ends") -> bool:
    if isinstance(field, Reference):
        return ends.differ(field, said, one.source)
    if isinstance(field, Names):
        return {name.casefold() for name in said} != {str(end).casefold() for end in getattr(row, field.name).all()}
    return bool(told(noun, {field.name: _frozen(getattr(row, field.name))})[field.name] != said)


def _frozen(value: Any) -> Any:
    """As the import stages it."""
    if isinstance(value, date):
        return value.isoformat()
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def _says(field: Field, said: Any) -> str:
    if isinstance(said, str) and said.startswith("#") and len(said) == 33:
        return NOT_KEPT
    return field.choices.get(said, str(said)) if isinstance(field, Choice) else _shown(said)


def _shown(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        text = ", ".join(map(str, value))
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONG else f"{text[:LONG]} …"


class Ends:
    """What the row points to, by every name under which a source may know it."""

    def __init__(self, row: PlanModel, noun: Noun, known: Sequence[ExternalId], reader: Member) -> None:
        said = {name for one in known for name in one.record.get("fields", {})}
        fields = [one for one in noun.fields.values() if isinstance(one, Reference) and not isinstance(one, Hanging)]
        self.held = {
            one.name: [end for end in self._ends(row, one) if end is not None] for one in fields if one.name in said
        }
        # What a source calls a product, or what belongs to one, may be the name of one that is hidden.
        self.reader, self.sees_all = reader, products_seen(reader) is None
        self.names: dict[tuple[str, PlanModel], set[str]] = {}
        rows = {end for ends in self.held.values() for end in ends}
        self.spelled = {end: {str(end).casefold(), end.key.casefold()} for end in rows}
        self._look_up(rows)

    @staticmethod
    def _ends(row: PlanModel, field: Reference) -> list[Any]:
        return list(getattr(row, field.name).all()) if field.many else [getattr(row, field.name)]

    def _look_up(self, rows: set[Any]) -> None:
        if not rows:
            return
        kinds = {type(end): ContentType.objects.get_for_model(type(end)) for end in rows}
        of = {(kinds[type(end)].pk, end.pk): end for end in rows}
        wanted = Q()
        for model, kind in kinds.items():
            wanted |= Q(content_type=kind, object_id__in=[end.pk for end in rows if type(end) is model])
        for kind_pk, pk, source, name in ExternalId.objects.filter(
            wanted, workspace=self.reader.workspace_id
        ).values_list("content_type", "object_id", "source", "record_id"):
            self.names.setdefault((source, of[kind_pk, pk]), set()).add(name.casefold())
        people = {end.pk: end for end in rows if isinstance(end, Person)}
        for pk, folded in Identity.objects.filter(person__in=people).values_list("person", "folded") if people else ():
            self.spelled[people[pk]].add(folded)

    def differ(self, field: Reference, said: list[str], source: str) -> bool:
        ends = self.held[field.name]
        product_bound = hasattr(NOUNS[field.noun].model, "product_path") or field.noun == "product"
        if product_bound and not self.sees_all:
            return False
        known = [self.spelled[end] | self.names.get((source, end), set()) for end in ends]
        told_of = [{one.casefold(), Identity.fold(one)} for one in said]
        return not (
            all(any(one & names for names in known) for one in told_of)
            and all(any(one & names for one in told_of) for names in known)
        )
