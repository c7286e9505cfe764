"""How often forecasts are met: back-tests on the histories of real projects.

    python -m benchmarks.forecast shared/data/forecasting

DIR holds gitlab_issues/*.csv (closed_at) and jira_hadoop/*.csv (resolved_at). For every project and every second week
from the 26th on, where at least 30 % of N was closed in the twelve weeks before, it is forecast from the past alone
in how many weeks the next N items close, N = 10 and 20; forecasts whose end the data does not reach are not scored.
Prints JSON lines: a line per project, one per N for us and for the plain way (past twelve weeks, drawn at random),
and a summary last. Pinball loss is divided by the median outcome. The error per project is the mean over projects
of |coverage of P85 − 0.85|; in the lines per N over that N, in the summary over all forecasts of a project.

Calibration is tried where DIR holds jira_estimates/issues.csv (timeestimate, timespent): in every project of at least
15 finished tasks, each task's duration is forecast from its estimate and from what was finished before it.
"""

import argparse
import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.frame import tell
from interlock.engine.forecast import Estimate, Finished, calibrate, delivery

LEVELS = (0.5, 0.85, 0.95)
LUCK = [NormalDist().inv_cdf(level) for level in LEVELS]
SIZES = (10, 20)
WINDOW, FIRST, EVERY = 12, 26, 2

Counts = NDArray[np.int64]
Method = Callable[[Counts, int], Sequence[float]]


class Scored(NamedTuple):
    project: str
    items: int
    weeks: float
    forecast: Sequence[float]


def histories(home: Path) -> Iterator[tuple[str, Counts]]:
    """Items closed in each week, counted from the moment of the first."""
    for folder, column in (("gitlab_issues", "closed_at"), ("jira_hadoop", "resolved_at")):
        for path in sorted((home / folder).glob("*.csv")):
            with path.open(newline="", encoding="utf-8") as file:
                rows = csv.DictReader(file)
                if column not in (rows.fieldnames or ()):
                    continue
                closed = sorted(datetime.fromisoformat(row[column]) for row in rows if row[column])
            if closed:
                yield path.stem, np.bincount([(when - closed[0]) // timedelta(weeks=1) for when in closed])


def backtest(project: str, done: Counts, forecast: Method) -> Iterator[Scored]:
    for items in SIZES:
        for now in range(FIRST, len(done), EVERY):
            reached = np.flatnonzero(np.cumsum(done[now:]) >= items)
            if len(reached) and done[now - WINDOW : now].sum() >= 0.3 * items:
                yield Scored(project, items, int(reached[0]) + 1, forecast(done[:now], items))


def ours(past: Counts, items: int) -> Sequence[float]:
    expected = delivery(past, items)
    return [expected.weeks(level) for level in LEVELS]


def plain(past: Counts, items: int) -> Sequence[float]:
    """Draw past weeks until the items are done, a thousand times over; who is not done after 400 weeks stays there."""
    drawn = np.random.default_rng(len(past)).choice(past[-WINDOW:], size=(1000, 400))
    return np.quantile((drawn.cumsum(axis=1) < items).sum(axis=1) + 1, LEVELS)


def scores(scored: Sequence[Scored]) -> dict[str, float]:
    weeks = np.array([one.weeks for one in scored])
    forecast = np.array([one.forecast for one in scored])
    met = weeks[:, None] <= forecast
    late = weeks - forecast[:, 1]
    projects = np.array([one.project for one in scored])
    errors = [abs(met[projects == project, 1].mean() - LEVELS[1]) for project in sorted(set(projects))]
    return {f"coverage_p{round(100 * level)}": met[:, n].mean() for n, level in enumerate(LEVELS)} | {
        "pinball85": np.maximum(LEVELS[1] * late, (LEVELS[1] - 1) * late).mean() / np.median(weeks),
        "per_project_error": np.mean(errors),
        "forecasts": len(scored),
    }


def estimates(path: Path) -> dict[str, list[Finished]]:
    """Per project the finished tasks, in the order in which they were finished; hours for slots."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["resolutiondate"])
    tasks: dict[str, list[Finished]] = {}
    for row in rows:
        estimate, actual = (float(row[column] or 0) / 3600 for column in ("timeestimate", "timespent"))
        if row["resolutiondate"] and estimate > 0 and actual > 0:
            done = Finished(Estimate(estimate, estimate, estimate), actual)
            tasks.setdefault(f"{row['repo_name']}/{row['project_name']}", []).append(done)
    return {project: finished for project, finished in tasks.items() if len(finished) >= 15}


def calibrated(project: str, finished: Sequence[Finished]) -> Iterator[Scored]:
    """Each task against the percentiles that follow from those before it."""
    for n, task in enumerate(finished):
        learned = calibrate(finished[:n])
        forecast = [task.estimate.likely * learned.factor * np.exp(learned.spread * luck) for luck in LUCK]
        yield Scored(project, 1, task.actual, forecast)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args().directory
    known = list(histories(directory))
    if not known:
        parser.error("no gitlab_issues/*.csv or jira_hadoop/*.csv in this directory")
    summary: dict[str, float] = {}
    for name, method in (("plain", plain), ("ours", ours)):
        scored = [one for project, done in known for one in backtest(project, done, method)]
        for project in sorted({one.project for one in scored}) if name == "ours" else ():
            tell(project=project, **scores([one for one in scored if one.project == project]))
        for items in SIZES:
            mine = [one for one in scored if one.items == items]
            if mine:
                tell(method=name, items=items, **scores(mine))
        summary |= {key if name == "ours" else f"{name}_{key}": value for key, value in scores(scored).items()}
    issues = directory / "jira_estimates" / "issues.csv"
    if issues.exists():
        scored = [one for project, done in estimates(issues).items() for one in calibrated(project, done)]
        summary |= {f"estimates_{key}": value for key, value in scores(scored).items()}
    tell(summary=True, **summary)


if __name__ == "__main__":
    main()
