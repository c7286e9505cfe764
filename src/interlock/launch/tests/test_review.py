"""After the launch: outcomes, dates, scope, what is learnt, and the rule that asks for it."""

from datetime import date, timedelta
from decimal import Decimal
from unittest.mock import patch

import pytest
from django.utils import timezone

from interlock.backlog.models import Feature
from interlock.launch import lookback
from interlock.launch.models import FollowUp, LaunchReview, ReviewNote
from interlock.launch.rules import NoPostLaunchReview
from interlock.organisation.models import Person
from interlock.releases.models import Release, Task, Workstream
from interlock.strategy.models import KeyResult, Objective
from interlock.workspaces.errors import DomainError
from tests.api import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def release(payments, ada, today):
    return Release.objects.add(
        product=payments,
        name="7.0",
        tier=Release.Tier.FULL,
        target_on=today - timedelta(days=45),
        status=Release.Status.RELEASED,
        released_on=today - timedelta(days=40),
        by=ada,
    )


@pytest.fixture
def review(release, ada):
    return LaunchReview.objects.add(release=release, by=ada)


def days_ago(days):
    then = timezone.now() - timedelta(days=days)
    return patch("django.utils.timezone.now", lambda: then)


def note(review, by, kind="keep", text="Rehearse the way back."):
    return ReviewNote.objects.add(review=review, kind=kind, text=text, by=by)


# --- outcomes ------------------------------------------------------------------------------------------


def test_a_key_result_is_told_as_it_was_then_and_is_now(release, payments, ada):
    with days_ago(60):
        objective = Objective.objects.add(title="Fewer late payments", product=payments, by=ada)
        late = KeyResult.objects.add(objective=objective, title="Late payments", start=30, target=10, by=ada)
        late.check_in(current=Decimal(28), by=ada)
        feature = Feature.objects.add(product=payments, title="Reminders", objectives=[objective], by=ada)
        release.take([feature], by=ada)
    with days_ago(20):
        late.check_in(current=Decimal(22), by=ada)
    late.check_in(current=Decimal(15), by=ada)
    [(told, [outcome])] = lookback.outcomes(release, by=ada)
    assert told == objective
    assert (outcome.then, outcome.now, outcome.verdict) == (28, 15, "Closer")
    late.check_in(current=Decimal(9), by=ada)
    [(_, [outcome])] = lookback.outcomes(release, by=ada)
    assert outcome.verdict == "Reached"


def test_what_was_never_measured_says_so(release, payments, ada):
    objective = Objective.objects.add(title="Fewer late payments", product=payments, by=ada)
    KeyResult.objects.add(objective=objective, title="Late payments", start=30, target=10, by=ada)
    release.take([Feature.objects.add(product=payments, title="Reminders", objectives=[objective], by=ada)], by=ada)
    [(_, [outcome])] = lookback.outcomes(release, by=ada)
    assert (outcome.then, outcome.now, outcome.verdict) == (None, None, "Not measured")


# --- dates and scope -----------------------------------------------------------------------------------


def test_a_task_is_held_against_the_first_day_that_was_planned(release, engineering, ada, today):
    stream = Workstream.objects.add(release=release, department=engineering, by=ada)
    planned = today - timedelta(days=60)
    build, test = Task.objects.add_many(
        [{"workstream": stream, "title": title, "deadline": planned} for title in ("Build", "Test")], by=ada
    )
    build.change(deadline=planned + timedelta(days=10), by=ada)
    build.finish(on=planned + timedelta(days=9), by=ada)
    test.finish(on=planned - timedelta(days=2), by=ada)
    [part] = lookback.parts(release, by=ada)
    assert [(one.task.title, one.days_late) for one in part.kept] == [("Build", 9), ("Test", -2)]
    assert (part.planned_on, part.days_late, part.late) == (planned, 9, 1)


def test_only_what_came_or_went_while_the_plan_stood_is_told(release, payments, engineering, ada, today):
    titles = ("Kept", "Fell out", "Came in", "Came and went", "Came after")
    kept, fell, came, guest, after = Feature.objects.add_many(
        [{"product": payments, "title": title} for title in titles], by=ada
    )
    with days_ago(90):
        release.take([kept, fell], by=ada)
    with days_ago(80):
        Workstream.objects.add(release=release, department=engineering, by=ada)
    with days_ago(60):
        release.take([came, guest], by=ada)
        release.drop([fell], by=ada)
    with days_ago(50):
        release.drop([guest], by=ada)
    release.take([after], by=ada)
    changes = lookback.scope_changes(release, lookback.scope_since(release), by=ada)
    assert {(one.feature, one.came_in) for one in changes} == {(came, True), (fell, False)}


# --- what is learnt ------------------------------------------------------------------------------------


def test_a_review_is_concluded_once_it_says_something(review, ada, today):
    with pytest.raises(DomainError, match="what it came to"):
        review.conclude(" ", on=today, by=ada)
    with pytest.raises(DomainError, match="what to keep"):
        review.conclude("Late, and good.", on=today, by=ada)
    kept = note(review, ada)
    review.conclude("Late, and good.", on=today, by=ada)
    assert (review.concluded, review.concluded_on) == (True, today)
    with pytest.raises(DomainError, match="open it again"):
        kept.change(text="Another", by=ada)
    review.reopen(by=ada)
    ReviewNote.objects.get(pk=kept.pk).change(text="Another", by=ada)


def test_what_is_not_out_has_no_review_and_what_is_has_one(review, release, payments, ada):
    with pytest.raises(DomainError, match="has a review already"):
        LaunchReview.objects.add(release=release, by=ada)
    coming = Release.objects.add(product=payments, name="8.0", by=ada)
    with pytest.raises(DomainError, match="is not out yet"):
        LaunchReview.objects.add(release=coming, by=ada)


def test_a_review_from_start_to_end_on_its_page(release, ada, client, today):
    owner = Person.objects.add(name="Dana", by=ada)
    client.force_login(ada.user)
    page = f"/northwind/releases/{release.key}/review/"
    assert "Nobody has looked back" in client.get(page).content.decode()
    assert client.post(f"{page}start/", {"owner": owner.key, "due_on": str(today)}).status_code == 302
    add = "/northwind/launch-reviews/REV-1/"
    assert client.post(f"{add}notes/new/", {"kind": "change", "text": "Ask the bank first."}).status_code == 302
    sent = {"title": "Write it down", "owner": owner.key, "due_on": str(today - timedelta(days=1))}
    assert client.post(f"{add}follow-ups/new/", sent).status_code == 302
    assert client.post(f"{add}conclude/", {"summary": ""}).status_code == 422
    assert client.post(f"{add}conclude/", {"summary": "Late, and good."}).status_code == 302
    shown = client.get(page).content.decode()
    for words in ("What 7.0 came to", "5 days late against its target", "Ask the bank first.", "1 of 1 follow-ups is"):
        assert words in shown
    assert client.post("/northwind/follow-ups/FU-1/done/").status_code == 302
    assert FollowUp.objects.get().done_on == today


def test_the_tab_is_there_once_the_release_is_out(release, payments, ada, client):
    coming = Release.objects.add(product=payments, name="8.0", by=ada)
    client.force_login(ada.user)
    assert f"/releases/{release.key}/review/" in client.get(f"/northwind/releases/{release.key}/").content.decode()
    assert f"/releases/{coming.key}/review/" not in client.get(f"/northwind/releases/{coming.key}/").content.decode()
    assert "is not out yet" in client.get(f"/northwind/releases/{coming.key}/review/").content.decode()


def test_the_api_looks_back(release, review, ada):
    note(review, ada)
    caller = Caller(ada)
    told = caller.client.put(
        f"/api/v1/workspaces/northwind/launch-reviews/{review.key}/conclusion",
        {"summary": "Good."},
        content_type="application/json",
    )
    assert told.json()["status"] == "concluded"
    assert caller.get(f"releases/{release.key}/look-back").json() == {
        "outcomes": [],
        "tasks": [],
        "came_in": [],
        "fell_out": [],
    }


# --- RL111: somebody looks back ------------------------------------------------------------------------


def test_a_launch_without_review_is_found_until_one_is_concluded(alignment, release, ada, today):
    assert alignment.subjects(NoPostLaunchReview) == [release]
    assert "its review is not started" in alignment.evidence(NoPostLaunchReview)
    dana, eve = (Person.objects.add(name=name, by=ada) for name in ("Dana", "Eve"))
    alignment.finding(NoPostLaunchReview).fix("start_review", owner=dana, by=ada)
    assert "led by Dana, is a draft" in alignment.evidence(NoPostLaunchReview)
    alignment.finding(NoPostLaunchReview).fix("name_owner", owner=eve, by=ada)
    note(LaunchReview.objects.get(), ada)
    assert "led by Eve" in alignment.evidence(NoPostLaunchReview)
    alignment.finding(NoPostLaunchReview).fix("conclude", summary="Late, and good.", by=ada)
    assert alignment.subjects(NoPostLaunchReview) == []


def test_fresh_and_small_releases_need_none(alignment, release, ada, today):
    assert alignment.checked(NoPostLaunchReview) == 1
    release.change(released_on=today - timedelta(days=30), by=ada)
    assert alignment.checked(NoPostLaunchReview) == 0
    release.change(released_on=date(2020, 1, 1), tier=Release.Tier.SILENT, by=ada)
    assert alignment.checked(NoPostLaunchReview) == 0
    release.change(tier=Release.Tier.FEATURE, by=ada)
    assert alignment.checked(NoPostLaunchReview) == 1
    release.archive(by=ada)
    assert alignment.checked(NoPostLaunchReview) == 0
