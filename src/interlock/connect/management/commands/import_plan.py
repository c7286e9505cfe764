import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from interlock.connect.exporting.reading import recognised
from interlock.connect.exporting.restoring import bring_in, refuse_full
from interlock.connect.importing.mapping import Mapping
from interlock.connect.importing.notes import Note
from interlock.connect.importing.nouns import NOUNS
from interlock.connect.importing.run import Report, Run
from interlock.connect.models import ImportRun
from interlock.connect.readers import Refusal, opened
from interlock.connect.readers.refusal import place
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Role

SHOWN_AT_A_PLACE = 20


class Command(BaseCommand):
    help = "Bring a plan in from files, as a mapping says. The same import twice changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.prog = "interlock import"
        parser.add_argument(
            "source", type=Path, metavar="FILE_OR_FOLDER", help="a file, a folder, a zip or tar archive"
        )
        parser.add_argument(
            "--mapping", type=Path, metavar="FILE", help="what becomes what (YAML); an export of Interlock needs none"
        )
        parser.add_argument(
            "--workspace", required=True, metavar="SLUG", help="the workspace to import into; for an export, a new one"
        )
        parser.add_argument("--dry-run", action="store_true", help="check and report, and write nothing")
        parser.add_argument("--strict", action="store_true", help="write all rows or none")
        parser.add_argument("--as", dest="member", metavar="E-MAIL", help="the member who imports (else an owner)")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write every note there, as JSON Lines")

    def handle(self, *, source: Path, mapping: Path | None, workspace: str, **options: Any) -> None:
        member = acting_member(workspace, options["member"])
        if mapping is None:
            return self._bring_in(source, member, dry_run=options["dry_run"])
        try:
            rules = Mapping.parse(_text(mapping), name=mapping.name)
            with (
                progress_bar(enabled=self.stderr.isatty()) as progress,
                Run(opened(source), rules, by=member, strict=options["strict"], progress=progress) as run,
            ):
                report = run.check()
                if not options["dry_run"]:
                    report = run.write()
                    ImportRun.objects.note_down(report, run.notes(), label=source.name, mapping=rules, by=run.by)
                if options["report"]:
                    _write_notes(options["report"], run.notes())
                self._tell(report, run.notes(), options)
        except (Refusal, PermissionDenied) as refusal:
            raise CommandError(f"{refusal} Nothing was written.") from refusal
        if report.stopped:
            raise CommandError(report.stopped)
        return None

    def _bring_in(self, source: Path, member: Member, *, dry_run: bool) -> None:
        """An export of Interlock says itself what is what."""
        try:
            archive = recognised(source)
            if archive is None:
                opened(source)
                raise CommandError(
                    f"{source.name} is no export of Interlock. Say with --mapping what becomes what in it."
                )
            if dry_run:
                archive.look_through()
                refuse_full(member)
                self.stdout.write(
                    f"{archive.rows:,} rows would be brought in. This was a dry run: nothing was written."
                )
                return
            brought = bring_in(archive, by=member)
        except (Refusal, PermissionDenied) as refusal:
            raise CommandError(f"{refusal} Nothing was written.") from refusal
        self.stdout.write(
            f"Brought in {brought.rows:,} rows of {brought.kinds} kinds; the check of them is on its way."
        )
        if brought.besides:
            self.stdout.write(f"{brought.besides} is an owner besides the members that came with it.")

    def _tell(self, report: Report, notes: Iterable[Note], options: dict[str, Any]) -> None:
        console = Console(file=self.stdout, width=None if self.stdout.isatty() else 160, highlight=False)  # type: ignore[arg-type]
        table = Table("", *(("would be " if report.dry else "") + one for one in ("created", "changed")), box=None)
        table.add_column("unchanged", justify="right")
        table.add_column("refused", justify="right")
        for column in table.columns[1:]:
            column.justify = "right"
        for noun, one in report.counts.items():
            figures = (one.created, one.changed, one.unchanged, one.refused)
            table.add_row(NOUNS[noun].titles.capitalize(), *(f"{figure:,}" for figure in figures))
        console.print(table)
        for kind, of_kind in groupby(notes, key=lambda note: note.kind):
            console.print(f"\n{kind.heading} ({report.notes[kind]:,})", style="bold")
            for about, group in groupby(of_kind, key=about_what):
                told = iter(group)
                shown = list(islice(told, SHOWN_AT_A_PLACE))
                rest = sum(1 for _ in told)
                console.print(f"  {about} ({len(shown) + rest:,})" if about else "")
                for note in shown:
                    where = f"{place(note.file, note.line)}: " if note.file else ""
                    console.print(f"    {where}{note.text}", soft_wrap=True, markup=False)
                if rest:
                    where = f"in {options['report']}" if options["report"] else "with --report FILE"
                    console.print(f"    … and {rest:,} more, all of them {where}")
        if report.dry and not report.stopped:
            console.print("\nThis was a dry run: nothing was written.")


def about_what(note: Note) -> str:
    return " ".join(one for one in (note.entity, note.field) if one).replace("_", " ")


def acting_member(workspace: str, email: str | None) -> Member:
    """The member of that address; without one, whoever has owned the workspace longest."""
    members = Member.objects.active().filter(workspace__slug=workspace).select_related("workspace", "user")
    if email:
        found = members.filter(user__email__iexact=email).first()
        if found is None:
            raise CommandError(f"{email} is no member of a workspace “{workspace}”.")
        return found
    found = members.filter(role=Role.OWNER).order_by("pk").first()
    if found is None:
        raise CommandError(f"There is no workspace “{workspace}”.")
    return found


@contextmanager
def progress_bar(*, enabled: bool) -> Iterator[Any]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not enabled) as bars:
        tasks: dict[str, Any] = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield progress


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(f"The mapping {path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"The mapping {path} is not UTF-8.") from error


def _write_notes(path: Path, notes: Iterable[Note]) -> None:
    try:
        with path.open("w", encoding="utf-8") as file:
            for note in notes:
                values = {name: getattr(note, name) for name in ("kind", "entity", "field", "file", "line", "text")}
                file.write(json.dumps(values, ensure_ascii=False) + "\n")
    except OSError as error:
        raise CommandError(f"The report {path} cannot be written ({error.strerror}).") from error
