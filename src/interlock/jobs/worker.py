import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connections
from django.utils import timezone

from interlock.jobs.models import Heartbeat, Run, Turn
from interlock.jobs.schedule import PERIODIC

logger = logging.getLogger(__name__)

POLL = 0.1
TICK = 1.0
GRACE = 5.0


class Worker:
    """One process with a lane for each queue, so that a long import holds up nothing else.

    The main thread keeps time: it shows that the worker lives, enqueues what is due and takes up what dead
    workers left behind.
    """

    def __init__(self, queues: Sequence[str]) -> None:
        self.queues = queues
        self.name = f"{socket.gethostname()[:30]}-{os.getpid()}-{secrets.token_hex(4)}"
        self.stopping = threading.Event()
        self.next_beat = 0.0

    def stop(self, *_signal: object) -> None:
        self.stopping.set()

    def run(self) -> None:
        """Work until stopped. Runs that do not finish in time are handed back."""
        self.steadily(lambda: Turn.objects.plan(PERIODIC))
        self.steadily(self.tick)
        lanes = [threading.Thread(target=self.lane, args=(queue,), daemon=True) for queue in self.queues]
        for lane in lanes:
            lane.start()
        while not self.stopping.wait(TICK):
            self.steadily(self.tick)
        deadline = time.monotonic() + GRACE
        for lane in lanes:
            lane.join(max(0, deadline - time.monotonic()))
        self.steadily(self.leave)

    def lane(self, queue: str) -> None:
        while not self.stopping.is_set():
            worked = self.steadily(lambda: self.run_next(queue))
            if not worked:
                self.stopping.wait(POLL)
        connections.close_all()

    def steadily(self, step: Callable[[], object]) -> object:
        """A database that restarts or stays locked costs a step, not the worker."""
        try:
            close_old_connections()
            return step()
        except DatabaseError:
            logger.exception("The database did not answer; trying again")
            connections.close_all()
            self.stopping.wait(TICK)
            return None

    def work_off(self) -> int:
        """Run what is due, in this thread, until nothing is. Returns how many runs that were."""
        done = 0
        while any(self.run_next(queue) for queue in self.queues):
            done += 1
        return done

    def run_next(self, queue: str) -> bool:
        run = Run.objects.claim(queue=queue, worker=self.name)
        if run is None:
            return False
        started = time.monotonic()
        try:
            run.execute()
        except (Exception, SystemExit) as error:
            if run.fail(error):
                logger.exception("%s failed for good", run.task_path)
            else:
                logger.warning("%s failed and will be tried again: %r", run.task_path, error)
        else:
            run.succeed()
            logger.debug("%s took %.2f s", run.task_path, time.monotonic() - started)
        return True

    def tick(self) -> None:
        if time.monotonic() >= self.next_beat:
            self.next_beat = time.monotonic() + settings.WORKER_TIMEOUT.total_seconds() / 6
            Heartbeat.objects.update_or_create(pk=self.name, defaults={"seen_at": timezone.now()})
            Run.objects.reap()
        Turn.objects.enqueue_due(PERIODIC)

    def leave(self) -> None:
        Run.objects.release(worker=self.name)
        Heartbeat.objects.filter(pk=self.name).delete()
