"""Northwind's departments, teams, people and products."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from interlock.organisation.models import Department, Person, Product, Team
from interlock.workspaces.models import Member

# Department → team → who is in it.
STAFF = {
    "Engineering": {
        "Billing": "Dana Ruiz, Chen Wei, Ines Costa, Lars Berg, Mei Tanaka",
        "Payments Core": "Goran Kovacs, Hana Nowak, Jomo Abara, Kira Ivanov, Noor Haddad",
        "Platform": "Omar Diaz, Pia Vogel, Quinn Rossi, Sven Hansen",
    },
    "Design": {"Experience": "Tara Silva, Ugo Garcia, Vera Quist, Yara Ueda"},
    "Product": {"Product Management": "Ada Moreau, Emre Demir, Fatou Diallo, Rosa Eriksen"},
    "Marketing": {"Growth": "Wanda Lund, Xavi Serra, Zeno Bauer", "Brand": "Alma Petrova, Bruno Keller"},
    "Sales": {"Key Accounts": "Carla Mendes, David Novak, Elif Kaya", "Sales Operations": "Cora Jansen, Felix Roth"},
    "Support": {
        "Helpdesk": "Greta Olsen, Hugo Martin, Iris Blom, Jonas Weber",
        "Onboarding": "Kofi Mensah, Lena Fischer",
    },
}
PRODUCTS = {
    "Invoicing": "Write, send and collect invoices.",
    "Payments": "Take money in, pay it out, and book both.",
    "Foresight": "Forecasts of cash for finance teams. Not announced yet: seen by those who work on it.",
}


def fill(by: Member, seats: Mapping[Any, Member], *, today: date) -> None:
    joined = today - timedelta(days=900)
    accounts = {str(seat.user): seat for seat in seats.values()}
    for name, teams in STAFF.items():
        department = Department.objects.add(name=name, by=by)
        for team_name, names in teams.items():
            team = Team.objects.add(name=team_name, department=department, by=by)
            for person_name in names.split(", "):
                handle = person_name.lower().replace(" ", ".")
                person = Person.objects.add(
                    name=person_name,
                    email=f"{handle}@northwind.example",
                    department=department,
                    member=accounts.get(person_name),
                    by=by,
                )
                person.join(team, on=joined, by=by)
    for name, description in PRODUCTS.items():
        Product.objects.add(name=name, description=description, by=by)
    foresight = Product.objects.of(by.workspace).get(name="Foresight")
    knowing = Team.objects.of(by.workspace).filter(name__in=["Platform", "Product Management"])
    foresight.change(restricted=True, teams=list(knowing), by=by)


def leave(name: str, by: Member) -> None:
    Person.objects.of(by.workspace).get(name=name).change(standing=Person.Standing.LEFT, by=by)
