import pytest

from interlock.alignment import rule
from interlock.alignment.rule import keys_of
from interlock.backlog.models import Feature

pytestmark = pytest.mark.django_db


@pytest.fixture
def features(payments, ada):
    Feature.objects.add_many([{"product": payments, "title": f"Feature {n}"} for n in range(3)], by=ada)
    return Feature.objects.order_by("pk")


def test_few_rows_are_named_and_many_are_asked_for(features, monkeypatch):
    assert keys_of(features) == [feature.pk for feature in features]
    monkeypatch.setattr(rule, "FEW", 2)
    assert list(Feature.objects.filter(pk__in=keys_of(features)).order_by("pk")) == list(features)
    assert not isinstance(keys_of(features), list)
