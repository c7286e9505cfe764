import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from interlock.config.doctor import Level, examine


class Command(BaseCommand):
    help = "Say what is configured and what is wrong. Exit status 1 if anything is."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--deploy", action="store_true", help="look also at what matters once others can reach it")

    def handle(self, *, deploy: bool, **options: Any) -> None:
        colours = {Level.FINE: self.style.SUCCESS, Level.NOTE: self.style.WARNING, Level.WRONG: self.style.ERROR}
        wrong = 0
        for diagnosis in examine(deploy=deploy):
            wrong += diagnosis.level is Level.WRONG
            level = colours[diagnosis.level](f"{diagnosis.level.value:<5}")
            self.stdout.write(f"{level}  {diagnosis.subject:<13}  {diagnosis.says}")
        if wrong:
            sys.exit(1)
