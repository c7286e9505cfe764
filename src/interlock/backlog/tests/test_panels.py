"""Features on the pages of what they belong to."""

import pytest

from interlock.backlog.models import Feature
from interlock.organisation.models import Department, Person, Product, Team
from interlock.strategy.models import Objective

pytestmark = pytest.mark.django_db


@pytest.fixture
def exporting(ada):
    """A feature that everything else is tied to."""
    team = Team.objects.add(name="Billing", department=Department.objects.add(name="Engineering", by=ada), by=ada)
    return Feature.objects.add(
        title="Export invoices",
        product=Product.objects.add(name="Payments", by=ada),
        owner=Person.objects.add(name="Dana Ruiz", by=ada),
        team=team,
        objectives=[Objective.objects.add(title="Answer faster", by=ada)],
        by=ada,
    )


@pytest.mark.parametrize(
    ("page", "narrowed"),
    [
        ("people/P-1", "owner=P-1"),
        ("teams/T-1", "team=T-1"),
        ("objectives/O-1", "objective=O-1"),
        ("products/PROD-1", "product=PROD-1"),
    ],
)
def test_what_a_feature_belongs_to_shows_it(page, narrowed, exporting, ada, client):
    client.force_login(ada.user)
    shown = client.get(f"/northwind/{page}/").content.decode()
    assert "Export invoices" in shown
    assert f"/northwind/backlog/?{narrowed}" in shown


def test_an_objective_that_nobody_works_on_says_so(ada, client):
    client.force_login(ada.user)
    Objective.objects.add(title="Answer faster", by=ada)
    assert "nobody works on it" in client.get("/northwind/objectives/O-1/").content.decode()


def test_what_is_restricted_is_not_shown_to_others(exporting, ada, olga, ben, client):
    exporting.product.restrict(True, by=olga)
    client.force_login(ben.user)
    assert "Export invoices" not in client.get("/northwind/people/P-1/").content.decode()


def test_a_feature_needs_a_product_first(ada, client):
    client.force_login(ada.user)
    empty = client.get("/northwind/backlog/").content.decode()
    assert "No features yet" in empty
    assert "Add a product" in empty
