from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console

from interlock.alignment import checking
from interlock.alignment.report import Report
from interlock.alignment.rule import Severity
from interlock.alignment.terminal import show
from interlock.organisation.models import Product
from interlock.workspaces.models import Workspace

FORMATS = ("text", "json", "markdown", "junit")


class Command(BaseCommand):
    help = "Check a workspace's alignment and print what pulls apart; --fail-on lets a build fail on it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.prog = "interlock check"
        parser.add_argument(
            "--workspace",
            metavar="SLUG",
            help="the workspace's address, such as northwind; may be left out where there is one",
        )
        parser.add_argument(
            "--product", metavar="KEY_OR_NAME", help="only findings of this product, by its key or name"
        )
        parser.add_argument("--format", choices=FORMATS, default="text", help="how to print (default: text)")
        parser.add_argument(
            "--fail-on",
            choices=[severity.word for severity in Severity],
            help="end with status 1 where a finding is open that is at least so severe",
        )

    def handle(self, *, workspace: str | None, product: str | None, fail_on: str | None, **options: Any) -> None:
        place = chosen(workspace)
        only = chosen_product(product, place) if product else None
        try:
            checking.check(place, today=timezone.localdate())
        except (checking.Busy, checking.RulesFailed) as error:
            raise CommandError(str(error), returncode=2) from error
        report = Report.of(place, only)
        form = options["format"]
        if form == "text":
            show(report, Console(file=getattr(self.stdout, "_out", None), highlight=False, soft_wrap=True))
        else:
            self.stdout.write(getattr(report, form)())
        if fail_on and report.meets(Severity[fail_on.upper()]):
            raise SystemExit(1)


def chosen(slug: str | None) -> Workspace:
    """The workspace of that address, or the only one."""
    if slug:
        found = Workspace.objects.filter(slug=slug).first()
        if found is None:
            raise CommandError(f"There is no workspace “{slug}”.", returncode=2)
        return found
    several = list(Workspace.objects.order_by("slug")[:10])
    if not several:
        raise CommandError("There is no workspace yet: `interlock demo` makes two.", returncode=2)
    if len(several) > 1:
        names = ", ".join(one.slug for one in several)
        raise CommandError(f"There are several workspaces: choose one by --workspace ({names}).", returncode=2)
    return several[0]


def chosen_product(named: str, workspace: Workspace) -> Product:
    products = Product.objects.of(workspace)
    found = products.keyed(named).first() or products.filter(name__iexact=named).first()
    if found is None:
        raise CommandError(f"There is no product “{named}” in {workspace.slug}.", returncode=2)
    return found
