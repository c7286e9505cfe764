"""What an import costs: the first, the same again, in memory, and for those who write meanwhile.

    python -m benchmarks.imports --features 100000

Prints JSON lines, the last a summary.
"""

import csv
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.frame import peak_mb, set_up, stage, tell
from benchmarks.workspace import THINGS, VERBS, WHERE, arguments

MAPPING = """
source: benchmark
imports:
  - entity: release
    external_id: Release
    on_duplicate: merge
    fields: {name: Release, product: {from: Product, on_missing: create}}
  - entity: feature
    external_id: Key
    fields:
      title: Title
      product: {from: Product, on_missing: create}
      status: {from: Status, do: [{lookup: {open: planned, doing: in_progress, closed: done}}]}
      owner: {from: Owner, on_missing: create}
      effort_days: Effort
      tags: {from: Tags, do: [{split: ";"}]}
      release: {from: Release, by: id}
"""
HEADING = ["Key", "Title", "Product", "Status", "Owner", "Effort", "Tags", "Release"]
# A tenth of the rows: what memory is compared with.
SMALLER = 10


def main() -> None:
    """What an import costs: the first, the same again, in memory, and for those who write meanwhile."""
    parser = arguments(main)
    parser.add_argument("--file", type=Path, help="what the benchmark starts itself as: import this one")
    options = parser.parse_args()
    set_up()
    if options.file:
        return once(options.file, slug=options.slug)
    from django.db import connection

    with TemporaryDirectory(prefix="interlock-imports-") as folder:
        found: dict[str, Any] = {}
        for rows in (options.features // SMALLER, options.features):
            file = Path(folder, f"{rows}.csv")
            write(file, rows, seed=options.seed)
            slug = fresh_workspace(rows)
            for which in ("first", "again"):
                found[f"{which} {rows}"] = apart(file, slug)
        most = options.features
        tell(
            summary="imports",
            database=connection.vendor,
            rows=most,
            rows_per_second=found[f"first {most}"]["rows_per_second"],
            rows_per_cpu_second=found[f"first {most}"]["rows_per_cpu_second"],
            again_rows_per_second=found[f"again {most}"]["rows_per_second"],
            peak_mb=found[f"first {most}"]["peak_mb"],
            peak_mb_of_a_tenth=found[f"first {most // SMALLER}"]["peak_mb"],
            longest_wait=found[f"first {most}"]["longest_wait"],
        )
    return None


def write(file: Path, rows: int, *, seed: int) -> None:
    random = Random(seed)
    with file.open("w", newline="", encoding="utf-8") as lines:
        table = csv.writer(lines)
        table.writerow(HEADING)
        for number in range(rows):
            title = f"{random.choice(VERBS)} {random.choice(THINGS)} {random.choice(WHERE)}"
            product = random.randrange(20)
            table.writerow(
                [
                    f"B-{number}",
                    f"{title} {number}",
                    f"Product {product}",
                    random.choice(("open", "doing", "closed")),
                    f"person{random.randrange(500)}@northwind.example",
                    random.randrange(1, 60) / 2,
                    f"tag{random.randrange(40)};tag{random.randrange(40)}",
                    f"Product {product} {random.randrange(5)}.0",
                ]
            )


def fresh_workspace(rows: int) -> str:
    from interlock.workspaces.models import User, Workspace

    slug = f"imports-{rows}-{int(time.time())}"
    user = User.objects.create_user(f"olga@{slug}.example", name="Olga")
    return Workspace.objects.found("Imports", by=user, slug=slug).workspace.slug


def apart(file: Path, slug: str) -> dict[str, Any]:
    """In a process of its own, so that its memory is its own; what it told, it is told here."""
    import json

    command = [sys.executable, "-m", "benchmarks.imports", "--file", str(file), "--slug", slug]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ).stdout
    print(told, end="", flush=True)
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


def once(file: Path, *, slug: str) -> None:
    """What the command does, while somebody else writes ten times a second."""
    from interlock.connect.importing.mapping import Mapping
    from interlock.connect.importing.run import Run
    from interlock.connect.models import ImportRun
    from interlock.connect.readers import opened
    from interlock.workspaces.models import Member

    member = Member.objects.select_related("workspace", "user").get(workspace__slug=slug)
    mapping = Mapping.parse(MAPPING)
    before = peak_mb()
    with somebody_else(slug) as waits, stage("import") as told, Run(opened(file), mapping, by=member) as run:
        report = run.check()
        told["checked"] = report.total.total
        report = run.write()
        ImportRun.objects.note_down(report, run.notes(), label=file.name, mapping=mapping, by=run.by)
    rows = report.counts["feature"].total
    tell(
        stage="imported",
        rows=rows,
        created=report.total.created,
        unchanged=report.total.unchanged,
        rows_per_second=rows / told["seconds"],
        rows_per_cpu_second=rows / told["cpu_seconds"],
        peak_mb=peak_mb(),
        peak_mb_before=before,
        writes_meanwhile=len(waits),
        longest_wait=max(waits, default=0.0),
    )


OTHER = """
import sys, time
from benchmarks.frame import set_up
set_up()
from django.db import transaction
from interlock.organisation.models import Department
from interlock.workspaces.models import Member
by = Member.objects.select_related("workspace", "user").get(workspace__slug=sys.argv[1])
department = Department.objects.filter(name="Others", workspace=by.workspace).first()
department = department or Department.objects.add(name="Others", by=by)
print("ready", flush=True)
number = 0
while True:
    began = time.perf_counter()
    number += 1
    department.change(name=f"Others {time.time_ns()}" if number % 2 else "Others", by=by)
    print(time.perf_counter() - began, flush=True)
    time.sleep(0.1)
"""


@contextmanager
def somebody_else(slug: str) -> Iterator[list[float]]:
    """Another process that writes; yields how long each of its writes took."""
    waits: list[float] = []
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, slug], stdout=subprocess.PIPE, text=True, env=os.environ
    ) as other:
        assert other.stdout
        other.stdout.readline()
        hears = threading.Thread(target=lambda: waits.extend(float(line) for line in other.stdout or ()), daemon=True)
        hears.start()
        try:
            yield waits
        finally:
            other.terminate()
            hears.join(5)


if __name__ == "__main__":
    main()
