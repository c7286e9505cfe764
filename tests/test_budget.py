"""How many questions a page may ask the database: as many for a thousand rows as for ten."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.addresses import addresses
from tests.world import crowd, settle

LIST, DETAIL = 12, 15
# Pages of the workspace itself, which say of several things how they stand.
OVERVIEWS = {"home", "alignment", "portfolio"}


def asked(client, world):
    """Address → how many queries each answer took, of those that answer."""
    counts = {}
    for address in addresses(world):
        if address.name == "live" or not address.ours:
            continue
        client.get(address.path)  # what a process learns once, such as content types
        with CaptureQueriesContext(connection) as queries:
            response = client.get(address.path)
            if response.streaming:
                response.getvalue()
        if response.status_code == 200:
            counts[address] = [one["sql"] for one in queries.captured_queries]
    return counts


@pytest.mark.django_db
def test_pages_ask_little_however_much_there_is(client, olga, figures):
    world = settle(olga)
    client.force_login(olga.user)
    crowd(world, 10)
    few = {address.route: sql for address, sql in asked(client, world).items()}
    many = figures.count("rows of each kind", reduced=100, full=1000)
    crowd(world, many)
    over, growing = [], []
    for address, sql in asked(client, world).items():
        one = address.name in OVERVIEWS or re.search("<[a-z]+:(key|code)>", address.route)
        allowed = DETAIL if one else LIST
        if len(sql) > allowed:
            over.append((len(sql), str(address)))
        if len(sql) > len(few.get(address.route, sql)):
            growing.append((len(few[address.route]), len(sql), str(address)))
    assert not over, "\n".join(map(str, sorted(over, reverse=True)))
    assert not growing, "\n".join(map(str, growing))
    figures.measured("pages within their budget", len(few))
