from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from interlock.config.backup import Refused, backup


class Command(BaseCommand):
    help = "Write one archive of everything, while people go on working. The key is not in it: keep it apart."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the archive to write, as in interlock-2027-01-31.zip")

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            made = backup(file)
        except Refused as error:
            raise CommandError(error) from error
        self.stdout.write(
            f"{file}: {made.rows:,} rows of {made.tables} tables, and {made.files:,} files "
            f"({file.stat().st_size / 1e6:,.1f} MB)."
        )
