"""What may go wrong with Northwind's plans."""

from interlock.organisation.models import Person, Product
from interlock.risks.models import Risk
from interlock.workspaces.models import Member

# Title, product, per cent, days (mild, likely, bad), owner, what is done about it.
RISKS = [
    (
        "The tax office changes the format of invoices again",
        "Invoicing",
        30,
        (8, 10, 15),
        "Dana Ruiz",
        "We read the drafts each month, and keep the format apart from the rest.",
    ),
    (
        "The translator of the help articles falls ill",
        "Invoicing",
        20,
        (3, 5, 8),
        "Greta Olsen",
        "A second translator knows the glossary.",
    ),
    (
        "The bank's test system comes late",
        "Payments",
        40,
        (5, 8, 20),
        "Goran Kovacs",
        "We test against a copy of last year's system until it is there.",
    ),
]


def fill(by: Member) -> None:
    products = {product.name: product for product in Product.objects.of(by.workspace)}
    people = {person.name: person for person in Person.objects.of(by.workspace)}
    for title, product, probability, (mild, likely, bad), owner, mitigation in RISKS:
        Risk.objects.add(
            title=title,
            product=products[product],
            probability=probability,
            optimistic=mild,
            likely=likely,
            pessimistic=bad,
            owner=people[owner],
            mitigation=mitigation,
            by=by,
        )
