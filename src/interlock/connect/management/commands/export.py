from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from interlock.connect.exporting.models import Export
from interlock.connect.management.commands.import_plan import acting_member
from interlock.workspaces.errors import DomainError


class Command(BaseCommand):
    help = "Write everything that a workspace holds to open files. `interlock import` takes them back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.prog = "interlock export"
        parser.add_argument("--workspace", required=True, metavar="SLUG", help="the workspace to export")
        parser.add_argument(
            "--output",
            type=Path,
            metavar="FILE_OR_FOLDER",
            help="the zip archive to make, or an empty folder to fill (else SLUG-DATE.zip, here)",
        )
        parser.add_argument("--as", dest="member", metavar="E-MAIL", help="the member who exports (else an owner)")

    def handle(self, *, workspace: str, output: Path | None, **options: Any) -> None:
        member = acting_member(workspace, options["member"])
        target = output or Path(f"{workspace}-{timezone.localdate():%Y-%m-%d}.zip")
        try:
            made = Export.objects.write(target, by=member)
        except (DomainError, PermissionDenied) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Exported {made.rows:,} rows of {made.kinds} kinds to {target}.")
