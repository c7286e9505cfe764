"""Whose account is whose: a person of the directory who takes a seat is found by the address that was invited."""

from typing import Any

from django.utils import timezone

from interlock.organisation.models import Person, Product, TeamMembership
from interlock.workspaces.models import Member
from interlock.workspaces.models.invitation import joined


def listen() -> None:
    joined.connect(link_person, dispatch_uid="organisation.link_person")


def link_person(member: Member, **_: Any) -> None:
    """Only where nobody could mind: one person of that address, whose teams decide on no restricted product."""
    if member.user is None or Person.objects.filter(member=member).exists():
        return
    known = Person.objects.of(member.workspace).current().filter(member=None, email__iexact=member.user.email)
    people = list(known[:2])
    if len(people) != 1:
        return
    (person,) = people
    joined = TeamMembership.objects.filter(person=person).over_later_than(timezone.localdate())
    if not Product.objects.filter(restricted=True, teams__in=joined.values("team")).exists():
        person.change(member=member, by=None)
