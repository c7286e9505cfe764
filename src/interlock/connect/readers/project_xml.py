"""The XML of Microsoft Project (MSPDI) as plain data: departments, tasks and links, in the words of the plan.

Summary tasks of the first level are departments, and what stands below them are tasks; summaries further down are no
more than headings. The file is read as it comes, and only what is used of it is kept. No entity is resolved, no type
of document is read, nothing is fetched.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from interlock.connect.readers import limits
from interlock.connect.readers.records import Lined, Record, Remarks, within
from interlock.connect.readers.refusal import Refusal, Unreadable
from interlock.connect.readers.text import Text

MOST_TASKS = 20_000
# Where a file of many thousand values stands for nothing that is read here.
DEPTH = 30
OPTIMISTIC, LIKELY, PESSIMISTIC, KEY = "188743783", "188743784", "188743785", "188743731"
# What is read of each.
READ = {
    "Task": """UID Name IsNull OutlineLevel Summary Milestone Duration Estimated PercentComplete ActualStart
        ActualFinish RemainingDuration ConstraintType ConstraintDate Deadline Notes Finish PredecessorUID Type LinkLag
        LagFormat FieldID Value""",
    "Resource": "UID Name",
    "Assignment": "TaskUID ResourceUID Units",
    "Project": "Category MinutesPerDay",
}
READ_OF = {name: frozenset(children.split()) for name, children in READ.items()}
REPEATED = {"PredecessorLink", "ExtendedAttribute"}
DURATION = re.compile(r"P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?\Z")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
LINKS = {"0": "ff", "1": "fs", "2": "sf", "3": "ss"}
# Formats of a lag: shares of the predecessor's duration, and time that weekends do not interrupt.
SHARES = {"19", "20", "51", "52"}
ELAPSED = {"4", "6", "8", "10", "12", "36", "38", "40", "42", "44"}
TENTHS_OF_A_DAY = 24 * 60 * 10
MUST_FINISH_ON = "3"
HELD = {"2": ("fixed_on", ""), "3": ("deadline", ""), "4": ("not_before", ""), "7": ("deadline", "")}
# What the plan has no word for is written so that it is no date, and is told as lost.
HELD |= {"5": ("deadline", "begun by "), "6": ("not_before", "not finished before ")}


def read_project(text: Text, steps: list[str], remarks: Remarks) -> Iterator[Record]:
    remarks.taken[text.name] = f"{text.encoding_name} project"
    gathered = _Gathered(text.name)
    parser = DefusedXMLParser(target=gathered, forbid_dtd=True)
    gathered.parser = parser.parser
    try:
        for chunk in text.chunks():
            parser.feed(chunk)
        parser.close()
    except ParseError as error:
        line = error.position[0] if error.position else 0
        raise Unreadable("is not valid XML.", file=text.name, line=line) from error
    except DefusedXmlException as error:
        raise Refusal(
            "declares a document type or entities, which are not read.", file=text.name, line=gathered.line
        ) from error
    if not gathered.project:
        raise Unreadable("is no project of Microsoft Project.", file=text.name)
    yield from within(Record(_Project(gathered).told(), text.name, 1), steps)


class _Gathered:
    """What a parser hands over: the elements that are read, each a map that knows its line."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.parser: Any = None
        self.project = Lined(1)
        self.found: dict[str, list[Lined]] = {"Task": [], "Resource": [], "Assignment": []}
        self._path: list[str] = []
        # The maps that are being filled, with the depth at which each ends.
        self._open: list[tuple[int, Lined]] = []
        self._text: list[str] = []
        self._length = 0

    @property
    def line(self) -> int:
        return int(self.parser.CurrentLineNumber)

    def start(self, tag: str, attributes: Any) -> None:
        name = tag.rpartition("}")[2]
        self._path.append(name)
        if len(self._path) > DEPTH:
            raise Refusal(f"is nested deeper than {DEPTH} levels.", file=self.name, line=self.line)
        self._text, self._length = [], 0
        if len(self._path) == 1 and name == "Project":
            self.project = Lined(self.line)
            self.project[""] = True
        if len(self._path) == 3 and name in self.found and self._path[0] == "Project":
            one = Lined(self.line)
            self.found[name].append(one)
            self._open.append((3, one))
            if len(self.found[name]) > 10 * MOST_TASKS or len(self.found["Task"]) > MOST_TASKS:
                raise Refusal(f"holds more than {MOST_TASKS:,} tasks.", file=self.name, line=self.line)
        elif name in REPEATED and self._open and len(self._path) == 4:
            inner = Lined(self.line)
            self._open[-1][1].setdefault(name, []).append(inner)
            self._open.append((4, inner))

    def data(self, text: str) -> None:
        self._length += len(text)
        if self._length > limits.CELL:
            raise Refusal(f"holds a text of more than {limits.CELL:,} characters.", file=self.name, line=self.line)
        self._text.append(text)

    def end(self, tag: str) -> None:
        name, depth = self._path[-1], len(self._path)
        if self._open and self._open[-1][0] == depth:
            self._open.pop()
        elif self._open and self._open[-1][0] == depth - 1 and name in READ_OF[self._path[2]]:
            holder = self._open[-1][1]
            holder.setdefault(name, "".join(self._text).strip())
            holder.lines.setdefault(name, self.line)
        elif depth == 2 and name in READ_OF["Project"] and self._path[0] == "Project":
            self.project[name] = "".join(self._text).strip()
        self._path.pop()
        self._text, self._length = [], 0

    def close(self) -> None:
        pass


class _Project:
    def __init__(self, gathered: _Gathered) -> None:
        self.found = gathered.found
        minutes = gathered.project.get("MinutesPerDay", "")
        self.day = Decimal(minutes) if minutes.isdigit() and 0 < int(minutes) <= 1440 else Decimal(480)
        self.release = gathered.project.get("Category", "")
        self.names = {one.get("UID"): one.get("Name", "") for one in self.found["Resource"]}
        self.assigned: dict[str, list[tuple[str, Decimal]]] = {}
        for one in self.found["Assignment"]:
            units = _number(one.get("Units", "1"))
            self.assigned.setdefault(one.get("TaskUID", ""), []).append((one.get("ResourceUID", ""), units))

    def told(self) -> Lined:
        told = Lined(1)
        departments, tasks, links = list[Lined](), list[Lined](), list[Lined]()
        above: Lined | None = None
        for one in self.found["Task"]:
            if one.get("IsNull") == "1" or one.get("UID", "0") == "0":
                continue
            summary, level = one.get("Summary") == "1", one.get("OutlineLevel", "1")
            if level == "1":
                above = one if summary else None
            if summary and level == "1":
                departments.append(self._told(one, uid=one["UID"], name=one.get("Name"), note=one.get("Notes")))
            if summary:
                continue
            tasks.append(self._task(one, above))
            links += self._links(one)
        told.update(release=self.release, departments=departments, tasks=tasks, links=links)
        return told

    @staticmethod
    def _told(one: Lined, **values: Any) -> Lined:
        """Without what is not said."""
        told = Lined(one.line)
        told.update({name: value for name, value in values.items() if value not in (None, "")})
        return told

    def _task(self, one: Lined, above: Lined | None) -> Lined:
        moment = one.get("Milestone") == "1" and self._days(one.get("Duration")) in (None, "0")
        extended = {each.get("FieldID"): each.get("Value") for each in one.get("ExtendedAttribute", ())}
        done, percent = _day(one.get("ActualFinish")), one.get("PercentComplete", "0")
        begun = _day(one.get("ActualStart"))
        status = "done" if done or percent == "100" else "in_progress" if begun or percent not in ("0", "") else "todo"
        owner, people = self._people(one["UID"], above.get("Name", "") if above else "")
        values: dict[str, Any] = {
            "uid": one["UID"],
            "key": extended.get(KEY),
            "department": above["UID"] if above else "",
            "title": one.get("Name"),
            "description": one.get("Notes"),
            "kind": "milestone" if moment else "task",
            "status": status,
            "owner": owner,
            "people": people,
            "started_on": begun if not moment else None,
            "done_on": (done or _day(one.get("Finish"))) if status == "done" else None,
            "deadline": _day(one.get("Deadline")),
        }
        values |= self._held(one, moment, values)
        if not moment:
            # A day with a question mark is what nobody has estimated.
            estimated = one.get("Estimated") == "1" and self._days(one.get("Duration")) == "1"
            values["likely"] = None if estimated else self._days(one.get("Duration"))
            if values["likely"] is not None:
                values["optimistic"] = self._days(extended.get(OPTIMISTIC))
                values["pessimistic"] = self._days(extended.get(PESSIMISTIC))
        if status == "in_progress":
            values["remaining"] = self._days(one.get("RemainingDuration"))
        return self._told(one, **values)

    @staticmethod
    def _held(one: Lined, moment: bool, values: dict[str, Any]) -> dict[str, Any]:
        """The day by which its constraint binds it."""
        kind, day = one.get("ConstraintType", ""), _day(one.get("ConstraintDate"))
        if kind not in HELD or not day:
            return {}
        field, words = HELD[kind]
        if moment and kind == MUST_FINISH_ON:
            field = "fixed_on"
        return {} if values.get(field) else {field: words + day}

    def _people(self, task: str, department: str) -> tuple[str, str]:
        """Who is assigned first by name, but for the department itself; and how many work on it at once."""
        assigned = self.assigned.get(task, [])
        named = [self.names.get(uid, "") for uid, _ in assigned]
        owner = next((name for name in named if name and name != department), "")
        people = sum((units for _, units in assigned), Decimal(0)).to_integral_value()
        return owner, f"{people:f}" if people > 1 else ""

    def _links(self, one: Lined) -> Iterator[Lined]:
        for link in one.get("PredecessorLink", ()):
            before = link.get("PredecessorUID", "")
            lag, share = link.get("LinkLag", "0"), link.get("LagFormat") in SHARES
            yield self._told(
                link,
                id=f"{before} {one['UID']}",
                task=one["UID"],
                predecessor=before,
                kind=LINKS.get(link.get("Type", "1"), "fs"),
                # A share of a duration is kept as it is written, so that it is told as lost.
                lag_days=f"{lag} % of the predecessor" if share else self._lag(lag, link.get("LagFormat", "")),
            )

    def _lag(self, tenths: str, written_in: str) -> str:
        """In days with weekends: five working days are a week."""
        if not re.fullmatch(r"-?\d{1,9}", tenths):
            return tenths
        if written_in in ELAPSED:
            return f"{(Decimal(tenths) / TENTHS_OF_A_DAY).to_integral_value():f}"
        return f"{(Decimal(tenths) / 10 / self.day * 7 / 5).to_integral_value():f}"

    def _days(self, duration: str | None) -> str | None:
        """Of work; what is no duration stays as it is written."""
        if not duration:
            return None
        found = DURATION.match(duration)
        if not found or not any(found.groups()):
            return duration
        days, hours, minutes, seconds = (Decimal(part or 0) for part in found.groups())
        worked = days + (hours * 60 + minutes + seconds / 60) / self.day
        return f"{round(worked, 1).normalize():f}"


def _day(moment: str | None) -> str | None:
    """Of a moment; what is none stays as it is written."""
    found = DAY.match(moment or "")
    return found[0] if found else moment


def _number(written: str) -> Decimal:
    return Decimal(written) if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", written) else Decimal(1)
