from dataclasses import replace

import pytest

from interlock.engine.forecast import Department, Estimate, Risk, Scenario, Uncertainty
from interlock.engine.forecast.simulation import simulate
from interlock.engine.levers import Add, Drop, Lend, Move, Overlap, Shift, Split, candidates, effects
from interlock.engine.schedule import Link, Mode, Problem, Release, Resource, Schedule, Task

EXPORT, IMPORT, TEST, PRESS, PORTAL = range(5)
DEVELOPERS, TESTERS, WRITERS = range(3)
NOW, LATER = range(2)

# One developer exports (4), then imports (6); one tester tests both (4); the press waits for a date. The developer then
# builds the portal (3) for the later release. By hand: 0-4 export, 4-10 import, 10-14 test, 10-13 portal.
PROBLEM = Problem(
    tasks=(
        Task("Export", (Mode(4, (1, 0, 0)),), release=NOW),
        Task("Import", (Mode(6, (1, 0, 0)),), release=NOW),
        Task("Test", (Mode(4, (0, 1, 0)),), release=NOW),
        Task("Press", (Mode(2, (0, 0, 1)),), release=NOW, earliest=11),
        Task("Portal", (Mode(3, (1, 0, 0)),), release=LATER),
    ),
    links=(Link(EXPORT, TEST), Link(IMPORT, TEST)),
    resources=(Resource("Developers", 1), Resource("Testers", 1), Resource("Writers", 2)),
    releases=(Release("4.2", 12), Release("5.0", 13)),
)
PLAN = Schedule((0, 4, 10, 11, 10), (4, 10, 14, 13, 13), (0,) * 5, ((),) * 5)
CERTAIN = Scenario(PROBLEM, PLAN)
UNSURE = Scenario(
    PROBLEM,
    PLAN,
    Uncertainty(
        tuple(Estimate(0.5 * d, d, 2.5 * d) for d in (4, 6, 4, 2, 3)),
        (0, 0, 1, 2, 0),
        (Department("Engineering"), Department("Quality"), Department("Marketing")),
        (Risk("The importer has no specification", 0.3, 4, (IMPORT,)),),
    ),
)
FEATURES = {"Import customers": (IMPORT,), "Portal": (PORTAL,)}


def ends(lever):
    """When the two releases end with the lever and without uncertainty."""
    return simulate(lever.applied(CERTAIN), runs=1).releases[0].tolist()


def test_the_plan_without_levers_is_what_was_worked_out_by_hand():
    assert simulate(CERTAIN, runs=1).finish.tolist() == [[4, 10, 14, 13, 13]]


@pytest.mark.parametrize(
    ("lever", "expected"),
    [
        (Drop("Import customers", (IMPORT,)), [13, 7]),  # 0-4 export, 4-8 test; the press at 11; 4-7 portal
        (Drop("Press", (PRESS,)), [14, 13]),
        (
            Move("Import customers", (IMPORT,), LATER),
            [17, 13],
        ),  # test still needs it, and now it comes after the portal
        (Move("Export", (EXPORT,), None), [17, 9]),  # 0-6 import, 6-9 portal, 9-13 export, 13-17 test
        (Add(DEVELOPERS), [13, 7]),  # 0-6 import, 6-10 test; 4-7 portal
        (Add(DEVELOPERS, since=4, until=8), [14, 7]),  # not long enough for the import, but for the portal at 4
        (Lend(WRITERS, DEVELOPERS), [13, 7]),
        (Overlap(1, 3), [13, 13]),  # test starts at 7, when the import has 3 to go
        (Shift(PRESS, 5), [14, 13]),
        (Split(IMPORT), [14, 13]),  # one developer still does both halves
    ],
)
def test_a_lever_does_what_is_worked_out_by_hand(lever, expected):
    assert ends(lever) == expected


def test_two_who_split_a_task_need_half_the_time():
    two = replace(CERTAIN, problem=replace(PROBLEM, resources=(Resource("Developers", 2), *PROBLEM.resources[1:])))
    # 0-4 export by one, 0-3 half an import by the other, then 3-6 the other half.
    assert simulate(Split(IMPORT).applied(two), runs=1).finish[0, [IMPORT, 5]].tolist() == [3, 6]


def test_whoever_waited_for_what_is_dropped_waits_for_what_that_waited_for():
    chain = Problem(tuple(Task(name, (Mode(3),)) for name in "ABC"), (Link(0, 1, lag=2), Link(1, 2, lag=2)))
    scenario = Scenario(chain, Schedule((0, 5, 10), (3, 8, 13), (0,) * 3, ((),) * 3))
    assert simulate(Drop("B", (1,)).applied(scenario), runs=1).finish.tolist() == [[3, 3, 6]]


@pytest.mark.parametrize("lever", [Drop("Import", (IMPORT,)), Move("Import", (IMPORT,), LATER), Split(IMPORT)])
def test_a_lever_leaves_the_luck_of_other_tasks_alone(lever):
    before, after = simulate(UNSURE, runs=100), simulate(lever.applied(UNSURE), runs=100)
    took = [forecast.finish[:, EXPORT] - forecast.start[:, EXPORT] for forecast in (before, after)]
    assert took[0].tolist() == took[1].tolist()


def test_what_changes_nothing_is_measured_as_exactly_nothing():
    (effect,) = effects(UNSURE, [Add(WRITERS)], release=NOW, runs=200, confirming_runs=300)
    assert (effect.gain, effect.chance_gain, effect.costs, effect.runs) == (0, 0, (), 300)


def test_the_best_lever_comes_first_and_is_confirmed():
    levers = [Add(WRITERS), Shift(PRESS, 3), Add(DEVELOPERS), Overlap(1, 3)]
    found = effects(UNSURE, levers, release=NOW, runs=300, best=2, confirming_runs=900)
    assert found[0].lever == Add(DEVELOPERS)
    assert [effect.runs for effect in found] == [900, 900, 300, 300]
    assert [effect.gain for effect in found[:2]] == sorted((e.gain for e in found[:2]), reverse=True)
    assert found[0].chance > simulate(UNSURE, runs=900).chance(12, release=NOW)


def test_what_it_costs_another_release_is_said():
    (effect,) = effects(CERTAIN, [Move("Test", (TEST,), LATER)], release=NOW, runs=1, confirming_runs=1)
    # 4.2 then ends with the press at 13, and 5.0 with the test at 14.
    assert (effect.date, effect.gain, effect.costs) == (13, 1, ((LATER, 1),))


def test_a_loan_that_makes_the_lenders_own_work_impossible_is_refused():
    with pytest.raises(ValueError, match="Testers"):
        effects(CERTAIN, [Lend(TESTERS, DEVELOPERS)], release=NOW, runs=1)


def test_whoever_waits_for_the_effects_hears_of_each_and_may_end_it():
    heard = []
    levers = [Add(WRITERS), Add(DEVELOPERS)]
    effects(CERTAIN, levers, release=NOW, runs=1, best=1, confirming_runs=1, before_each=lambda *n: heard.append(n))
    assert heard == [(0, 3), (1, 3), (2, 3)]

    def cancelled(measured, levers):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        effects(CERTAIN, levers, release=NOW, runs=1, before_each=cancelled)


def test_the_candidates_bear_on_what_is_critical_for_the_release():
    found = candidates(UNSURE, simulate(UNSURE, runs=500, release=NOW), release=NOW, features=FEATURES)
    assert found[:2] == [Drop("Import customers", (IMPORT,)), Move("Import customers", (IMPORT,), LATER)]
    assert {Add(DEVELOPERS), Add(TESTERS), Add(WRITERS)} <= set(found)
    assert Lend(WRITERS, DEVELOPERS) in found
    assert not {Lend(TESTERS, DEVELOPERS), Lend(DEVELOPERS, TESTERS)} & set(found)
    assert Overlap(1, 3) in found
    assert Split(IMPORT) in found
    assert Split(PORTAL) not in found
    assert effects(UNSURE, found, release=NOW, runs=20, confirming_runs=20)


def test_levers_are_said_in_words():
    levers = [Drop("Portal", (PORTAL,)), Move("Portal", (PORTAL,), NOW), Move("Portal", (PORTAL,), None)]
    levers += [Add(DEVELOPERS, 2), Lend(WRITERS, TESTERS), Overlap(1, 3), Shift(PRESS, 2), Split(TEST)]
    assert [lever.words(PROBLEM) for lever in levers] == [
        "Drop “Portal”",
        "Move “Portal” to 4.2",
        "Move “Portal” to a later release",
        "Add 2 to Developers",
        "Lend 1 of Writers to Testers",
        "Start “Test” 3 before “Import” ends",
        "Bring “Press” forward by 2",
        "Let two work on “Test” at once",
    ]
