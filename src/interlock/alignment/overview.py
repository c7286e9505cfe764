"""The Alignment page: how aligned the plan is, where it pulls apart, and what has moved since a day."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Prefetch

from interlock.alignment import registry
from interlock.alignment.dimensions import Dimension
from interlock.alignment.models import CheckLease, Finding, FindingSubject, PendingChange, Score, Tally, Waiver
from interlock.alignment.rule import Severity
from interlock.alignment.scoring import Share, dimensions, shares, total
from interlock.organisation.models import Department, Person, Product
from interlock.workspaces.models import Member
from interlock.workspaces.times import midnight

PAGE = 50
HISTORY = timedelta(weeks=12)
TREND = timedelta(weeks=4)
MOVED = 40


@dataclass(frozen=True)
class Filters:
    """What the address narrows the page to. What it cannot mean, it does not say."""

    product: str = ""
    dimension: str = ""
    code: str = ""
    department: str = ""
    mine: bool = False
    status: str = Finding.Status.OPEN
    since: date | None = None
    page: int = 1

    @classmethod
    def read(cls, query: Any) -> "Filters":
        status, page = query.get("status", ""), query.get("page", "")
        return cls(
            product=query.get("product", "")[:20],
            dimension=query.get("dimension", "") if query.get("dimension") in list(Dimension) else "",
            code=query.get("code", "") if query.get("code") in registry.codes() else "",
            department=query.get("department", "")[:20],
            mine=query.get("mine") == "1",
            status=status if status in Finding.Status.values else Finding.Status.OPEN,
            since=_day(query.get("since", "")),
            page=int(page) if page.isascii() and page.isdigit() and len(page) < 5 and int(page) else 1,
        )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@dataclass(frozen=True)
class DimensionRow:
    name: str
    value: float | None
    open: int
    worst: str = ""  # the code that weighs most

    @property
    def says(self) -> str:
        if self.value is None:
            return "nothing to check yet"
        if not self.open:
            return "all in step"
        what = registry.rule(self.worst).name.replace("-", " ")
        return f"{what}, and {self.open - 1:,} more" if self.open > 1 else what


@dataclass(frozen=True)
class Computed:
    """One rule's part in a dimension: what a score is made of."""

    share: Share
    waived: int

    @property
    def rule(self) -> Any:
        return registry.rule(self.share.code)

    @property
    def percent(self) -> int:
        """Rounded down: a hundred means all."""
        return int(100 * self.share.passed)


@dataclass(frozen=True)
class Move:
    """What became of a finding since a day."""

    finding: Finding
    word: str
    level: str


class Overview:
    def __init__(self, member: Member, filters: Filters, *, today: date) -> None:
        self.member, self.filters, self.today = member, filters, today

    # --- the score -----------------------------------------------------------------------------------

    @cached_property
    def _tallies(self) -> list[Tally]:
        return list(Tally.objects.visible_to(self.member).select_related("product"))

    @cached_property
    def products(self) -> list[Product]:
        found = {tally.product_id: tally.product for tally in self._tallies if tally.product}
        return sorted(found.values(), key=lambda product: product.name)

    @cached_property
    def product(self) -> Product | None:
        return next((one for one in self.products if one.key == self.filters.product), None)

    @cached_property
    def tallies(self) -> list[Tally]:
        """Of the product that is looked at, or of all."""
        if not self.filters.product:
            return self._tallies
        return [tally for tally in self._tallies if self.product and tally.product_id == self.product.pk]

    @cached_property
    def shares(self) -> list[Share]:
        return shares(self.tallies, failed="failing")

    @cached_property
    def values(self) -> dict[Dimension, float]:
        return dimensions(self.shares)

    @property
    def score(self) -> float | None:
        return total(self.values)

    @property
    def shown_score(self) -> float | None:
        """The whole, or the dimension that the page is narrowed to."""
        return self.values.get(Dimension(self.filters.dimension)) if self.filters.dimension else self.score

    @cached_property
    def history(self) -> list[Score]:
        scores = Score.objects.visible_to(self.member).of(self.product).filter(dimension=self.filters.dimension)
        return list(scores.since(self.today - HISTORY))

    @property
    def curve(self) -> list[float]:
        return [score.shown for score in self.history]

    @property
    def trend(self) -> int | None:
        """Points won or lost in four weeks; None while there is no such history."""
        before = [score for score in self.history if score.on <= self.today - TREND]
        if not before or len(self.history) < 2:
            return None
        return round(self.history[-1].shown) - round(before[-1].shown)

    @property
    def fell(self) -> int:
        return -(self.trend or 0)

    @property
    def curve_says(self) -> str:
        first = f"{self.curve[0]:.0f} to {self.curve[-1]:.0f}" if self.curve else ""
        return f"Over twelve weeks: {first}"

    @cached_property
    def dimension_rows(self) -> list[DimensionRow]:
        open_, worst = Counter[Dimension](), dict[Dimension, tuple[int, int, str]]()
        for code, status, severity, number in self.counts:
            if status == Finding.Status.OPEN:
                dimension = registry.rule(code).dimension
                open_[dimension] += number
                worst[dimension] = max(worst.get(dimension, (0, 0, "")), (severity, number, code))
        return [
            DimensionRow(one, self.values.get(one), open_[one], worst[one][2] if one in worst else "")
            for one in Dimension
        ]

    @cached_property
    def computed(self) -> list[Computed]:
        """What the chosen dimension was computed from, the weakest first."""
        excused = Counter[str]()
        for tally in self.tallies:
            excused[tally.code] += tally.excused
        mine = [share for share in self.shares if share.dimension == self.filters.dimension]
        return [Computed(share, excused[share.code]) for share in sorted(mine, key=lambda share: share.passed)]

    # --- the checks ----------------------------------------------------------------------------------

    @cached_property
    def lease(self) -> Any:
        pending = PendingChange.objects.filter(workspace=OuterRef("workspace"))
        return CheckLease.objects.filter(workspace=self.member.workspace).annotate(waiting=Exists(pending)).first()

    @property
    def checked_at(self) -> datetime | None:
        return self.lease.checked_at if self.lease else None

    @property
    def checking(self) -> bool:
        """Whether something that changed has not been looked at yet."""
        return bool(self.lease and (self.lease.waiting or self.lease.holder))

    @property
    def polling(self) -> int:
        """Seconds after which to look again: that a check is through is no event of its own."""
        return 2 if self.checking else 0

    # --- the findings --------------------------------------------------------------------------------

    @cached_property
    def _visible(self) -> Any:
        rows = Finding.objects.visible_to(self.member).filter(code__in=registry.codes())
        if self.filters.product:
            rows = rows.of_product(self.product) if self.product else rows.none()
        return rows

    @cached_property
    def counts(self) -> list[tuple[str, str, int, int]]:
        """Code, status, severity and how many, before the page narrows further than to a product."""
        groups = self._visible.order_by().values_list("code", "status", "severity")
        return list(groups.annotate(Count("pk")))

    @property
    def narrowed(self) -> bool:
        return bool(self.filters.department or self.filters.mine)

    def _counted(self, **by: Any) -> int:
        return sum(
            number
            for code, status, severity, number in self.counts
            if all(
                {"code": code, "status": status, "severity": severity, "dimension": registry.rule(code).dimension}[name]
                == value
                for name, value in by.items()
                if value
            )
        )

    def count(self, status: str) -> int:
        return self._counted(status=status, code=self.filters.code, dimension=self.filters.dimension)

    @property
    def open(self) -> int:
        return self._counted(status=Finding.Status.OPEN)

    @property
    def tabs(self) -> list[tuple[str, str, int | None]]:
        """Status, label, and how many, where the counts at hand can say."""
        return [(value, label, None if self.narrowed else self.count(value)) for value, label in Finding.Status.choices]

    @cached_property
    def findings(self) -> Any:
        """All that the filters let through, the most urgent first; of those that are over, the latest."""
        rows = self._visible.filter(status=self.filters.status)
        if self.filters.code:
            rows = rows.filter(code=self.filters.code)
        if self.filters.dimension:
            rows = rows.filter(code__in=[r.code for r in registry.rules() if r.dimension == self.filters.dimension])
        if self.filters.department:
            chosen = Department.number_of(self.filters.department) or 0
            rows = rows.filter(departments__number=chosen)
        if self.filters.mine:
            rows = rows.filter(people__member=self.member)
        if self.filters.status == Finding.Status.RESOLVED:
            return rows.order_by("-resolved_at", "pk")
        return rows.urgent_first()

    @cached_property
    def _page(self) -> list[Finding]:
        """One more than is shown, to know whether there are more."""
        start = (self.filters.page - 1) * PAGE
        rows = with_ends(self.findings)
        if self.filters.status == Finding.Status.WAIVED:
            rows = with_waivers(rows)
        return list(rows[start : start + PAGE + 1])

    @property
    def page(self) -> list[Finding]:
        return self._page[:PAGE]

    @property
    def groups(self) -> list[tuple[Severity, int | None, list[Finding]]]:
        """The page's findings by severity, each group with how many there are in all."""
        found = []
        for severity in sorted({finding.severity for finding in self.page}, reverse=True):
            mine = [finding for finding in self.page if finding.severity == severity]
            how_many = self._counted(
                status=self.filters.status,
                severity=severity,
                code=self.filters.code,
                dimension=self.filters.dimension,
            )
            found.append((Severity(severity), None if self.narrowed else how_many, mine))
        return found

    @property
    def pager(self) -> "Pager":
        return Pager(self)

    # --- beside them ---------------------------------------------------------------------------------

    @cached_property
    def departments(self) -> Any:
        """Whom the open findings concern, each with how many (`concerned`), the most concerned first."""
        rows = Department.objects.visible_to(self.member).filter(findings__in=self._visible.open())
        return rows.annotate(concerned=Count("findings")).order_by("-concerned", "name")

    @cached_property
    def department_name(self) -> str:
        chosen = Department.objects.visible_to(self.member).keyed(self.filters.department).first()
        return chosen.name if chosen else self.filters.department

    @property
    def since(self) -> date:
        return self.filters.since or self.today - timedelta(days=7)

    @cached_property
    def moves(self) -> list[Move]:
        """What opened, came back, was waived or was resolved since that day, the latest first."""
        rows = self._visible.filter(turned_at__gte=midnight(self.since))
        return [_move(finding) for finding in rows.order_by("-turned_at", "-pk")[:MOVED]]


def _move(finding: Any) -> Move:
    if finding.status == Finding.Status.RESOLVED:
        return Move(finding, "resolved", "good")
    if finding.status == Finding.Status.WAIVED:
        return Move(finding, "waived", "none")
    back = finding.reopened or finding.turned_at > finding.opened_at
    return Move(finding, "back" if back else "new", "bad" if finding.severity == Severity.ERROR else "warn")


def with_ends(findings: Any) -> Any:
    """With all that a list of findings shows of each, in a fixed number of queries."""
    people = Person.objects.select_related("department").order_by("name")
    return findings.prefetch_related(
        Prefetch("subjects", FindingSubject.objects.filter(mentioned=False).order_by("pk")),
        Prefetch("people", people),
        "departments",
    )


def with_waivers(findings: Any) -> Any:
    return findings.prefetch_related(
        Prefetch("waivers", Waiver.objects.filter(ended_at=None).select_related("by__user"))
    )


class Pager:
    """The neighbours of a page of findings."""

    def __init__(self, overview: Overview) -> None:
        self.filters, self.overview = overview.filters, overview

    def _query(self, page: int) -> str:
        asked = {name: value for name, value in vars(self.filters).items() if value and name != "page"}
        asked["mine"] = "1" if self.filters.mine else ""
        return "?" + urlencode({**{name: value for name, value in asked.items() if value}, "page": page})

    @property
    def previous_query(self) -> str | None:
        return self._query(self.filters.page - 1) if self.filters.page > 1 else None

    @property
    def next_query(self) -> str | None:
        return self._query(self.filters.page + 1) if len(self.overview._page) > PAGE else None

    @property
    def sentence(self) -> str:
        shown: Sequence[Finding] = self.overview.page
        if not shown or not (self.previous_query or self.next_query):
            return ""
        first = (self.filters.page - 1) * PAGE + 1
        of = "" if self.overview.narrowed else f" of {self.overview.count(self.filters.status):,}"
        return f"{first:,}–{first + len(shown) - 1:,}{of} findings"
