import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from interlock.alignment.management.commands.check_alignment import chosen
from interlock.engine.outlook import Outlook, Report, Stage, silent
from interlock.jobs.apart import Died, apart
from interlock.releases import planning
from interlock.releases.drafting import Draft
from interlock.releases.figures import Figures, figures, place_of
from interlock.releases.models import Release
from interlock.releases.models.computation import STAGES
from interlock.releases.report import Case, PlanReport
from interlock.releases.scheduling import Gathered, gather
from interlock.releases.terminal import show
from interlock.releases.what_if import FORMS, Supposed, suppose_all
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Workspace

MOST_RUNS, MOST_SECONDS = 100_000, 600
FAILED, CONTRADICTED = 2, 1


class Command(BaseCommand):
    help = "Schedule and forecast a release, and say what would bring it back. --what-if tries changes on paper."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.prog = "interlock plan"
        parser.epilog = f"Changes for --what-if: {'; '.join(one.example for one in FORMS)}."
        parser.add_argument("release", metavar="RELEASE", help="its key or its name, such as R-14")
        parser.add_argument(
            "--workspace",
            metavar="SLUG",
            help="the workspace's address, such as northwind; may be left out where there is one",
        )
        parser.add_argument(
            "--simulate",
            type=_number(1, MOST_RUNS),
            default=planning.RUNS,
            metavar="RUNS",
            help="how often the plan is carried out by chance (default: %(default)s)",
        )
        parser.add_argument(
            "--seed", type=_number(0, 2**31), default=planning.SEED, help="the same, the same answer (default: 1)"
        )
        parser.add_argument(
            "--seconds",
            type=_number(1, MOST_SECONDS),
            default=int(planning.SECONDS),
            help="for which a better schedule is searched (default: %(default)s)",
        )
        parser.add_argument(
            "--what-if",
            nargs="+",
            action="extend",
            default=[],
            metavar="CHANGE",
            help="changes that are tried, each in quotes; before and after are printed side by side",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(
        self, *, release: str, workspace: str | None, simulate: int, seed: int, what_if: list[str], **options: Any
    ) -> None:
        place, today = chosen(workspace), timezone.localdate()
        meant = _release(release, place)
        how = {"seconds": float(options["seconds"]), "runs": simulate, "seed": seed}
        try:
            drafts = [Draft.of(place)]
            changes: list[Supposed] = []
            if what_if:
                draft, changes = suppose_all(what_if, release=meant)
                drafts.append(draft)
            gathered = [gather(place, today=today, draft=one) for one in drafts]
            with progress(enabled=self.stderr.isatty()) as bar:
                outlooks = _computed(gathered, meant, how, bar)
            cases = [_case(one, outlook, meant) for one, outlook in zip(gathered, outlooks, strict=True)]
        except DomainError as refused:
            raise CommandError(refused.sentence, returncode=FAILED) from refused
        except (ValueError, Died, MemoryError) as failed:
            says = str(failed) or "The plan could not be computed: it takes too much memory."
            raise CommandError(says, returncode=FAILED) from failed
        told = PlanReport(meant, today, cases, changes, runs=simulate, seed=seed)
        if options["json"]:
            self.stdout.write(json.dumps(told.as_json(), ensure_ascii=False, indent=2))
        else:
            width = None if self.stdout.isatty() else 160
            show(told, Console(file=getattr(self.stdout, "_out", None), width=width, highlight=False))
        if cases[-1].figures["against"]:
            raise SystemExit(CONTRADICTED)


def _computed(gathered: list[Gathered], release: Release, how: dict[str, Any], report: Report) -> list[Outlook]:
    """Of the plan as it is, and of the other one where there is one."""
    place = place_of(gathered[0], release)
    if place is None or not any(task.workstream.release_id == release.pk for task in gathered[0].tasks):
        raise ValueError(f"{release} has no task that is still to be done: there is nothing to schedule.")
    how = {"at_most": planning.LONGEST, "progress": report, "release": place, **how}
    if len(gathered) > 1:
        return list(apart("interlock.engine.outlook:compare", [one.plan() for one in gathered], **how))
    return [apart("interlock.engine.outlook:look_ahead", gathered[0].plan(), workers=1, **how)]


def _case(gathered: Gathered, outlook: Outlook, release: Release) -> Case:
    told: Figures = figures(gathered, outlook, release)
    place = place_of(gathered, release)
    found = outlook.releases[place] if place is not None and outlook.releases else None
    return Case(gathered, told, levers=found.levers if found else (), learnt=outlook.learnt)


def _release(named: str, workspace: Workspace) -> Release:
    rows = Release.objects.of(workspace).select_related("product")
    found = rows.keyed(named).first()
    if found is None:
        called = list(rows.active().filter(name__iexact=named)[:2])
        if len(called) > 1:
            raise CommandError(f"More than one release is called “{named}”: give the key.", returncode=FAILED)
        found = called[0] if called else None
    if found is None:
        raise CommandError(f"There is no release “{named}” in {workspace.slug}.", returncode=FAILED)
    if not found.open:
        state = "archived" if found.archived else found.get_status_display().lower()
        raise CommandError(f"{found} is {state}: there is nothing left to plan.", returncode=FAILED)
    return found


def _number(least: int, most: int) -> Any:
    def number(text: str) -> int:
        value = int(text.replace(",", "").replace("_", ""))
        if not least <= value <= most:
            raise ValueError
        return value

    # argparse names it: “invalid whole number from 1 to 100,000 value”.
    number.__name__ = f"whole number from {least:,} to {most:,}:"
    return number


@contextmanager
def progress(*, enabled: bool) -> Iterator[Report]:
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not enabled) as bars:
        bar = bars.add_task("Starting", total=1)

        def report(stage: str, share: float) -> None:
            bars.update(bar, description=STAGES[Stage(stage)], completed=share)

        yield report if enabled else silent
