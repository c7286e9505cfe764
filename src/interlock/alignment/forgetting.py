"""Takes the name of an erased person out of what findings say, those included that no check looks at any more."""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import F, Value
from django.db.models.functions import Replace

from interlock.alignment.models import Finding, FindingSubject
from interlock.organisation.models import Person
from interlock.organisation.models.people import NAMELESS, erased


def listen() -> None:
    erased.connect(forget, dispatch_uid="alignment.forget")


def forget(person: Person, name: str, **_: Any) -> None:
    told = {field: Replace(F(field), Value(name), Value(NAMELESS)) for field in ("says", "evidence")}
    Finding.objects.filter(people=person).update(**told)
    kind = ContentType.objects.get_for_model(Person)
    FindingSubject.objects.filter(content_type=kind, object_id=person.pk).update(title=NAMELESS)
