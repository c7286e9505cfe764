"""What a forecast and its levers cost: ten thousand runs of a plan under its resources, and forty changes of it.

    python -m benchmarks.simulation --tasks 200 --runs 10000

The plan is made up, the same for the same seed: six departments with four people each for every 200 tasks, two links a
task, a week of five days, three releases, risks. Compiling is told apart. Prints JSON lines, the last a summary.
"""

import argparse
from random import Random
from typing import TYPE_CHECKING

from benchmarks.frame import peak_mb, stage, tell

if TYPE_CHECKING:
    from interlock.engine.forecast import Scenario

DEPARTMENTS = ("Engineering", "Design", "Quality", "Marketing", "Legal", "Support")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options, _ = parser.parse_known_args()
    with stage("importing"):
        from interlock.engine.forecast.simulation import simulate
        from interlock.engine.levers import candidates, effects
    with stage("compiling, or loading what was compiled"):
        simulate(made_up(10, options.seed), runs=10)
    before = peak_mb()
    took = {}
    sizes = [(options.tasks, options.runs // 2), (options.tasks // 2, options.runs), (2 * options.tasks, options.runs)]
    for tasks, runs in [*sizes, (options.tasks, options.runs)]:
        scenario = made_up(tasks, options.seed)
        with stage("simulating", tasks=tasks, runs=runs, threads=options.threads) as measured:
            forecast = simulate(scenario, runs=runs, release=0, threads=options.threads)
        took[tasks, runs] = measured
    grown = peak_mb() - before
    features = {f"Feature {n}": range(n, options.tasks // 3, 8) for n in range(8)}
    levers = candidates(scenario, forecast, release=0, features=features)
    with stage("levers", levers=len(levers)) as measuring:
        found = effects(scenario, levers, release=0, threads=options.threads)
    for effect in found[:5]:
        tell(lever=effect.lever.words(scenario.problem), gain=effect.gain, chance=effect.chance, runs=effect.runs)
    tell(
        summary=True,
        tasks=options.tasks,
        runs=options.runs,
        seconds=took[options.tasks, options.runs]["seconds"],
        cpu_seconds=took[options.tasks, options.runs]["cpu_seconds"],
        twice_the_tasks=took[2 * options.tasks, options.runs]["cpu_seconds"]
        / took[options.tasks, options.runs]["cpu_seconds"],
        twice_the_runs=took[options.tasks, options.runs]["cpu_seconds"]
        / took[options.tasks, options.runs // 2]["cpu_seconds"],
        grown_mb=grown,
        peak_mb=peak_mb(),
        levers=len(levers),
        levers_seconds=measuring["seconds"],
        levers_cpu_seconds=measuring["cpu_seconds"],
    )


def made_up(n: int, seed: int) -> "Scenario":
    """A scenario of n tasks, whose plan takes them up in their order."""
    from interlock.engine.forecast import Department, Estimate, Risk, Scenario, Uncertainty
    from interlock.engine.schedule import Calendar, Link, Mode, Problem, Release, Resource, Schedule, Task

    random, people = Random(seed), 4 * max(1, n // 200)
    tasks, links, estimates, department = [], [], [], []
    for i in range(n):
        days, of = random.randint(1, 8), random.randrange(len(DEPARTMENTS))
        demand = tuple(random.randint(1, 2) if d == of else 0 for d in range(len(DEPARTMENTS)))
        tasks.append(Task(f"Task {i}", (Mode(days, demand),), calendar=0, release=3 * i // n))
        links += [Link(j, i) for j in sorted({random.randrange(max(0, i - 30), i) for _ in range(min(i, 2))})]
        estimates.append(Estimate(0.6 * days, days, 2.2 * days))
        department.append(of)
    problem = Problem(
        tuple(tasks),
        tuple(links),
        tuple(Resource(name, people) for name in DEPARTMENTS),
        (Calendar("Monday to Friday", (True,) * 5 + (False,) * 2),),
        releases=tuple(Release(name, 90 * (k + 1)) for k, name in enumerate(("4.2", "5.0", "5.1"))),
    )
    order = tuple(range(n))
    risks = tuple(Risk(f"Risk {k}", 0.2, 5, (random.randrange(n),)) for k in range(n // 20))
    plan = Schedule(order, order, (0,) * n, ((),) * n)
    departments = tuple(Department(name) for name in DEPARTMENTS)
    return Scenario(problem, plan, Uncertainty(tuple(estimates), tuple(department), departments, risks))


if __name__ == "__main__":
    main()
