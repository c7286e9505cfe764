"""How the target of a release and its 85 % date moved: every shift, in numbers, in words and drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from interlock.releases.models import Forecast, Release
from interlock.workspaces.models import AuditEvent

Across = Callable[[datetime], float]
Up = Callable[[date], float]

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, FLOOR = 64, 92, 14, 26
TIMES = {1: "once", 2: "twice"}


@dataclass(frozen=True)
class Said:
    """What held from a moment on; None where no day was known.

    reason  what whoever moved it gave as the reason
    """

    at: datetime
    on: date | None
    reason: str = ""


@dataclass(frozen=True)
class Slippage:
    release: Release
    target: Sequence[Said]
    likely: Sequence[Said]

    @classmethod
    def of(cls, release: Release) -> "Slippage":
        return cls(release, _targets(release), _likely(release))

    @property
    def shifts(self) -> list[tuple[datetime, str, date | None, date | None, str]]:
        """Every shift, the last first: when, of what, from which day to which, and why."""
        told = [
            (after.at, word, before.on, after.on, after.reason)
            for word, said in (("Target", self.target), ("85% date", self.likely))
            for before, after in pairwise(said)
        ]
        return sorted(told, key=lambda one: one[0], reverse=True)

    @property
    def words(self) -> str:
        """“The target moved twice, 12 days later in all; the 85% date 20 days later.”"""
        told = [_moved("The target", self.target), _moved("the 85% date", self.likely)]
        known = [one for one in told if one]
        if not known:
            return "Neither the target nor the 85% date is known yet."
        joined = "; ".join(known)
        return f"{joined[0].upper()}{joined[1:]}."

    @property
    def last_at(self) -> datetime:
        """Until when it is told: now, or the end of the day on which it was released."""
        ends = [said.at for said in (*self.target, *self.likely)]
        out = self.release.released_on
        now = timezone.now()
        over = self.release.status == Release.Status.RELEASED and out
        return max([*ends, timezone.make_aware(datetime.combine(out, datetime.max.time()))] if over and out else [now])

    def drawing(self) -> SafeString:
        """Time runs to the right, the day that was promised upwards: a level line is a date that holds."""
        days = [said.on for said in (*self.target, *self.likely) if said.on]
        moments = [said.at for said in (*self.target, *self.likely)]
        if not days:
            return SafeString("")
        first, last = min(moments), max(self.last_at, *moments)
        low, high = min(days).toordinal(), max(days).toordinal()
        pad = max((high - low) // 8, 3)
        low, high = low - pad, high + pad
        span = max((last - first).total_seconds(), 1.0)

        def x(moment: datetime) -> float:
            return round(LEFT + (WIDTH - LEFT - RIGHT) * (moment - first).total_seconds() / span, 1)

        def y(day: date) -> float:
            return round(HEIGHT - FLOOR - (HEIGHT - FLOOR - TOP) * (day.toordinal() - low) / (high - low), 1)

        lines = [(self.likely, "p85", "85%"), (self.target, "target", "Target")]
        drawn = format_html_join(
            "",
            '<path class="line {}" d="{}"/>{}',
            ((css, path, _dots(said, css, x, y)) for said, css, _ in lines if (path := _path(said, x, y, x(last)))),
        )
        return format_html(
            '<svg class="slippage" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}{}</svg>',
            WIDTH,
            HEIGHT,
            f"{self.words} The table below has every shift.",
            _grid(low, high, y),
            drawn,
            _names(lines, y, x(last)),
            _ends(first, last),
        )


def _targets(release: Release) -> list[Said]:
    events = AuditEvent.objects.about(release).order_by("pk").values_list("at", "changes", "reason")
    replayed = Release(target_precision=Release.Precision.DAY)
    said: list[Said] = []
    for at, changes, reason in events:
        if not {"target_on", "target_precision"} & changes.keys():
            continue
        if "target_on" in changes:
            before, after = changes["target_on"]
            if not said and before:
                replayed.target_on = date.fromisoformat(before)
                said.append(Said(release.created_at, replayed.latest_target))
            replayed.target_on = date.fromisoformat(after) if after else None
        if "target_precision" in changes:
            replayed.target_precision = changes["target_precision"][1] or Release.Precision.DAY
        if not said or said[-1].on != replayed.latest_target:
            said.append(Said(at, replayed.latest_target, reason))
    if not said and release.latest_target:
        said.append(Said(release.created_at, release.latest_target))
    return said


def _likely(release: Release) -> list[Said]:
    told = Forecast.objects.filter(release=release).order_by("at", "pk").values_list("at", "p85_on")
    said: list[Said] = []
    for at, on in told:
        if not said or said[-1].on != on:
            said.append(Said(at, on))
    return said


def _moved(what: str, said: Sequence[Said]) -> str:
    days = [one.on for one in said if one.on]
    if not days:
        return ""
    number, net = len(said) - 1, (days[-1] - days[0]).days
    if not number:
        return f"{what} has not moved"
    times = TIMES.get(number, f"{number} times")
    if not net:
        return f"{what} moved {times}, and is where it was"
    return (
        f"{what} moved {times}, {abs(net)} day{'' if abs(net) == 1 else 's'} {'later' if net > 0 else 'earlier'} in all"
    )


# --- drawing -----------------------------------------------------------------------------------------


def _path(said: Sequence[Said], x: Across, y: Up, end: float) -> str:
    """A level line from each shift to the next; none while no day was known."""
    parts: list[str] = []
    open_ = False
    for one in said:
        if one.on is None:
            if open_:
                parts.append(f"H{x(one.at)}")
            open_ = False
            continue
        parts.append(f"H{x(one.at)}V{y(one.on)}" if open_ else f"M{x(one.at)} {y(one.on)}")
        open_ = True
    if open_:
        parts.append(f"H{end}")
    return "".join(parts)


def _dots(said: Sequence[Said], css: str, x: Across, y: Up) -> SafeString:
    """One for each shift, with what it said on hover."""
    return format_html_join(
        "",
        '<circle class="{}" cx="{}" cy="{}" r="3.5"><title>{}</title></circle>',
        ((css, x(one.at), y(one.on), f"{one.at:%-d %b %Y}: {one.on:%-d %b %Y}") for one in said if one.on),
    )


def _grid(low: int, high: int, y: Up) -> SafeString:
    """A few days at the side, about evenly spread."""
    step = max(1, round((high - low) / 4))
    days = [date.fromordinal(ordinal) for ordinal in range(low + step // 2, high + 1, step)]
    return format_html_join(
        "",
        '<path class="rule" d="M{} {}H{}"/><text class="mute" x="{}" y="{}" text-anchor="end">{}</text>',
        ((LEFT, y(day), WIDTH - RIGHT, LEFT - 8, y(day) + 4, f"{day:%-d %b}") for day in days),
    )


def _names(lines: Sequence[tuple[Sequence[Said], str, str]], y: Up, end: float) -> SafeString:
    """What each line is, at its end; one above the other where they end on the same day."""
    named = [(y(said[-1].on), css, f"{word} {said[-1].on:%-d %b}") for said, css, word in lines if said and said[-1].on]
    named.sort()
    if len(named) == 2 and named[1][0] - named[0][0] < 14:
        middle = (named[0][0] + named[1][0]) / 2
        named = [(middle - 7, *named[0][1:]), (middle + 7, *named[1][1:])]
    return format_html_join(
        "",
        '<text class="{}" x="{}" y="{}">{}</text>',
        ((css, end + 6, round(at + 4, 1), words) for at, css, words in named),
    )


def _ends(first: datetime, last: datetime) -> SafeString:
    return format_html_join(
        "",
        '<text class="mute" x="{}" y="{}" text-anchor="{}">{}</text>',
        (
            (LEFT, HEIGHT - 6, "start", f"{timezone.localtime(first):%-d %b %Y}"),
            (WIDTH - RIGHT, HEIGHT - 6, "end", f"{timezone.localtime(last):%-d %b %Y}"),
        ),
    )
