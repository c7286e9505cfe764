from datetime import date, timedelta

import pytest

from interlock.launch.models import Gate, GateCriterion
from interlock.organisation.models import Person
from interlock.people.models import Role
from interlock.releases.models import Release, Task, Workstream

MONDAY = date(2027, 3, 1)


@pytest.fixture
def today():
    return MONDAY


@pytest.fixture
def release(payments, ada):
    return Release.objects.add(product=payments, name="4.2", target_on=MONDAY + timedelta(days=18), by=ada)


@pytest.fixture
def stream(release, engineering, ada):
    return Workstream.objects.add(release=release, department=engineering, by=ada)


@pytest.fixture
def freeze(stream, ada):
    return Task.objects.add(workstream=stream, title="Code freeze", kind=Task.Kind.MILESTONE, by=ada)


@pytest.fixture
def dana(engineering, ada, cora, amir):
    """A person whose account is Cora's, who contributes."""
    dana = Person.objects.add(name="Dana", department=engineering, by=ada)
    dana.link(cora, by=amir)
    return dana


@pytest.fixture
def greta(ada):
    """Without an account."""
    return Person.objects.add(name="Greta", by=ada)


@pytest.fixture
def lead(payments, dana, ada, today):
    role = Role.objects.add(name="Engineering Lead", product=payments, by=ada)
    role.assign(dana, on=today - timedelta(days=100), by=ada)
    return role


@pytest.fixture
def gate(release, freeze, lead, greta, ada, today):
    gate = Gate.objects.add(
        release=release,
        name="Go or no-go",
        milestone=freeze,
        decide_by=today + timedelta(days=7),
        approving_roles=[lead],
        approving_people=[greta],
        by=ada,
    )
    GateCriterion.objects.add(gate=gate, text="Support is staffed", by=ada)
    return gate
