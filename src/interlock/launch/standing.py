"""How the gates of a release stand: criteria with their evidence, who has voted, whether it can be decided."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, FilteredRelation, Q

from interlock.launch.evidence import Judged, judge
from interlock.launch.models import Choice, Gate, GateCriterion, GateDecision, Vote
from interlock.launch.models.gate import in_order
from interlock.organisation.models import Person
from interlock.people.models import Role
from interlock.releases.models import Release
from interlock.workspaces.models import Member

LEVELS = {Choice.GO: "good", Choice.CONDITIONS: "warn", Choice.NO_GO: "bad"}


@dataclass(frozen=True, eq=False)
class Seat:
    """A say in a gate: that of a person, or of whoever holds a role. A vacant role has nobody to give it."""

    role: Role | None
    person: Person | None
    holders: tuple[Person, ...]
    # The newest of this round.
    vote: Vote | None

    @property
    def key(self) -> str:
        return (self.role or self.person).key  # type: ignore[union-attr]

    @property
    def vacant(self) -> bool:
        return not self.holders

    @property
    def of(self) -> "Role | Person":
        return self.role or self.person  # type: ignore[return-value]

    def filled_by(self, member: Member) -> bool:
        return any(one.member_id == member.pk for one in self.holders)

    @property
    def without_account(self) -> list[Person]:
        """Holders whose vote somebody else may write down."""
        return [one for one in self.holders if one.member_id is None]


@dataclass
class Standing:
    gate: Gate
    criteria: list[Judged]
    seats: list[Seat]
    # Oldest first, of all rounds.
    votes: list[Vote]
    decisions: list[GateDecision]
    today: date

    # --- criteria --------------------------------------------------------------------------------

    @property
    def met(self) -> list[Judged]:
        return [one for one in self.criteria if one.met]

    @property
    def missing(self) -> list[Judged]:
        return [one for one in self.criteria if not one.met]

    @property
    def all_met(self) -> bool:
        return bool(self.criteria) and not self.missing

    # --- votes -----------------------------------------------------------------------------------

    @property
    def round(self) -> int:
        return len(self.decisions)

    @property
    def voted(self) -> list[Seat]:
        return [seat for seat in self.seats if seat.vote]

    @property
    def awaited(self) -> list[Seat]:
        return [] if self.closed else [seat for seat in self.seats if not seat.vote]

    @property
    def needed(self) -> int:
        """How many must have voted."""
        return min(self.gate.quorum or len(self.seats), len(self.seats))

    @property
    def against(self) -> list[Seat]:
        return [seat for seat in self.voted if seat.vote and seat.vote.choice == Choice.NO_GO]

    def count(self, choice: str) -> int:
        return sum(seat.vote.choice == choice for seat in self.voted if seat.vote)

    @property
    def tally(self) -> str:
        """“2 go, 1 no-go”."""
        counts = [(self.count(choice), Choice(choice).label.lower()) for choice in Choice.values]
        return "; ".join(f"{number} {word}" for number, word in counts if number)

    @property
    def superseded(self) -> list[Vote]:
        """What was said before, newest first: by whoever voted again, and in earlier rounds."""
        counting = {seat.vote.pk for seat in self.seats if seat.vote}
        return [vote for vote in reversed(self.votes) if vote.pk not in counting]

    # --- the decision ----------------------------------------------------------------------------

    @property
    def decision(self) -> GateDecision | None:
        return self.decisions[-1] if self.decisions else None

    @property
    def closed(self) -> bool:
        return bool(self.decision and self.decision.final)

    @property
    def overdue(self) -> bool:
        return bool(not self.closed and self.gate.decide_by and self.gate.decide_by < self.today)

    @property
    def waits(self) -> str:
        """Why no decision can be recorded yet; empty where one can."""
        voted, day = len(self.voted), self.gate.decide_by
        if self.closed:
            return "It is decided."
        if not self.seats:
            return "Nobody approves it: choose an approver first."
        if voted < self.needed:
            return f"{voted} of {self.needed} needed votes are there."
        if voted < len(self.seats) and day and day > self.today:
            return f"The quorum has voted. The others may until {day:%-d %B %Y}; from that day on it can be decided."
        return ""

    @property
    def level(self) -> str:
        if self.decision and (self.closed or not self.voted):
            return LEVELS[Choice(self.decision.outcome)]
        return "bad" if self.overdue else "info" if not self.waits else "none"

    @property
    def word(self) -> str:
        """In a word or two how it stands."""
        if self.decision and (self.closed or not self.voted):
            return str(self.decision.get_outcome_display())
        return "Past its day" if self.overdue else "Can be decided" if not self.waits else "Open"

    @property
    def answer(self) -> str:
        """The title of its page."""
        name = self.gate.name
        if self.closed and self.decision:
            return f"{name}: {self.decision.get_outcome_display().lower()}"
        if not self.waits:
            return f"{name} can be decided: {self.tally}"
        if self.criteria:
            told = f"{len(self.met)} of {len(self.criteria)} criteria are met"
            return f"{name}: {told}, and {len(self.voted)} of {len(self.seats)} have voted"
        return f"{name} has no criteria yet"

    # --- days ------------------------------------------------------------------------------------

    @property
    def planned_on(self) -> date | None:
        dates = getattr(self.gate.milestone, "dates", None)
        return dates.ends_on if dates else None

    @property
    def likely_by(self) -> date | None:
        """The day by which the milestone is reached in 85 of 100 simulations."""
        dates = getattr(self.gate.milestone, "dates", None)
        return dates.likely_by if dates else None

    @property
    def due_on(self) -> date | None:
        """The day by which the milestone is to be reached: that of the decision, or its own where that is later."""
        tied = self.gate.milestone
        days = [self.gate.decide_by, tied and (tied.fixed_on or tied.deadline)]
        return max((day for day in days if day), default=None)

    @property
    def too_late(self) -> int:
        """Days by which it is likely missed; 0 where it is not, and where nothing says when it is due."""
        if self.closed or not (self.likely_by and self.due_on):
            return 0
        return max(0, (self.likely_by - self.due_on).days)

    def record(self) -> dict[str, Any]:
        """What a decision keeps: texts and keys, no names of people."""
        return {
            "criteria": [
                {
                    "text": one.criterion.text,
                    "department": one.criterion.department.name if one.criterion.department else "",
                    "state": one.state.code,
                    "words": one.words,
                }
                for one in self.criteria
            ],
            "awaited": [seat.key for seat in self.seats if not seat.vote],
            "decide_by": self.gate.decide_by and self.gate.decide_by.isoformat(),
            "planned_on": self.planned_on and self.planned_on.isoformat(),
            "likely_by": self.likely_by and self.likely_by.isoformat(),
        }


def standing_of(gate: Gate, *, today: date) -> Standing:
    """`release`, `milestone` and its dates are best fetched with it."""
    [standing] = standings(gate.release, [gate], today=today)
    return standing


def standings(release: Release, gates: Iterable[Gate], *, today: date) -> list[Standing]:
    """The gates of one release, in their order; the number of queries does not depend on them."""
    found = in_order(list(gates))
    for gate in found:
        gate.release, release.workspace = release, gate.workspace
    roles, people = approvers(found, today=today)
    criteria = _by_gate(GateCriterion.objects.active().filter(gate__in=found).with_evidence())
    judged = defaultdict(list)
    for one in judge(release, [one for some in criteria.values() for one in some]):
        judged[one.criterion.gate_id].append(one)
    related = ("person__department", "role__product", "recorded_by__user")
    votes = _by_gate(Vote.objects.filter(gate__in=found).select_related(*related))
    decisions = _by_gate(GateDecision.objects.filter(gate__in=found).select_related("recorded_by__user"))
    return [
        Standing(
            gate,
            judged[gate.pk],
            _seats(roles[gate.pk], people[gate.pk], votes[gate.pk], counted=_counting(decisions[gate.pk])),
            votes[gate.pk],
            decisions[gate.pk],
            today,
        )
        for gate in found
    ]


Holders = list[tuple[Role, tuple[Person, ...]]]


def approvers(gates: Sequence[Gate], *, today: date) -> tuple[dict[int, Holders], dict[int, list[Person]]]:
    """Gate → the roles that approve it, with who holds each now; gate → the people who do."""
    mine = [gate.pk for gate in gates]
    begun = Q(assignments__starts_on=None) | Q(assignments__starts_on__lte=today)
    going_on = Q(assignments__ends_on=None) | Q(assignments__ends_on__gt=today)
    named: Any = Role.objects.active().filter(gates__in=mine).select_related("product")
    held = named.annotate(
        now=FilteredRelation("assignments", condition=begun & going_on), holder=F("now__person"), gate=F("gates")
    )
    seats: dict[int, dict[int, tuple[Role, set[int]]]] = defaultdict(dict)
    for role in held.order_by("name", "pk"):
        _, holders = seats[role.gate].setdefault(role.pk, (role, set()))
        holders.add(role.holder)
    wanted = {pk for some in seats.values() for _, holders in some.values() for pk in holders}
    people: Any = Person.objects.current().select_related("department").annotate(gate=F("gates"))
    here = list(people.filter(Q(pk__in=wanted - {None}) | Q(gate__in=mine)).order_by("name", "pk"))
    known = {person.pk: person for person in here}
    by_role = {
        gate: [(role, tuple(known[pk] for pk in sorted(holders & known.keys()))) for role, holders in some.values()]
        for gate, some in seats.items()
    }
    by_name: dict[int, list[Person]] = defaultdict(list)
    for person in here:
        by_name[person.gate].append(person)
    return defaultdict(list, by_role), by_name


def _by_gate(rows: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.gate_id].append(row)
    return found


def _counting(decisions: Sequence[GateDecision]) -> int:
    """The round whose votes count: that of the decision which stands, or the one that is going on."""
    return len(decisions) - bool(decisions and decisions[-1].final)


def _seats(roles: Holders, people: Sequence[Person], votes: Sequence[Vote], *, counted: int) -> list[Seat]:
    newest: dict[tuple[str, int], Vote] = {}
    for vote in votes:
        if vote.round == counted:
            newest["role" if vote.role_id else "person", vote.role_id or vote.person_id] = vote
    seats = [Seat(role, None, holders, newest.get(("role", role.pk))) for role, holders in roles]
    return seats + [Seat(None, one, (one,), newest.get(("person", one.pk))) for one in people]
