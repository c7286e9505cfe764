"""The order of the backlog: a move writes one row, and clients that move at once lose nothing (promise 20)."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from interlock.backlog.models import Feature
from interlock.organisation.models import Product
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import AuditEvent, Member


@pytest.fixture
def payments(ada):
    return Product.objects.add(name="Payments", by=ada)


@pytest.fixture
def features(payments, ada):
    return Feature.objects.add_many([{"product": payments, "title": letter} for letter in "abcde"], by=ada)


def order():
    return "".join(Feature.objects.ranked().values_list("title", flat=True))


def test_new_features_go_to_the_end(features, payments, ada):
    Feature.objects.add(product=payments, title="f", by=ada)
    assert order() == "abcdef"


@pytest.mark.parametrize(
    ("moved", "where", "anchor", "expected"),
    [
        (0, "after", 2, "bcade"),
        (4, "before", 0, "eabcd"),
        (0, "after", 4, "bcdea"),
        (3, "before", 1, "adbce"),
        (1, "after", 0, "abcde"),
        (2, "after", 2, "abcde"),
    ],
)
def test_a_feature_lands_where_it_is_moved(moved, where, anchor, expected, features, ada):
    features[moved].move(by=ada, **{where: features[anchor]})
    assert order() == expected


def test_a_move_writes_one_feature_and_one_event(features, ada):
    before = dict(Feature.objects.values_list("pk", "rank"))
    features[0].move(after=features[2], by=ada)
    after = dict(Feature.objects.values_list("pk", "rank"))
    assert [pk for pk in after if after[pk] != before[pk]] == [features[0].pk]
    assert AuditEvent.objects.about(features[0]).latest("pk").changes == {"after": [None, "F-3"]}


def test_a_move_to_where_it_stands_writes_nothing(features, ada):
    features[1].move(after=features[0], by=ada)
    assert AuditEvent.objects.about(features[1]).count() == 1


def test_there_is_no_place_beside_another_workspace_s_feature(features, cleo):
    theirs = Feature.objects.add(product=Product.objects.add(name="x", by=cleo), title="theirs", by=cleo)
    with pytest.raises(DomainError, match="no such feature"):
        features[0].move(after=theirs, by=features[0].workspace.members.get(user__name="Ada"))


def test_ranks_that_grew_long_are_shortened_and_the_order_stays(features, ada):
    low, high, moving = features[0], features[1], features[2:]
    for n in range(400):
        moving[n % 3].move(after=low, by=ada)
    assert high.rank
    before = order()
    assert max(map(len, Feature.objects.values_list("rank", flat=True))) > 60
    assert Feature.objects.even_out(ada.workspace) > 0
    assert order() == before
    assert max(map(len, Feature.objects.values_list("rank", flat=True))) <= 60
    assert Feature.objects.even_out(ada.workspace) == 0


@pytest.mark.django_db(transaction=True)
def test_moves_at_once_end_in_a_permutation(features, payments, ada, figures):
    Feature.objects.add_many([{"product": payments, "title": str(n)} for n in range(15)], by=ada)
    keys = list(Feature.objects.values_list("pk", flat=True))
    moves = figures.count("moves by 8 clients at once", reduced=160, full=10_000)

    def client(seed):
        rng = random.Random(seed)
        me = Member.objects.get(pk=ada.pk)
        for _ in range(moves // 8):
            one, other = rng.sample(keys, 2)
            where = rng.choice(["after", "before"])
            Feature.objects.get(pk=one).move(by=me, **{where: Feature.objects.get(pk=other)})
        connections.close_all()

    with ThreadPoolExecutor(8) as clients:
        list(clients.map(client, range(8)))
    assert sorted(Feature.objects.ranked().values_list("pk", flat=True)) == sorted(keys)
    assert Feature.objects.values("rank").distinct().count() == len(keys)
    connection.close()
