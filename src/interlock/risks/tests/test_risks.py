import pytest

from interlock.organisation.models import Product
from interlock.risks.models import Risk
from interlock.workspaces.errors import DomainError
from tests.api import Caller


@pytest.fixture
def late_bank(payments, dana, ada):
    return Risk.objects.add(
        product=payments, title="The bank's test system comes late", probability=40, likely=8, owner=dana, by=ada
    )


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"probability": 101}, "probability"),
        ({"probability": -1}, "probability"),
        ({"likely": -1}, "likely"),
        ({"likely": 2000}, "likely"),
        ({"likely": None, "optimistic": 3}, "likely"),
        ({"optimistic": 9}, "optimistic"),
        ({"pessimistic": 7}, "likely"),
    ],
)
def test_nonsense_is_refused_at_its_field(fields, field, late_bank, ada):
    with pytest.raises(DomainError) as refused:
        late_bank.change(by=ada, **fields)
    assert refused.value.field == field


def test_one_number_of_days_is_enough(late_bank, ada):
    assert late_bank.three == (8, 8, 8)
    late_bank.change(optimistic=5, pessimistic=20, by=ada)
    assert late_bank.three == (5, 8, 20)
    late_bank.change(optimistic=None, likely=None, pessimistic=None, by=ada)
    assert late_bank.three is None


def test_the_list_begins_with_what_costs_most_on_average(late_bank, payments, ada):
    grave = Risk.objects.add(product=payments, title="Grave", probability=20, likely=50, by=ada)
    unknown = Risk.objects.add(product=payments, title="Unknown", probability=99, by=ada)
    assert list(Risk.objects.gravest_first()) == [grave, late_bank, unknown]


def test_what_happened_or_is_closed_is_open_no_more(late_bank, ada):
    assert list(Risk.objects.open()) == [late_bank]
    for status in (Risk.Status.HAPPENED, Risk.Status.CLOSED):
        late_bank.change(status=status, by=ada)
        assert not Risk.objects.open()


def test_a_risk_is_noted_found_and_changed_on_its_pages(payments, ada, client):
    client.force_login(ada.user)
    sent = {"title": "Rain", "product": payments.key, "status": "open", "probability": 30, "likely": 10}
    assert client.post("/northwind/risks/new/", {**sent, "probability": 300}).status_code == 422
    assert client.post("/northwind/risks/new/", sent).status_code == 302
    listed = client.get("/northwind/risks/").content.decode()
    assert "Rain" in listed
    assert "30%" in listed
    assert "10 days" in client.get("/northwind/risks/RISK-1/").content.decode()
    client.post("/northwind/risks/RISK-1/edit/status/", {"status": "closed", "version": 1})
    assert "No open risks" in client.get("/northwind/risks/").content.decode()
    assert "Rain" in client.get("/northwind/risks/?status=closed").content.decode()
    assert b"Rain" in b"".join(client.get("/northwind/risks/?format=csv&status=any"))


@pytest.mark.parametrize(("who", "status"), [("ben", 200), ("gus", 404), ("cleo", 404)])
def test_members_read_risks_and_guests_do_not(who, status, late_bank, payments, amir, request, client):
    member = request.getfixturevalue(who)
    if who == "gus":
        payments.admit(member, by=amir)
    client.force_login(member.user)
    for path in ("/northwind/risks/", late_bank.get_absolute_url()):
        assert client.get(path).status_code == status


def test_risks_of_a_restricted_product_are_hidden_with_it(late_bank, amir, ben, client):
    late_bank.product.restrict(True, by=amir)
    client.force_login(ben.user)
    assert client.get(late_bank.get_absolute_url()).status_code == 404
    assert b"test system" not in client.get("/northwind/risks/").content


def test_the_api_lists_adds_and_changes(late_bank, payments, ada):
    caller = Caller(ada)
    made = caller.post("risks", {"product": payments.key, "title": "Rain", "probability": 30, "likely": 10})
    assert made.status_code == 201
    assert [one["title"] for one in caller.get("risks?status=open").json()["items"]] == [late_bank.title, "Rain"]
    assert caller.post("risks", {"product": payments.key, "title": "Rain", "probability": 130}).status_code == 422
    assert Product.objects.get().risks.count() == 2
