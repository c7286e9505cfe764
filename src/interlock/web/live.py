"""Live updates: what one person changes, the others' pages hear of within half a second.

A change leaves a LiveEvent in its own transaction. One hub in each process watches the table (PostgreSQL
says when there is something, SQLite is asked four times a second) and tells its subscribers what each may
see. An event says that something of a kind changed, never what: the page fetches that by the door it
came through.
"""

import asyncio
import json
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from django.apps import apps
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import close_old_connections, connection
from django.utils import timezone
from django.utils.text import slugify

from interlock.alignment.models import Finding, Score
from interlock.connect.models import ImportRun
from interlock.organisation.models import Product
from interlock.releases.models import Forecast
from interlock.web.models import LiveEvent
from interlock.workspaces.changes import Change, changed
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Action
from interlock.workspaces.plan import PlanModel

log = logging.getLogger(__name__)
T = TypeVar("T")

KEPT = timedelta(minutes=15)
POLL = 0.25  # seconds between looks at the table, where the database does not say
RECHECK = 0.75  # after which rights are looked at again: revoked ones end a stream within a second
HEARTBEAT = 15
READY = 5  # seconds that a stream waits until events are watched; where the database is away, it opens without
LIFE = timedelta(hours=1)  # then the browser comes anew, through every door that a request must pass
OVERLAP = 2000  # milliseconds told again on return: transactions do not end in the order they began
MANY = 20
CHANNEL = "interlock_live"


def listen() -> None:
    changed.connect(note, dispatch_uid="web.live")


# --- noting ------------------------------------------------------------------------------------------


@cache
def topic(label: str) -> str:
    """What pages call a kind of row: “features”, “key-results”; nothing for what is nobody else's business."""
    model = apps.get_model(label)
    told = issubclass(model, (PlanModel, Finding, Score, Forecast, ImportRun))
    return slugify(str(model._meta.verbose_name_plural)) if told else ""


# Topics that not every reader hears of: what one must be allowed to.
TAKES = {"imports": Action.IMPORT}


# Who sees these depends on more than one product: a key would tell too much.
KEYLESS = {"alignment.finding", "alignment.score", "backlog.dependency"}


def note(changes: Sequence[Change], **_: Any) -> None:
    topics: dict[tuple[int, int | None, int | None, Action | None], set[str]] = defaultdict(set)
    keys: dict[tuple[int, int | None, int | None, Action | None], set[str]] = defaultdict(set)
    for change in changes:
        place = change.workspace_id, change.product_id, change.member_id, TAKES.get(topic(change.model))
        topics[place] |= {topic(label) for label in (change.model, *change.touched)} - {""}
        if topic(change.model) and change.model not in KEYLESS:
            keys[place].add(change.key)
    events = LiveEvent.objects.bulk_create(
        LiveEvent(
            workspace_id=place[0],
            product_id=place[1],
            member_id=place[2],
            topics=sorted(heard),
            keys=sorted(keys[place]) if len(keys[place]) <= MANY else [],
        )
        for place, heard in topics.items()
        if heard
    )
    if events and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Inside the transaction: PostgreSQL says it when that commits.
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, ",".join(str(event.pk) for event in events)])


def prune() -> None:
    LiveEvent.objects.filter(at__lt=timezone.now() - KEPT).delete()


# --- telling -----------------------------------------------------------------------------------------


def now_ms() -> int:
    return int(time.time() * 1000)


@dataclass(eq=False)
class Subscriber:
    """One open stream. What it has not been told yet is kept as sets, so a slow reader costs no memory."""

    member: Member
    session: str
    session_hash: str
    topics: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    over: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, topics: Iterable[str], keys: Iterable[str]) -> None:
        self.topics.update(topics)
        self.keys.update(keys)
        self.news.set()

    def end(self) -> None:
        self.over = True
        self.news.set()

    async def messages(self) -> AsyncIterator[str]:
        ends = time.monotonic() + LIFE.total_seconds()
        yield "retry: 2000\n: here\n\n"
        while time.monotonic() < ends:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), HEARTBEAT)
            if self.over:
                yield "event: over\ndata: {}\n\n"
                return
            if not self.news.is_set():
                yield ": still here\n\n"
                continue
            self.news.clear()
            told = {"topics": sorted(self.topics), "keys": sorted(self.keys)}
            self.topics, self.keys = set(), set()
            yield f"id: {now_ms()}\ndata: {json.dumps(told)}\n\n"


class Hub:
    """The subscribers of this process, and the one task that watches for them."""

    def __init__(self) -> None:
        self.subscribers: set[Subscriber] = set()
        self.watching: set[asyncio.Task[None]] = set()
        self.ready = asyncio.Event()
        # A thread of its own, so that the stream's questions never wait behind a page's.
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live")

    async def ask(self, question: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.thread, _answer, question, *args)

    async def join(self, subscriber: Subscriber, since: int | None) -> None:
        """Whatever happens after this has returned, the subscriber hears of."""
        self.subscribers.add(subscriber)
        if not self.watching:
            self.ready = asyncio.Event()
            watch = self._notified(self.ready) if connection.vendor == "postgresql" else self._polled(self.ready)
            self.watching = {asyncio.create_task(watch), asyncio.create_task(self._rechecked())}
        with suppress(TimeoutError):
            await asyncio.wait_for(self.ready.wait(), READY)
        # Asked once the watch goes on, so that nothing falls between the two.
        if since is not None:
            topics, keys = await self.ask(missed, subscriber.member, since)
            if topics:
                subscriber.tell(topics, keys)

    def leave(self, subscriber: Subscriber) -> None:
        self.subscribers.discard(subscriber)
        if not self.subscribers:
            for task in self.watching:
                task.cancel()
            self.watching = set()

    # --- watching ------------------------------------------------------------------------------------

    async def _polled(self, ready: asyncio.Event) -> None:
        last = None
        while True:
            try:
                if last is None:
                    last = await self.ask(newest)
                    ready.set()
                await asyncio.sleep(POLL)
                events = await self.ask(after, last)
                if events:
                    last = events[-1].pk
                    await self._deliver(events)
            except Exception:
                log.exception("The live events could not be read")
                await asyncio.sleep(1)

    async def _notified(self, ready: asyncio.Event) -> None:
        from psycopg import AsyncConnection  # takes 10 MB, which a process on SQLite does without

        since = timezone.now()
        while True:
            try:
                async with await AsyncConnection.connect(**_dsn(), autocommit=True) as listening:
                    await listening.execute(f"LISTEN {CHANNEL}")
                    ready.set()
                    # What happened while nobody listened.
                    await self._deliver(await self.ask(at_or_after, since - timedelta(seconds=2)))
                    async for notice in listening.notifies():
                        since = timezone.now()
                        await self._deliver(await self.ask(those, notice.payload))
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("The database's notices could not be heard")
                await asyncio.sleep(1)

    async def _deliver(self, events: Sequence[LiveEvent]) -> None:
        for event in events:
            here = [s for s in self.subscribers if s.member.workspace_id == event.workspace_id]
            if here:
                seeing = await self.ask(who_sees, event, [subscriber.member for subscriber in here])
                for subscriber in here:
                    if subscriber.member.pk in seeing:
                        subscriber.tell(event.topics, event.keys)

    async def _rechecked(self) -> None:
        while True:
            await asyncio.sleep(RECHECK)
            here = list(self.subscribers)
            try:
                welcome = await self.ask(still_welcome, here)
            except Exception:
                log.exception("Rights could not be looked at: the streams end")
                welcome = set()
            for subscriber in here:
                if subscriber not in welcome:
                    subscriber.end()


hub = Hub()


def _dsn() -> dict[str, Any]:
    ours = {"context", "cursor_factory", "prepare_threshold"}
    return {name: value for name, value in connection.get_connection_params().items() if name not in ours}


# --- what the hub asks the database, in its own thread ------------------------------------------------


def _answer(question: Callable[..., T], *args: Any) -> T:
    close_old_connections()
    try:
        return question(*args)
    finally:
        if connection.vendor == "postgresql":
            connection.close()  # back to the pool


def newest() -> int:
    return LiveEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def after(pk: int) -> list[LiveEvent]:
    return list(LiveEvent.objects.filter(pk__gt=pk).order_by("pk")[:500])


def at_or_after(moment: datetime) -> list[LiveEvent]:
    return list(LiveEvent.objects.filter(at__gte=moment).order_by("pk")[:500])


def those(payload: str) -> list[LiveEvent]:
    return list(LiveEvent.objects.filter(pk__in=[int(pk) for pk in payload.split(",") if pk.isdigit()]))


def missed(member: Member, since: int) -> tuple[set[str], set[str]]:
    """What a browser that comes back has not heard; “everything” where that is no longer known."""
    moment = datetime.fromtimestamp(max(0, since - OVERLAP) / 1000, tz=UTC)
    if timezone.now() - moment > KEPT:
        return {"everything"}, set()
    topics: set[str] = set()
    keys: set[str] = set()
    for event in LiveEvent.objects.filter(workspace=member.workspace_id, at__gte=moment)[:1000]:
        if who_sees(event, [member]):
            topics.update(event.topics)
            keys.update(event.keys)
    return topics, keys


def who_sees(event: LiveEvent, members: Sequence[Member]) -> set[int]:
    """Of some members of the event's workspace, those who may hear of it."""
    members = [one for one in members if all(one.can(TAKES[name]) for name in event.topics if name in TAKES)]
    if event.member_id is not None:
        members = [one for one in members if one.pk == event.member_id or one.can(Action.CONFIGURE)]
    if event.product_id is None:
        return {member.pk for member in members if member.reads_all}
    product = Product.objects.filter(pk=event.product_id)
    if product.filter(restricted=False).exists():
        everybody = {member.pk for member in members if member.reads_all}
    else:
        everybody = set()
    listed = {
        member.pk
        for member in members
        if member.pk not in everybody and Product.objects.visible_to(member).filter(pk=event.product_id).exists()
    }
    return everybody | listed


def still_welcome(subscribers: Sequence[Subscriber]) -> set[Subscriber]:
    """Those whose session lives, whose password is the same, and whose seat is theirs; their roles are renewed."""
    sessions = set(
        Session.objects.filter(
            session_key__in={one.session for one in subscribers}, expire_date__gt=timezone.now()
        ).values_list("session_key", flat=True)
    )
    members = (
        Member.objects.active()
        .filter(pk__in={one.member.pk for one in subscribers})
        .select_related("workspace", "user")
        .in_bulk()
    )
    welcome = set()
    for one in subscribers:
        member = members.get(one.member.pk)
        if member and one.session in sessions and _same_password(member, one):
            one.member = member
            welcome.add(one)
    return welcome


def _same_password(member: Member, one: Subscriber) -> bool:
    return member.user is not None and member.user.get_session_auth_hash() == one.session_hash


def subscriber_of(request: Any) -> Subscriber:
    return Subscriber(
        member=request.member,
        session=request.session.session_key,
        session_hash=request.session.get(HASH_SESSION_KEY, ""),
    )
