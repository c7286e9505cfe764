"""Small plans whose right answer is known by hand, and random ones that the checker judges."""

import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.engine.schedule import (
    Calendar,
    Kind,
    Link,
    Mode,
    Objective,
    Person,
    Problem,
    Release,
    Resource,
    Schedule,
    Status,
    Task,
)
from interlock.engine.schedule.checker import broken
from interlock.engine.schedule.explaining import explain
from interlock.engine.schedule.solving import solve


def task(name, duration, *demand, **more):
    return Task(name, (Mode(duration, demand),), **more)


def solved(problem, **options):
    solution = solve(problem, **{"seconds": 5, "workers": 1, "seed": 1, **options})
    if solution.schedule:
        assert broken(problem, solution.schedule) == []
    return solution


FIVE_DAYS = Calendar("weekdays", (True,) * 5 + (False,) * 2)


def test_a_chain_takes_as_long_as_its_tasks():
    solution = solved(Problem((task("Design", 3), task("Build", 5), task("Ship", 0)), (Link(0, 1), Link(1, 2))))
    assert solution.status is Status.OPTIMAL
    assert solution.schedule.start == (0, 3, 8)
    assert solution.value == solution.bound == 8
    assert solution.gap == 0


def test_two_tasks_that_share_one_person_take_turns():
    solution = solved(Problem((task("A", 2, 1), task("B", 3, 1)), resources=(Resource("Legal", 1),)))
    assert solution.value == 5
    assert sorted(solution.critical_chain) == [0, 1]
    assert solution.total_float == (0, 0)
    assert solution.load == (((0, 1), (5, 0)),)


def test_float_is_what_the_longer_path_leaves():
    # Long 5 beside short 2, both before the press date.
    tasks = (task("Long", 5), task("Short", 2), task("Press", 0))
    solution = solved(Problem(tasks, (Link(0, 2), Link(1, 2))))
    assert solution.total_float == (0, 3, 0)
    assert solution.critical_chain == (0, 2)


def test_float_counts_who_waits_for_the_same_people():
    # A and B share Legal; C alone decides the end at 10: A may slip by 5, and B moves with it.
    tasks = (task("A", 2, 1), task("B", 3, 1), task("C", 10))
    solution = solved(Problem(tasks, (Link(0, 1),), (Resource("Legal", 1),)))
    assert solution.total_float == (5, 5, 0)
    assert solution.critical_chain == (2,)


@pytest.mark.parametrize(
    ("kind", "lag", "second"),
    [(Kind.FS, 1, 5), (Kind.SS, 1, 1), (Kind.FF, 1, 3), (Kind.SF, 1, 0), (Kind.FF, -3, 0), (Kind.FS, -2, 2)],
)
def test_links_hold_the_ends_that_they_name(kind, lag, second):
    solution = solved(Problem((task("First", 4), task("Second", 2)), (Link(0, 1, kind, lag),)))
    assert solution.schedule.start == (0, second)


def test_a_longest_lag_pulls_the_earlier_task_along():
    tasks = (task("Freeze", 1), task("Launch", 1, earliest=9))
    solution = solved(Problem(tasks, (Link(0, 1, longest=2),)))
    assert solution.value == 10
    assert solution.schedule.start[0] >= 6


def test_a_task_pauses_over_the_weekend():
    tasks = (task("Docs", 3, 1, earliest=3, calendar=0), task("Machine", 3, 1, earliest=5))
    solution = solved(Problem(tasks, resources=(Resource("Desk", 1),), calendars=(FIVE_DAYS,)))
    # Docs: Thursday, Friday, Monday. The desk is free on Saturday and Sunday, but the machine needs three days.
    assert solution.value == 11
    assert (solution.schedule.start[0], solution.schedule.finish[0]) == (3, 8)


def test_holidays_are_skipped():
    closed = Calendar("with a holiday", (True,), frozenset({1, 2}))
    solution = solved(Problem((task("Docs", 2, calendar=0),), calendars=(closed,)))
    assert solution.schedule.finish == (4,)


def test_what_somebody_is_away_for_cannot_be_worked():
    away = Resource("Security", 1, changes=((1, 0), (4, 1)))
    solution = solved(Problem((task("Review", 2, 1),), resources=(away,)))
    assert solution.schedule.start == (4,)


def test_a_fixed_date_stands():
    tasks = (task("Press", 1, 1, fixed=2), task("Blog", 3, 1))
    solution = solved(Problem(tasks, resources=(Resource("Marketing", 1),)))
    assert solution.schedule.start == (2, 3)


def test_the_heavier_release_goes_first():
    tasks = (task("Small", 3, 1, release=0), task("Big", 3, 1, release=1))
    releases = (Release("Small", target=3, weight=1), Release("Big", target=3, weight=5))
    problem = Problem(tasks, (), (Resource("Build", 1),), releases=releases, objective=Objective.LATENESS)
    solution = solved(problem)
    assert solution.status is Status.OPTIMAL
    assert solution.value == 3
    assert solution.schedule.start == (3, 0)


def test_a_budget_decides_the_mode():
    quick_or_cheap = Task("Audit", (Mode(2, (5, 1)), Mode(6, (1, 1))))
    resources = (Resource("Money", 6, renewable=False), Resource("Auditor", 1))
    solution = solved(Problem((quick_or_cheap, quick_or_cheap), resources=resources))
    assert solution.value == 8
    assert sorted(solution.schedule.mode) == [0, 1]


def test_people_do_one_task_at_a_time_with_a_skill_they_have():
    review = Task("Review", (Mode(2, skills=(1, 0)),))
    build = Task("Build", (Mode(3, skills=(0, 1)),))
    people = (Person("Ada", frozenset({0, 1})), Person("Ben", frozenset({1}), absent=((0, 4),)))
    solution = solved(Problem((review, build), skills=("law", "code"), people=people))
    assert solution.value == 5
    assert solution.schedule.assignment[0] == ((0, 0),)


def test_what_cannot_be_is_said_to_be_infeasible():
    tasks = (task("Hardening", 5), task("Press date", 0, fixed=3))
    assert solved(Problem(tasks, (Link(0, 1),))).status is Status.INFEASIBLE


def test_no_task_at_all_takes_no_time():
    assert solved(Problem(())).value == 0


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (Problem((task("A", 1), task("B", 1)), (Link(0, 1), Link(1, 0))), "“A” → “B” → “A”"),
        (Problem((task("A", -1),)), "“A” takes -1 slots"),
        (Problem((task("A", 10**6),)), "more than 20000 is no plan"),
        (Problem((task("A", 1, 1),), resources=(Resource("Legal", 0),)), "“A” needs 1 of “Legal”, which never"),
        (Problem((task("A", 1, calendar=0),), calendars=(Calendar("Never", (False,)),)), "“Never” has no working"),
        (Problem((task("A", 1, earliest=4, fixed=2),)), "“A” is fixed to slot 2, but must not start before 4"),
        (Problem((task("A", 1, deadline=2, earliest=3),)), "The deadline of “A”, 2, lies before its start"),
        (Problem((task("A", 1),), (Link(0, 0),)), "“A” waits for itself"),
        (Problem((Task("A", (Mode(1, skills=(1,)),)),), skills=("law",)), "1 people with “law”, of whom there are 0"),
    ],
)
def test_nonsense_is_named(problem, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        solve(problem, seconds=1)


def test_the_checker_sees_what_is_broken():
    problem = Problem((task("A", 2, 1), task("B", 2, 1)), (Link(0, 1),), (Resource("Legal", 1),))
    both = Schedule((0, 1), (2, 3), (0, 0), ((), ()))
    assert broken(problem, both) == [
        "“B” starts at 1, 0 or more after “A” finishes at 2",
        "2 of “Legal” in use at 1, of 1",
    ]


@st.composite
def problems(draw):
    calendars = (FIVE_DAYS, Calendar("odd", (True, False, True), frozenset({0, 6})))
    resources = (Resource("R", 2), Resource("S", 3, changes=((2, 1), (5, 3))))
    n = draw(st.integers(1, 6))
    tasks = tuple(
        Task(
            str(i),
            tuple(
                Mode(draw(st.integers(1, 4)), (draw(st.integers(0, 2)), draw(st.integers(0, 3))))
                for _ in range(draw(st.integers(1, 2)))
            ),
            earliest=draw(st.integers(0, 5)),
            deadline=draw(st.none() | st.integers(15, 40)),
            calendar=draw(st.none() | st.integers(0, 1)),
            release=draw(st.none() | st.integers(0, 1)),
        )
        for i in range(n)
    )
    pairs = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=5))
    links = tuple(
        Link(min(a, b), max(a, b), draw(st.sampled_from(Kind)), lag, draw(st.none() | st.just(lag + 6)))
        for a, b in pairs
        if a != b
        for lag in [draw(st.integers(-2, 2))]
    )
    objective = draw(st.sampled_from(Objective))
    releases = (Release("one", 5, 2), Release("two", 8, 1))
    return Problem(tasks, links, resources, calendars, releases=releases, objective=objective)


@settings(max_examples=25, deadline=None)
@given(problems())
def test_every_schedule_passes_the_checker_and_one_worker_agrees_with_two(problem):
    alone, together = solved(problem, seconds=20), solved(problem, seconds=20, workers=2)
    assert alone.status in (Status.OPTIMAL, Status.INFEASIBLE)
    assert (alone.status, alone.value) == (together.status, together.value)


def test_the_same_seed_gives_the_same_schedule():
    random = np.random.default_rng(3)
    tasks = tuple(task(str(i), int(random.integers(1, 9)), *random.integers(0, 4, 2).tolist()) for i in range(30))
    links = tuple(Link(i, int(random.integers(i + 1, 30))) for i in range(25))
    problem = Problem(tasks, links, (Resource("R", 5), Resource("S", 5)))
    assert solved(problem, seconds=2) == solved(problem, seconds=2)


def test_a_date_that_comes_too_early_is_explained_along_the_path():
    tasks = (task("Build", 4), task("Hardening", 5), task("Press date", 0, fixed=6), task("Blog", 2))
    problem = Problem(tasks, (Link(0, 1), Link(1, 2), Link(0, 3)))
    assert explain(problem, say=lambda slot, moment: f"{slot + 1} March").sentences == (
        "“Press date” is fixed to 7 March, but needs “Hardening”, which cannot end before 9 March.",
        "“Hardening” needs “Build”, which cannot end before 4 March.",
    )


def test_a_deadline_that_is_too_early_by_itself_is_explained():
    assert explain(Problem((task("Audit", 5, deadline=3),))).sentences == (
        "“Audit” must end by day 2, but cannot end before day 4.",
    )


def test_people_who_cannot_do_two_things_at_once_are_explained():
    tasks = (task("Copy", 3, 1, deadline=4), task("Review", 3, 1, deadline=4), task("Blog", 1, 1), task("Web", 9))
    explanation = explain(Problem(tasks, (Link(2, 3),), (Resource("Legal", 1), Resource("Web", 1))))
    assert explanation.smallest
    assert explanation.tasks == (0, 1)
    assert explanation.sentences == (
        "“Copy” must end by day 3.",
        "“Review” must end by day 3.",
        "“Copy” and “Review” share “Legal”, of which there are 1.",
    )


def test_lags_that_push_each_other_are_explained():
    tasks = (task("Freeze", 1), task("Test", 6), task("Launch", 1))
    links = (Link(0, 1), Link(1, 2), Link(0, 2, longest=3))
    assert explain(Problem(tasks, links)).sentences == (
        "“Test” needs “Freeze”.",
        "“Launch” needs “Test”.",
        "“Launch” starts at most 3 slots after “Freeze” ends.",
    )


def test_what_can_be_needs_no_explanation():
    assert explain(Problem((task("A", 1),))).sentences == ()


def plan(n, seed=3):
    """Many tasks in the order of their numbers, two departments, a weekday calendar."""
    random = np.random.default_rng(seed)
    tasks = tuple(
        task(str(i), int(random.integers(1, 9)), *random.integers(0, 3, 2).tolist(), calendar=0) for i in range(n)
    )
    links = tuple(Link(i, i + 1 + int(random.integers(0, 20))) for i in range(n - 21))
    return Problem(tasks, links, (Resource("R", 5), Resource("S", 5)), (FIVE_DAYS,))


def test_a_first_plan_of_200_tasks_is_there_at_once_and_better_ones_follow():
    values = []
    solution = solved(plan(200), seconds=2, workers=2, on_better=lambda found: values.append(found.value))
    assert values == sorted(values, reverse=True)
    assert solution.value == values[-1]
    assert solution.bound <= solution.value


def test_a_search_that_is_cancelled_gives_what_it_has():
    calls = iter(range(1000))
    solution = solved(plan(200), seconds=60, workers=2, cancelled=lambda: next(calls) > 20)
    assert solution.status is Status.FEASIBLE


def test_ten_thousand_tasks_keep_to_the_time():
    began = time.monotonic()
    solution = solve(plan(10_000), seconds=1, workers=2)
    assert solution.status is Status.FEASIBLE
    assert time.monotonic() - began < 20


def test_a_circle_of_ten_thousand_tasks_is_named_soon():
    circle = tuple(Link(i, (i + 1) % 10_000) for i in range(10_000))
    with pytest.raises(ValueError, match=r"“0” → “1” → .* → “0”"):
        solve(Problem(plan(10_000).tasks, circle, plan(1).resources, (FIVE_DAYS,)), seconds=1)


def test_a_hint_is_as_good_as_what_is_found():
    problem = plan(60)
    good = solved(problem, seconds=3, workers=2)
    assert solved(problem, seconds=0.1, hint=good.schedule).value <= good.value


def test_importing_the_plain_types_loads_no_solver():
    script = "import sys, interlock.engine.schedule as s; print(bool({'numba', 'ortools', 'numpy'} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "False"
