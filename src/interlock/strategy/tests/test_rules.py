from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from interlock.organisation.models import Person
from interlock.people.models import Role
from interlock.strategy.models import KeyResult, Objective
from interlock.strategy.rules import ObjectiveOffTheTree, ObjectiveWithoutKeyResult, ObjectiveWithoutOwner


@pytest.fixture
def answer_faster(ada):
    return Objective.objects.add(title="Answer faster", by=ada)


# --- GO101: somebody owns it -------------------------------------------------------------------------


def test_an_objective_without_owner_is_found_until_somebody_takes_it(alignment, answer_faster, dana, ada):
    assert alignment.subjects(ObjectiveWithoutOwner) == [answer_faster]
    alignment.finding(ObjectiveWithoutOwner).fix("choose_owner", owner=dana, by=ada)
    assert alignment.subjects(ObjectiveWithoutOwner) == []


def test_a_role_can_own_an_objective(alignment, answer_faster, ada):
    head = Role.objects.add(name="Head of Support", by=ada)
    alignment.finding(ObjectiveWithoutOwner).fix("choose_role", role=head, by=ada)
    assert alignment.subjects(ObjectiveWithoutOwner) == []


def test_a_draft_needs_an_owner_too(alignment, ada):
    draft = Objective.objects.add(title="Enter the Nordics", status=Objective.Status.DRAFT, by=ada)
    assert alignment.subjects(ObjectiveWithoutOwner) == [draft]


def test_what_is_closed_or_archived_needs_no_owner(alignment, answer_faster, ada):
    closed = Objective.objects.add(title="Move the office", by=ada)
    closed.change(status=Objective.Status.CLOSED, by=ada)
    answer_faster.archive(by=ada)
    assert alignment.checked(ObjectiveWithoutOwner) == 0
    answer_faster.restore(by=ada)
    assert alignment.subjects(ObjectiveWithoutOwner) == [answer_faster]


def test_only_people_who_are_here_are_offered_as_owners(alignment, answer_faster, dana, ada):
    left = Person.objects.add(name="Lee", standing=Person.Standing.LEFT, by=ada)
    finding = alignment.finding(ObjectiveWithoutOwner)
    fix = finding.way_out("choose_owner")
    assert list(finding.offers(fix, "owner", by=ada)) == [dana]
    assert left not in finding.offers(fix, "owner", by=ada)


def test_the_finding_concerns_the_department_of_the_team(alignment, billing, engineering, ada):
    Objective.objects.add(title="Answer faster", team=billing, by=ada)
    assert list(alignment.finding(ObjectiveWithoutOwner).departments.all()) == [engineering]


# --- GO102: something measures it --------------------------------------------------------------------


def test_an_objective_without_key_result_is_found_until_it_has_one(alignment, answer_faster, ada):
    assert alignment.subjects(ObjectiveWithoutKeyResult) == [answer_faster]
    finding = alignment.finding(ObjectiveWithoutKeyResult)
    finding.fix("add_key_result", title="First answer within hours", target=Decimal(4), by=ada)
    assert alignment.subjects(ObjectiveWithoutKeyResult) == []
    assert answer_faster.key_results.get().target == 4


def test_an_archived_key_result_measures_nothing(alignment, answer_faster, ada):
    hours = KeyResult.objects.add(objective=answer_faster, title="Hours", target=4, by=ada)
    assert alignment.subjects(ObjectiveWithoutKeyResult) == []
    hours.archive(by=ada)
    assert alignment.subjects(ObjectiveWithoutKeyResult) == [answer_faster]


def test_a_key_result_that_moves_leaves_its_objective_unmeasured(alignment, answer_faster, ada):
    other = Objective.objects.add(title="Fewer questions", by=ada)
    hours = KeyResult.objects.add(objective=answer_faster, title="Hours", target=4, by=ada)
    assert alignment.subjects(ObjectiveWithoutKeyResult) == [other]
    hours.change(objective=other, by=ada)
    assert alignment.subjects(ObjectiveWithoutKeyResult) == [answer_faster]


def test_a_closed_objective_need_not_be_measured(alignment, answer_faster, ada):
    answer_faster.change(status=Objective.Status.CLOSED, by=ada)
    assert alignment.checked(ObjectiveWithoutKeyResult) == 0


# --- GO201: it serves the organisation ---------------------------------------------------------------


@pytest.fixture
def articles(billing, ada):
    return Objective.objects.add(title="Publish 40 articles", team=billing, by=ada)


def test_a_teams_objective_on_its_own_is_off_the_tree_until_it_serves_another(alignment, articles, answer_faster, ada):
    assert alignment.subjects(ObjectiveOffTheTree) == [articles]
    alignment.finding(ObjectiveOffTheTree).fix("choose_parent", parent=answer_faster, by=ada)
    assert alignment.subjects(ObjectiveOffTheTree) == []


def test_objectives_of_products_and_departments_must_serve_too(alignment, payments, engineering, ada):
    ours = [Objective.objects.add(title="Grow", product=payments, by=ada)]
    ours += [Objective.objects.add(title="Ship", department=engineering, by=ada)]
    assert alignment.subjects(ObjectiveOffTheTree) == ours


def test_an_objective_of_the_organisation_is_the_tree(alignment, answer_faster):
    assert alignment.checked(ObjectiveOffTheTree) == 0


@pytest.mark.parametrize("end", ["archive", "close"])
def test_what_serves_an_objective_that_is_over_serves_none(end, alignment, articles, answer_faster, ada):
    articles.change(parent=answer_faster, by=ada)
    assert alignment.subjects(ObjectiveOffTheTree) == []
    if end == "archive":
        answer_faster.archive(by=ada)
    else:
        answer_faster.change(status=Objective.Status.CLOSED, by=ada)
    finding = alignment.finding(ObjectiveOffTheTree)
    assert finding.evidence == f"{articles.key} stands under {answer_faster.key}, which is {end}d."


def test_a_branch_is_found_where_it_is_cut_off_and_not_at_every_twig(alignment, articles, billing, ada):
    Objective.objects.add(title="Ten articles in May", team=billing, parent=articles, by=ada)
    assert alignment.subjects(ObjectiveOffTheTree) == [articles]


def test_an_objective_cannot_be_chosen_to_serve_itself(alignment, articles, ada):
    finding = alignment.finding(ObjectiveOffTheTree)
    fix = finding.way_out("choose_parent")
    assert articles not in finding.offers(fix, "parent", by=ada)


def test_closing_it_ends_the_matter(alignment, articles, ada):
    alignment.finding(ObjectiveOffTheTree).fix("close", by=ada)
    assert alignment.subjects(ObjectiveOffTheTree) == []


# --- who may fix -------------------------------------------------------------------------------------


def test_a_viewer_is_refused_every_fix(alignment, articles, answer_faster, dana, ben, ada):
    head = Role.objects.add(name="Head of Support", by=ada)
    answers = {
        ObjectiveWithoutOwner: [("choose_owner", {"owner": dana}), ("choose_role", {"role": head})],
        ObjectiveWithoutKeyResult: [("add_key_result", {"title": "Hours", "target": Decimal(4)})],
        ObjectiveOffTheTree: [("choose_parent", {"parent": answer_faster}), ("close", {})],
    }
    for rule, fixes in answers.items():
        assert {name for name, _ in fixes} == {fix.name for fix in rule.fixes}
        finding = alignment.findings(rule)[0]
        for name, answer in fixes:
            with pytest.raises(PermissionDenied):
                finding.fix(name, by=ben, **answer)
        assert alignment.findings(rule)[0] == finding
