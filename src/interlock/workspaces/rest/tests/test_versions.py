"""A change says what it is based on, so nobody overwrites what they have not seen."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from django.db import connections

from interlock.organisation.models import Department
from interlock.workspaces.models import AuditEvent
from tests.api import Caller

CLIENTS = 8


@pytest.fixture
def caller(ada, engineering):
    return Caller(ada)


def test_the_etag_begins_with_the_version(caller):
    read = caller.get("departments/D-1")
    assert read["ETag"].startswith('"1-')
    assert read.json()["version"] == 1


def test_what_is_still_the_same_is_not_sent_again(caller):
    tag = caller.get("departments/D-1")["ETag"]
    again = caller.get("departments/D-1", if_none_match=tag)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    listed = caller.get("departments")["ETag"]
    assert caller.get("departments", if_none_match=f'"x", W/{listed}').status_code == 304


def test_what_is_shown_of_others_counts_for_reading_and_not_for_changing(caller, ada, engineering):
    caller.post("teams", {"name": "Billing", "department": "D-1"})
    tag = caller.get("teams/T-1")["ETag"]
    engineering.change(name="Engineering and Research", by=ada)
    assert caller.get("teams/T-1", if_none_match=tag).status_code == 200
    assert caller.patch("teams/T-1", {"name": "Invoices"}, if_match=tag).status_code == 200


def test_a_change_gives_the_next_etag(caller):
    first = caller.get("departments/D-1")["ETag"]
    second = caller.patch("departments/D-1", {"name": "Research"}, if_match=first)
    assert second["ETag"] == caller.get("departments/D-1")["ETag"] != first


def test_whoever_comes_too_late_is_told_what_it_holds_now(caller):
    tag = caller.get("departments/D-1")["ETag"]
    caller.patch("departments/D-1", {"name": "Research"}, if_match=tag)
    late = caller.patch("departments/D-1", {"name": "Development"}, if_match=tag)
    assert late.status_code == 412
    assert late.json()["current"] == caller.get("departments/D-1").json()
    assert late["ETag"] == caller.get("departments/D-1")["ETag"]
    assert Department.objects.get().name == "Research"


def test_a_version_by_itself_is_enough(caller):
    assert caller.patch("departments/D-1", {"name": "Research"}, if_match='"1"').status_code == 200
    assert caller.patch("departments/D-1", {"name": "Development"}, if_match='"1"').status_code == 412


@pytest.mark.parametrize("tag", ['W/"1"', '"one"', "1", '""', '"1", "2"', '"99999999999"', "x" * 5000])
def test_a_tag_that_we_never_gave_matches_nothing(caller, tag):
    assert caller.patch("departments/D-1", {"name": "Research"}, if_match=tag).status_code == 412


def test_a_change_without_a_version_is_refused_and_a_star_overwrites(caller):
    unsaid = caller.call("PATCH", "departments/D-1", {"name": "Research"})
    assert (unsaid.status_code, Department.objects.get().name) == (428, "Engineering")
    assert caller.patch("departments/D-1", {"name": "Research"}, if_match="*").status_code == 200


def test_an_archive_minds_a_version_where_one_is_sent(caller):
    caller.patch("departments/D-1", {"name": "Research"})
    assert caller.delete("departments/D-1", if_match='"1"').status_code == 412
    assert caller.delete("departments/D-1").json()["archived_at"]
    assert caller.post("departments/D-1/restoration").json()["archived_at"] is None


def test_what_changes_nothing_leaves_the_version(caller):
    same = caller.patch("departments/D-1", {"name": "Engineering"}, if_match='"1"')
    assert (same.status_code, same.json()["version"]) == (200, 1)


@pytest.mark.django_db(transaction=True)
def test_of_edits_made_at_once_one_wins_and_the_others_are_told(figures, settings, ada, engineering):
    """Each client reads, writes its mark based on what it read, and reads again where somebody was faster."""
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    edits = figures.count("versioned edits by 8 clients", reduced=160, full=5_000) // CLIENTS
    told_too_late, otherwise = [0] * CLIENTS, []

    def edit(client):
        caller = Caller(ada)
        for number in range(edits):
            status = 412
            while status == 412:
                read = caller.get("departments/D-1")
                status = caller.patch(
                    "departments/D-1", {"name": f"{client}.{number}"}, if_match=read["ETag"]
                ).status_code
                told_too_late[client] += status == 412
            otherwise.extend([status] * (status != 200))
        connections.close_all()

    run_at_once(edit)
    figures.measured("of them answered with 412, and tried again", sum(told_too_late))
    assert not otherwise
    engineering.refresh_from_db()
    assert engineering.version == 1 + CLIENTS * edits
    renamed = AuditEvent.objects.about(engineering).filter(verb="changed").order_by("pk")
    history = [event.changes["name"] for event in renamed]
    assert len(history) == CLIENTS * edits
    # Linear: each replaced what the one before it had written.
    assert all(after == before for (_, after), (before, _) in pairwise(history))


def run_at_once(act):
    """What one of them raises is raised here."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(act, range(CLIENTS)))
