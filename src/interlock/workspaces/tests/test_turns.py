"""Who works long lets others write; and where a row's page is."""

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.urls import reverse

from interlock.workspaces import turns
from interlock.workspaces.addresses import address
from interlock.workspaces.plan import PlanModel
from interlock.workspaces.turns import AT_MOST, PAUSE, Turns


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now, slept = 0.0, []

        def monotonic(self):
            return self.now

        def sleep(self, seconds):
            self.slept.append(seconds)

    clock = Clock()
    clock.slept = []
    monkeypatch.setattr(turns, "time", clock)
    return clock


@pytest.mark.django_db(transaction=True)
def test_long_work_pauses_between_transactions_where_writers_do_not_queue(clock):
    mine = Turns()
    mine.give()
    assert clock.slept == []
    clock.now += AT_MOST + 0.1
    with transaction.atomic():
        mine.give()  # Nobody could write now.
    assert clock.slept == []
    mine.give()
    mine.give()
    assert clock.slept == ([PAUSE] if connection.vendor == "sqlite" else [])


def test_a_rows_address_is_what_its_pattern_says():
    pages = {model.page for model in apps.get_models() if issubclass(model, PlanModel) and hasattr(model, "page")}
    assert len(pages) > 5
    for page in sorted(pages):
        assert address(page, "north-wind-2", "AB-12") == reverse(page, args=["north-wind-2", "AB-12"])
