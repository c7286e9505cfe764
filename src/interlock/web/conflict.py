"""Somebody else saved first: both versions are shown, and the person decides."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.http import HttpResponse
from django.shortcuts import render

from interlock.workspaces.errors import StaleVersion
from interlock.workspaces.forms import HIDDEN, key_in
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member
from interlock.workspaces.plan import PlanModel


@dataclass(frozen=True)
class Difference:
    label: str
    theirs: str
    yours: str


def conflict(request: MemberRequest, error: StaleVersion) -> HttpResponse:
    row = error.current
    resend = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in ("version", "csrfmiddlewaretoken")
    ]
    context = {"row": row, "differences": differences(row, request), "resend": resend}
    response = render(request, "web/conflict.html", context, status=412)
    if request.htmx:
        response["HX-Retarget"] = "#dialog-body"
        response["HX-Reswap"] = "innerHTML"
        response["HX-Reselect"] = "[data-dialog-content]"
    return response


def differences(row: Any, request: MemberRequest) -> list[Difference]:
    """The fields that were sent and that hold something else now."""
    found = []
    for name, values in request.POST.lists():
        try:
            field = row._meta.get_field(name)
        except FieldDoesNotExist:
            continue
        if not field.concrete:
            continue  # what points here, and is called as something that was sent
        theirs, yours = _held(row, field, request.member), _sent(field, values, request.member)
        if theirs != yours:
            found.append(Difference(str(field.verbose_name).capitalize(), theirs, yours))
    return found


def _held(row: Any, field: Any, member: Member) -> str:
    if field.many_to_many:
        return _called(one for one in getattr(row, field.name).all() if _seen(one, member))
    display = getattr(row, f"get_{field.name}_display", None)
    value = display() if display else getattr(row, field.name)
    if value is None:
        return ""
    return str(value) if _seen(value, member) else HIDDEN


def _seen(value: Any, member: Member) -> bool:
    return not isinstance(value, PlanModel) or value.seen_by(member)


def _sent(field: Any, values: list[str], member: Member) -> str:
    if field.is_relation:
        model, texts = field.related_model, [value for value in values if value]
        if not hasattr(model, "number_of"):
            return ", ".join(sorted(texts))  # by name, as tags are
        rows = model._default_manager.visible_to(member)
        found = [rows.keyed(key_in(text)).first() or text for text in texts]
        return _called(found)
    choices = dict(field.flatchoices)
    return ", ".join(str(choices.get(value, value)) for value in values)


def _called(rows: Iterable[Any]) -> str:
    return ", ".join(sorted(map(str, rows)))
