import secrets
from io import StringIO
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import timezone

from interlock.alignment.tasks import check_workspace
from interlock.config.home import prepare
from interlock.config.management.commands.serve import migrate, refuse_taken
from interlock.config.northwind import live_through
from interlock.connect.models import ImportRun
from interlock.jobs.worker import Worker
from interlock.workspaces.models import User, Workspace
from interlock.workspaces.permissions import Role

CAST = {
    "Olga Lindgren": Role.OWNER,
    "Amir Farouk": Role.ADMIN,
    "Ada Moreau": Role.EDITOR,
    "Cora Jansen": Role.CONTRIBUTOR,
    "Ben Okafor": Role.VIEWER,
    "Gus Petrov": Role.GUEST,
}


class Command(BaseCommand):
    help = "Fill two workspaces to look at: Northwind, which is made up, and Kubernetes, which is real."
    requires_system_checks: list[str] = []  # they load every page, which takes a second

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--serve", action="store_true", help="then serve them")
        parser.add_argument("--host", default=settings.HOST, help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", default=settings.PORT, type=int, help="default: %(default)s")

    def handle(self, *, serve: bool, host: str, port: int, **options: Any) -> None:
        if serve:
            refuse_taken(host, port)
        self.fill()
        if serve:
            call_command("serve", host=host, port=port)

    def fill(self) -> None:
        migrate()
        password = demo_password()
        found = set(Workspace.objects.values_list("slug", flat=True))
        if "northwind" not in found:
            self.say("Filling Northwind: twelve weeks of a made-up company …")
        with transaction.atomic():
            users = [somebody(name, password) for name in CAST]
            if "northwind" not in found:
                live_through(dict(zip(CAST.values(), users, strict=True)), today=timezone.localdate())
            if "kubernetes" not in found:
                Workspace.objects.found("Kubernetes", by=users[0])
        # Also where an earlier call was interrupted: importing the same again does no harm.
        whole = ImportRun.objects.filter(workspace__slug="kubernetes", state=ImportRun.State.DONE).exists()
        if not whole:
            self.bring_in_kubernetes()
        new = Workspace.objects.filter(slug__in={"northwind", "kubernetes"} - found)
        for workspace in new:
            self.say(f"Checking {workspace.name} …")
            check_workspace.enqueue_once(workspace_id=workspace.pk)
        Worker(sorted(settings.TASKS["default"]["QUEUES"])).work_off()
        self.say("The workspaces Northwind and Kubernetes are filled. Sign in as one of")
        for user, role in zip(users, CAST.values(), strict=True):
            self.say(f"  {user.email:<26}{Role(role).label}")
        self.say(f"each with the password {password}")

    def bring_in_kubernetes(self) -> None:
        self.say("Importing Kubernetes: the real plan of two dozen groups …")
        folder = examples() / "kubernetes"
        for data in sorted(path for path in folder.iterdir() if path.is_dir()):
            # What the import has to tell is long, and kept with it.
            call_command(
                "import_plan", data, mapping=folder / "mapping.yaml", workspace="kubernetes", stdout=StringIO()
            )

    def say(self, what: str) -> None:
        """At once: somebody waits."""
        self.stdout.write(what)
        self.stdout.flush()


def demo_password() -> str:
    """Made once for each installation, since whoever knows it may sign in."""
    path = prepare(settings.HOME) / "demo-password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(6))
    return path.read_text()


def somebody(name: str, password: str) -> User:
    email = f"{name.split()[0].lower()}@northwind.example"
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, password, name=name)
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def examples() -> Path:
    """In the package once it is installed, beside it in a working copy."""
    installed: Path = settings.PACKAGE / "examples"
    return installed if installed.exists() else settings.PACKAGE.parent.parent / "examples"
