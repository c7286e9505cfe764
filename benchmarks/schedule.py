"""Published scheduling instances, solved within a time each, against the best that is known of them.

    python -m benchmarks.schedule DIR [--seconds 10] [--workers 2] [--sets j30,j60] [--sample K] [--seed 1]
    python -m benchmarks.schedule DIR --calendars [...]

DIR holds folders of instances, and above them each best_known.csv. An independent checker judges each schedule. With
--calendars, weeks and holidays are laid over the instances with the seed, so nothing is known but the bound without
them. Prints JSON lines, the last a summary; one before it for each set.
"""

import argparse
import csv
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.frame import tell
from benchmarks.projects import READERS, read
from interlock.engine.schedule import Calendar, Problem, Status
from interlock.engine.schedule.checker import broken
from interlock.engine.schedule.solving import solve, warm_up


def main() -> None:
    """Published scheduling instances, solved within a time each, against the best that is known of them."""
    options = arguments()
    warm_up()
    results: list[dict[str, Any]] = []
    for path, known in instances(options.folder, options.sets, options.sample, options.seed):
        problem = read(path)
        if options.calendars:
            problem = with_calendars(problem, Random(f"{options.seed} {path.stem}"))
        results.append(solved(path, problem, known, options))
        tell(**results[-1])
    for name in sorted({result["set"] for result in results}):
        tell(summary=False, set=name, **summary([result for result in results if result["set"] == name]))
    tell(summary=True, **summary(results))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sets", type=lambda text: set(text.split(",")), help="folders to take, all if not given")
    parser.add_argument("--sample", "--limit", type=int, help="so many of each set, drawn with the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calendars", action="store_true", help="lay weeks and holidays over the instances")
    return parser.parse_args()


def instances(
    folder: Path, sets: set[str] | None, sample: int | None, seed: int
) -> Iterator[tuple[Path, dict[str, str]]]:
    """Files with what is known of them, set by set. A set is named by its folder, or by the one above and its own."""
    for values in sorted(folder.rglob("best_known.csv")):
        rows = list(csv.DictReader(values.read_text().splitlines()))
        known = {(row["set"], row["instance"]): row for row in rows}
        for inner in sorted(path for path in values.parent.iterdir() if path.is_dir()):
            if sets and not sets & {inner.name, f"{values.parent.name}/{inner.name}", values.parent.name}:
                continue
            files = sorted(path for path in inner.iterdir() if path.suffix in READERS)
            if sample and sample < len(files):
                files = sorted(Random(seed).sample(files, sample))
            for path in files:
                yield path, known.get((inner.name, path.stem), {})


def solved(path: Path, problem: Problem, known: dict[str, str], options: argparse.Namespace) -> dict[str, Any]:
    began, first = time.perf_counter(), list[float]()
    solution = solve(
        problem,
        seconds=options.seconds,
        workers=options.workers,
        seed=options.seed,
        on_better=lambda _: first.append(time.perf_counter() - began),
    )
    best = None if options.calendars else int(known.get("best_known") or 0) or None
    return {
        "instance": path.stem,
        "set": f"{path.parent.parent.name}/{path.parent.name}",
        "status": solution.status.value,
        "value": solution.value,
        "bound": solution.bound,
        "best_known": best,
        "gap_pct": None if solution.value is None or best is None else 100 * (solution.value - best) / best,
        "broken": broken(problem, solution.schedule) if solution.schedule else [],
        "contradicts": best is not None and (solution.status is Status.INFEASIBLE or solution.bound > best),
        "first_seconds": first[0] if first else None,
        "seconds": time.perf_counter() - began,
    }


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    """A schedule that breaks a constraint counts as none."""
    sound = [result for result in results if result["value"] is not None and not result["broken"]]
    gaps = [result["gap_pct"] for result in sound if result["gap_pct"] is not None]
    return {
        "instances": len(results),
        "feasible": len(sound),
        "infeasible": sum(result["status"] == Status.INFEASIBLE for result in results),
        "broken": sum(bool(result["broken"]) for result in results),
        "contradicting": sum(result["contradicts"] for result in results),
        "mean_gap_pct": sum(gaps) / len(gaps) if gaps else None,
        "worst_gap_pct": max(gaps, default=None),
        "at_best_known": sum(gap <= 0 for gap in gaps),
        "proven": sum(result["status"] in (Status.OPTIMAL, Status.INFEASIBLE) for result in results),
    }


def with_calendars(problem: Problem, random: Random) -> Problem:
    """Every task on one of three calendars: five days with holidays, six days, all days."""
    start = random.randrange(7)
    week = tuple((start + day) % 7 < 5 for day in range(7))
    six = tuple((start + day) % 7 < 6 for day in range(7))
    holidays = frozenset(random.sample(range(400), 16))
    calendars = (Calendar("five days", week, holidays), Calendar("six days", six), Calendar("all days", (True,)))
    tasks = tuple(replace(task, calendar=random.choice((0, 0, 1, 2))) for task in problem.tasks)
    return replace(problem, tasks=tasks, calendars=calendars)


if __name__ == "__main__":
    main()
