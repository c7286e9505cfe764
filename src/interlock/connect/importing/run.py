"""One run from source to plan: read, judge, and, if wanted and allowed, write."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from interlock.connect.importing.judging import Judge
from interlock.connect.importing.mapping import Mapping
from interlock.connect.importing.notes import Kind, Note
from interlock.connect.importing.nouns import NOUNS
from interlock.connect.importing.reading import Progress, read_into
from interlock.connect.importing.staging import StagedRow, Staging, State
from interlock.connect.importing.writing import Writer
from interlock.connect.readers import Refusal, Source
from interlock.workspaces.models import Door, Member
from interlock.workspaces.permissions import Action


@dataclass
class Counts:
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0

    @property
    def total(self) -> int:
        return self.created + self.changed + self.unchanged + self.refused


@dataclass
class Report:
    """How a run ended, or would end."""

    dry: bool
    counts: dict[str, Counts] = field(default_factory=dict)
    notes: dict[Kind, int] = field(default_factory=dict)
    # Why nothing was written, where nothing was.
    stopped: str = ""

    @property
    def total(self) -> Counts:
        return Counts(
            created=sum(one.created for one in self.counts.values()),
            changed=sum(one.changed for one in self.counts.values()),
            unchanged=sum(one.unchanged for one in self.counts.values()),
            refused=sum(one.refused for one in self.counts.values()),
        )


class Run:
    """Use as a context: what is staged is gone at its end."""

    def __init__(
        self, source: Source, mapping: Mapping, *, by: Member, strict: bool = False, progress: Progress | None = None
    ) -> None:
        by.require(Action.IMPORT)
        self.source, self.mapping, self.strict = source, mapping, strict
        self.by = by.through(Door.IMPORT)
        self.progress = progress or (lambda stage, done, total: None)
        self.staging = Staging()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.staging.close()

    def check(self) -> Report:
        """Read and judge everything; nothing is written. A source that cannot be used raises Refusal."""
        read_into(self.staging, self.source, self.mapping, self.progress)
        Judge(self.staging, self.mapping, by=self.by, progress=self.progress).judge()
        return self._report(dry=True)

    def write(self) -> Report:
        """Write what `check` found good; with `strict`, only if it found nothing bad."""
        refused = self.staging.count_notes().get(Kind.REFUSED, 0)
        if self.strict and refused:
            report = self._report(dry=True)
            report.stopped = f"Nothing is written: {refused:,} rows are refused, and all or none were asked for."
            return report
        Writer(self.staging, self.mapping, by=self.by, progress=self.progress).write()
        return self._report(dry=False)

    def notes(self) -> Iterator[Note]:
        return self.staging.notes()

    def preview(self, limit: int) -> list[StagedRow]:
        """The first rows of each noun as they would become."""
        return [
            row
            for noun in NOUNS
            for row in self.staging.rows(
                "entity = ? AND state <> ?", [noun, State.MERGED], order=f"block = 0, id LIMIT {limit}"
            )
        ]

    def _report(self, *, dry: bool) -> Report:
        counts: dict[str, Counts] = defaultdict(Counts)
        outcomes = {State.NEW: "created", State.CHANGED: "changed", State.UNCHANGED: "unchanged"}
        for entity, state, outcome, count in self.staging.db.execute(
            "SELECT entity, state, outcome, count(*) FROM rows GROUP BY entity, state, outcome"
        ):
            named = outcome or outcomes.get(state, "")
            if named:
                setattr(counts[entity], named, getattr(counts[entity], named) + count)
        for entity, count in self.staging.db.execute(
            "SELECT entity, count(*) FROM notes WHERE kind = ? GROUP BY entity", [Kind.REFUSED]
        ):
            counts[entity].refused += count
        ordered = {name: counts[name] for name in NOUNS if name in counts}
        return Report(dry=dry, counts=ordered, notes=self.staging.count_notes())


__all__ = ["Counts", "Kind", "Note", "Refusal", "Report", "Run"]
