"""The drawing of a release's plan: a lane for each department, a bar for each task, a line for each handover.

Two drawings stand beside each other, so that the names stay while the days are scrolled. Neither is needed by whoever
reads the table below: the same is written there.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from interlock.releases.models import Forecast, Release, Task, TaskDates, TaskLink, Workstream
from interlock.releases.models.baseline import Span, moved
from interlock.releases.plans import Plan
from interlock.releases.timeline import DAY, HEAD, LETTER, PAD, ROW, Axis, Lane, Mark, Zoom, pack
from interlock.workspaces.addresses import address

if TYPE_CHECKING:
    from interlock.releases.portfolio import Portfolio, Row

BAR = 24
NAMES = 190


@dataclass(kw_only=True)
class Bar(Mark):
    """A task with its dates."""

    task: Task
    dates: TaskDates | None
    # When it was to be done, as the baseline has it.
    agreed: Span | None = None

    @property
    def level(self) -> str:
        """What its look says: done, late, without an owner, on the critical chain, or nothing of these."""
        if self.task.status == Task.Status.DONE:
            return "done"
        if self.task.misses_deadline:
            return "late"
        if self.task.owner_id is None and not self.moment:
            return "vacant"
        return "critical" if self.dates and self.dates.critical else ""


@dataclass(frozen=True)
class Drawing:
    release: Release
    axis: Axis
    lanes: Sequence[tuple[Workstream, Lane[Bar]]]
    links: Sequence[TaskLink]
    today: date
    editable: bool
    # Before each address, where the drawing is to be read elsewhere.
    site: str = ""
    # Workstream → how loaded its department is.
    loaded: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        plan: Plan,
        *,
        zoom: str,
        today: date,
        editable: bool,
        site: str = "",
        loaded: Mapping[int, str] | None = None,
    ) -> "Drawing":
        release = plan.release
        bars: dict[int, list[Bar]] = defaultdict(list)
        for task in plan.tasks:
            if bar := _bar(task, plan.agreed.get(task.key)):
                bars[task.workstream_id].append(bar)
        days = [day for some in bars.values() for bar in some for day in (bar.first, bar.last, *(bar.agreed or ()))]
        days += [day for day in (today, release.latest_target) if day]
        first, last = min(days) - 4 * DAY, max(days) + 8 * DAY
        # What is past is there for whoever scrolls back to it.
        ahead = (last - max(first, today - timedelta(days=14))).days
        axis = Axis(first - timedelta(days=first.weekday()), last, Zoom.named(zoom, days=ahead))
        lanes = [(stream, pack(bars[stream.pk], axis)) for stream in plan.streams]
        return cls(release, axis, lanes, plan.links, today, editable, site, loaded or {})

    @property
    def height(self) -> float:
        return HEAD + sum(lane.height for _, lane in self.lanes)

    @property
    def width(self) -> float:
        # Room for the names of what ends last.
        return self.axis.width + 180

    # --- the names, which stay ---------------------------------------------------------------------

    def names(self) -> SafeString:
        return format_html(
            '<svg class="lane-names" width="{}" height="{}" viewBox="0 0 {} {}" preserveAspectRatio="xMinYMin" '
            'aria-hidden="true">{}</svg>',
            NAMES,
            self.height,
            NAMES,
            self.height,
            self.named(),
        )

    def named(self) -> SafeString:
        """What `names` holds."""
        rows, top = [], float(HEAD)
        for stream, lane in self.lanes:
            rows.append(
                format_html(
                    '<g data-colour="{}"><path class="rule" d="M0 {}H{}"/><rect class="swatch" x="14" y="{}" width="9" '
                    'height="9" rx="2"/><text class="strong" x="30" y="{}">{}</text><text class="mute" x="30" y="{}">{}'
                    "</text></g>",
                    stream.department.colour,
                    top,
                    NAMES,
                    top + 14,
                    top + 23,
                    _cut(stream.department.name, 20),
                    top + 40,
                    _cut(self.loaded.get(stream.pk) or self._about(lane), 26) if lane.height > ROW else "",
                )
            )
            top += lane.height
        return mark_safe("".join(rows))  # noqa: S308 each is formatted

    @staticmethod
    def _about(lane: Lane[Bar]) -> str:
        open_ = sum(bar.level != "done" for bar in lane.marks)
        if not lane.marks:
            return "no task yet"
        return f"{open_} of {len(lane.marks)} to do" if open_ else "all done"

    @property
    def dense(self) -> int:
        """How much it shrinks on a sheet that lies down: from 1 on its words have to be larger than on the screen."""
        steep = self.height / (NAMES + self.width)
        return (steep > 0.8) + (steep > 1.3)

    def sheet(self) -> SafeString:
        """As large as both drawings together: on paper, where they are not scrolled, it says how small they become."""
        return format_html(
            '<svg class="lane-sheet" viewBox="0 0 {} {}" aria-hidden="true"></svg>', NAMES + self.width, self.height
        )

    # --- the days ------------------------------------------------------------------------------------

    def days(self) -> SafeString:
        return format_html(
            '<svg class="lane-days" width="{}" height="{}" viewBox="0 0 {} {}" preserveAspectRatio="xMinYMin" '
            'role="group" aria-label="Tasks over time" data-plan data-day="{}" data-from="{}"{}><g>{}</g></svg>',
            self.width,
            self.height,
            self.width,
            self.height,
            self.axis.zoom.value,
            max(self.axis.x(self.today) - 60, 0),
            mark_safe(" data-editable") if self.editable else "",
            self.dated(),
        )

    def dated(self) -> SafeString:
        """What `days` holds."""
        places = self._places()
        parts = [
            self._ticks(),
            self._moment("today", self.today, "today"),
            self._moment("target", self.release.latest_target, "target"),
            self._handovers(places),
            *(self._drawn(bar, x, y) for bar, x, y in places.values()),
        ]
        return mark_safe("".join(parts))  # noqa: S308 each is formatted

    def _places(self) -> dict[int, tuple[Bar, float, float]]:
        places, top = {}, float(HEAD)
        for _, lane in self.lanes:
            for bar in lane.marks:
                places[bar.task.pk] = (bar, self.axis.x(bar.first), top + PAD + bar.row * ROW)
            top += lane.height
        return places

    def _ticks(self) -> SafeString:
        lines = format_html_join(
            "",
            '<path class="rule" d="M{} {}V{}"/><text class="mute" x="{}" y="21">{}</text>',
            ((x, HEAD - 6, self.height, x + 6, name) for x, name in self.axis.ticks()),
        )
        tops, top = [], float(HEAD)
        for _, lane in self.lanes:
            tops.append((top, self.width))
            top += lane.height
        return lines + format_html_join("", '<path class="rule" d="M0 {}H{}"/>', tops)

    def _moment(self, css: str, day: date | None, word: str) -> SafeString:
        if day is None or not self.axis.first <= day <= self.axis.last:
            return SafeString("")
        x = self.axis.x(day) + (self.axis.zoom.value if css == "target" else 0)
        return format_html(
            '<path class="line {}" d="M{} {}V{}"/><text class="{}" x="{}" y="{}">{}</text>',
            css,
            x,
            HEAD - 4,
            self.height,
            css,
            x + 4,
            HEAD - 6 if css == "target" else HEAD + 10,
            word,
        )

    def _handovers(self, places: dict[int, tuple[Bar, float, float]]) -> SafeString:
        """From the end that is waited for to the end that waits."""
        lines = []
        for link in self.links:
            if link.predecessor_id not in places or link.task_id not in places:
                continue
            from_, to = places[link.predecessor_id], places[link.task_id]
            at_end = link.kind in (TaskLink.Kind.FINISH_START, TaskLink.Kind.FINISH_FINISH)
            into_end = link.kind in (TaskLink.Kind.FINISH_FINISH, TaskLink.Kind.START_FINISH)
            x1 = self.axis.x(from_[0].last + DAY) - 2 if at_end else from_[1] + 2
            x2 = self.axis.x(to[0].last + DAY) if into_end else to[1]
            y1, y2 = from_[2] + BAR / 2, to[2] + BAR / 2
            crosses = from_[0].task.workstream_id != to[0].task.workstream_id
            critical = all(dates and dates.critical for dates in (from_[0].dates, to[0].dates))
            bend = max(8.0, (x2 - x1) / 2)
            lines.append(
                (
                    " ".join(filter(None, ["link", "handover" if crosses else "", "critical" if critical else ""])),
                    f"M{x1:.1f} {y1:.1f}C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}",
                )
            )
        return format_html_join("", '<path class="{}" d="{}"/>', lines)

    def _drawn(self, bar: Bar, x: float, y: float) -> SafeString:
        task, width = bar.task, max(self.axis.x(bar.last + DAY) - x, 3.0)
        if bar.moment:
            middle, size = x + self.axis.zoom.value / 2, 8
            shape = format_html(
                '<path class="bar" d="M{} {}l{} {} {} {} {} {}z"/>',
                middle - size, y + BAR / 2, size, -size, size, size, -size, size,
            )  # fmt: skip
            shape += self._agreed(bar, y)
            text = (middle + size + 6, "beside")
        else:
            shape = format_html('<rect class="bar" x="{}" y="{}" width="{}" height="{}" rx="5"/>', x, y, width, BAR)
            shape += self._likely(bar, x + width, y) + self._agreed(bar, y)
            text = (self._where_read(bar, x) + 8, "inside") if bar.inside else (x + width + 6, "beside")
        return format_html(
            '<a class="task" id="{}" href="{}" data-colour="{}" data-level="{}" data-task="" data-key="{}" '
            'data-days="{}" data-from="{}" data-drag="{}" aria-label="{}">{}'
            '<text class="{}" x="{}" y="{}">{}</text></a>',
            task.key,
            self.site + task.get_absolute_url(),
            task.workstream.department.colour,
            bar.level,
            task.key,
            task.likely if task.likely is not None else "",
            bar.first.isoformat(),
            # What is begun stands where it is.
            address("task-drag", task.workspace.slug, task.key)
            if self.editable and task.status == Task.Status.TODO
            else "",
            self._spoken(bar),
            shape,
            text[1],
            text[0],
            y + 16,
            bar.label,
        )

    def _where_read(self, bar: Bar, x: float) -> float:
        """The left end of a bar; of one that is under way, today, where its name fits there: so far is scrolled."""
        now = self.axis.x(self.today)
        fits = self.axis.x(bar.last + DAY) - now >= bar.wanted
        return max(x, now) if bar.first <= self.today and fits else x

    def _likely(self, bar: Bar, x: float, y: float) -> SafeString:
        """How far it may well stretch: a thin tail to the day by which it is done in 85 of 100 simulations."""
        likely = bar.dates.likely_by if bar.dates else None
        if not likely or likely <= bar.last or bar.level == "done":
            return SafeString("")
        return format_html(
            '<rect class="tail" x="{}" y="{}" width="{}" height="10" rx="3"/>', x, y + 7, self.axis.x(likely + DAY) - x
        )

    def _agreed(self, bar: Bar, y: float) -> SafeString:
        """Where it stood when the dates were agreed: a thin line below it."""
        if not bar.agreed:
            return SafeString("")
        first, last = bar.agreed
        return format_html(
            '<path class="agreed" d="M{} {}H{}"/>', self.axis.x(first), y + BAR + 4, self.axis.x(last + DAY)
        )

    def _spoken(self, bar: Bar) -> str:
        words = {"late": ", later than its deadline", "vacant": ", without an owner", "done": ", done"}
        when = f"{bar.first:%-d %B}" if bar.moment else f"{bar.first:%-d %B} to {bar.last:%-d %B}"
        since = moved(bar.task, bar.agreed)
        told = f", {days_moved(since)} than agreed" if since else ""
        return f"{bar.task.key} {bar.task.title}, {when}{words.get(bar.level, '')}{told}"


def _bar(task: Task, agreed: Span | None) -> Bar | None:
    """Nothing of what has no dates."""
    if task.span is None:
        return None
    first, last = task.span
    moment = task.kind == Task.Kind.MILESTONE
    return Bar(task.title, first, last, moment=moment, task=task, dates=getattr(task, "dates", None), agreed=agreed)


def days_moved(days: int) -> str:
    """“3 days later”, “1 day earlier”."""
    return f"{abs(days)} day{'' if abs(days) == 1 else 's'} {'later' if days > 0 else 'earlier'}"


# --- how likely ------------------------------------------------------------------------------------------


def histogram(forecast: Forecast, width: int = 480, height: int = 150) -> SafeString:
    """In how many simulations the release is ready on which day; what misses the target stands in another colour."""
    finishes = {date.fromisoformat(day): number for day, number in forecast.finishes.items()}
    if not finishes:
        return SafeString("")
    first, last = min(finishes), max(finishes)
    days = (last - first).days + 1
    # So many days to a bar that there are at most forty.
    step = max(1, -(-days // 40))
    bars: dict[int, int] = defaultdict(int)
    for day, number in finishes.items():
        bars[(day - first).days // step] += number
    floor, most, room = height - 26, max(bars.values()), (width - 16) / (days // step + 1)

    def x(day: date) -> float:
        return 8 + ((day - first).days / step) * room

    late = (forecast.target_on - first).days // step if forecast.target_on else None
    drawn = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>',
        (
            (
                "late" if late is not None and place > late else "good",
                round(8 + place * room + 1, 1),
                round(floor - (floor - 30) * number / most, 1),
                round(max(room - 2, 1), 1),
                round((floor - 30) * number / most, 1),
            )
            for place, number in sorted(bars.items())
        ),
    )
    lines = [(forecast.p85_on, "p85", f"85%: {forecast.p85_on:%-d %b}", 12)]
    if forecast.target_on and first <= forecast.target_on <= last:
        lines.append((forecast.target_on, "target", f"target {forecast.target_on:%-d %b}", 26))
    marks = format_html_join(
        "",
        '<path class="line {}" d="M{} {}V{}"/><text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>',
        (
            (css, at, y, floor, css, at + (-4 if at > width / 2 else 4), y, "end" if at > width / 2 else "start", word)
            for day, css, word, y in lines
            for at in [round(x(day) + room, 1)]
        ),
    )
    ends = format_html_join(
        "",
        '<text class="mute" x="{}" y="{}" text-anchor="{}">{}</text>',
        (
            (8, height - 8, "start", f"{first:%-d %b}"),
            (width - 8, height - 8, "end", f"{last:%-d %b %Y}"),
        ),
    )
    return format_html(
        '<svg class="histogram" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
        width,
        height,
        f"Simulated finishes from {first:%-d %B} to {last:%-d %B %Y}; 85 of 100 by {forecast.p85_on:%-d %B}",
        drawn,
        marks,
        ends,
    )


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


# --- all releases over time ------------------------------------------------------------------------------

LINE = 40


def launch_line(row: "Row", portfolio: "Portfolio") -> SafeString:
    """A release over the weeks of a portfolio: its work, how likely it is done when, its target and its launch."""
    width, middle = portfolio.span.weeks * portfolio.span.width, LINE / 2

    def x(day: date) -> float:
        """The left edge of a day, within what is drawn."""
        return round(min(max((day - portfolio.first).days, 0), 7 * portfolio.span.weeks) * portfolio.span.width / 7, 1)

    launch, target = row.launch, row.release.latest_target

    frozen = [(one.starts_on, one.ends_on) for one in row.freezes]
    parts = [
        *(_stretch("freeze", x(first), x(last + DAY), 0, LINE, 0) for first, last in frozen),
        format_html('<path class="line today" d="M{} 0V{}"/>', x(portfolio.today), LINE),
    ]
    if row.begins and row.ends:
        parts.append(_stretch("work", x(row.begins), x(row.ends + DAY), middle - 2, 4, 2))
    marked = [day for day in (row.ends, launch, target) if day]
    if row.forecast:
        first, last = row.forecast.p50_on, row.forecast.p85_on
        parts.append(_stretch("likely late" if row.late else "likely", x(first), x(last + DAY), middle - 7, 14, 4))
        marked.append(last)
    if launch and portfolio.first <= launch <= portfolio.last:
        at = x(launch) + portfolio.span.width / 14
        parts.append(format_html('<path class="launch" d="M{} {}l6 -6 6 6 -6 6z"/>', round(at - 6, 1), middle))
    if target and portfolio.first <= target <= portfolio.last:
        at = x(target + DAY)
        parts.append(format_html('<path class="line target" d="M{} 2V{}"/>', at, LINE - 2))
    return format_html(
        '<svg width="{}" height="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>',
        width,
        LINE,
        width,
        LINE,
        f"{row.release}: {row.says}",
        mark_safe("".join(parts)),  # noqa: S308 each is formatted
        _beside(row, max((x(day + DAY) for day in marked), default=x(portfolio.today)), width),
    )


def _stretch(css: str, left: float, right: float, top: float, height: float, round_: int) -> SafeString:
    """Nothing of what lies beyond what is drawn."""
    if right <= left:
        return SafeString("")
    shape = '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="{}"/>'
    return format_html(shape, css, left, top, round(right - left, 1), height, round_)


def _beside(row: "Row", end: float, width: float) -> SafeString:
    """The dates in words, behind the last mark, or before the edge where it lies beyond it."""
    told = []
    if row.release.due:
        told.append(
            f"target {row.release.target_on:%-d %b}" if row.release.target_precision == "day" else row.release.due
        )
    if row.forecast:
        told.append(f"85%: {row.forecast.p85_on:%-d %b}")
    text = " · ".join(told) or "no target yet"
    room = len(text) * LETTER + 10
    at = end + 10 if end + room <= width else width - room
    return format_html(
        '<text x="{}" y="{}"{}>{}</text>',
        round(at, 1),
        LINE / 2 + 4,
        mark_safe(' class="late"') if row.late else "",
        text,
    )
