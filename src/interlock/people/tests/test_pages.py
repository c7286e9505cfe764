"""Roles, through their pages."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from interlock.organisation.models import Person
from interlock.people.models import Role, RoleAssignment


@pytest.fixture
def manager(ada, payments):
    return Role.objects.add(name="Product Manager", product=payments, by=ada)


@pytest.fixture
def as_ada(client, ada):
    client.force_login(ada.user)
    return client


def test_a_vacant_role_is_found_assigned_and_relieved(as_ada, manager, dana):
    today = timezone.localdate()
    vacant = "/northwind/roles/?held=vacant"
    assert list(as_ada.get(vacant).context["page"].object_list) == [manager]
    as_ada.post("/northwind/roles/ROLE-1/holders/", {"person": dana.key, "on": today})
    assert not as_ada.get(vacant).context["page"].object_list
    assert "Dana Ruiz" in as_ada.get("/northwind/roles/ROLE-1/").content.decode()
    as_ada.post("/northwind/roles/ROLE-1/holders/P-1/relieve/", {"on": today})
    assert list(as_ada.get(vacant).context["page"].object_list) == [manager]


def test_relieving_can_be_taken_back(as_ada, ada, manager, dana):
    today = timezone.localdate()
    manager.assign(dana, by=ada, on=today)
    as_ada.post("/northwind/roles/ROLE-1/holders/P-1/relieve/", {"on": today})
    as_ada.post("/northwind/roles/ROLE-1/holders/P-1/assign/")
    assert RoleAssignment.objects.get().ends_on is None


def test_nobody_who_has_left_takes_a_role(as_ada, ada, manager, dana):
    dana.change(standing=Person.Standing.LEFT, by=ada)
    response = as_ada.post("/northwind/roles/ROLE-1/holders/", {"person": dana.key, "on": "2026-11-01"})
    assert response.context["form"].errors == {"person": ["Dana Ruiz has left."]}


def test_a_role_cannot_end_before_it_began(as_ada, ada, manager, dana):
    manager.assign(dana, by=ada, on=timezone.localdate())
    response = as_ada.post("/northwind/roles/ROLE-1/holders/P-1/relieve/", {"on": "2020-01-01"})
    assert "the end lies before that" in response.content.decode()


def test_the_person_s_page_shows_what_they_hold(as_ada, ada, manager, dana):
    manager.assign(dana, by=ada, on=timezone.localdate())
    assert "Product Manager of Payments" in as_ada.get("/northwind/people/P-1/").content.decode()


def test_the_day_that_the_form_asks_for_is_the_first_without_the_role(as_ada, ada, manager, dana):
    manager.assign(dana, by=ada, on=date(2026, 1, 1))
    address = "/northwind/roles/ROLE-1/holders/P-1/relieve/"
    assert "The first day on which they no longer hold it." in as_ada.get(address).content.decode()
    as_ada.post(address, {"on": "2026-04-01"})
    held = {day: RoleAssignment.objects.current(today=day).exists() for day in (date(2026, 3, 31), date(2026, 4, 1))}
    assert held == {date(2026, 3, 31): True, date(2026, 4, 1): False}
    for page in (as_ada.get("/northwind/roles/ROLE-1/"), as_ada.get("/northwind/people/P-1/")):
        assert 'datetime="2026-03-31"' in page.content.decode()
        assert 'datetime="2026-04-01"' not in page.content.decode()


def test_who_is_relieved_on_a_day_to_come_holds_it_until_then(as_ada, ada, manager, dana):
    today = timezone.localdate()
    manager.assign(dana, by=ada, on=today)
    later = {"on": today + timedelta(days=1)}
    page = as_ada.post("/northwind/roles/ROLE-1/holders/P-1/relieve/", later, follow=True).content.decode()
    assert "is no longer Product Manager of Payments from" in page
    assert Role.objects.held(today=today).exists()
