"""Gates: what shows that their criteria are met, who votes, when they can be decided, and what stays of it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from interlock.alignment import registry
from interlock.alignment.models import RuleSetting
from interlock.backlog.models import Feature, Requirement
from interlock.launch.evidence import MET, NOT_MET, UNKNOWN, judge
from interlock.launch.models import Choice, Gate, GateCriterion, GateDecision, Vote
from interlock.launch.standing import standing_of, standings
from interlock.organisation.models import Department, Person, Product
from interlock.people.models import Role
from interlock.releases.models import Release, ReleaseTemplate, Task, TaskDates, Workstream
from interlock.releases.recipes import Recipe, shipped
from interlock.strategy.models import Metric
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import AuditEvent, Workspace
from interlock.workspaces.purging import purge

pytestmark = pytest.mark.django_db
Kind = GateCriterion.Kind


def shown(gate, by, **how):
    """State and words of a new criterion."""
    criterion = GateCriterion.objects.add(gate=gate, text="It holds", by=by, **how)
    [judged] = judge(gate.release, GateCriterion.objects.filter(pk=criterion.pk).with_evidence())
    return judged.state, judged.words


def vote(gate, choice, by, today, **how):
    return gate.vote(choice, reason="Because", by=by, today=today, **how)


def stands(gate, today):
    return standing_of(Gate.objects.get(pk=gate.pk), today=today)


# --- what shows that a criterion is met ----------------------------------------------------------------


def test_a_link_is_there_or_it_is_not(gate, ada):
    assert shown(gate, ada, kind=Kind.LINK) == (NOT_MET, "There is no link yet.")
    linked = shown(gate, ada, kind=Kind.LINK, link="https://docs.example/press-kit")
    assert linked == (MET, "It is at docs.example.")


@pytest.mark.parametrize(
    ("comparison", "value", "state"),
    [("at_most", 2, MET), ("at_most", 3, NOT_MET), ("at_least", 2, MET), ("at_least", 1, NOT_MET)],
)
def test_a_number_is_held_against_its_bound(comparison, value, state, gate, ada, today):
    errors = Metric.objects.add(name="Errors", unit="%", by=ada)
    how = {"kind": Kind.METRIC, "metric": errors, "comparison": comparison, "bound": Decimal(2)}
    asked = comparison.replace("_", " ")
    assert shown(gate, ada, **how) == (UNKNOWN, f"Errors is not measured yet; {asked} 2 % is asked for.")
    errors.measure(Decimal(9), on=today - timedelta(days=1), by=ada)
    errors.measure(Decimal(value), on=today, by=ada)
    assert shown(gate, ada, **how) == (state, f"Errors was {value} % on 1 March 2027; {asked} 2 % is asked for.")


def test_a_task_shows_it_when_it_is_done(gate, stream, ada):
    build = Task.objects.add(workstream=stream, title="Build", likely=2, by=ada)
    TaskDates.objects.create(task=build, starts_on=date(2027, 3, 1), ends_on=date(2027, 3, 2))
    how = {"kind": Kind.TASK, "task": build}
    assert shown(gate, ada, **how) == (NOT_MET, "“Build” is to do, and planned to end on 2 March 2027.")
    build.finish(on=date(2027, 3, 2), by=ada)
    assert shown(gate, ada, **how) == (MET, "“Build” was done on 2 March 2027.")
    build.change(status=Task.Status.DROPPED, by=ada)
    assert shown(gate, ada, **how) == (UNKNOWN, "“Build” is not planned any more.")


def test_a_rule_shows_it_while_it_finds_nothing_in_this_release(gate, release, payments, alignment, ada, amir):
    how = {"kind": Kind.RULE, "rule": "BL104"}
    inside, outside = Feature.objects.add_many([{"product": payments, "title": one} for one in "AB"], by=ada)
    release.take([inside], by=ada)
    Release.objects.add(product=payments, name="4.3", by=ada).take([outside], by=ada)
    Requirement.objects.add(feature=outside, title="It is fast", by=ada)
    alignment.check()
    assert shown(gate, ada, **how) == (MET, "No open finding of BL104 in this release.")
    Requirement.objects.add(feature=inside, title="It is fast", by=ada)
    alignment.check()
    assert shown(gate, ada, **how) == (NOT_MET, "1 open finding of BL104 in this release.")
    RuleSetting.objects.switch(registry.rule("BL104"), False, by=amir)
    assert shown(gate, ada, **how) == (UNKNOWN, "The rule BL104 is switched off.")
    RuleSetting.objects.configure(registry.rule("BL104"), product=payments, enabled=True, by=amir)
    assert shown(gate, ada, **how)[0] is NOT_MET


def test_no_number_of_findings_tells_of_a_product_that_few_may_see(gate, release, alignment, ada, amir):
    lab = Product.objects.add(name="Lab", by=amir)
    hidden = Feature.objects.add(product=lab, title="Hidden", by=amir)
    Requirement.objects.add(feature=hidden, title="It is fast", by=amir)
    lab.restrict(True, by=amir)
    release.take([hidden], by=amir)
    alignment.check()
    assert shown(gate, ada, kind=Kind.RULE, rule="BL104")[0] is MET


def test_somebody_gives_their_word_and_can_take_it_back(gate, ada):
    criterion = gate.criteria.get()

    def judged():
        [one] = judge(gate.release, GateCriterion.objects.filter(pk=criterion.pk).with_evidence())
        return one.state, one.words

    assert judged() == (UNKNOWN, "Nobody has given their word yet.")
    criterion.say("met", note="Two more on the late shift", by=ada)
    assert judged() == (MET, f"Said on {timezone.localdate():%-d %B %Y}: Two more on the late shift")
    criterion.say("not_met", by=ada)
    assert judged()[0] is NOT_MET


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"kind": "metric"}, "Choose the metric"),
        ({"kind": "task"}, "Choose the task"),
        ({"kind": "rule", "rule": "ZZ999"}, "no such rule"),
        ({"text": "  "}, "Say what must hold"),
    ],
)
def test_evidence_that_could_show_nothing_is_refused(fields, says, gate, ada):
    with pytest.raises(DomainError, match=says):
        GateCriterion.objects.add(**{"gate": gate, "text": "It holds", **fields}, by=ada)


def test_evidence_and_milestone_are_of_the_release(gate, payments, engineering, ada, amir):
    other = Release.objects.add(product=payments, name="4.3", by=ada)
    theirs = Task.objects.add(
        workstream=Workstream.objects.add(release=other, department=engineering, by=ada), title="Build", by=ada
    )
    lab = Metric.objects.add(name="Secret", product=Product.objects.add(name="Lab", by=amir), by=amir)
    for how in ({"kind": "task", "task": theirs}, {"kind": "metric", "metric": lab, "bound": 1}):
        with pytest.raises(DomainError, match="release"):
            GateCriterion.objects.add(gate=gate, text="It holds", by=ada, **how)
    with pytest.raises(DomainError, match="milestone of its own release"):
        gate.change(milestone=theirs, by=ada)


# --- votes ---------------------------------------------------------------------------------------------


def test_whoever_holds_an_approving_role_votes_with_a_reason(gate, lead, dana, cora, today):
    with pytest.raises(DomainError, match="Say why"):
        gate.vote(Choice.GO, reason=" ", by=cora, today=today)
    [given] = vote(gate, Choice.GO, cora, today)
    assert (given.role, given.person, given.recorded_by) == (lead, dana, cora)
    assert [seat.of for seat in stands(gate, today).awaited] != []


def test_a_new_vote_supersedes_and_both_stay_on_record(gate, cora, today):
    [first], [second] = vote(gate, Choice.NO_GO, cora, today), vote(gate, Choice.GO, cora, today)
    standing = stands(gate, today)
    assert [seat.vote for seat in standing.voted] == [second]
    assert standing.superseded == [first]
    assert standing.tally == "1 go"


def test_whoever_has_no_say_does_not_vote(gate, ada, ben, today):
    for who in (ada, ben):
        with pytest.raises(PermissionDenied):
            vote(gate, Choice.GO, who, today)


def test_an_editor_writes_down_what_an_approver_without_an_account_says(gate, greta, dana, ada, cora, today):
    [given] = vote(gate, Choice.GO, ada, today, person=greta)
    assert (given.person, given.recorded_by) == (greta, ada)
    with pytest.raises(DomainError, match="has an account"):
        vote(gate, Choice.GO, ada, today, person=dana)
    with pytest.raises(PermissionDenied):
        vote(gate, Choice.GO, cora, today, person=greta)


def test_a_role_keeps_its_vote_when_somebody_else_takes_it_over(gate, lead, dana, cora, ada, today):
    vote(gate, Choice.GO, cora, today)
    lead.relieve(dana, on=today, by=ada)
    standing = stands(gate, today)
    assert [seat.vacant for seat in standing.voted] == [True]
    with pytest.raises(PermissionDenied):
        vote(gate, Choice.NO_GO, cora, today)


# --- decisions -----------------------------------------------------------------------------------------


def decide(gate, by, today, outcome=Choice.GO):
    return gate.decide(outcome, reason="Because", by=by, today=today)


def test_all_must_have_voted_where_there_is_no_quorum(gate, ada, cora, greta, today):
    vote(gate, Choice.GO, cora, today)
    with pytest.raises(DomainError, match="1 of 2 needed votes"):
        decide(gate, ada, today + timedelta(days=30))
    vote(gate, Choice.GO, ada, today, person=greta)
    assert decide(gate, ada, today).outcome == Choice.GO


def test_the_quorum_is_enough_from_the_day_of_the_decision_on(gate, ada, cora, today):
    gate.change(quorum=1, by=ada)
    vote(gate, Choice.GO, cora, today)
    with pytest.raises(DomainError, match="The others may until 8 March 2027"):
        decide(gate, ada, today)
    assert decide(gate, ada, gate.decide_by).outcome == Choice.GO


def test_nobody_decides_what_nobody_approves(release, ada, today):
    gate = Gate.objects.add(release=release, name="Open door", by=ada)
    with pytest.raises(DomainError, match="Nobody approves it"):
        decide(gate, ada, today)


def everybody_votes(gate, ada, cora, greta, today):
    vote(gate, Choice.GO, cora, today)
    vote(gate, Choice.NO_GO, ada, today, person=greta)


def test_a_decision_keeps_how_everything_stood(gate, freeze, ada, cora, greta, today):
    TaskDates.objects.create(task=freeze, starts_on=today, ends_on=today, likely_by=today + timedelta(days=9))
    everybody_votes(gate, ada, cora, greta, today)
    made = decide(gate, ada, today, Choice.CONDITIONS)
    gate.criteria.get().say("met", by=ada)
    made = GateDecision.objects.get(pk=made.pk)
    assert made.record["criteria"] == [
        {
            "text": "Support is staffed",
            "department": "",
            "state": "unknown",
            "words": "Nobody has given their word yet.",
        }
    ]
    assert made.record["likely_by"] == "2027-03-10"
    assert "Greta" not in str(made.record)


def test_what_is_decided_takes_no_more_votes(gate, ada, cora, greta, today):
    everybody_votes(gate, ada, cora, greta, today)
    decide(gate, ada, today)
    for again in (lambda: vote(gate, Choice.NO_GO, cora, today), lambda: decide(gate, ada, today)):
        with pytest.raises(DomainError, match="It is decided"):
            again()
    assert stands(gate, today).tally == "1 go; 1 no-go"


def test_after_a_no_go_everybody_votes_anew(gate, ada, cora, greta, today):
    everybody_votes(gate, ada, cora, greta, today)
    decide(gate, ada, today, Choice.NO_GO)
    assert Gate.objects.open().filter(pk=gate.pk).exists()
    standing = stands(gate, today)
    assert (standing.word, standing.voted, len(standing.superseded)) == ("No-go", [], 2)
    everybody_votes(gate, ada, cora, greta, today)
    decide(gate, ada, today)
    assert [one.outcome for one in stands(gate, today).decisions] == ["no_go", "go"]
    assert not Gate.objects.open().filter(pk=gate.pk).exists()


# --- what is recorded stays ----------------------------------------------------------------------------


def test_neither_votes_nor_decisions_can_be_changed(gate, ada, cora, greta, today, figures):
    everybody_votes(gate, ada, cora, greta, today)
    decide(gate, ada, today)
    for row in (Vote.objects.first(), GateDecision.objects.get()):
        with pytest.raises(DomainError, match="stays as it was recorded"):
            row.change(reason="Something else", by=ada)
        with pytest.raises(DomainError, match="stays as it was recorded"):
            row.archive(by=ada)
        rows = type(row)._base_manager.filter(pk=row.pk)
        for rewrite in (lambda rows=rows: rows.update(reason="x"), lambda rows=rows: rows._raw_delete(rows.db)):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                rewrite()
    assert Vote.objects.filter(reason="Because").count() == 2
    figures.measured("attempts to rewrite a vote or a decision, taken", f"4 on {connection.vendor}, 0")


def test_they_go_with_their_workspace(gate, ada, cora, greta, olga, today):
    everybody_votes(gate, ada, cora, greta, today)
    decide(gate, ada, today)
    olga.workspace.delete_after_grace(named="Northwind", by=olga)
    purge(olga.workspace)
    assert not Vote.objects.exists()
    assert not GateDecision.objects.exists()
    assert not Workspace.objects.filter(slug="northwind").exists()


def test_every_vote_and_decision_is_told_once(gate, ada, cora, greta, today):
    everybody_votes(gate, ada, cora, greta, today)
    decide(gate, ada, today)
    told = AuditEvent.objects.filter(model__in=["launch.vote", "launch.gatedecision"])
    assert [one.verb for one in told] == ["added"] * 3


# --- from a template -----------------------------------------------------------------------------------

PLAN = """
Engineering:
  - {id: build, title: Build, days: 5, ends: 5}
  - {id: freeze, milestone: Code freeze, ends: 4, needs: [build]}
---
gates:
  - gate: Code freeze
    milestone: freeze
    approvers: [Engineering Lead, Chief Worrier]
    criteria:
      - {text: It is built, department: Engineering, task: build}
      - {text: Nobody's work is unowned, rule: RL102}
      - {text: Minutes are there, link: ""}
      - {text: Legal agrees, department: Legal}
      - {text: All sleep well}
  - {gate: Go or no-go, decide: 1, quorum: 2, required: false}
"""


def started(plan, release, by):
    ReleaseTemplate.objects.add(name="Ours", plan=plan, by=by).start(release, by=by)
    return list(Gate.objects.order_by("number"))


def test_a_release_from_a_template_has_its_gates(release, engineering, lead, ada, today):
    freeze, go = started(PLAN, release, ada)
    assert (freeze.milestone.title, freeze.decide_by) == ("Code freeze", date(2027, 3, 15))
    assert list(freeze.approving_roles.all()) == [lead]
    assert [(one.kind, one.text) for one in freeze.criteria.all()] == [
        ("task", "It is built"),
        ("rule", "Nobody's work is unowned"),
        ("link", "Minutes are there"),
        ("word", "All sleep well"),
    ]
    # The target is Friday 19 March; a working day before it is Thursday.
    assert (go.decide_by, go.quorum, go.required, go.milestone) == (date(2027, 3, 18), 2, False, None)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("task: build", "task: biuld", "asks for biuld, which the template does not have"),
        ("milestone: freeze", "milestone: build", "tied to build, which is no milestone"),
        ("rule: RL102", "rule: RL999", "no rule RL999"),
        ("rule: RL102", "rule: RL102, task: build", "a task, a rule or a link"),
        ("quorum: 2", "quorum: none", "gates, entry 2, quorum"),
    ],
)
def test_a_template_whose_gates_make_no_sense_says_where(before, after, says):
    with pytest.raises(DomainError, match=says):
        Recipe.parse(PLAN.replace(before, after))


@pytest.mark.parametrize("one", shipped(), ids=lambda one: one.name)
def test_what_comes_with_interlock_has_a_gate_before_launch(one, release, ada):
    recipe = Recipe.parse(one.plan)
    for name in recipe.departments:
        Department.objects.add(name=name, by=ada)
    ReleaseTemplate.objects.take_in(one, by=ada).start(release, by=ada)
    told = {gate.name: gate for gate in Gate.objects.all()}
    assert told.keys() == {entry.gate for entry in recipe.parts["gates"]}
    assert all(gate.decide_by and gate.criteria.exists() for gate in told.values())
    assert sum(gate.criteria.count() for gate in told.values()) == sum(
        len(entry.criteria) for entry in recipe.parts["gates"]
    )


# --- how a release stands ------------------------------------------------------------------------------


def test_a_milestone_that_is_likely_later_than_it_is_due_is_told(gate, freeze, ada, today):
    TaskDates.objects.create(task=freeze, starts_on=today, ends_on=today, likely_by=today + timedelta(days=9))
    assert stands(gate, today).too_late == 2
    freeze.change(deadline=today + timedelta(days=12), by=ada)
    assert stands(gate, today).too_late == 0


def test_what_is_archived_or_vacant_has_no_say(gate, release, lead, greta, ada, today):
    greta.change(standing=Person.Standing.LEFT, by=ada)
    lead.archive(by=ada)
    assert stands(gate, today).seats == []
    vacant = Role.objects.add(name="Head of Support", by=ada)
    gate.extend(approving_roles=[vacant], by=ada)
    assert [seat.vacant for seat in stands(gate, today).seats] == [True]


def test_gates_stand_in_the_order_in_which_they_are_decided(gate, release, ada, today):
    later, never = Gate.objects.add_many(
        [{"release": release, "name": "Later", "decide_by": date(2027, 5, 1)}, {"release": release, "name": "Never"}],
        by=ada,
    )
    earlier = Gate.objects.add(release=release, name="Earlier", decide_by=today, by=ada)
    found = standings(release, Gate.objects.of_release(release), today=today)
    assert [one.gate for one in found] == [earlier, gate, later, never]
