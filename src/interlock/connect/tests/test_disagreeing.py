import pytest
from django.contrib.contenttypes.models import ContentType

from interlock.backlog.models import Feature, Tag
from interlock.organisation.models import Person
from interlock.strategy.models import Objective
from interlock.workspaces.models import ExternalId

pytestmark = pytest.mark.django_db


@pytest.fixture
def export(payments, dana, ada):
    tags = Tag.named(["money"], workspace=ada.workspace)
    return Feature.objects.add(
        product=payments, title="Export invoices", owner=dana, effort_days=3, status="planned", tags=tags, by=ada
    )


def known(row, source, record_id, fields=None, kept=None):
    return ExternalId.objects.create(
        workspace=row.workspace,
        source=source,
        record_id=record_id,
        content_type=ContentType.objects.get_for_model(row),
        object_id=row.pk,
        record={"fields": fields or {}, "kept": kept or {}, "ends": {}},
    )


def shown(client, member, row):
    client.force_login(member.user)
    text = client.get(row.get_absolute_url()).content.decode()
    _, found, rest = text.partition("<h2>Imported from</h2>")
    return rest.partition("</section>")[0] if found else ""


def test_two_sources_disagree_visibly(export, ada, client):
    known(export, "jira", "PAY-7", {"title": "Export invoices", "effort_days": "3", "status": "done"})
    known(export, "sheet", "row 12", {"title": "Invoice export", "owner": ["Tom Ode"]}, {"Stage": ["beta", "GA"]})
    told = shown(client, ada, export)
    for text in ("jira", "PAY-7", "sheet", "row 12", "Done", "Invoice export", "Tom Ode", "beta, GA"):
        assert text in told, text
    for agreed in ("Export invoices", "Effort"):
        assert agreed not in told, agreed


@pytest.mark.parametrize("said", ["Dana Ruiz", "@druiz", "P-1", "u-77"])
def test_an_owner_under_another_of_their_names_is_no_disagreement(said, export, dana, ada, client):
    dana.identify("druiz", kind="handle", source="jira", by=ada)
    known(dana, "jira", "u-77")
    known(export, "jira", "PAY-7", {"owner": [said], "tags": ["Money"]})
    told = shown(client, ada, export)
    assert "PAY-7" in told
    assert "Owner" not in told
    assert "Tags" not in told


def test_an_owner_whom_another_source_calls_so_is_one(export, dana, ada, client):
    known(dana, "sheet", "u-77")
    known(export, "jira", "PAY-7", {"owner": ["u-77"]})
    assert "u-77" in shown(client, ada, export)


def test_every_page_of_a_row_says_where_it_comes_from(engineering, billing, dana, ada, client):
    objective = Objective.objects.add(title="Fewer steps", by=ada)
    for row in (engineering, billing, dana, objective):
        assert shown(client, ada, row) == ""
        known(row, "jira", "X-1", kept={"colour": "teal"})
        assert "teal" in shown(client, ada, row), row


def test_a_person_s_private_values_stay_fingerprints(dana, ada, client):
    known(dana, "hr", "77", {"email": "#" + "0" * 32, "handles": "#" + "1" * 32})
    told = shown(client, ada, dana)
    assert "77" in told
    assert "#" not in told.replace("&#", "")


def test_guests_and_those_who_do_not_see_every_product_learn_no_hidden_names(export, amir, ben, gus, payments, client):
    secret = type(payments).objects.add(name="Secret", restricted=True, by=amir)
    payments.admit(gus, by=amir)
    known(export, "jira", "PAY-7", {"product": [secret.name]}, {"Stage": "beta"})
    assert shown(client, gus, export) == ""
    assert "Secret" in shown(client, amir, export)
    told = shown(client, ben, export)
    assert "beta" in told
    assert "Secret" not in told


def test_many_sources_take_as_many_queries_as_one(export, dana, ada, client, django_assert_max_num_queries):
    client.force_login(ada.user)
    for n in range(12):
        known(dana, f"source {n}", f"u-{n}")
        known(export, f"source {n}", f"PAY-{n}", {"owner": ["Tom Ode"], "product": ["Other"], "title": f"Export {n}"})
    client.get(export.get_absolute_url())
    with django_assert_max_num_queries(15):
        assert b"Export 7" in client.get(export.get_absolute_url()).content


def test_what_was_erased_says_nothing(dana, olga, today, client):
    known(dana, "hr", "77", kept={"Desk": "Clerk"})
    assert "Clerk" in shown(client, olga, dana)
    dana.erase(by=olga, on=today)
    assert "Clerk" not in shown(client, olga, Person.objects.get(pk=dana.pk))
