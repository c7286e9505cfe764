"""Objectives and teams stand in trees, whoever moves them at once (promise 21)."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from interlock.organisation.models import Department, Team
from interlock.strategy.models import Objective
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member


@pytest.fixture
def growth(ada):
    return Objective.objects.add(title="Twice as many trials", by=ada)


def test_an_objective_can_stand_under_another_and_leave_again(growth, ada):
    articles = Objective.objects.add(title="Forty articles", parent=growth, by=ada)
    assert list(growth.children.all()) == [articles]
    articles.change(parent=None, by=ada)
    assert not growth.children.exists()


def test_nothing_stands_under_itself_or_what_is_under_it(growth, ada):
    child = Objective.objects.add(title="child", parent=growth, by=ada)
    grandchild = Objective.objects.add(title="grandchild", parent=child, by=ada)
    for below in (growth, child, grandchild):
        with pytest.raises(DomainError, match=f"{below.key} stands under O-1"):
            growth.change(parent=below, by=ada)
    assert Objective.objects.get(pk=growth.pk).parent is None


def test_a_bulk_move_that_would_close_a_circle_changes_nothing(ada):
    one, two = Objective.objects.add_many([{"title": "one"}, {"title": "two"}], by=ada)
    with pytest.raises(DomainError, match="circle"):
        Objective.objects.change_many([(one, {"parent": two}), (two, {"parent": one})], by=ada)
    assert not Objective.objects.exclude(parent=None).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("around", [2, 3])
@pytest.mark.parametrize("model", [Objective, Team])
def test_edges_that_would_close_a_circle_are_not_all_added_at_once(model, around, ada, figures):
    fields = [{"title": str(n)} for n in range(around)]
    if model is Team:
        engineering = Department.objects.add(name="Engineering", by=ada)
        fields = [{"name": str(n), "department": engineering} for n in range(around)]
    ring = model.objects.add_many(fields, by=ada)
    races = figures.count(f"races around {around} {model._meta.verbose_name_plural}", reduced=20, full=500)
    together = threading.Barrier(around, timeout=20)
    refused = []

    def client(place):
        me = Member.objects.get(pk=ada.pk)
        for race in range(races):
            below = model.objects.get(pk=ring[place].pk)
            above = model.objects.get(pk=ring[(place + 1) % around].pk)
            together.wait()
            try:
                below.change(parent=above, by=me)
            except DomainError:
                refused.append(race)
            together.wait()
            below.change(parent=None, by=me)
        connections.close_all()

    with ThreadPoolExecutor(around) as clients:
        list(clients.map(client, range(around)))
    assert sorted(refused) == list(range(races))
