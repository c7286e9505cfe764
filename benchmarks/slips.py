"""How well slips are foretold on the releases of Kubernetes, by what was known before each freeze.

    python -m benchmarks.slips DIR          # the folder with enhancements/, signals/ …

Learns, at the freeze of each release from 1.27 on, from the outcomes of the releases before it as they were known on
that day, and foretells what of this release will slip. Prints a JSON line for each release, and last a summary with
the AUC of all together, its bootstrap interval (whole releases are drawn), and, for comparison, that of the planned
stage alone: learnt in the same way, and in the order alpha, beta, stable that hindsight knows to be right.
What the model looks at was chosen among several dozen variants by their AUC on 1.27 to 1.34, which flatters that
figure. 1.35 and 1.36 are told apart, and all together: nothing was chosen by these two.
"""

import argparse
import csv
import os
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
import numpy as np

from benchmarks.frame import tell
from interlock.engine.promises import signals
from interlock.engine.slips import Interval, auc, auc_interval, fit, rolling

EXAMPLE = Path(__file__).parent.parent / "examples" / "kubernetes"
FIRST, KEPT_APART = "1.27", ("1.35", "1.36")
FEW = 5
# The outcomes look at the plan four days after the freeze.
GRACE = timedelta(days=4)
LABELS = {"slipped": True, "on_time": False}
# The earlier the stage, the more is still unknown.
STAGES = {"alpha": 2.0, "beta": 1.0, "stable": 0.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder with signals/")
    parser.add_argument("--seed", type=int, default=1, help="of the bootstrap (default: %(default)s)")
    parser.add_argument("--strength", type=float, default=0.03, help="how much weights may grow (default: %(default)s)")
    options = parser.parse_args()
    if not (options.folder / "signals" / "release_outcomes.csv").is_file():
        parser.error(f"there is no signals/release_outcomes.csv in {options.folder}")

    # It reads files alone; but what reads them is part of an app.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interlock.config.settings")
    django.setup()
    measure(options.folder, seed=options.seed, strength=options.strength)


def measure(folder: Path, *, seed: int, strength: float) -> None:
    from interlock.connect.proving.files import FileHistory

    history = FileHistory(EXAMPLE / "history.yaml", folder).history
    outcomes, stages = read(folder / "signals" / "release_outcomes.csv")
    promised = dict(outcomes)
    for freeze in history.freezes:
        if freeze.release not in promised:  # before the first of the outcomes: told from the history in the same way
            grace = freeze._replace(at=freeze.at + GRACE)
            promised[freeze.release] = dict.fromkeys(history.promised(grace))
    items = {release: list(found) for release, found in promised.items()}
    cases = [(n, freeze, item) for n, freeze in enumerate(history.freezes) for item in items[freeze.release]]
    known_then: dict[str, dict[str, dict[str, float]]] = {
        freeze.release: signals(history, items, freeze) for freeze in history.freezes
    }
    seen = [known_then[freeze.release][item] for _, freeze, item in cases]
    first = next(n for n, freeze in enumerate(history.freezes) if freeze.release == FIRST)

    def known(origin: int) -> list[bool | None]:
        at = history.freezes[origin].at
        return [history.slipped(item, freeze, known=at) if n < origin else None for n, freeze, item in cases]

    freezes = [n for n, _, _ in cases]
    chances = rolling(seen, freezes, known, first=first, strength=strength)
    stage_signals = [{name: value for name, value in one.items() if name.startswith("is ")} for one in seen]
    by_stage_model = rolling(stage_signals, freezes, known, first=first, strength=strength)
    rows = [
        (freeze.release, chance, STAGES[stages[freeze.release][item]], model, came)
        for (_, freeze, item), chance, model in zip(cases, chances, by_stage_model, strict=True)
        if not np.isnan(chance) and (came := outcomes.get(freeze.release, {}).get(item)) is not None
    ]
    for release in dict.fromkeys(row[0] for row in rows):
        own = [row for row in rows if row[0] == release]
        tell(
            release=release,
            features=len(own),
            slipped=sum(row[4] for row in own),
            foretold=sum(row[1] for row in own),
            auc=auc([row[1] for row in own], [row[4] for row in own]),
            auc_of_stage_in_order=auc([row[2] for row in own], [row[4] for row in own]),
        )
    last = len(history.freezes) - 1
    past = [(one, came) for one, came in zip(seen, known(last), strict=True) if came is not None]
    for weight in fit([one for one, _ in past], [came for _, came in past], strength=strength).weights:
        tell(signal=weight.name, weight=weight.weight, mean=weight.mean, spread=weight.spread)
    chosen_by = [row for row in rows if row[0] not in KEPT_APART]
    tell(kept_apart=True, **summary([row for row in rows if row[0] in KEPT_APART], seed=seed))
    tell(all=True, **summary(rows, seed=seed))
    tell(summary="slips", **summary(chosen_by, seed=seed))


def read(path: Path) -> tuple[dict[str, dict[str, bool | None]], dict[str, dict[str, str]]]:
    """Release → item → whether it slipped (None: not to be used as a label); release → item → stage."""
    outcomes: dict[str, dict[str, bool | None]] = defaultdict(dict)
    stages: dict[str, dict[str, str]] = defaultdict(dict)
    with path.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            outcomes[row["release"]][row["kep"]] = LABELS.get(row["outcome"])
            stages[row["release"]][row["kep"]] = row["stage"]
    return outcomes, stages


def summary(rows: list[Any], *, seed: int) -> dict[str, Any]:
    releases, chances, by_stage, by_stage_model, came = zip(*rows, strict=True)
    # Two releases drawn from two are hardly drawn: of so few, features are.
    few = len(set(releases)) < FEW
    groups = range(len(rows)) if few else releases

    def interval(scores: Any, against: Any = None) -> Interval:
        return auc_interval(scores, came, groups, rng=np.random.default_rng(seed), against=against)

    found, stage, above = interval(chances), interval(by_stage_model), interval(chances, by_stage_model)
    return {
        "releases": f"{releases[0]} to {releases[-1]}",
        "features": len(rows),
        "slipped": sum(came),
        "drawn": "features" if few else "releases",
        "auc": auc(chances, came),
        "auc_low": found.low,
        "auc_high": found.high,
        "auc_of_stage": auc(by_stage_model, came),
        "auc_of_stage_low": stage.low,
        "auc_of_stage_high": stage.high,
        "above_stage_low": above.low,
        "above_stage_high": above.high,
        "auc_of_stage_in_order": auc(by_stage, came),
        "mean_chance": float(np.mean(chances)),
        "share_slipped": float(np.mean(came)),
    }


if __name__ == "__main__":
    main()
