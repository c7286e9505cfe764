from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from interlock.alignment.models import RuleSetting
from interlock.alignment.rule import Severity
from interlock.backlog.models import Dependency, Feature, Requirement
from interlock.backlog.rules import (
    DependencyCycle,
    FeatureWithoutObjective,
    FeatureWithoutOwner,
    ObjectiveWithoutWork,
    StaleFeature,
    VacantRole,
)
from interlock.organisation.models import Person, Product
from interlock.people.models import Role
from interlock.strategy.models import Objective
from interlock.workspaces.errors import DomainError

Status = Feature.Status
OVER = [Status.IDEA, Status.DONE, Status.DROPPED]
TO_BE_DONE = [Status.CANDIDATE, Status.PLANNED, Status.IN_PROGRESS]


@pytest.fixture
def export(payments, ada):
    return Feature.objects.add(product=payments, title="Export invoices", by=ada)


@pytest.fixture
def answer_faster(ada):
    return Objective.objects.add(title="Answer faster", by=ada)


@pytest.fixture
def manager(payments, ada):
    return Role.objects.add(name="Product Manager", product=payments, by=ada)


# --- GO103: somebody works on an objective -----------------------------------------------------------


def test_an_objective_without_work_is_found_until_a_feature_serves_it(alignment, answer_faster, export, ada):
    assert alignment.subjects(ObjectiveWithoutWork) == [answer_faster]
    alignment.finding(ObjectiveWithoutWork).fix("choose_feature", feature=export, by=ada)
    assert alignment.subjects(ObjectiveWithoutWork) == []


def test_choosing_a_feature_keeps_what_it_served_before(alignment, answer_faster, export, ada):
    before = Objective.objects.add(title="Fewer questions", by=ada)
    export.change(objectives=[before], by=ada)
    alignment.finding(ObjectiveWithoutWork).fix("choose_feature", feature=export, by=ada)
    assert set(export.objectives.all()) == {before, answer_faster}


@pytest.mark.parametrize("status", [*TO_BE_DONE, Status.DONE])
def test_work_planned_or_done_is_work(status, alignment, answer_faster, export, ada):
    export.change(objectives=[answer_faster], status=status, by=ada)
    assert alignment.subjects(ObjectiveWithoutWork) == []


@pytest.mark.parametrize("status", [Status.IDEA, Status.DROPPED])
def test_ideas_and_dropped_features_are_not_work(status, alignment, answer_faster, export, ada):
    export.change(objectives=[answer_faster], by=ada)
    assert alignment.subjects(ObjectiveWithoutWork) == []
    export.change(status=status, by=ada)
    assert alignment.subjects(ObjectiveWithoutWork) == [answer_faster]


def test_an_archived_feature_is_not_work(alignment, answer_faster, export, ada):
    export.change(objectives=[answer_faster], by=ada)
    assert alignment.subjects(ObjectiveWithoutWork) == []
    export.archive(by=ada)
    assert alignment.subjects(ObjectiveWithoutWork) == [answer_faster]


def test_an_objective_is_worked_on_through_those_under_it(alignment, answer_faster, ada):
    under = Objective.objects.add(title="Answer mail faster", parent=answer_faster, by=ada)
    assert alignment.subjects(ObjectiveWithoutWork) == [under]


@pytest.mark.parametrize("end", ["close", "archive", "move"])
def test_it_must_carry_itself_when_nothing_stands_under_it_any_more(end, alignment, answer_faster, export, ada):
    under = Objective.objects.add(title="Answer mail faster", parent=answer_faster, by=ada)
    export.change(objectives=[under], by=ada)
    assert alignment.subjects(ObjectiveWithoutWork) == []
    match end:
        case "close":
            under.change(status=Objective.Status.CLOSED, by=ada)
        case "archive":
            under.archive(by=ada)
        case "move":
            under.change(parent=None, by=ada)
    assert alignment.subjects(ObjectiveWithoutWork) == [answer_faster]


def test_closing_the_objective_ends_the_matter(alignment, answer_faster, ada):
    alignment.finding(ObjectiveWithoutWork).fix("close", by=ada)
    assert alignment.subjects(ObjectiveWithoutWork) == []


# --- BL101: a feature serves an objective ------------------------------------------------------------


def test_a_feature_without_objective_is_found_until_it_has_one(alignment, export, answer_faster, ada):
    assert alignment.subjects(FeatureWithoutObjective) == [export]
    alignment.finding(FeatureWithoutObjective).fix("choose_objective", objective=answer_faster, by=ada)
    assert alignment.subjects(FeatureWithoutObjective) == []


def test_dropping_it_is_a_way_out_too(alignment, export, ada):
    alignment.finding(FeatureWithoutObjective).fix("drop", by=ada)
    assert alignment.subjects(FeatureWithoutObjective) == []
    assert Feature.objects.get().status == Status.DROPPED


@pytest.mark.parametrize("status", TO_BE_DONE)
def test_whatever_is_to_be_done_must_serve(status, alignment, export, ada):
    export.change(status=status, by=ada)
    assert alignment.subjects(FeatureWithoutObjective) == [export]
    assert (
        alignment.evidence(FeatureWithoutObjective)
        == f"{export.key} is {status.label.lower()}, and nothing says what for."
    )


@pytest.mark.parametrize("status", OVER)
def test_ideas_and_what_is_over_need_not_serve(status, alignment, export, ada):
    export.change(status=status, by=ada)
    assert alignment.checked(FeatureWithoutObjective) == 0


@pytest.mark.parametrize("end", ["close", "archive"])
def test_an_objective_that_is_over_is_served_no_more(end, alignment, export, answer_faster, ada):
    export.change(objectives=[answer_faster], by=ada)
    assert alignment.subjects(FeatureWithoutObjective) == []
    if end == "close":
        answer_faster.change(status=Objective.Status.CLOSED, by=ada)
    else:
        answer_faster.archive(by=ada)
    assert "every objective that it served is closed" in alignment.evidence(FeatureWithoutObjective)


def test_one_open_objective_among_closed_ones_is_enough(alignment, export, answer_faster, ada):
    closed = Objective.objects.add(title="Move the office", status=Objective.Status.CLOSED, by=ada)
    export.change(objectives=[closed, answer_faster], by=ada)
    assert alignment.subjects(FeatureWithoutObjective) == []


def test_what_belongs_to_an_archived_product_is_not_checked(alignment, export, payments, ada):
    assert alignment.checked(FeatureWithoutObjective) == 1
    payments.archive(by=ada)
    assert alignment.subjects(FeatureWithoutObjective) == []
    assert alignment.checked(FeatureWithoutObjective) == 0
    payments.restore(by=ada)
    assert alignment.subjects(FeatureWithoutObjective) == [export]


# --- BL102: somebody owns a feature ------------------------------------------------------------------


def test_a_feature_without_owner_is_found_until_somebody_takes_it(alignment, export, dana, ada):
    assert alignment.subjects(FeatureWithoutOwner) == [export]
    alignment.finding(FeatureWithoutOwner).fix("choose_owner", owner=dana, by=ada)
    assert alignment.subjects(FeatureWithoutOwner) == []


def test_a_role_can_own_a_feature(alignment, export, manager, ada):
    alignment.finding(FeatureWithoutOwner).fix("choose_role", role=manager, by=ada)
    assert alignment.subjects(FeatureWithoutOwner) == []


def test_the_evidence_names_the_team_to_ask(alignment, export, billing, ada):
    assert "is candidate in no team" in alignment.evidence(FeatureWithoutOwner)
    export.change(team=billing, by=ada)
    assert "is candidate in Billing" in alignment.evidence(FeatureWithoutOwner)


@pytest.mark.parametrize("status", OVER)
def test_ideas_and_what_is_over_need_no_owner(status, alignment, export, ada):
    export.change(status=status, by=ada)
    assert alignment.checked(FeatureWithoutOwner) == 0


# --- BL105: no circles -------------------------------------------------------------------------------


def ring(payments, count, *, by):
    """Features that each need the next, and the last the first."""
    features = Feature.objects.add_many([{"product": payments, "title": f"Part {n + 1}"} for n in range(count)], by=by)
    need(*((features[n], features[(n + 1) % count]) for n in range(count)), by=by)
    return features


def need(*pairs, by):
    return Dependency.objects.add_many([{"feature": feature, "needs": needs} for feature, needs in pairs], by=by)


def test_two_features_that_need_each_other_are_found_until_one_tie_is_cut(alignment, payments, ada):
    a, b = ring(payments, 2, by=ada)
    assert alignment.subjects(DependencyCycle) == [a, b]
    assert alignment.evidence(DependencyCycle) == f"{a.key} needs {b.key} needs {a.key}."
    alignment.finding(DependencyCycle).fix("cut", dependency=a.needs.get(), by=ada)
    assert alignment.subjects(DependencyCycle) == []


def test_a_circle_of_five_with_chords_is_one_finding_with_its_shortest_way(alignment, payments, ada):
    a, b, c, d, e = ring(payments, 5, by=ada)
    need((c, a), (b, e), by=ada)
    assert alignment.subjects(DependencyCycle) == [a, b, c, d, e]
    assert alignment.evidence(DependencyCycle) == (
        f"{a.key} needs {b.key} needs {c.key} needs {a.key}; 2 more are tied into it."
    )


def test_only_ties_inside_the_circle_are_offered_to_be_cut(alignment, payments, export, ada):
    a, b = ring(payments, 2, by=ada)
    (outside,) = need((a, export), by=ada)
    finding = alignment.finding(DependencyCycle)
    assert set(finding.offers(finding.way_out("cut"), "dependency", by=ada)) == {a.needs.first(), b.needs.get()}
    with pytest.raises(DomainError):
        finding.fix("cut", dependency=outside, by=ada)


def test_a_chain_is_no_circle(alignment, payments, export, ada):
    a, b = Feature.objects.add_many([{"product": payments, "title": title} for title in "ab"], by=ada)
    need((export, a), (a, b), by=ada)
    assert alignment.subjects(DependencyCycle) == []
    assert alignment.checked(DependencyCycle) == 3


def test_a_feature_that_nothing_ties_is_not_checked(alignment, export):
    assert alignment.checked(DependencyCycle) == 0


@pytest.mark.parametrize("end", ["archive", Status.DONE, Status.DROPPED])
def test_a_circle_through_what_is_over_is_none(end, alignment, payments, ada):
    a, *_ = ring(payments, 3, by=ada)
    assert len(alignment.subjects(DependencyCycle)) == 3
    if end == "archive":
        a.archive(by=ada)
    else:
        a.change(status=end, by=ada)
    assert alignment.subjects(DependencyCycle) == []


def test_a_circle_through_an_idea_is_one(alignment, payments, ada):
    a, *_ = ring(payments, 3, by=ada)
    a.change(status=Status.IDEA, by=ada)
    assert len(alignment.subjects(DependencyCycle)) == 3


def test_two_circles_are_two_findings(alignment, payments, ada):
    ring(payments, 2, by=ada)
    ring(payments, 3, by=ada)
    assert [len(finding.rows()) for finding in alignment.findings(DependencyCycle)] == [2, 3]


def test_a_circle_through_two_products_is_found_though_they_call_it_differently_severe(alignment, payments, ada, amir):
    ledger = Product.objects.add(name="Ledger", by=ada)
    RuleSetting.objects.configure(DependencyCycle(), product=ledger, severity=Severity.NOTE, by=amir)
    a = Feature.objects.add(product=payments, title="a", by=ada)
    b = Feature.objects.add(product=ledger, title="b", by=ada)
    need((a, b), (b, a), by=ada)
    assert alignment.finding(DependencyCycle).severity == Severity.ERROR


def test_a_circle_leaves_with_a_product_for_which_the_rule_is_off(alignment, payments, ada, amir):
    ring(payments, 2, by=ada)
    assert len(alignment.findings(DependencyCycle)) == 1
    RuleSetting.objects.configure(DependencyCycle(), product=payments, enabled=False, by=amir)
    assert alignment.findings(DependencyCycle) == []


# --- BL107: planned, and untouched -------------------------------------------------------------------


def untouched(feature, days):
    long_ago = timezone.now() - timedelta(days=days)
    Feature.objects.filter(pk=feature.pk).update(changed_at=long_ago)
    Requirement.objects.filter(feature=feature).update(changed_at=long_ago)


def test_a_planned_feature_is_stale_after_a_quarter(alignment, export, today, ada):
    export.change(status=Status.PLANNED, by=ada)
    alignment.check(today + timedelta(days=90))
    assert alignment.subjects(StaleFeature) == []
    alignment.check(today + timedelta(days=91))
    assert alignment.subjects(StaleFeature) == [export]


@pytest.mark.parametrize("fix", ["put_back", "drop"])
def test_it_is_found_until_it_goes_back_or_away(fix, alignment, export, ada):
    export.change(status=Status.PLANNED, by=ada)
    untouched(export, days=120)
    alignment.check()
    assert alignment.subjects(StaleFeature) == [export]
    alignment.finding(StaleFeature).fix(fix, by=ada)
    assert alignment.subjects(StaleFeature) == []


def test_work_on_a_requirement_is_work_on_the_feature(alignment, export, ada):
    requirement = Requirement.objects.add(feature=export, title="As CSV", by=ada)
    export.change(status=Status.PLANNED, by=ada)
    untouched(export, days=120)
    alignment.check()
    assert alignment.subjects(StaleFeature) == [export]
    requirement.change(criteria=["Opens in a spreadsheet"], by=ada)
    assert alignment.subjects(StaleFeature) == []


@pytest.mark.parametrize("status", [*OVER, Status.CANDIDATE])
def test_only_what_is_planned_goes_stale(status, alignment, export, ada):
    export.change(status=status, by=ada)
    untouched(export, days=400)
    alignment.check()
    assert alignment.subjects(StaleFeature) == []


def test_a_workspace_may_be_more_patient(alignment, export, ada, amir):
    export.change(status=Status.PLANNED, by=ada)
    untouched(export, days=120)
    RuleSetting.objects.configure(StaleFeature(), settings={"days": 180}, by=amir)
    assert alignment.subjects(StaleFeature) == []
    RuleSetting.objects.configure(StaleFeature(), settings={"days": 119}, by=amir)
    assert alignment.subjects(StaleFeature) == [export]


# --- PE101: somebody who is here answers for it ------------------------------------------------------


@pytest.fixture(params=["feature", "objective"])
def owned(request, export, answer_faster):
    return {"feature": export, "objective": answer_faster}[request.param]


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (Person.Standing.LEFT, "Dana Ruiz, who has left"),
        (Person.Standing.UNCONFIRMED, "Dana Ruiz, who is in no directory"),
    ],
)
def test_an_owner_who_is_not_here_answers_for_nothing(standing, said, alignment, owned, dana, ada):
    owned.change(owner=dana, by=ada)
    assert alignment.subjects(VacantRole) == []
    dana.change(standing=standing, by=ada)
    assert alignment.subjects(VacantRole) == [owned]
    assert alignment.evidence(VacantRole) == f"{owned.key} is owned by {said}."


def test_an_archived_owner_is_not_here(alignment, owned, dana, ada):
    owned.change(owner=dana, by=ada)
    dana.archive(by=ada)
    assert alignment.subjects(VacantRole) == [owned]


def test_a_vacant_role_answers_for_nothing_until_it_is_filled(alignment, owned, manager, dana, today, ada):
    owned.change(owner_role=manager, by=ada)
    assert alignment.subjects(VacantRole) == [owned]
    assert alignment.evidence(VacantRole) == f"{owned.key} is owned by the role Product Manager of Payments, vacant."
    alignment.finding(VacantRole).fix("fill_role", person=dana, on=today, by=ada)
    assert alignment.subjects(VacantRole) == []


def test_a_role_filled_from_tomorrow_is_vacant_today(alignment, owned, manager, dana, today, ada):
    owned.change(owner_role=manager, by=ada)
    manager.assign(dana, on=today + timedelta(days=1), by=ada)
    assert alignment.subjects(VacantRole) == [owned]
    alignment.check(today + timedelta(days=1))
    assert alignment.subjects(VacantRole) == []


def test_a_role_is_vacant_from_the_day_on_which_it_ends(alignment, owned, manager, dana, today, ada):
    owned.change(owner_role=manager, by=ada)
    manager.assign(dana, on=today - timedelta(days=30), by=ada)
    manager.relieve(dana, on=today + timedelta(days=1), by=ada)
    assert alignment.subjects(VacantRole) == []
    alignment.check(today + timedelta(days=1))
    assert alignment.subjects(VacantRole) == [owned]


def test_a_role_is_vacant_when_its_holder_leaves(alignment, owned, manager, dana, today, ada):
    owned.change(owner_role=manager, by=ada)
    manager.assign(dana, on=today, by=ada)
    assert alignment.subjects(VacantRole) == []
    dana.change(standing=Person.Standing.LEFT, by=ada)
    assert alignment.subjects(VacantRole) == [owned]


def test_an_archived_role_answers_for_nothing(alignment, owned, manager, dana, today, ada):
    owned.change(owner_role=manager, by=ada)
    manager.assign(dana, on=today, by=ada)
    manager.archive(by=ada)
    assert alignment.subjects(VacantRole) == [owned]
    assert {fix.name for fix in alignment.finding(VacantRole).fixes} == {"choose_owner", "choose_role"}


def test_a_held_role_answers_for_an_owner_who_left_and_the_other_way_round(alignment, owned, manager, dana, today, ada):
    owned.change(owner=dana, owner_role=manager, by=ada)
    assert alignment.subjects(VacantRole) == []
    lee = Person.objects.add(name="Lee", by=ada)
    manager.assign(lee, on=today, by=ada)
    dana.change(standing=Person.Standing.LEFT, by=ada)
    assert alignment.subjects(VacantRole) == []


def test_another_owner_or_role_is_a_way_out(alignment, owned, manager, dana, today, ada):
    gone = Person.objects.add(name="Lee", standing=Person.Standing.LEFT, by=ada)
    owned.change(owner=gone, by=ada)
    alignment.finding(VacantRole).fix("choose_owner", owner=dana, by=ada)
    assert alignment.subjects(VacantRole) == []
    owned.change(owner=gone, by=ada)
    manager.assign(dana, on=today, by=ada)
    alignment.finding(VacantRole).fix("choose_role", role=manager, by=ada)
    assert alignment.subjects(VacantRole) == []
    owned.refresh_from_db()
    assert owned.owner is None


def test_filling_the_role_is_not_offered_where_none_owns_it(alignment, owned, dana, today, ada):
    owned.change(owner=dana, by=ada)
    dana.change(standing=Person.Standing.LEFT, by=ada)
    finding = alignment.finding(VacantRole)
    assert {fix.name for fix in finding.fixes} == {"choose_owner", "choose_role"}
    with pytest.raises(LookupError):
        finding.fix("fill_role", person=dana, on=today, by=ada)


def test_what_nobody_owns_is_another_rules_matter(alignment, owned):
    assert alignment.checked(VacantRole) == 0


@pytest.mark.parametrize("status", OVER)
def test_nobody_need_answer_for_ideas_and_what_is_over(status, alignment, export, manager, ada):
    export.change(owner_role=manager, status=status, by=ada)
    assert alignment.checked(VacantRole) == 0


# --- who may fix -------------------------------------------------------------------------------------


def test_a_viewer_is_refused_every_fix(alignment, payments, export, answer_faster, manager, dana, today, ben, ada):
    ring(payments, 2, by=ada)
    export.change(status=Status.PLANNED, by=ada)
    untouched(export, days=120)
    owned = Feature.objects.add(product=payments, title="Owned", owner_role=manager, by=ada)
    serving = Feature.objects.add(product=payments, title="Another", by=ada)
    alignment.check()
    answers = {
        ObjectiveWithoutWork: [("choose_feature", {"feature": serving}), ("close", {})],
        FeatureWithoutObjective: [("choose_objective", {"objective": answer_faster}), ("drop", {})],
        FeatureWithoutOwner: [("choose_owner", {"owner": dana}), ("choose_role", {"role": manager})],
        DependencyCycle: [("cut", {"dependency": Dependency.objects.first()})],
        StaleFeature: [("put_back", {}), ("drop", {})],
        VacantRole: [
            ("choose_owner", {"owner": dana}),
            ("choose_role", {"role": manager}),
            ("fill_role", {"person": dana, "on": today}),
        ],
    }
    for rule, fixes in answers.items():
        assert {name for name, _ in fixes} == {fix.name for fix in rule.fixes}
        finding = alignment.findings(rule)[0]
        for name, answer in fixes:
            with pytest.raises((PermissionDenied, DomainError)):
                finding.fix(name, by=ben, **answer)
        assert alignment.findings(rule)[0] == finding
    assert owned


def test_a_contributor_fixes_what_they_own_with_what_they_own(alignment, payments, answer_faster, cora, ada):
    me = Person.objects.add(name="Cora", member=cora, by=ada)
    mine = Feature.objects.add(product=payments, title="Mine", owner=me, by=ada)
    theirs = Feature.objects.add(product=payments, title="Theirs", by=ada)
    findings = {finding.rows()[0]: finding for finding in alignment.findings(FeatureWithoutObjective)}
    with pytest.raises(PermissionDenied):
        findings[theirs].fix("drop", by=cora)
    findings[mine].fix("choose_objective", objective=answer_faster, by=cora)
    assert alignment.subjects(FeatureWithoutObjective) == [theirs]
