from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone

from interlock.alignment.rule import Rule, RuleScope, Severity, Violation, fix
from interlock.backlog.models import Dependency, Feature, Requirement
from interlock.organisation.concerned import departments_of, people_of
from interlock.organisation.models import Person, Product, Team
from interlock.people.models import Role
from interlock.strategy.models import Objective
from interlock.strategy.rules import ObjectiveRule, current, open_, wrong_objective
from interlock.workspaces.models import Member

BATCH = 1000


class ObjectiveWithoutWork(ObjectiveRule):
    """An objective on which nobody works.

    Why: strategies fail less in the planning than in the doing: nothing was set in motion to carry them out.
    Hrebiniak (2006), doi:10.1016/j.orgdyn.2005.12.001
    Wrong: "Enter the Nordic market", with no feature that serves it.
    Right: "Enter the Nordic market", served by "Invoices in Swedish kronor".
    """

    code, severity = "GO103", Severity.WARNING
    rests_on = ("feature.objectives",)
    reads = {**ObjectiveRule.reads, Feature: "features", Objective: "children"}

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        """Objectives at the leaves: the others are worked on through those under them."""
        return rows.open().filter(~Exists(Objective.objects.open().filter(parent=OuterRef("pk"))))

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        work = Feature.objects.active().exclude(status__in=(Feature.Status.IDEA, Feature.Status.DROPPED))
        served = Exists(work.filter(objectives=OuterRef("pk")))
        for objective in rows.filter(~served).select_related("team", "owner"):
            yield wrong_objective(
                objective,
                says=f"Nobody works on the objective “{objective}”",
                evidence=f"Nothing but ideas serves {objective.key}, if anything, and no objective stands under it.",
            )

    @fix("Choose a feature that serves it", changes="feature", among={"feature": open_})
    def choose_feature(self, objective: Objective, *, feature: Feature, by: Member) -> None:
        feature.extend(objectives=[objective], by=by)

    @fix("Close the objective")
    def close(self, objective: Objective, *, by: Member) -> None:
        objective.change(status=Objective.Status.CLOSED, by=by)


class FeatureRule(Rule):
    """What rules about one feature have in common."""

    subject = Feature
    reads = {Person: "owner", Team: "team"}

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        return rows.open()


def wrong_feature(feature: Feature, *, says: str, evidence: str) -> Violation:
    return Violation(
        [feature],
        says=says,
        evidence=evidence,
        people=people_of(feature),
        departments=departments_of(feature),
    )


class FeatureWithoutObjective(FeatureRule):
    """A feature that serves no objective, or only such as are closed or archived.

    Why: goals say what belongs and what does not; a requirement that serves none of them is not pertinent.
    van Lamsweerde (2001), doi:10.1109/ISRE.2001.948567
    Wrong: "Dark mode", because somebody asked.
    Right: "Dark mode", for the objective "Night-shift dispatchers use it for eight hours".
    """

    code, severity = "BL101", Severity.WARNING
    rests_on = ("feature.objectives",)
    reads = {**FeatureRule.reads, Objective: "objectives"}

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        served = Objective.objects.filter(features=OuterRef("pk"))
        aimless = rows.filter(~Exists(served.open())).annotate(once_served=Exists(served))
        for feature in aimless.select_related("team", "owner").iterator():
            yield wrong_feature(
                feature,
                says=f"“{feature}” serves no objective",
                evidence=f"{feature.key} is {feature.get_status_display().lower()}, and "
                + ("every objective that it served is closed." if feature.once_served else "nothing says what for."),
            )

    @fix("Choose an objective", among={"objective": open_})
    def choose_objective(self, feature: Feature, *, objective: Objective, by: Member) -> None:
        feature.extend(objectives=[objective], by=by)

    @fix("Drop the feature")
    def drop(self, feature: Feature, *, by: Member) -> None:
        feature.change(status=Feature.Status.DROPPED, by=by)


class FeatureWithoutOwner(FeatureRule):
    """A feature that nobody owns.

    Why: people work less hard where their own part cannot be seen.
    Karau & Williams (1993), doi:10.1037/0022-3514.65.4.681
    Wrong: "Export invoices", owner: none, because three teams touch it.
    Right: "Export invoices", owner: Ada, who asks the other two.
    """

    code, severity = "BL102", Severity.WARNING
    rests_on = ("feature.owner",)

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        for feature in rows.filter(owner=None, owner_role=None).select_related("team").iterator():
            yield wrong_feature(
                feature,
                says=f"Nobody owns “{feature}”",
                evidence=f"{feature.key} is {feature.get_status_display().lower()} "
                f"{f'in {feature.team}' if feature.team else 'in no team'}, with neither a person nor a role to ask.",
            )

    @fix("Choose an owner", among={"owner": current})
    def choose_owner(self, feature: Feature, *, owner: Person, by: Member) -> None:
        feature.change(owner=owner, by=by)

    @fix("Choose an owning role")
    def choose_role(self, feature: Feature, *, role: Role, by: Member) -> None:
        feature.change(owner_role=role, by=by)


class DependencyCycle(Rule):
    """Features that need each other in a circle: none can be finished first.

    Why: tasks that depend on each other in a circuit are done by guessing and doing again, which plans do not show.
    Steward (1981), doi:10.1109/TEM.1981.6448589
    Wrong: the price page needs the tariff table, which needs the price page.
    Right: the tariff table is split: its columns first, its contents after the page.
    """

    code, severity = "BL105", Severity.ERROR
    rests_on = ("feature.needs",)
    subject = Feature
    reads = {Person: "owner", Team: "team", Dependency: ("needs", "blocks")}
    # A circle may run through several products.
    scope = RuleScope.WORKSPACE

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        held = Dependency.objects.active()
        tied = Exists(held.filter(feature=OuterRef("pk"))) | Exists(held.filter(needs=OuterRef("pk")))
        return rows.exclude(status__in=(Feature.Status.DONE, Feature.Status.DROPPED)).filter(tied)

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        from interlock.engine.circles import circles  # loads networkx, which pages do not need

        ours = dict(rows.values_list("pk", "workspace"))
        edges = Dependency.objects.active().filter(workspace__in=set(ours.values())).values_list("feature", "needs")
        found = circles((feature, needs) for feature, needs in edges.iterator() if feature in ours and needs in ours)
        tied = sorted(pk for circle in found for pk in circle.nodes)
        features = {
            feature.pk: feature
            for start in range(0, len(tied), BATCH)
            for feature in rows.filter(pk__in=tied[start : start + BATCH]).select_related("team", "owner")
        }
        for circle in found:
            several = sorted((features[pk] for pk in circle.nodes), key=lambda feature: feature.number)
            way = " needs ".join(features[pk].key for pk in (*circle.way_around, circle.way_around[0]))
            more = len(circle.nodes) - len(circle.way_around)
            yield Violation(
                several,
                says=f"{len(circle.nodes)} features need each other in a circle",
                evidence=f"{way}{f'; {more} more are tied into it' if more else ''}.",
                people=frozenset().union(*map(people_of, several)),
                departments=frozenset().union(*map(departments_of, several)),
            )

    @fix(
        "Cut one dependency",
        changes="dependency",
        among={"dependency": lambda rows, features: rows.filter(feature__in=features, needs__in=features)},
    )
    def cut(self, feature: Feature, *, dependency: Dependency, by: Member) -> None:
        dependency.archive(by=by)


class StaleFeature(FeatureRule):
    """A feature that is planned, and that nobody has touched for a quarter.

    Why: work that waits in a queue costs money every week, and nobody sees it waiting.
    Reinertsen (2009), The Principles of Product Development Flow, ch. 3
    Wrong: "Calendar sync", planned, last changed in spring.
    Right: "Calendar sync", dropped, and the customers who asked are told.
    """

    code, severity = "BL107", Severity.NOTE
    rests_on = ("feature.status",)
    reads = {**FeatureRule.reads, Requirement: "requirements"}
    settings = {"days": 91}

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        return rows.planned()

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        """Work on its requirements is work on the feature."""
        since = timezone.make_aware(datetime.combine(today - timedelta(days=settings["days"]), time.max))
        busy = Exists(Requirement.objects.filter(feature=OuterRef("pk"), changed_at__gt=since))
        stale = rows.filter(changed_at__lte=since).exclude(busy)
        for feature in stale.select_related("team", "owner").iterator():
            touched = timezone.localtime(feature.changed_at)
            yield wrong_feature(
                feature,
                says=f"“{feature}” is {feature.get_status_display().lower()}, and untouched since {touched:%B %Y}",
                evidence=f"{feature.key} was last changed on {touched:%-d %B %Y}, and its requirements not since.",
            )

    @fix("Back to the candidates")
    def put_back(self, feature: Feature, *, by: Member) -> None:
        feature.change(status=Feature.Status.CANDIDATE, by=by)

    @fix("Drop the feature")
    def drop(self, feature: Feature, *, by: Member) -> None:
        feature.change(status=Feature.Status.DROPPED, by=by)


class VacantRole(Rule):
    """An objective or a feature for which nobody who is here answers: the role is vacant, the owner left or unknown.

    Why: people take more care of what they expect to be asked about; here there is nobody to ask.
    Lerner & Tetlock (1999), doi:10.1037/0033-2909.125.2.255
    Wrong: owned by "Product Manager of Payments", who left in March.
    Right: owned by "Product Manager of Payments", held by Ada since April.
    """

    code, severity = "PE101", Severity.ERROR
    rests_on = ("feature.owner", "person.standing")
    subject = (Objective, Feature)
    reads = {
        Person: ("owner", "owner_role__assignments__person"),
        Role: "owner_role",
        Product: "owner_role__product",
        Team: "team",
    }

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        return rows.open().exclude(owner=None, owner_role=None)

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        here = Exists(Person.objects.current().filter(pk=OuterRef("owner")))
        held = Exists(Role.objects.held(today=today).filter(pk=OuterRef("owner_role")))
        unanswered = rows.filter(~here, ~held).select_related("team", "owner", "owner_role__product")
        for row in unanswered.iterator():
            gaps = [f"{row.owner}, {whereabouts(row.owner)}"] if row.owner else []
            if row.owner_role:
                gaps.append(f"the role {row.owner_role}, {'archived' if row.owner_role.archived else 'vacant'}")
            yield Violation(
                [row],
                says=f"Nobody who is here answers for “{row}”",
                evidence=f"{row.key} is owned by {', and by '.join(gaps)}.",
                people=people_of(row),
                departments=departments_of(row),
                mentions=[row.owner_role] if row.owner_role else [],
                fixes=() if row.owner_role and not row.owner_role.archived else ("choose_owner", "choose_role"),
            )

    @fix("Choose an owner", among={"owner": current})
    def choose_owner(self, row: Feature | Objective, *, owner: Person, by: Member) -> None:
        row.change(owner=owner, by=by)

    @fix("Choose an owning role")
    def choose_role(self, row: Feature | Objective, *, role: Role, by: Member) -> None:
        row.change(owner=None, owner_role=role, by=by)

    @fix("Fill the role", among={"person": current})
    def fill_role(self, row: Feature | Objective, *, person: Person, on: date, by: Member) -> None:
        if row.owner_role:
            by.editable(Role, key=row.owner_role.key).assign(person, on=on, by=by)


def whereabouts(person: Person) -> str:
    if person.archived:
        return "archived"
    return "who has left" if person.standing == Person.Standing.LEFT else "who is in no directory"
