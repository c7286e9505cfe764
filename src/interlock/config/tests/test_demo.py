from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from interlock.alignment.models import Finding, Score
from interlock.alignment.registry import codes
from interlock.backlog.models import Feature
from interlock.organisation.models import Department, Person, Product
from interlock.workspaces.models import AuditEvent, User, Workspace

PLANTED = {
    "GO101": ["Be the easiest supplier to leave"],
    "GO102": ["Sound like one company"],
    "GO103": ["Win the first ten firms in the Nordics"],
    "GO201": ["Publish forty articles about invoices"],
    "BL101": ["Animated start page"],
    "BL102": ["Import old statements"],
    "BL104": ["The transfer feels fast"],
    "BL105": ["Pay a part now", "Pay several invoices at once", "Receipt at once by e-mail"],
    "BL106": ["Hold reminders while a payment is on its way"],
    "BL107": ["Synchronise with desk calendars"],
    "RL101": ["Payments 7.1"],
    "RL102": ["Help articles and answers to what will be asked"],
    "RL103": ["Invoicing 4.2"],
    "RL104": ["Press kit, briefings and embargo"],
    "RL105": ["TASK-32 after TASK-30"],
    "RL106": ["Design"],
    "RL107": ["Partners are ready"],
    "RL108": ["Invoicing 4.2"],
    "RL109": ["Invoicing 4.2"],
    "RL111": ["Invoicing 4.1"],
    "RL110": ["Invoicing 4.2"],
    "RL114": ["Payments 7.0.1"],
    "RL115": ["Invoicing 4.2"],
    "PE101": ["Refund in one step", "Report of unusual payouts"],
}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def demo(settings, tmp_path):
    settings.HOME = tmp_path

    def run():
        said = StringIO()
        call_command("demo", stdout=said)
        return said.getvalue()

    return run


def test_the_demo_plants_what_every_rule_looks_for_and_documents_it(demo):
    demo()
    northwind = Workspace.objects.get(slug="northwind")
    found = {code: [] for code in codes()}
    for finding in Finding.objects.open().filter(workspace=northwind):
        found[finding.code] += finding.subjects.filter(mentioned=False).values_list("title", flat=True)
    assert {code: sorted(titles) for code, titles in found.items()} == PLANTED
    page = (Path(__file__).parents[4] / "docs/demo.md").read_text()
    assert all(title in page for titles in PLANTED.values() for title in titles)
    assert {code for code in codes() if f"| {code} |" not in page} == set()


def test_northwind_is_of_a_size_to_look_around_in(demo):
    demo()
    northwind = Workspace.objects.get(slug="northwind")
    assert Department.objects.of(northwind).count() == 6
    assert 35 <= Person.objects.of(northwind).count() <= 45
    assert Feature.objects.of(northwind).count() >= 135
    assert list(Product.objects.of(northwind).filter(restricted=True).values_list("name", flat=True)) == ["Foresight"]


def test_northwind_has_lived_for_twelve_weeks(demo):
    demo()
    northwind = Workspace.objects.get(slug="northwind")
    scores = Score.objects.filter(workspace=northwind, product=None, dimension="").order_by("on")
    assert scores.count() == 14
    assert scores[0].on == timezone.localdate() - timedelta(weeks=12)
    # What is planted in the last two days takes some of it away again.
    assert max(score.value for score in scores) > scores[0].value + 5
    assert Finding.objects.resolved().filter(workspace=northwind).count() > 30
    assert Finding.objects.waived().filter(workspace=northwind).count() == 1
    assert AuditEvent.objects.filter(workspace_id=northwind.pk).dates("at", "week").count() > 10


def test_everybody_may_sign_in_with_the_password_that_is_said(demo):
    password = demo().rstrip().rsplit(" ", 1)[1]
    for user in User.objects.all():
        assert user.check_password(password)


def test_a_second_call_keeps_what_was_entered(demo):
    told = demo().splitlines()
    assert len(told) < 15
    feature = Feature.objects.first()
    Feature.objects.filter(pk=feature.pk).update(title="Entered since")
    assert demo().splitlines() == told[-8:]
    assert Feature.objects.get(pk=feature.pk).title == "Entered since"
    assert Workspace.objects.count() == 2
