"""Northwind's objectives: this quarter's and the next one's, in a tree; and the numbers that it watches."""

from datetime import date, timedelta
from decimal import Decimal

from interlock.organisation.models import Department, Person, Product, Team
from interlock.strategy.models import KeyResult, Metric, Objective
from interlock.strategy.periods import Period
from interlock.workspaces.models import Member

# Title, under what, whose (product, department or team), owner, quarter from now, key result: title, unit, from, to, now.
OBJECTIVES = [
    ("Small firms are paid a week sooner", "", "", "Ada Moreau", 0, "Days until an invoice is paid|days|31|24|28"),
    ("Customers trust every number we show", "", "", "Emre Demir", 0, "Questions about wrong amounts a week||42|15|29"),
    (
        "Twice as many firms start by themselves",
        "",
        "",
        "Wanda Lund",
        1,
        "Sign-ups that send an invoice in a day|%|18|36|21",
    ),
    (
        "Invoices leave without a mistake",
        "Small firms are paid a week sooner",
        "Invoicing",
        "Rosa Eriksen",
        0,
        "Invoices sent back|%|4.1|1.5|3.0",
    ),
    (
        "Reminders that customers do not resent",
        "Small firms are paid a week sooner",
        "Invoicing",
        "Dana Ruiz",
        0,
        "Paid after the first reminder|%|46|65|52",
    ),
    (
        "Paying takes one step",
        "Small firms are paid a week sooner",
        "Payments",
        "Goran Kovacs",
        0,
        "Payments finished in one visit|%|58|80|67",
    ),
    (
        "Money that comes in is booked at once",
        "Customers trust every number we show",
        "Payments",
        "Hana Nowak",
        0,
        "Payments matched by themselves|%|71|95|83",
    ),
    (
        "Auditors find what they need alone",
        "Customers trust every number we show",
        "Invoicing",
        "Chen Wei",
        0,
        "Audits without a call to us|%|30|70|41",
    ),
    (
        "Nothing is ever paid out twice",
        "Customers trust every number we show",
        "Payments",
        "Jomo Abara",
        0,
        "Wrong payouts a month||6|0|2",
    ),
    (
        "The first invoice in ten minutes",
        "Twice as many firms start by themselves",
        "Invoicing",
        "Tara Silva",
        1,
        "Minutes to the first invoice|min|34|10|27",
    ),
    (
        "Switching to us takes an afternoon",
        "Twice as many firms start by themselves",
        "Invoicing",
        "Lena Fischer",
        1,
        "Days until a moved firm sends invoices|days|9|1|6",
    ),
    (
        "Partners bring half of the new firms",
        "Twice as many firms start by themselves",
        "Payments",
        "Carla Mendes",
        1,
        "New firms through partners|%|22|50|26",
    ),
    (
        "Finance teams see cash three months ahead",
        "Customers trust every number we show",
        "Foresight",
        "Fatou Diallo",
        1,
        "Forecasts within five per cent|%|0|70|12",
    ),
    (
        "The service stays up on the last of the month",
        "Customers trust every number we show",
        "Platform",
        "Omar Diaz",
        0,
        "Minutes down in closing week|min|38|5|14",
    ),
    (
        "Support answers from one place",
        "Customers trust every number we show",
        "Support",
        "Greta Olsen",
        0,
        "First answer|hours|11|4|7",
    ),
]
PLANTED = [
    # GO101: nobody owns it.
    ("Be the easiest supplier to leave", "Customers trust every number we show", "Payments", "", 1,
     "Exports finished without help|%|40|90|40"),
    # GO102: nothing measures it.
    ("Sound like one company", "Twice as many firms start by themselves", "Marketing", "Alma Petrova", 0, ""),
    # GO103: nobody works on it.
    ("Win the first ten firms in the Nordics", "Twice as many firms start by themselves", "Sales", "David Novak", 1,
     "Firms in the Nordics||0|10|0"),
    # GO201: it stands alone.
    ("Publish forty articles about invoices", "", "Growth", "Xavi Serra", 0, "Articles||0|40|11"),
]  # fmt: skip

# Name, unit, direction, target, product, department, owner, what it was week by week until now.
METRICS = [
    ("Errors per thousand invoices", "", "down", "2", "Invoicing", "Engineering", "Dana Ruiz", "5.1 4.6 4.8 3.9 3.1 2.4 2.2 1.8"),
    ("Invoices that open within a second", "%", "up", "95", "Invoicing", "Engineering", "Chen Wei", "81 83 82 86 88 90 91 92"),
    ("Time to the first answer", "hours", "down", "4", "", "Support", "Greta Olsen", "11 10 10.5 9 8 8.5 7.5 7"),
    ("Sign-ups a week", "", "up", "400", "", "Marketing", "Wanda Lund", "290 310 305 322 340 331 352 366"),
]  # fmt: skip


def fill(by: Member, *, today: date) -> None:
    for title, above, whose, owner, quarters, measure in [*OBJECTIVES, *PLANTED]:
        period = quarter(today, quarters)
        objective = Objective.objects.add(
            title=title,
            parent=Objective.objects.of(by.workspace).filter(title=above).first(),
            product=Product.objects.of(by.workspace).filter(name=whose).first(),
            department=Department.objects.of(by.workspace).filter(name=whose).first(),
            team=Team.objects.of(by.workspace).filter(name=whose).first(),
            owner=Person.objects.of(by.workspace).filter(name=owner).first(),
            starts_on=period.starts_on,
            ends_on=period.ends_on,
            by=by,
        )
        if measure:
            name, unit, start, target, current = measure.split("|")
            KeyResult.objects.add(
                objective=objective,
                title=name,
                unit=unit,
                start=Decimal(start),
                target=Decimal(target),
                current=Decimal(current),
                confidence=60,
                owner=objective.owner,
                due_on=objective.ends_on,
                by=by,
            )


def watch(by: Member, *, today: date) -> None:
    for name, unit, direction, target, product, department, owner, values in METRICS:
        metric = Metric.objects.add(
            name=name,
            unit=unit,
            direction=direction,
            target=Decimal(target),
            product=Product.objects.of(by.workspace).filter(name=product).first(),
            department=Department.objects.of(by.workspace).get(name=department),
            owner=Person.objects.of(by.workspace).get(name=owner),
            by=by,
        )
        weekly = values.split()
        for week, value in enumerate(weekly, start=1 - len(weekly)):
            metric.measure(Decimal(value), on=today - timedelta(days=3) + timedelta(weeks=week), by=by)


def quarter(today: date, later: int) -> Period:
    """Today's quarter, or a later one."""
    place = today.year * 4 + (today.month - 1) // 3 + later
    return Period.quarter(place // 4, place % 4 + 1)
