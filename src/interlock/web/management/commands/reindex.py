from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from interlock.web.search import reindex
from interlock.workspaces.models import Workspace


class Command(BaseCommand):
    help = "Build the search index anew, after an upgrade that says so or a restore from elsewhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", metavar="SLUG", help="only this one; all of them where absent")

    def handle(self, *, workspace: str | None = None, **options: Any) -> None:
        found = Workspace.objects.all()
        if workspace:
            found = found.filter(slug=workspace)
            if not found:
                raise CommandError(f"There is no workspace “{workspace}”.")
        for one in found:
            self.stdout.write(f"{one.slug}: {reindex(one):,} rows can be found")
