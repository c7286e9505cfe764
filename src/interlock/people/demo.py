"""Northwind's roles, and who holds them."""

from datetime import date, timedelta

from interlock.organisation.models import Department, Person, Product
from interlock.people.models import Role
from interlock.workspaces.models import Member

# Role, product or department, holder. Nobody has been found for the last one.
ROLES = [
    ("Product Manager", "Invoicing", "Ada Moreau"),
    ("Product Manager", "Payments", "Emre Demir"),
    ("Product Manager", "Foresight", "Fatou Diallo"),
    ("Product Owner", "Invoicing", "Rosa Eriksen"),
    ("Engineering Lead", "Invoicing", "Dana Ruiz"),
    ("Engineering Lead", "Payments", "Goran Kovacs"),
    ("Head of Support", "Support", "Greta Olsen"),
    ("Head of Sales", "Sales", "Carla Mendes"),
    ("Head of Marketing", "Marketing", "Wanda Lund"),
    ("Product Owner", "Payments", ""),
]


def fill(by: Member, *, today: date) -> None:
    for name, place, holder in ROLES:
        product = Product.objects.of(by.workspace).filter(name=place).first()
        department = Department.objects.of(by.workspace).filter(name=place).first()
        role = Role.objects.add(name=name, product=product, department=department, by=by)
        if holder:
            person = Person.objects.of(by.workspace).get(name=holder)
            role.assign(person, on=today - timedelta(days=400), by=by)
