"""Rule settings, through their pages."""

import pytest

from interlock.alignment.models import RuleSetting
from interlock.alignment.rule import Severity
from interlock.strategy.models import Objective
from interlock.strategy.rules import ObjectiveWithoutOwner


@pytest.fixture
def as_amir(client, amir):
    client.force_login(amir.user)
    return client


def test_every_rule_stands_there_with_what_it_says(client, ben):
    client.force_login(ben.user)
    page = client.get("/northwind/rules/").content.decode()
    for code, says in (("GO101", "An objective that nobody owns."), ("BL107", "days 91")):
        assert code in page
        assert says in page


def test_a_rule_that_is_switched_off_closes_its_findings_and_finds_them_again(as_amir, alignment, ada):
    objective = Objective.objects.add(title="Answer faster", by=ada)
    assert alignment.subjects(ObjectiveWithoutOwner) == [objective]
    as_amir.post("/northwind/rules/GO101/switch/off/")
    assert alignment.subjects(ObjectiveWithoutOwner) == []
    as_amir.post("/northwind/rules/GO101/switch/on/")
    assert alignment.subjects(ObjectiveWithoutOwner) == [objective]


def test_severity_is_changed_and_set_back(as_amir, alignment, ada):
    Objective.objects.add(title="Answer faster", by=ada)
    as_amir.post("/northwind/rules/GO101/setting/", {"enabled": "on", "severity": "1"})
    assert alignment.finding(ObjectiveWithoutOwner).severity == Severity.NOTE
    as_amir.post("/northwind/rules/GO101/setting/withdraw/")
    assert alignment.finding(ObjectiveWithoutOwner).severity == Severity.ERROR


def test_a_product_can_differ(as_amir, alignment, ada, payments):
    Objective.objects.add(title="Answer faster", product=payments, by=ada)
    other = Objective.objects.add(title="Another", by=ada)
    as_amir.post("/northwind/rules/GO101/products/", {"product": payments.key})
    assert alignment.subjects(ObjectiveWithoutOwner) == [other]
    assert "Not checked" in as_amir.get("/northwind/rules/GO101/").content.decode()
    as_amir.post(f"/northwind/rules/GO101/products/{payments.key}/withdraw/")
    assert len(alignment.subjects(ObjectiveWithoutOwner)) == 2


def test_thresholds_are_whole_numbers_and_what_is_empty_is_as_it_comes(as_amir):
    response = as_amir.post("/northwind/rules/BL107/setting/", {"enabled": "on", "days": "-1"})
    assert list(response.context["form"].errors) == ["days"]
    as_amir.post("/northwind/rules/BL107/setting/", {"enabled": "on", "days": "30"})
    assert RuleSetting.objects.get().settings == {"days": 30}
    as_amir.post("/northwind/rules/BL107/setting/", {"enabled": "on", "days": ""})
    assert RuleSetting.objects.get().settings == {}


@pytest.mark.parametrize(("who", "status"), [("ada", 403), ("ben", 403), ("gus", 403), ("cleo", 404)])
def test_who_may_not_configure_does_not(who, status, client, request, northwind):
    client.force_login(request.getfixturevalue(who).user)
    assert client.post("/northwind/rules/GO101/switch/off/").status_code == status
    assert client.post("/northwind/rules/GO101/setting/", {}).status_code == status
    assert not RuleSetting.objects.exists()


def test_a_rule_that_does_not_exist_is_not_there(as_amir):
    assert as_amir.get("/northwind/rules/XX999/").status_code == 404
    assert as_amir.post("/northwind/rules/XX999/switch/off/").status_code == 404
