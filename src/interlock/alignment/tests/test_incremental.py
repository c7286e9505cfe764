"""Judging what depends on a change ends where judging everything does, whatever the plan and whatever the change."""

from contextlib import suppress
from datetime import date, timedelta
from random import Random

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interlock.alignment import registry
from interlock.alignment.models import Finding, RuleSetting
from interlock.alignment.rule import Severity
from interlock.alignment.tests.probes import Alignment
from interlock.backlog.models import Dependency, Feature, Requirement
from interlock.organisation.models import Department, Person, Product, Team
from interlock.people.models import Role
from interlock.releases.models import Release
from interlock.strategy.models import KeyResult, Objective
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member

TODAY = date(2027, 2, 10)


class Organisation:
    """Does something at random, by the domain's own verbs. What the domain refuses is not done."""

    def __init__(self, by: Member, rng) -> None:
        self.by, self.rng = by, rng
        self.alignment = Alignment(by.workspace, TODAY)

    def any(self, model, *, none: bool = False, active: bool = True):
        rows = model.objects.of(self.by.workspace)
        rows = list(rows.active() if active else rows)
        return self.rng.choice([*rows, None] if none else rows) if rows else None

    def some(self, model):
        return [row for row in model.objects.of(self.by.workspace).active() if self.rng.random() < 0.3]

    def day(self):
        return TODAY + timedelta(days=self.rng.choice([-40, -1, 0, 1, 40]))

    # What may stand in each field.
    def fields(self, model):
        choose = self.rng.choice
        return {
            Product: lambda: {"name": choose("PQR"), "restricted": choose([True, False, False])},
            Department: lambda: {"name": f"D{self.rng.randrange(10**9)}"},
            Team: lambda: {"name": choose("TUV"), "department": self.any(Department)},
            Person: lambda: {
                "name": choose("AB"),
                "department": self.any(Department, none=True),
                "standing": choose(["current", "current", "left", "unconfirmed"]),
            },
            Role: lambda: {"name": choose("MN"), "product": self.any(Product, none=True)},
            Objective: lambda: {
                "title": choose("OP"),
                "status": choose(["open", "open", "draft", "closed"]),
                "product": self.any(Product, none=True),
                "team": self.any(Team, none=True),
                "owner": self.any(Person, none=True),
                "owner_role": self.any(Role, none=True),
                "parent": self.any(Objective, none=True),
            },
            KeyResult: lambda: {"title": choose("KL"), "target": 5, "objective": self.any(Objective)},
            Feature: lambda: {
                "title": choose("FG"),
                "status": choose(Feature.Status.values),
                "product": self.any(Product),
                "team": self.any(Team, none=True),
                "owner": self.any(Person, none=True),
                "owner_role": self.any(Role, none=True),
                "objectives": self.some(Objective),
            },
            Requirement: lambda: {
                "title": choose("RS"),
                "status": choose(Requirement.Status.values),
                "criteria": choose([[], ["It works."]]),
                "feature": self.any(Feature),
            },
            Dependency: lambda: {"feature": self.any(Feature), "needs": self.any(Feature)},
            Release: lambda: {
                "name": choose("12"),
                "product": self.any(Product),
                "status": choose(Release.Status.values),
                "target_on": choose([None, self.day(), self.day()]),
                "target_precision": choose(Release.Precision.values),
            },
        }[model]()

    models = (Department, Product, Team, Person, Role, Objective, KeyResult, Feature, Feature, Release)
    models += (Requirement, Dependency, Dependency)

    def add(self):
        model = self.rng.choice(self.models)
        model.objects.add(by=self.by, **self.fields(model))

    def change(self):
        model = self.rng.choice(self.models)
        row, fields = self.any(model), self.fields(model)
        names = self.rng.sample(sorted(fields), self.rng.randint(1, len(fields)))
        row.change(by=self.by, **{name: fields[name] for name in names})

    def archive(self):
        self.any(self.rng.choice(self.models)).archive(by=self.by)

    def restore(self):
        self.any(self.rng.choice(self.models), active=False).restore(by=self.by)

    def plan(self):
        self.any(Release).take(self.some(Feature), by=self.by)

    def unplan(self):
        self.any(Release).drop(self.some(Feature), by=self.by)

    def assign(self):
        self.any(Role).assign(self.any(Person), on=self.day(), by=self.by)

    def relieve(self):
        self.any(Role).relieve(self.any(Person), on=self.day(), by=self.by)

    def waive(self):
        findings = list(Finding.objects.filter(workspace=self.by.workspace).exclude(status="resolved").order_by("pk"))
        self.rng.choice(findings).waive(reason="Later", until=TODAY + timedelta(days=9), by=self.by, today=TODAY)

    def withdraw(self):
        self.rng.choice(list(Finding.objects.filter(workspace=self.by.workspace).order_by("pk"))).withdraw_waiver(
            by=self.by
        )

    def configure(self):
        RuleSetting.objects.configure(
            self.rng.choice(registry.rules()),
            product=self.any(Product, none=True),
            enabled=self.rng.choice([True, True, False]),
            severity=self.rng.choice([None, *Severity.values]),
            by=self.by,
        )

    def withdraw_setting(self):
        self.rng.choice(list(RuleSetting.objects.filter(workspace=self.by.workspace))).withdraw(by=self.by)

    deeds = (add, add, add, change, change, change, change, archive, restore, plan, plan, unplan, assign, relieve)
    deeds += (waive, withdraw, configure, withdraw_setting)

    def does(self, times: int, *, looks: bool) -> None:
        for _ in range(times):
            # Refused by the domain, or nothing there to do it with.
            with suppress(DomainError, AttributeError, IndexError), transaction.atomic():
                self.rng.choice(self.deeds)(self)
            if looks and self.rng.random() < 0.2:
                self.alignment.look()


def test_judging_piece_by_piece_ends_where_judging_everything_does(olga, figures):
    histories = figures.count("random histories of a plan", reduced=10, full=1_000)

    @settings(max_examples=histories, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(seed=st.integers(0, 2**32), times=st.integers(1, 40))
    def holds(seed, times):
        with transaction.atomic():
            organisation = Organisation(olga, Random(seed))
            organisation.does(70, looks=False)
            organisation.alignment.check()
            organisation.does(times, looks=True)
            organisation.alignment.agrees_with_itself()
            transaction.set_rollback(True)

    holds()
