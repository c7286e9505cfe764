import dataclasses
import json
import math
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from interlock.alignment import registry
from interlock.alignment.management.commands.check_alignment import chosen
from interlock.connect.management.commands.import_plan import progress_bar
from interlock.connect.proving.events import EventHistory
from interlock.connect.proving.files import FileHistory
from interlock.connect.proving.proving import Proven, Worth, known, prove
from interlock.connect.proving.scratch import ReplayFailed
from interlock.connect.proving.told import Told, TooLittle
from interlock.connect.readers import Refusal
from interlock.engine.slips import Interval

# Of an open release so many are named, those most likely to slip.
FIRST = 10


class Command(BaseCommand):
    help = "Replay a workspace's history, and say how often what the rules warned of slipped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.prog = "interlock backtest"
        parser.add_argument(
            "--workspace",
            metavar="SLUG",
            help="the workspace's address, such as northwind; may be left out where there is one",
        )
        parser.add_argument(
            "--history",
            type=Path,
            metavar="FILE",
            help="what is what in a history that stands in files (YAML); without it, the audit log is the history",
        )
        parser.add_argument("--source", type=Path, metavar="FOLDER", help="where those files are (else beside FILE)")
        parser.add_argument("--seed", type=int, default=1, help="of the bootstrap (default: %(default)s)")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(
        self, *, workspace: str | None, history: Path | None, source: Path | None, seed: int, **options: Any
    ) -> None:
        place = chosen(workspace)
        if source and not history:
            raise CommandError("--source takes --history: what is what in those files.", returncode=2)
        if source and not source.is_dir():
            raise CommandError(f"There is no folder {source}.", returncode=2)
        try:
            told: Told = FileHistory(history, source or history.parent) if history else EventHistory(place)
            with progress_bar(enabled=self.stderr.isatty()) as bar:
                proven = prove(
                    told,
                    place,
                    now=timezone.now(),
                    seed=seed,
                    progress=lambda done, total: bar("Replaying freezes", done, total),
                )
        except (Refusal, ReplayFailed, TooLittle) as problem:
            raise CommandError(str(problem), returncode=2) from problem
        proven.keep(told, place)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(proven), ensure_ascii=False, indent=2))
        else:
            width = None if self.stdout.isatty() else 160
            show(proven, Console(file=getattr(self.stdout, "_out", None), width=width, highlight=False))


def show(proven: Proven, console: Console) -> None:
    releases = proven.releases
    of = len(proven.cases)
    console.print(
        f"{len(releases)} releases, {releases[0]} to {releases[-1]}: {of} features were promised at their freezes, "
        f"and {proven.slipped} of them slipped ({proven.slipped / of:.0%}).\n"
    )
    table = Table("", "warned of", "slipped", "of the rest", "times as likely", "precision", "recall", "AUC", box=None)
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for worth in (*proven.rules, proven.together):
        table.add_row(*_row(worth))
    console.print(table)
    console.print("Figures in brackets: 95% intervals; those of the AUC by drawing whole releases.", style="dim")
    if proven.untestable:
        console.print("\nNot testable on this history:")
        for code, why in proven.untestable.items():
            console.print(f"  {code} {registry.rule(code).name}: {why}")
    if proven.foretold is None:
        console.print("\nToo little is known for a model of the chance to slip.")
        return
    found = proven.foretold
    if found.n:
        told = f"AUC {_figure(found.auc, found.auc_interval)} on {found.n} features from {found.since} on"
        console.print(f"\nThe chance to slip, foretold at each freeze from what was known then: {told}.")
    console.print("What it weighs, learnt from all of them (log odds for one standard deviation more):")
    for one in found.model.weights:
        console.print(f"  {one.weight:+.2f}  {one.name}")
    for release in dict.fromkeys(one.release for one in found.open):
        own = sorted((one for one in found.open if one.release == release), key=lambda one: -one.chance)
        expected = sum(one.chance for one in own)
        console.print(
            f"\n{release} is not out: of {len(own)} features about {expected:.0f} will come later. Most likely:"
        )
        for chance in own[:FIRST]:
            console.print(f"  {chance.chance:.0%}  {chance.item}  {', '.join(chance.because)}")


def _row(worth: Worth) -> list[str]:
    told = worth.contrast
    name = f"{worth.code} {registry.rule(worth.code).name}" if worth.code else "all rules together"
    return [
        name,
        str(told.warned),
        str(told.warned_slipped),
        f"{told.spared_slipped} of {told.spared}",
        _figure(told.lift, told.lift_interval),
        _figure(told.precision, told.precision_interval),
        _figure(told.recall, told.recall_interval),
        _figure(worth.auc, worth.auc_interval),
    ]


def _figure(value: float, interval: Interval) -> str:
    if math.isnan(value):
        return "–"
    ends = "" if math.isnan(interval.low) else f" [{interval.low:.2f}, {interval.high:.2f}]"
    return f"{value:.2f}{ends}"


def as_json(proven: Proven) -> dict[str, Any]:
    found = proven.foretold
    return {
        "releases": proven.releases,
        "features": len(proven.cases),
        "slipped": proven.slipped,
        "together": _worth_told(proven.together),
        "rules": [_worth_told(worth) for worth in proven.rules],
        "untestable": dict(proven.untestable),
        "model": found
        and {
            "since": found.since,
            "features": found.n,
            "auc": known(found.auc),
            "auc_interval": _ends(found.auc_interval),
            "base": found.model.base,
            "weights": [dataclasses.asdict(one) for one in found.model.weights],
            "open": [one._asdict() for one in found.open],
        },
    }


def _worth_told(worth: Worth) -> dict[str, Any]:
    told = worth.contrast
    return {
        "code": worth.code,
        **dataclasses.asdict(told),
        "lift": known(told.lift),
        "lift_interval": _ends(told.lift_interval),
        "precision": known(told.precision),
        "precision_interval": _ends(told.precision_interval),
        "recall": known(told.recall),
        "recall_interval": _ends(told.recall_interval),
        "auc": known(worth.auc),
        "auc_interval": _ends(worth.auc_interval),
    }


def _ends(interval: Interval) -> list[float | None]:
    return [known(interval.low), known(interval.high)]
