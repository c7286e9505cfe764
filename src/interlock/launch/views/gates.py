from collections import defaultdict
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views import View

from interlock.launch.evidence import Judged
from interlock.launch.forms import DecideForm, GateCriterionForm, GateForm, VoteForm, WordForm
from interlock.launch.models import Choice, Gate, GateCriterion
from interlock.launch.standing import LEVELS, Standing, standing_of, standings
from interlock.organisation.models import Department, Person
from interlock.releases.models import Release, Workstream
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member
from interlock.workspaces.pages import ActView, Done, RowPage, RowView, may_edit, stay
from interlock.workspaces.permissions import Action

# What each kind of evidence says on the button that adds such a criterion.
KINDS = [(kind.value, kind.label) for kind in GateCriterion.Kind]


class ReadinessView(View):
    """Whether every department is ready: criteria of each gate, what is missing, who must vote."""

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        by = request.member
        if not by.reads_all:
            raise Http404
        release = by.visible(Release, key=key)
        gates = standings(release, Gate.objects.visible_to(by).of_release(release), today=timezone.localdate())
        every = [one for gate in gates for one in gate.criteria]
        shown = {
            "row": release,
            "release": release,
            "gates": gates,
            "matrix": matrix(gates, release, by),
            "met": sum(one.met for one in every),
            "number": len(every),
            "missing": [(gate, one) for gate in gates if not gate.closed for one in gate.missing],
            "awaited": [(gate, seat) for gate in gates for seat in gate.awaited],
            "next": next((gate for gate in gates if not gate.closed), None),
            "editable": not release.archived and may_edit(by, release),
        }
        return render(request, "launch/readiness.html", shown)


Row = tuple[Department | None, list[tuple[str, list[Judged]]]]


def matrix(gates: list[Standing], release: Release, by: Member) -> list[Row]:
    """A row for each department that has a part or a criterion, and for what is everybody's; a cell for each gate."""
    streams = Workstream.objects.visible_to(by).active().filter(release=release).select_related("department")
    departments: dict[int | None, Department | None] = {one.department_id: one.department for one in streams}
    cells: dict[int | None, dict[int, list[Judged]]] = defaultdict(lambda: defaultdict(list))
    for gate in gates:
        for one in gate.criteria:
            departments[one.criterion.department_id] = one.criterion.department
            cells[one.criterion.department_id][gate.gate.pk].append(one)
    ordered = sorted(departments.items(), key=lambda item: (item[1] is None, item[1].name if item[1] else ""))
    return [(one, [(gate.gate.name, cells[pk][gate.gate.pk]) for gate in gates]) for pk, one in ordered]


class GateView(RowPage):
    """One gate: what it asks for, how that stands, who votes what; shown to the meeting that decides."""

    model = Gate
    related = ("release__product", "milestone__dates", "milestone__workstream__release")

    def more(self, request: MemberRequest, row: Gate) -> dict[str, Any]:
        by = request.member
        standing = standing_of(row, today=timezone.localdate())
        mine = [seat for seat in standing.seats if seat.filled_by(by)]
        own = {one.criterion.pk for one in standing.criteria if by.edits or _owns(by, one.criterion)}
        held = next((seat.vote for seat in mine if seat.vote), None)
        return {
            "release": row.release,
            "standing": standing,
            "levels": {str(choice): level for choice, level in LEVELS.items()},
            "own": own,
            "mine": mine,
            "my_vote": held,
            "voting": VoteForm(by=by, initial={"choice": held.choice if held else ""})
            if mine and not standing.closed and not row.archived and by.can(Action.CONTRIBUTE)
            else None,
            "kinds": KINDS,
        }


def _owns(by: Member, criterion: GateCriterion) -> bool:
    return by.may(Action.EDIT) and bool(criterion.owner and criterion.owner.member_id == by.pk)


class GateAddView(RowView):
    """A gate of a release."""

    model, form = Gate, GateForm

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        release = request.member.editable(Release, key=key)
        form = self.form(by=request.member, release=release, initial={"required": True})
        return self._page(request, form, release)

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        release = request.member.editable(Release, key=key)
        form = self.form(request.POST, by=request.member, release=release)
        gate = form.save(release=release) if form.is_valid() else None
        if gate is None:
            return self._page(request, form, release)
        return stay(request, gate.get_absolute_url())

    def _page(self, request: MemberRequest, form: Any, release: Release) -> HttpResponse:
        return self.form_page(request, form, title=f"What must {release} pass?", back=release.get_absolute_url())


class CriterionAddView(RowView):
    """A criterion of a gate, by what is to show that it is met."""

    model, form = GateCriterion, GateCriterionForm

    def get(self, request: MemberRequest, key: str, evidence: str) -> HttpResponse:
        gate, kind = self._asked(request.member, key, evidence)
        return self._page(request, self.form(by=request.member, kind=kind, gate=gate), kind, gate)

    def post(self, request: MemberRequest, key: str, evidence: str) -> HttpResponse:
        gate, kind = self._asked(request.member, key, evidence)
        form = self.form(request.POST, by=request.member, kind=kind, gate=gate)
        if form.is_valid() and form.save(gate=gate, kind=kind):
            return stay(request, gate.get_absolute_url())
        return self._page(request, form, kind, gate)

    def _page(self, request: MemberRequest, form: Any, kind: str, gate: Gate) -> HttpResponse:
        title = f"What must hold, shown by {GateCriterion.Kind(kind).label.lower()}?"
        return self.form_page(request, form, title=title, back=gate.get_absolute_url())

    @staticmethod
    def _asked(by: Member, key: str, evidence: str) -> tuple[Gate, str]:
        if evidence not in GateCriterion.Kind.values:
            raise Http404
        gate: Gate = by.editable(Gate, key=key)
        return gate, evidence


class WordView(ActView):
    model, form, act = GateCriterion, WordForm, "Give my word"

    def initial(self, row: GateCriterion) -> dict[str, Any]:
        return {"word": row.word or GateCriterion.Word.MET, "note": row.word_note}

    def title(self, row: GateCriterion) -> str:
        return f"“{row}”: is it so?"

    def do(self, row: GateCriterion, *, by: Member, **answers: Any) -> Done:
        row.say(answers["word"], note=answers["note"], by=by)
        return Done(f"Noted: {row.get_word_display().lower()}.")


class VoteView(ActView):
    model, form, act = Gate, VoteForm, "Vote"

    def row(self, member: Member, key: str) -> Gate:
        gate: Gate = member.visible(Gate, key=key)
        member.require(Action.CONTRIBUTE)
        if not any(seat.filled_by(member) for seat in standing_of(gate, today=timezone.localdate()).seats):
            raise PermissionDenied("You are not among its approvers.")
        return gate

    def title(self, row: Gate) -> str:
        return f"{row}: go or no-go?"

    def says(self, row: Gate) -> str:
        return "Everybody sees your vote and its reason. You can vote again; what you said before stays on record."

    def do(self, row: Gate, *, by: Member, **answers: Any) -> Done:
        row.vote(**answers, by=by, today=timezone.localdate())
        return Done(f"You voted {Choice(answers['choice']).label.lower()}.")


class VoteForView(ActView):
    """The vote of an approver without an account, written down by an editor."""

    model, form, act = Gate, VoteForm, "Write it down"

    def row(self, member: Member, key: str, person: str = "") -> Any:
        gate: Any = member.editable(Gate, key=key)
        gate.voter = member.visible(Person, key=person)
        return gate

    def title(self, row: Any) -> str:
        return f"What does {row.voter} say?"

    def says(self, row: Any) -> str:
        return f"{row.voter} has no account. It is on record that you wrote it down."

    def do(self, row: Any, *, by: Member, **answers: Any) -> Done:
        row.vote(**answers, person=row.voter, by=by, today=timezone.localdate())
        return Done(f"{row.voter}: {Choice(answers['choice']).label.lower()}.")


class DecideView(ActView):
    model, form, act = Gate, DecideForm, "Record the decision"

    def title(self, row: Gate) -> str:
        return f"{row}: what was decided?"

    def says(self, row: Gate) -> str:
        standing = standing_of(row, today=timezone.localdate())
        if standing.waits:
            return standing.waits
        short = len(standing.missing)
        missing = f" {short} of {len(standing.criteria)} criteria {'is' if short == 1 else 'are'} not met." * bool(
            short
        )
        return f"The votes: {standing.tally}.{missing}"

    def do(self, row: Gate, *, by: Member, **answers: Any) -> Done:
        decision = row.decide(**answers, by=by, today=timezone.localdate())
        return Done(f"Recorded: {decision.get_outcome_display().lower()}.")
