import pytest

from interlock.backlog.models import Feature
from interlock.organisation.models import Department, Person, Product, Team


@pytest.fixture
def payments(ada):
    return Product.objects.add(name="Payments", by=ada)


@pytest.fixture
def secret(ada, amir):
    """A product that Amir alone may see."""
    product = Product.objects.add(name="Secret", by=ada)
    product.restrict(True, by=amir)
    return product


@pytest.fixture
def team(ada):
    return Team.objects.add(name="Ledger", department=Department.objects.add(name="Engineering", by=ada), by=ada)


@pytest.fixture
def lind(ada):
    return Person.objects.add(name="Ada Lind", by=ada)


@pytest.fixture
def features(payments, ada):
    return Feature.objects.add_many(
        [{"product": payments, "title": title} for title in ("Alpha", "beta", "Gamma")], by=ada
    )


@pytest.fixture
def sign_in(client):
    def act(member):
        client.force_login(member.user)
        return client

    return act
