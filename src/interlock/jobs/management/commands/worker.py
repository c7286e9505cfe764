import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from interlock.jobs.worker import Worker


class Command(BaseCommand):
    help = "Run background jobs until stopped. `interlock serve` runs one; more may run beside it, anywhere."
    requires_system_checks: list[str] = []  # they load every page, which a worker never serves: 25 MB

    def add_arguments(self, parser: CommandParser) -> None:
        queues = sorted(settings.TASKS["default"]["QUEUES"])
        parser.add_argument(
            "--queue",
            dest="queues",
            action="append",
            choices=queues,
            help=f"work on this queue alone; may be given more than once (default: {', '.join(queues)})",
        )
        parser.add_argument("--once", action="store_true", help="run what is due, then end")

    def handle(self, *, queues: list[str] | None, once: bool, **options: Any) -> None:
        worker = Worker(queues or sorted(settings.TASKS["default"]["QUEUES"]))
        if once:
            self.stdout.write(f"{worker.work_off()} jobs done.")
            return
        signal.signal(signal.SIGTERM, worker.stop)
        signal.signal(signal.SIGINT, worker.stop)
        worker.run()
