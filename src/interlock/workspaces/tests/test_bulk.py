from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from interlock.backlog.models import Feature, Tag
from interlock.organisation.models import Product, TeamMembership
from interlock.releases.models import Release
from interlock.workspaces import bulk
from interlock.workspaces.models import AuditEvent, ExternalId

MANY = bulk.FEW * 2


@pytest.fixture
def product(ada):
    return Product.objects.add(name="Checkout", by=ada)


def test_many_rows_are_written_as_one_would_be(product, ada):
    rows = Feature.objects.add_many(
        [
            {
                "product": product,
                "title": f"Feature {n}",
                "effort_days": Decimal("1.5"),
                "links": [{"title": "“ä”", "url": ""}],
            }
            for n in range(MANY)
        ],
        by=ada,
    )
    held = list(Feature.objects.order_by("pk"))
    assert [row.pk for row in rows] == [row.pk for row in held]
    assert {row.effort_days for row in held} == {Decimal("1.5")}
    assert held[7].links == [{"title": "“ä”", "url": ""}]
    assert all(row.created_at and row.changed_at for row in held)
    assert not rows[0]._state.adding


def test_dates_and_moments_are_written_in_the_databases_own_way(product, ada):
    Release.objects.add_many(
        [{"product": product, "name": f"1.{n}", "target_on": date(2026, 4, 22)} for n in range(MANY)], by=ada
    )
    assert Release.objects.filter(target_on=date(2026, 4, 22)).count() == MANY
    event = AuditEvent.objects.filter(verb="added").latest("pk")
    assert event.actor == ada.pseudonym
    assert event.changes["target_on"] == [None, "2026-04-22"]


def test_rows_written_before_and_after_keep_their_keys_apart(product, ada):
    first = Feature.objects.add(product=product, title="First", by=ada)
    many = Feature.objects.add_many([{"product": product, "title": f"Feature {n}"} for n in range(MANY)], by=ada)
    last = Feature.objects.add(product=product, title="Last", by=ada)
    keys = [first.pk, *(row.pk for row in many), last.pk]
    assert keys == sorted(set(keys))


def test_a_conflict_is_an_error_and_nothing_is_written(northwind):
    tags = [Tag(workspace=northwind, name=f"tag {n % (MANY - 1)}") for n in range(MANY)]
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.create(tags)
    assert not Tag.objects.exists()


def test_values_are_inserted_without_objects(northwind, product):
    kind = 1
    bulk.insert(
        ExternalId,
        ("workspace", "source", "record_id", "content_type", "object_id", "digest", "record", "seen_at"),
        [
            (
                northwind.pk,
                "tracker",
                str(n),
                kind,
                product.pk,
                "",
                {"text": "“ä”\n\t\\", "list": [1, None]},
                product.created_at,
            )
            for n in range(3)
        ],
    )
    assert [one.record for one in ExternalId.objects.all()] == [{"text": "“ä”\n\t\\", "list": [1, None]}] * 3


def test_nothing_costs_nothing(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        bulk.create([])
        bulk.insert(TeamMembership, ("person", "team"), [])
