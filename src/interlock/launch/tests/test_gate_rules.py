import pytest

from interlock.launch.models import Choice, Gate
from interlock.launch.rules import GateWithoutApprover
from interlock.people.models import Role

pytestmark = pytest.mark.django_db

# --- RL107: somebody approves it, and it asks for something --------------------------------------------


@pytest.fixture
def bare(release, ada):
    return Gate.objects.add(release=release, name="Open door", by=ada)


def test_a_gate_without_approver_and_criteria_is_found_until_it_has_both(alignment, bare, greta, ada):
    assert alignment.subjects(GateWithoutApprover) == [bare]
    assert alignment.finding(GateWithoutApprover).evidence == "Nobody approves it and it has no criteria."
    alignment.finding(GateWithoutApprover).fix("choose_approver", person=greta, by=ada)
    assert alignment.finding(GateWithoutApprover).says == "The gate “Open door” of 4.2 lets everything pass"
    assert [one.name for one in alignment.finding(GateWithoutApprover).fixes] == ["add_criterion"]
    alignment.finding(GateWithoutApprover).fix("add_criterion", criterion="It is built", by=ada)
    assert alignment.subjects(GateWithoutApprover) == []


def test_a_role_that_nobody_holds_approves_nothing(alignment, gate, greta, lead, dana, ada, today):
    assert alignment.subjects(GateWithoutApprover) == []
    gate.change(approving_people=[], by=ada)
    lead.relieve(dana, on=today, by=ada)
    finding = alignment.finding(GateWithoutApprover)
    assert finding.evidence.startswith("The roles that approve it are vacant. It is to be decided by")
    lead.assign(greta, on=today, by=ada)
    assert alignment.subjects(GateWithoutApprover) == []


def test_another_role_can_approve_it(alignment, gate, lead, dana, greta, ada, today):
    gate.change(approving_people=[], approving_roles=[], by=ada)
    support = Role.objects.add(name="Head of Support", by=ada)
    support.assign(greta, on=today, by=ada)
    alignment.finding(GateWithoutApprover).fix("choose_role", role=support, by=ada)
    assert alignment.subjects(GateWithoutApprover) == []


def test_what_is_decided_or_released_is_not_asked_for_again(alignment, gate, bare, release, cora, ada, greta, today):
    assert alignment.checked(GateWithoutApprover) == 2
    gate.vote(Choice.GO, reason="Because", by=cora, today=today)
    gate.vote(Choice.GO, reason="Because", by=ada, person=greta, today=today)
    gate.decide(Choice.GO, reason="Because", by=ada, today=today)
    assert alignment.checked(GateWithoutApprover) == 1
    release.change(status="released", by=ada)
    assert alignment.checked(GateWithoutApprover) == 0
