from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.engine.forecast import Cause, Department, Estimate, Risk, Scenario, Shape, Uncertainty
from interlock.engine.forecast.simulation import simulate
from interlock.engine.schedule import Calendar, Kind, Link, Mode, Person, Problem, Release, Resource, Schedule, Task

few = settings(max_examples=25, deadline=None)
CERTAIN = Uncertainty()
LEVELS = [0.05, 0.5, 0.85, 0.95, 1.0]


def planned(problem, order=None, uncertainty=CERTAIN, modes=None):
    """A scenario whose plan takes the tasks up in this order, or in their own."""
    n = len(problem.tasks)
    place = {task: k for k, task in enumerate(order or range(n))}
    start = tuple(place[i] for i in range(n))
    return Scenario(problem, Schedule(start, start, modes or (0,) * n, ((),) * n), uncertainty)


def task(name, slots, *demand, **more):
    return Task(name, (Mode(slots, demand),), **more)


@st.composite
def problems(draw):
    n = draw(st.integers(1, 8))
    tasks = tuple(
        task(f"T{i}", draw(st.integers(0, 4)), draw(st.integers(0, 2)), calendar=draw(st.sampled_from([None, 0])))
        for i in range(n)
    )
    pairs = [(a, b) for b in range(n) for a in range(b)]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=8, unique=True)) if pairs else []
    links = tuple(Link(a, b, draw(st.sampled_from(list(Kind))), draw(st.integers(0, 2))) for a, b in chosen)
    week = Calendar("five days", (True,) * 5 + (False,) * 2)
    return Problem(tasks, links, (Resource("people", 2),), (week,))


def by_hand(problem):
    """Earliest starts in the order of the tasks, slot by slot, with nothing but the definitions."""
    used, start, finish = {}, [], []
    for i, one in enumerate(problem.tasks):
        mode, at = one.modes[0], one.earliest
        while True:
            slots, u = [], at
            while len(slots) < mode.duration:
                if one.calendar is None or problem.calendars[0].week[u % 7]:
                    slots.append(u)
                u += 1
            begin, end = (slots[0], slots[-1] + 1) if slots else (at, at)
            held = all(
                (end if link.kind.to_finish else begin)
                >= (finish if link.kind.from_finish else start)[link.before] + link.lag
                for link in problem.links
                if link.after == i
            )
            if begin == at and held and all(used.get(u, 0) + mode.demand[0] <= 2 for u in slots):
                break
            at += 1
        for u in slots:
            used[u] = used.get(u, 0) + mode.demand[0]
        start.append(begin)
        finish.append(end)
    return start, finish


@few
@given(problems())
def test_without_uncertainty_every_run_is_the_plan(problem):
    forecast = simulate(planned(problem), runs=3)
    start, finish = by_hand(problem)
    assert forecast.start.tolist() == [start] * 3
    assert forecast.finish.tolist() == [finish] * 3
    assert forecast.drivers == ()


@few
@given(problems())
def test_a_task_without_resources_is_critical_when_a_slot_more_of_it_moves_the_end(problem):
    tasks = tuple(replace(one, modes=(Mode(one.modes[0].duration, (0,)),), calendar=None) for one in problem.tasks)
    problem = replace(problem, tasks=tasks, links=tuple(replace(link, kind=Kind.FS) for link in problem.links))
    critical = simulate(planned(problem), runs=1).critical

    def end(longer):
        mode = tasks[longer].modes[0]
        later = replace(tasks[longer], modes=(replace(mode, duration=mode.duration + 1),))
        return max(by_hand(replace(problem, tasks=(*tasks[:longer], later, *tasks[longer + 1 :])))[1])

    assert critical.tolist() == [end(i) > max(by_hand(problem)[1]) for i in range(len(tasks))]


BUILD, TEST, TELL = range(3)
RELEASE = Problem(
    (task("Build", 4, 1, release=0), task("Test", 2, 1, release=0), task("Tell", 3, 1, release=1)),
    (Link(BUILD, TEST),),
    (Resource("people", 2),),
    releases=(Release("4.2", 8), Release("5.0", 8)),
)
UNSURE = Uncertainty(
    (Estimate(2, 4, 10), Estimate(1, 2, 6), Estimate(2, 3, 9)), (0, 0, 0), (Department("Engineering"),)
)


def test_the_same_seed_gives_the_same_answer_on_any_number_of_threads():
    scenario = planned(RELEASE, uncertainty=UNSURE)
    one, two, other = (simulate(scenario, runs=1500, seed=s, threads=t) for s, t in ((7, 1), (7, 2), (8, 2)))
    assert np.array_equal(one.finish, two.finish)
    assert one.drivers == two.drivers
    assert not np.array_equal(one.finish, other.finish)


def test_more_runs_begin_with_the_same_ones():
    scenario = planned(RELEASE, uncertainty=UNSURE)
    assert np.array_equal(simulate(scenario, runs=700).finish, simulate(scenario, runs=1400).finish[:700])


def test_a_task_keeps_its_luck_by_its_key_whatever_else_is_planned():
    alone = planned(Problem((task("Test", 2),)), uncertainty=Uncertainty((UNSURE.estimates[TEST],), keys=(TEST,)))
    among = planned(replace(RELEASE, links=()), uncertainty=replace(UNSURE, departments=(), department=()))
    assert np.array_equal(simulate(alone, runs=200).finish[:, 0], simulate(among, runs=200).finish[:, TEST])


def test_percentiles_rise_and_say_what_chance_says():
    forecast = simulate(planned(RELEASE, uncertainty=UNSURE), runs=2000)
    for what in ({}, {"task": TEST}, {"release": 1}):
        slots = [forecast.percentile(level, **what) for level in LEVELS]
        assert slots == sorted(slots)
        for level, slot in zip(LEVELS, slots, strict=True):
            assert forecast.chance(slot, **what) >= level > forecast.chance(slot - 1, **what)
    assert [forecast.percentile(level, task=TEST) for level in (0.5, 0.85)] == forecast.percentiles((0.5, 0.85))[
        :, TEST
    ].tolist()


def test_a_release_ends_with_its_last_task():
    forecast = simulate(planned(RELEASE, uncertainty=UNSURE), runs=100)
    assert np.array_equal(forecast.finishes(release=0), forecast.finish[:, [BUILD, TEST]].max(axis=1))
    assert np.array_equal(forecast.finishes(), forecast.releases.max(axis=1))


@pytest.mark.parametrize("probability", [0, 1])
def test_a_risk_that_surely_happens_shifts_by_its_impact_and_one_that_never_does_by_nothing(probability):
    risk = Risk("The only tester is ill", probability, 5, (TEST,))
    forecast = simulate(planned(RELEASE, uncertainty=Uncertainty(risks=(risk,))), runs=50)
    assert set(forecast.finishes(release=0).tolist()) == {6 + 5 * probability}


def test_a_risk_happens_as_often_as_it_says():
    risk = Risk("The only tester is ill", 0.3, 5, (TEST,))
    forecast = simulate(planned(RELEASE, uncertainty=Uncertainty(risks=(risk,))))
    assert forecast.chance(6, release=0) == pytest.approx(0.7, abs=0.02)
    assert [(driver.cause, driver.index) for driver in forecast.drivers] == [(Cause.RISK, 0)]
    assert forecast.drivers[0].share == pytest.approx(1)


@pytest.mark.parametrize(("probability", "days_later"), [(0.3, 10), (0.1, 0)])
def test_a_risk_of_ten_days_moves_the_85_date_where_it_happens_more_often_than_15_times_in_100(probability, days_later):
    risk = Risk("The only tester is ill", probability, 10, (TEST,))
    before, after = (
        simulate(planned(RELEASE, uncertainty=Uncertainty(risks=risks)), seed=7) for risks in ((), (risk,))
    )
    assert after.percentile(0.85, release=0) - before.percentile(0.85, release=0) == days_later
    assert after.percentile(0.5, release=0) == before.percentile(0.5, release=0)


def test_a_risk_of_three_estimates_costs_each_time_anew_and_the_same_for_a_seed():
    """(optimistic + 4 likely + pessimistic) / 6, by Malcolm et al."""
    risk = Risk("The only tester is ill", 1.0, Estimate(200, 300, 700), (TEST,))
    scenario = planned(RELEASE, uncertainty=Uncertainty(risks=(risk,)))
    one, again, other = (simulate(scenario, seed=seed).finishes(release=0) for seed in (1, 1, 2))
    assert one.mean() - 6 == pytest.approx((200 + 4 * 300 + 700) / 6, rel=0.01)
    assert 206 <= one.min() < one.max() <= 706
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_a_risk_that_hits_two_tasks_costs_both_as_much():
    problem = Problem((task("Build", 1), task("Test", 1)))
    risk = Risk("The office is closed", 0.5, Estimate(5, 10, 30), (0, 1))
    forecast = simulate(planned(problem, uncertainty=Uncertainty(risks=(risk,))), runs=500)
    assert np.array_equal(forecast.finish[:, 0], forecast.finish[:, 1])
    assert len(set(forecast.finish[:, 0].tolist())) > 10


def test_a_pert_duration_has_the_textbook_mean_and_keeps_to_its_estimates():
    """(optimistic + 4 likely + pessimistic) / 6, by Malcolm et al."""
    forecast = simulate(planned(Problem((task("Build", 1),)), uncertainty=Uncertainty((Estimate(200, 300, 700),))))
    assert forecast.finish.mean() == pytest.approx((200 + 4 * 300 + 700) / 6, rel=0.01)
    assert 200 <= forecast.finish.min() < forecast.finish.max() <= 700


def test_a_lognormal_duration_is_beyond_each_estimate_one_time_in_twenty():
    unsure = Uncertainty((Estimate(200, 300, 700),), shape=Shape.LOGNORMAL)
    forecast = simulate(planned(Problem((task("Build", 1),)), uncertainty=unsure))
    assert [forecast.chance(slot, task=0) for slot in (200, 300, 700)] == pytest.approx([0.05, 0.5, 0.95], abs=0.015)


def test_a_department_that_is_late_together_makes_the_date_less_certain_and_no_task():
    chain = Problem(tuple(task(f"T{i}", 5) for i in range(10)), tuple(Link(a, b) for a, b in pairwise(range(10))))
    estimates = (Estimate(20, 50, 120),) * 10
    ends, first = [], []
    for together in (0, 0.5, 1):
        unsure = Uncertainty(estimates, (0,) * 10, (Department("Engineering", together=together),))
        forecast = simulate(planned(chain, uncertainty=unsure))
        ends.append(float(forecast.finishes().std()))
        first.append(float(forecast.finishes(task=0).std()))
    # By hand: the variance of a sum of ten grows from 10 to 10 + 90 × correlation times that of one.
    assert ends == pytest.approx([first[0] * np.sqrt(10 + 90 * c) for c in (0, 0.5, 1)], rel=0.05)
    assert first == pytest.approx([first[0]] * 3, rel=0.03)


def test_a_department_that_was_too_short_takes_longer_and_with_spread_less_certainly():
    def end(level, **department):
        unsure = Uncertainty((Estimate(20, 50, 110),), (0,), (Department("Engineering", **department),))
        return simulate(planned(Problem((task("Build", 1),)), uncertainty=unsure)).percentile(level)

    assert end(0.5, factor=1.5) == pytest.approx(1.5 * end(0.5), abs=1)
    assert end(0.5, spread=0.4) == pytest.approx(end(0.5), abs=1)
    assert end(0.9, spread=0.4) > end(0.9) + 10


def test_what_varies_most_drives_the_date():
    chain = Problem((task("Long", 5), task("Short", 5)), (Link(0, 1),))
    forecast = simulate(planned(chain, uncertainty=Uncertainty((Estimate(10, 50, 90), Estimate(40, 50, 60)))))
    # By hand: ranges of 80 and 20, so variances of 16 to 1.
    assert [(d.cause, d.index) for d in forecast.drivers] == [(Cause.TASK, 0), (Cause.TASK, 1)]
    assert [d.share for d in forecast.drivers] == pytest.approx([16 / 17, 1 / 17], abs=0.02)


def test_whoever_waits_for_a_person_makes_that_persons_other_task_critical():
    """Ada builds for 4 slots, then writes for 2; Ben's 5 slots have time."""
    problem = Problem(
        (task("Build", 4, 1, 0), task("Write", 2, 1, 0), task("Draw", 5, 0, 1)),
        (),
        (Resource("Ada", 1), Resource("Ben", 1)),
    )
    forecast = simulate(planned(problem), runs=1)
    assert forecast.critical.tolist() == [1, 1, 0]


def test_criticality_is_about_the_release_that_was_asked_for():
    scenario = planned(RELEASE)
    assert simulate(scenario, runs=1, release=0).critical.tolist() == [1, 1, 0]
    assert simulate(scenario, runs=1, release=1).critical.tolist() == [0, 0, 1]


def test_two_tasks_of_equal_luck_share_the_critical_path():
    problem = Problem((task("Left", 1), task("Right", 1)))
    forecast = simulate(planned(problem, uncertainty=Uncertainty((Estimate(100, 500, 900),) * 2)))
    assert forecast.critical == pytest.approx([0.5, 0.5], abs=0.02)


def test_each_run_follows_the_priority_list_of_the_plan():
    problem = Problem((task("Low", 3, 1), task("High", 2, 1)), (), (Resource("Ada", 1),))
    assert simulate(planned(problem), runs=1).start.tolist() == [[0, 3]]
    assert simulate(planned(problem, order=[1, 0]), runs=1).start.tolist() == [[2, 0]]


def test_whom_the_plan_assigned_does_it_and_not_while_away():
    problem = Problem(
        (Task("Build", (Mode(2, (), (1,)),)), Task("Test", (Mode(2, (), (1,)),))),
        skills=("code",),
        people=(Person("Ada", frozenset([0]), ((3, 6),)), Person("Ben", frozenset([0]))),
    )
    both_ada = Schedule((0, 6), (2, 8), (0, 0), (((0, 0),), ((0, 0),)))
    one_each = replace(both_ada, assignment=(((0, 0),), ((1, 0),)))
    assert simulate(Scenario(problem, both_ada), runs=1).start.tolist() == [[0, 6]]
    assert simulate(Scenario(problem, one_each), runs=1).start.tolist() == [[0, 0]]


def test_the_mode_of_the_plan_is_done():
    problem = Problem((Task("Build", (Mode(9), Mode(4))),))
    assert simulate(planned(problem, modes=(1,)), runs=1).finish.tolist() == [[4]]


def test_dates_and_longest_lags_are_scored_and_not_enforced():
    """Build takes 4 or, one time in two, 6: with it slip the press date, the deadline, and the lag to the fair."""
    problem = Problem(
        (
            task("Build", 4),
            task("Press", 1, fixed=5),
            task("Fair", 1, earliest=9, deadline=10),
            task("Ads", 1, deadline=5),
        ),
        (Link(0, 1), Link(0, 2), Link(0, 2, longest=4), Link(0, 3)),
    )
    scenario = planned(problem, uncertainty=Uncertainty(risks=(Risk("Late", 0.5, 2, (0,)),)))
    forecast = simulate(scenario)
    assert forecast.fixed == ((1, pytest.approx(0.5, abs=0.02)),)
    assert forecast.deadlines == ((2, 1), (3, pytest.approx(0.5, abs=0.02)))
    assert forecast.longest_lags == ((2, pytest.approx(0.5, abs=0.02)),)
    assert set(forecast.start[:, 1].tolist()) == {5, 6}


@pytest.mark.parametrize(
    ("uncertainty", "words"),
    [
        (Uncertainty((Estimate(5, 4, 9), None, None)), "Build.*not in the order optimistic"),
        (Uncertainty((Estimate(-1, 4, 9), None, None)), "Build.*outside 0 to"),
        (Uncertainty((Estimate(1, 4, float("nan")), None, None)), "Build.*outside 0 to"),
        (Uncertainty((Estimate(1, 4, 1e9), None, None)), "Build.*outside 0 to"),
        (Uncertainty((Estimate(0, 4, 9), None, None), shape=Shape.LOGNORMAL), "Build.*may take no time"),
        (Uncertainty((None,)), "3 tasks, and estimates: 1"),
        (Uncertainty(department=(0, None, None)), "department that is gone"),
        (Uncertainty(departments=(Department("Design", factor=0),)), "Design"),
        (Uncertainty(risks=(Risk("Flood", 1.5, 1, ()),)), "Flood.*probability"),
        (Uncertainty(risks=(Risk("Flood", 0.5, 1, (9,)),)), "Flood.*gone"),
        (Uncertainty(risks=(Risk("Flood", 0.5, Estimate(5, 1, 9), ()),)), "Flood.*order"),
    ],
)
def test_nonsense_is_refused_by_name(uncertainty, words):
    with pytest.raises(ValueError, match=words):
        simulate(planned(RELEASE, uncertainty=uncertainty))


def test_a_task_for_which_there_is_never_time_is_refused():
    with pytest.raises(ValueError, match="no room"):
        simulate(planned(Problem((task("Build", 3, 1),), (), (Resource("Ada", 1, ((2, 0),)),))), runs=1)
    never = Calendar("Closed", (False,) * 7)
    with pytest.raises(ValueError, match="no working slot"):
        simulate(planned(Problem((task("Build", 1, calendar=0),), (), (), (never,))), runs=1)


def test_nothing_to_do_is_done_at_once():
    assert simulate(planned(Problem(())), runs=2).percentile(0.85) == 0
