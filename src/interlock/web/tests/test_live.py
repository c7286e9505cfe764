import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.utils import timezone

from interlock.backlog.models import Feature
from interlock.organisation.models import Product
from interlock.web import live
from interlock.web.live import Hub, Subscriber, missed, now_ms, still_welcome, who_sees
from interlock.web.models import LiveEvent
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Role


@pytest.fixture
def payments(ada):
    return Product.objects.add(name="Payments", by=ada)


@pytest.fixture
def lab(amir):
    return Product.objects.add(name="Lab", restricted=True, by=amir)


def subscribe(member):
    """An open stream of somebody who is signed in."""
    session = SessionStore()
    session[HASH_SESSION_KEY] = member.user.get_session_auth_hash()
    session.create()
    return Subscriber(member, session.session_key, session[HASH_SESSION_KEY])


# --- what is noted -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_change_leaves_one_event_that_names_the_kind_and_the_row(payments, ada):
    LiveEvent.objects.all().delete()
    feature = Feature.objects.add(product=payments, title="Export", by=ada)
    event = LiveEvent.objects.get()
    assert (event.product_id, event.keys) == (payments.pk, [feature.key])
    assert "features" in event.topics


@pytest.mark.django_db
def test_five_hundred_changes_leave_one_event_without_keys(payments, ada):
    LiveEvent.objects.all().delete()
    Feature.objects.add_many([{"product": payments, "title": f"F{n}"} for n in range(500)], by=ada)
    assert [event.keys for event in LiveEvent.objects.all()] == [[]]


@pytest.mark.django_db
def test_what_is_nobody_elses_business_is_not_told(ada, olga):
    LiveEvent.objects.all().delete()
    olga.workspace.invitations.model.objects.invite("dora@example.com", Role.VIEWER, by=olga)
    assert not LiveEvent.objects.exists()


@pytest.mark.django_db
def test_events_are_forgotten_after_a_while(payments):
    LiveEvent.objects.update(at=timezone.now() - timedelta(minutes=16))
    live.prune()
    assert not LiveEvent.objects.exists()


# --- who hears of it ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_members_hear_of_what_they_see(payments, lab, ada, amir, ben, gus, northwind):
    everybody = [ada, amir, ben, gus]
    openly = LiveEvent(workspace=northwind, product_id=payments.pk, topics=["features"])
    hidden = LiveEvent(workspace=northwind, product_id=lab.pk, topics=["features"])
    general = LiveEvent(workspace=northwind, topics=["objectives"])
    assert who_sees(openly, everybody) == {ada.pk, amir.pk, ben.pk}
    assert who_sees(general, everybody) == {ada.pk, amir.pk, ben.pk}
    assert who_sees(hidden, everybody) == {amir.pk}
    lab.change(members=[gus], by=amir)
    assert who_sees(hidden, everybody) == {amir.pk, gus.pk}


@pytest.mark.django_db
def test_who_comes_back_hears_what_they_missed(payments, ada, ben, cleo, gus):
    since = now_ms()
    Feature.objects.add(product=payments, title="Export", by=ada)
    assert missed(ben, since) == ({"features", "products"}, {"F-1", "PROD-1"})
    assert missed(gus, since) == missed(cleo, since) == (set(), set())


@pytest.mark.django_db
def test_who_was_away_too_long_is_told_to_look_at_everything(ada):
    assert missed(ada, now_ms() - 20 * 60_000) == ({"everything"}, set())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda one, olga: one.member.end(by=olga), id="the seat is taken away"),
        pytest.param(lambda one, olga: SessionStore(one.session).delete(), id="signed out"),
        pytest.param(lambda one, olga: _password(one.member.user), id="the password was changed"),
        pytest.param(lambda one, olga: _disable(one.member.user), id="the account was disabled"),
    ],
)
def test_rights_that_are_revoked_end_the_stream(end, ben, ada, olga):
    theirs, other = subscribe(ben), subscribe(ada)
    assert still_welcome([theirs, other]) == {theirs, other}
    end(theirs, olga)
    assert still_welcome([theirs, other]) == {other}


def _password(user):
    user.set_password("another correct horse")
    user.save()


def _disable(user):
    user.is_active = False
    user.save()


@pytest.mark.django_db
def test_a_role_that_was_changed_counts_at_once(ben, olga):
    one = subscribe(ben)
    Member.objects.get(pk=ben.pk).change_role(Role.GUEST, by=olga)
    still_welcome([one])
    assert one.member.role == Role.GUEST


# --- the stream --------------------------------------------------------------------------------------


async def told(subscriber, seconds=2):
    """The next message of a stream that is not a sign of life, or None."""

    async def read():
        async for message in subscriber.messages():
            for line in message.splitlines():
                if line.startswith("data:"):
                    return message.startswith("event: over") or json.loads(line[5:])
        return None

    try:
        return await asyncio.wait_for(read(), seconds)
    except TimeoutError:
        return None


@pytest.fixture
def quiet(payments, lab):
    """Nothing has happened lately."""
    LiveEvent.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_a_change_is_heard_within_a_second_and_hidden_ones_are_not(quiet, payments, lab, ada, amir, ben):
    async def scene():
        hub = Hub()
        one, other = subscribe_later(ben), subscribe_later(ada)
        one, other = await hub.ask(one), await hub.ask(other)
        await hub.join(one, None)
        await hub.join(other, None)
        await hub.ask(lambda: Feature.objects.add(product=lab, title="Warp drive", by=amir))
        assert await told(one, 1) is None
        await hub.ask(lambda: Feature.objects.add(product=payments, title="Export", by=ada))
        heard = await told(one, 1)
        hub.leave(one)
        hub.leave(other)
        assert not hub.watching
        await hub.ask(connections.close_all)
        return heard

    assert asyncio.run(scene()) == {"keys": ["F-2"], "topics": ["features", "products"]}


@pytest.mark.django_db(transaction=True)
def test_whoever_has_joined_misses_nothing_however_busy_the_process_is(quiet, payments, ada, ben):
    def elsewhere_adds():
        Feature.objects.add(product=payments, title="Export", by=ada)
        connections.close_all()

    async def scene():
        hub = Hub()
        one = await hub.ask(subscribe_later(ben))
        busy = asyncio.ensure_future(hub.ask(lambda: time.sleep(0.3)))
        await hub.join(one, None)
        with ThreadPoolExecutor() as elsewhere:
            elsewhere.submit(elsewhere_adds).result()
        heard = await told(one, 1)
        hub.leave(one)
        await busy
        await hub.ask(connections.close_all)
        return heard

    assert asyncio.run(scene()) == {"keys": ["F-1"], "topics": ["features", "products"]}


@pytest.mark.django_db(transaction=True)
def test_a_stream_ends_within_a_second_of_the_seat(quiet, ben, olga):
    async def scene():
        hub = Hub()
        one = await hub.ask(subscribe_later(ben))
        await hub.join(one, None)
        await hub.ask(lambda: Member.objects.get(pk=ben.pk).end(by=olga))
        over = await told(one, 1)
        hub.leave(one)
        await hub.ask(connections.close_all)
        return over

    assert asyncio.run(scene()) is True


def subscribe_later(member):
    return lambda: subscribe(member)


def test_a_slow_reader_costs_no_memory():
    one = Subscriber(Member(), "", "")
    for _ in range(10_000):
        one.tell(["features"], ["F-1"])
    assert (one.topics, one.keys) == ({"features"}, {"F-1"})
