"""Whom Northwind tells of its releases, and what it has told them."""

from datetime import date, timedelta

from interlock.launch.models import Communication
from interlock.organisation.models import Department, Person
from interlock.people.models import Audience, Channel
from interlock.releases.models import Release
from interlock.workspaces.models import Member

# Name, who speaks to them, owner, channels; those whom customers ask come first.
AUDIENCES = [
    ("Sales teams", "Marketing", "Cora Jansen", "training meeting chat email"),
    ("Support teams", "Product", "Greta Olsen", "training chat email"),
    ("Everyone in the company", "Product", "Ada Moreau", "meeting chat email"),
    ("Customers", "Marketing", "Wanda Lund", "email product website"),
    ("Partners", "Sales", "Carla Mendes", "email meeting"),
    ("Accounts that it changes most", "Sales", "David Novak", "meeting email"),
    ("Press and analysts", "Marketing", "Alma Petrova", "press email"),
    ("The public", "Marketing", "Xavi Serra", "website social"),
]
FACING, INTERNAL = {"Sales teams", "Support teams"}, {"Sales teams", "Support teams", "Everyone in the company"}

# What Invoicing 4.2 tells besides what its template has: audience, message, channel, days from today, sent already.
SAID = [
    ("Accounts that it changes most", "Who takes part in the beta", "email", -4, True),
    ("Everyone in the company", "What is in it, and what is not", "chat", -1, False),
    ("Support teams", "What is coming, and where to ask", "chat", -6, True),
]
# RL108: the release affects them, and what was to be sent to them is dropped.
UNTOLD = "Partners"
# RL109: support is trained when customers have it already; so many days from today.
TRAINED_LATE = ("Support teams", 47)
WRITTEN = {"Briefing under embargo", "What comes, when and why"}


def introduce(by: Member) -> None:
    people = {one.name: one for one in Person.objects.of(by.workspace)}
    departments = {one.name: one for one in Department.objects.of(by.workspace)}
    Audience.objects.add_many(
        [
            {
                "name": name,
                "kind": Audience.Kind.INTERNAL if name in INTERNAL else Audience.Kind.EXTERNAL,
                "faces_customers": name in FACING,
                "department": departments[department],
                "owner": people[owner],
                "channels": channels.split(),
            }
            for name, department, owner, channels in AUDIENCES
        ],
        by=by,
    )


def tell(by: Member, *, today: date) -> None:
    release = Release.objects.of(by.workspace).get(name="Invoicing 4.2")
    entries = Communication.objects.of(by.workspace).filter(release=release)
    entries.filter(audience__name=UNTOLD).change(status=Communication.Status.DROPPED, by=by)
    name, days = TRAINED_LATE
    lesson = entries.filter(audience__name=name, channel=Channel.TRAINING)
    lesson.change(goes_out_on=today + timedelta(days=days), by=by)
    ready = {"status": Communication.Status.READY, "link": "https://docs.northwind.example/4.2/texts"}
    entries.filter(message__in=WRITTEN).change(**ready, by=by)
    audiences = {one.name: one for one in Audience.objects.of(by.workspace).select_related("owner")}
    for name, message, channel, days, sent in SAID:
        day = today + timedelta(days=days)
        entry = Communication.objects.add(
            release=release,
            audience=audiences[name],
            message=message,
            channel=channel,
            goes_out_on=day,
            owner=audiences[name].owner,
            **ready,
            by=by,
        )
        if sent:
            entry.send(on=day, by=by)
