import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from interlock.backlog.models import Feature, Requirement, Tag
from interlock.organisation.models import Department, Person, Product, Team
from interlock.workspaces.changes import changed
from interlock.workspaces.errors import DomainError, StaleVersion
from interlock.workspaces.models import AuditEvent, Door


@pytest.fixture
def payments(ada):
    return Product.objects.add(name="Payments", by=ada)


@pytest.fixture
def export(payments, ada):
    return Feature.objects.add(product=payments, title="Export invoices", by=ada)


@pytest.fixture
def announced():
    """What is announced while the test runs."""
    heard = []

    def hear(changes, **_):
        heard.extend(changes)

    changed.connect(hear)
    yield heard
    changed.disconnect(hear)


def events(row):
    return [(event.verb, event.changes) for event in AuditEvent.objects.about(row).order_by("pk")]


# --- keys --------------------------------------------------------------------------------------------


def test_keys_are_counted_per_workspace(ada, cleo):
    ours = [Department.objects.add(name=name, by=ada).key for name in ("Design", "Sales")]
    assert ours == ["D-1", "D-2"]
    assert Department.objects.add(name="Design", by=cleo).key == "D-1"


@pytest.mark.parametrize("key", ["F-", "F-x", "F-1x", "1", "", "R-1", "F-99999999999", "F-²", "F--1"])
def test_what_is_no_key_finds_nothing(key, export):
    assert not Feature.objects.keyed(key).exists()


# --- change and audit --------------------------------------------------------------------------------


def test_a_change_leaves_one_event_with_before_and_after(export, ada):
    export.change(title="Export invoices as CSV", effort_days=3, by=ada.through(Door.API))
    event = AuditEvent.objects.about(export).latest("pk")
    assert event.changes == {"title": ["Export invoices", "Export invoices as CSV"], "effort_days": [None, "3"]}
    assert (event.actor, event.door, event.key, event.product_id) == (
        ada.pseudonym,
        Door.API,
        "F-1",
        export.product_id,
    )


def test_what_does_not_change_leaves_no_event(export, ada):
    before = export.version
    export.change(title="Export invoices", by=ada)
    assert len(events(export)) == 1
    assert export.version == before


def test_before_is_what_was_really_replaced(export, ada):
    stale = Feature.objects.get(pk=export.pk)
    export.change(title="Second", by=ada)
    stale.change(title="Third", by=ada)
    assert events(export)[-1] == ("changed", {"title": ["Second", "Third"]})


def test_links_are_told_by_key_and_replace_what_was_linked(export, ada):
    one, two = Tag.named(["one", "two"], workspace=ada.workspace)
    export.change(tags=[one], by=ada)
    export.change(tags=[two], by=ada)
    assert list(export.tags.all()) == [two]
    assert events(export)[-2:] == [("changed", {"tags": [[], ["one"]]}), ("changed", {"tags": [["one"], ["two"]]})]


def test_after_a_change_the_row_at_hand_holds_the_new_relations(export, ada):
    team = Team.objects.add(name="Billing", department=Department.objects.add(name="Engineering", by=ada), by=ada)
    at_hand = Feature.objects.select_related("team").prefetch_related("tags").get(pk=export.pk)
    Feature.objects.get(pk=export.pk).change(team=team, by=ada)
    at_hand.change(tags=Tag.named(["one"], workspace=ada.workspace), by=ada)
    assert at_hand.team == team
    assert [tag.name for tag in at_hand.tags.all()] == ["one"]


def test_a_person_s_data_is_not_kept_in_the_audit(ada):
    person = Person.objects.add(name="Dana Ruiz", email="dana@northwind.example", by=ada)
    person.change(name="Dana Ruiz-Meyer", by=ada)
    assert "Ruiz" not in str(events(person))
    assert "dana@" not in str(events(person))


def test_many_rows_are_changed_in_a_fixed_number_of_queries(payments, ada, django_assert_max_num_queries):
    def change_all(count):
        rows = Feature.objects.add_many([{"product": payments, "title": f"{count} {n}"} for n in range(count)], by=ada)
        with django_assert_max_num_queries(25) as counted:
            Feature.objects.filter(pk__in=[row.pk for row in rows]).change(status=Feature.Status.PLANNED, by=ada)
        return len(counted)

    assert change_all(5) == change_all(50)


def test_many_rows_are_linked_in_a_fixed_number_of_queries(payments, ada):
    [tag] = Tag.named(["night"], workspace=ada.workspace)
    asked = []
    for count in (3, 30):
        rows = Feature.objects.add_many([{"product": payments, "title": f"t{n}"} for n in range(count)], by=ada)
        with CaptureQueriesContext(connection) as queries:
            Feature.objects.change_many([(row, {"tags": [tag]}) for row in rows], by=ada)
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_what_is_added_to_a_list_loses_nothing_that_others_added_meanwhile(export, ada):
    tags = Tag.named(["day", "night"], workspace=ada.workspace)
    stale = Feature.objects.prefetch_related("tags").get(pk=export.pk)
    export.extend(tags=tags[:1], by=ada)
    stale.extend(tags=tags, by=ada)
    assert set(export.tags.all()) == set(tags)


def test_rows_that_get_their_product_through_another_are_changed_without_asking_for_each(export, ada):
    def queries(count):
        rows = Requirement.objects.add_many([{"feature": export, "title": str(n)} for n in range(count)], by=ada)
        with connection.execute_wrapper(counter := Counter()):
            Requirement.objects.filter(pk__in=[row.pk for row in rows]).change(title="x", by=ada)
        return counter.count

    assert queries(3) == queries(30)


class Counter:
    count = 0

    def __call__(self, execute, *args):
        self.count += 1
        return execute(*args)


def test_a_stale_version_changes_nothing(export, ada):
    export.change(title="Second", version=1, by=ada)
    with pytest.raises(StaleVersion) as stale:
        export.change(title="Third", version=1, by=ada)
    assert stale.value.current.title == "Second"
    assert Feature.objects.get(pk=export.pk).title == "Second"


def test_archiving_can_be_undone_and_both_are_audited_once(export, ada):
    export.archive(by=ada).archive(by=ada)
    assert not Feature.objects.active().filter(pk=export.pk).exists()
    export.restore(by=ada).restore(by=ada)
    assert [verb for verb, _ in events(export)] == ["added", "archived", "restored"]


def test_the_database_refuses_to_rewrite_history(export, figures):
    for rewrite in (lambda rows: rows.update(verb="x"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rewrite(AuditEvent.objects.about(export))
    assert len(events(export)) == 1
    figures.measured("attempts to rewrite history, taken", f"2 on {connection.vendor}, 0")


# --- refusals ----------------------------------------------------------------------------------------


def test_nothing_points_into_another_workspace(export, ada, cleo):
    theirs = Product.objects.add(name="Theirs", by=cleo)
    tag = Tag.named(["theirs"], workspace=cleo.workspace)
    for fields in ({"product": theirs}, {"tags": tag}):
        with pytest.raises(DomainError, match="There is no such"):
            export.change(by=ada, **fields)
    with pytest.raises(DomainError, match="There is no such product"):
        Feature.objects.add(product=theirs, title="x", by=ada)
    with pytest.raises(DomainError, match="There is no such tag"):
        Feature.objects.add(product=export.product, title="x", tags=tag, by=ada)
    assert Feature.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"title": ""}, "title", "cannot be blank"),
        ({"title": "x" * 301}, "title", "at most 300"),
        ({"status": "someday"}, "status", "not a valid choice"),
        ({"effort_days": -1}, "effort_days", "greater than or equal to 0"),
        ({"effort_days": "many"}, "effort_days", "must be a decimal number"),
        ({"links": [{"url": "javascript:alert(1)"}]}, "links", "not a web address"),
        ({"links": ["x"]}, "links", "A link has a title and a url"),
    ],
)
def test_bad_values_are_refused_in_a_sentence_and_change_nothing(fields, field, says, export, ada):
    with pytest.raises(DomainError, match=says) as refusal:
        export.change(by=ada, **fields)
    assert refusal.value.field == field
    assert Feature.objects.get(pk=export.pk).version == 1


# --- announcements -----------------------------------------------------------------------------------


def test_a_change_names_what_was_at_the_other_end_before_and_after(export, ada, announced):
    first = Person.objects.add(name="First", by=ada)
    second = Person.objects.add(name="Second", by=ada)
    export.change(owner=first, by=ada)
    announced.clear()
    export.change(owner=second, by=ada)
    (change,) = announced
    assert (change.model, change.key) == ("backlog.feature", "F-1")
    assert change.touched == {"organisation.person": {first.pk, second.pk}}


def test_what_is_rolled_back_was_never_audited(export, ada):
    with transaction.atomic():
        export.change(title="Lost", by=ada)
        transaction.set_rollback(True)
    assert len(events(export)) == 1
