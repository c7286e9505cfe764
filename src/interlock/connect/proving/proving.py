"""Replays a history freeze by freeze, and says what the rules' warnings were worth."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from django.db import transaction

from interlock.alignment import registry
from interlock.alignment.models import Proof
from interlock.alignment.rule import Rule
from interlock.alignment.terms import in_force
from interlock.connect.importing.nouns import NOUNS
from interlock.connect.proving.foretelling import Case, Foretold, as_they_stand, foretell
from interlock.connect.proving.models import SlipChance
from interlock.connect.proving.scratch import Judged, judged
from interlock.connect.proving.told import Laid, Told, TooLittle
from interlock.engine.promises import Freeze
from interlock.engine.slips import Contrast, Interval, auc, auc_interval
from interlock.releases.models import Release
from interlock.workspaces.models import Workspace

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Worth:
    """What warnings were worth: a rule's, or, with an empty code, those of all rules together."""

    code: str
    contrast: Contrast
    auc: float
    auc_interval: Interval

    @classmethod
    def of(cls, code: str, warned: Sequence[bool], cases: Sequence[Case], *, seed: int) -> "Worth":
        came, releases = [bool(case.slipped) for case in cases], [case.release for case in cases]
        interval = auc_interval(warned, came, releases, rng=np.random.default_rng(seed))
        return cls(code, Contrast.of(warned, came), auc(warned, came), interval)


@dataclass(frozen=True)
class Proven:
    """What came of a history; its cases are those of which it is known whether they slipped."""

    cases: Sequence[Case]
    together: Worth
    rules: Sequence[Worth]
    # Code → why the history proves nothing about the rule.
    untestable: Mapping[str, str]
    foretold: Foretold | None

    @property
    def releases(self) -> list[str]:
        return list(dict.fromkeys(case.release for case in self.cases))

    @property
    def slipped(self) -> int:
        return sum(bool(case.slipped) for case in self.cases)

    @transaction.atomic
    def keep(self, told: Told, workspace: Workspace) -> None:
        """Where the pages of rules and releases read it."""
        together = self._proof(workspace, self.together)
        together.model = {} if self.foretold is None else _model_told(self.foretold)
        proofs = [self._proof(workspace, worth) for worth in self.rules]
        proofs += [Proof(workspace=workspace, code=code, untestable=why) for code, why in self.untestable.items()]
        Proof.objects.keep([together, *proofs], workspace=workspace)
        SlipChance.objects.keep(self._chances(told, workspace), workspace=workspace)

    def _chances(self, told: Told, workspace: Workspace) -> Iterator[SlipChance]:
        """Of the features that the workspace has, in the releases in which they are here."""
        found = self.foretold.open if self.foretold else ()
        features = told.known_here([one.item for one in found], workspace)
        planned = Release.objects.of(workspace).filter(scope__feature__in=features.values())
        releases = dict(planned.values_list("scope__feature", "pk"))
        for one in found:
            feature = features.get(one.item)
            if feature in releases:
                yield SlipChance(
                    workspace=workspace,
                    feature_id=feature,
                    release_id=releases[feature],
                    chance=one.chance,
                    because=one.because,
                )

    def _proof(self, workspace: Workspace, worth: Worth) -> Proof:
        told, lift = worth.contrast, worth.contrast.lift_interval
        return Proof(
            workspace=workspace,
            code=worth.code,
            releases=len(self.releases),
            warned=told.warned,
            warned_slipped=told.warned_slipped,
            spared=told.spared,
            spared_slipped=told.spared_slipped,
            lift=known(told.lift),
            lift_low=known(lift.low),
            lift_high=known(lift.high),
            auc=known(worth.auc),
            auc_low=known(worth.auc_interval.low),
            auc_high=known(worth.auc_interval.high),
        )


def known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _model_told(foretold: Foretold) -> dict[str, Any]:
    weights = [
        {"name": one.name, "weight": one.weight, "mean": one.mean, "spread": one.spread}
        for one in foretold.model.weights
    ]
    return {
        "base": foretold.model.base,
        "weights": weights,
        "since": foretold.since,
        "n": foretold.n,
        "auc": known(foretold.auc),
        "auc_low": known(foretold.auc_interval.low),
        "auc_high": known(foretold.auc_interval.high),
    }


def prove(
    told: Told, workspace: Workspace, *, now: datetime, seed: int = 1, progress: Progress | None = None
) -> Proven:
    """Replay each freeze until `now`, with the workspace's own thresholds.

    seed  of the bootstrap

    Raises TooLittle where no release is out for which anything was promised, and ReplayFailed.
    """
    history = told.history
    out = {n: freeze for n, freeze in enumerate(history.freezes) if freeze.out and freeze.out <= now}
    open_ = as_they_stand(history, now=now)
    promised = {freeze.release: history.promised(freeze) for freeze in (*out.values(), *open_)}
    promises = [
        Case(n, freeze.release, item, history.slipped(item, freeze, known=now))
        for n, freeze in out.items()
        for item in promised[freeze.release]
    ]
    cases = [case for case in promises if case.slipped is not None]
    if not cases:
        raise TooLittle(
            "Nothing can be proven yet: no release that is out had features in it at its freeze. A release freezes "
            "when it is set in progress, or six weeks before its target. What happened before the plan came in may "
            "stand in files: --history says what is what in them."
        )
    replayed = _replayed(told, [*out.values(), *open_], workspace, progress or (lambda done, total: None))
    past, present = dict(zip(out, replayed, strict=False)), dict(zip(open_, replayed[len(out) :], strict=True))
    untestable = _untestable(told, list(past.values()))
    testable = [rule.code for rule in registry.rules() if rule.code not in untestable]

    def warnings(verdict: Judged) -> dict[str, frozenset[str]]:
        return {code: verdict.warned.get(code, frozenset()) for code in testable}

    warned = {code: [case.item in past[case.freeze].warned.get(code, ()) for case in cases] for code in testable}
    together = [any(of_rule[n] for of_rule in warned.values()) for n in range(len(cases))]
    return Proven(
        cases=cases,
        together=Worth.of("", together, cases, seed=seed),
        rules=[Worth.of(code, warned[code], cases, seed=seed) for code in testable],
        untestable=untestable,
        foretold=foretell(
            history,
            promised,
            promises,
            {n: warnings(verdict) for n, verdict in past.items()},
            {freeze: warnings(verdict) for freeze, verdict in present.items()},
            seed=seed,
        ),
    )


def _replayed(told: Told, freezes: Sequence[Freeze], workspace: Workspace, progress: Progress) -> list[Judged]:
    settings = {
        applied.rule.code: dict(applied.terms.settings)
        for applied in in_force(workspace)
        if dict(applied.terms.settings) != dict(applied.rule.settings)
    }
    found: list[Judged] = []
    with TemporaryDirectory(prefix="interlock-history-") as folder:
        for verdict in judged(_laid_out(told, freezes, Path(folder)), settings):
            found.append(verdict)
            progress(len(found), len(freezes))
    return found


def _laid_out(told: Told, freezes: Sequence[Freeze], folder: Path) -> Iterator[tuple[Laid, date]]:
    for number, freeze in enumerate(freezes):
        yield told.lay_out(freeze, folder / str(number)), freeze.at.date()


def _untestable(told: Told, verdicts: Sequence[Judged]) -> dict[str, str]:
    """Code → why the history proves nothing about the rule, where that is so."""
    why = {rule.code: _obstacle(rule, told.holds, verdicts) for rule in registry.rules()}
    return {code: one for code, one in why.items() if one}


def _obstacle(rule: Rule, holds: frozenset[str], verdicts: Sequence[Judged]) -> str:
    known = {noun.model for noun in NOUNS.values()}
    if unknown := [model for model in (*rule.subjects, *rule.reads) if model not in known]:
        return f"it reads {unknown[0]._meta.verbose_name_plural}, and a replay knows none"
    if missing := [name for name in rule.rests_on if name not in holds]:
        return f"nothing tells how {' and '.join(map(_in_words, missing))} changed"
    if any(rule.code in verdict.failed for verdict in verdicts):
        return "it could not be judged in the replay"
    if not any(verdict.looked.get(rule.code) for verdict in verdicts):
        return "there was nothing at the freezes to which it applies"
    return ""


def _in_words(name: str) -> str:
    """`key_result.objective`: the objective of a key result."""
    noun, field = name.replace("_", " ").split(".")
    return f"the {field} of {'an' if noun[0] in 'aeiou' else 'a'} {noun}"
