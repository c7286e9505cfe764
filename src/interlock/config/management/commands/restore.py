from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from interlock.config.backup import Refused, restore


class Command(BaseCommand):
    help = "Fill an empty installation from a backup, and compare every table's checksum."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="what `interlock backup` has written")

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            restored = restore(file)
        except Refused as error:
            raise CommandError(error) from error
        self.stdout.write(
            f"Restored {restored.rows:,} rows of {restored.tables} tables, all as they were backed up, "
            f"and {restored.files:,} files."
        )
