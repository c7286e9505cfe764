"""Make a workspace of any size, the same for the same seed, on either database.

    python -m benchmarks.workspace --features 100000 --people 5000 --seed 1 --slug big

Rows are written in bulk, past the verbs, which would take ten times as long; they look as if the verbs had written
them, audit events included. About every seventh feature breaks some rule.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.frame import set_up, stage, tell, usage

if TYPE_CHECKING:
    from interlock.workspaces.models import Workspace

BATCH = 2000

VERBS = ["Export", "Import", "Show", "Merge", "Split", "Approve", "Schedule", "Archive", "Translate", "Forecast"]
VERBS += ["Reconcile", "Notify about", "Group", "Search", "Sign", "Compare", "Retry", "Print", "Share", "Lock"]
THINGS = ["invoices", "tariffs", "refunds", "orders", "mandates", "statements", "price lists", "contracts", "payouts"]
THINGS += ["credit notes", "ledgers", "dunning letters", "subscriptions", "receipts", "tax rates", "accounts", "quotes"]
WHERE = [
    "as CSV",
    "by region",
    "for partners",
    "in bulk",
    "on mobile",
    "per department",
    "for auditors",
    "with history",
]
WHERE += ["before closing", "in two currencies", "for large customers", "without a reload", "by e-mail", "overnight"]
WHY = ["Customers ask for it every week.", "Support spends two days a month on it.", "The auditors want to see it."]
WHY += ["Sales loses deals over it.", "It fails when a file is large.", "Nobody trusts the numbers as they are."]
WHY += ["Partners do it by hand today.", "It is the last step that still needs a spreadsheet."]
GIVEN = ["Ada", "Ben", "Chen", "Dana", "Emre", "Fatou", "Goran", "Hana", "Ines", "Jomo", "Kira", "Lars", "Mei", "Noor"]
GIVEN += ["Omar", "Pia", "Quinn", "Rosa", "Sven", "Tara", "Ugo", "Vera", "Wanda", "Xavi", "Yara", "Zeno"]
FAMILY = ["Abara", "Berg", "Costa", "Diaz", "Eriksen", "Farouk", "Garcia", "Hansen", "Ivanov", "Jansen", "Kovacs"]
FAMILY += ["Lindgren", "Moreau", "Nowak", "Okafor", "Petrov", "Quist", "Rossi", "Silva", "Tanaka", "Ueda", "Vogel"]
DEPARTMENTS = ["Engineering", "Design", "Product", "Marketing", "Sales", "Support", "Finance", "Operations", "Legal"]
DEPARTMENTS += ["People", "Data", "Security"]


@dataclass
class Size:
    features: int
    people: int
    products: int = field(init=False)
    teams: int = field(init=False)
    objectives: int = field(init=False)
    releases: int = field(init=False)

    def __post_init__(self) -> None:
        self.products = max(2, min(50, self.features // 400))
        self.teams = max(3, self.people // 8)
        self.objectives = max(6, self.features // 50)
        self.releases = max(4, self.features // 100)


class Maker:
    def __init__(self, workspace: "Workspace", size: Size, seed: int) -> None:
        self.workspace, self.size, self.random = workspace, size, Random(seed)
        self.now = datetime.combine(datetime.now(UTC).date(), time(9), UTC)
        self.today = self.now.date()

    def rows(self, model: type[Any], many: Iterable[dict[str, Any]]) -> list[Any]:
        """Rows of a plan model, numbered."""
        rows = [
            model(**({"workspace": self.workspace, "changed_at": self.now, "number": n} | fields))
            for n, fields in enumerate(many, 1)
        ]
        return self.write(model, rows)

    def write(self, model: type[Any], rows: Sequence[Any]) -> list[Any]:
        """In short transactions, with what the verbs keep beside the rows: the last number, and an audit event each."""
        from interlock.workspaces.models import AuditEvent, Door, KeyCounter

        planned = hasattr(model, "prefix")
        with stage(model.__name__, rows=len(rows)):
            written = []
            for start in range(0, len(rows), BATCH):
                batch = model.objects.bulk_create(rows[start : start + BATCH])
                written += batch
                if planned:
                    AuditEvent.objects.bulk_create(
                        AuditEvent(
                            workspace_id=self.workspace.pk,
                            door=Door.IMPORT,
                            verb="added",
                            model=model._meta.label_lower,
                            object_id=row.pk,
                            key=row.key,
                            changes={"title": [None, str(row)]},
                        )
                        for row in batch
                    )
            if planned:
                KeyCounter.objects.create(workspace=self.workspace, prefix=model.prefix, last=len(rows))
        return written

    def links(self, through: type[Any], here: str, there: str, pairs: Iterable[tuple[int, int]]) -> None:
        rows = [through(**{f"{here}_id": a, f"{there}_id": b}) for a, b in pairs]
        with stage(through.__name__, rows=len(rows)):
            through._default_manager.bulk_create(rows, batch_size=BATCH)

    # --- what stands in the workspace --------------------------------------------------------------

    def everything(self) -> None:
        self.organisation()
        self.roles()
        self.objectives()
        self.features()
        self.dependencies()
        self.releases()

    def organisation(self) -> None:
        from interlock.organisation.models import Department, Person, Product, Team, TeamMembership

        r = self.random
        names = DEPARTMENTS[: max(3, min(len(DEPARTMENTS), self.size.people // 6))]
        self.departments = self.rows(Department, ({"name": name, "colour": n % 8 + 1} for n, name in enumerate(names)))
        self.teams = self.rows(
            Team,
            (
                {"name": f"{r.choice(THINGS).capitalize()} {n}", "department": r.choice(self.departments)}
                for n in range(self.size.teams)
            ),
        )
        self.people = self.rows(
            Person,
            (
                {
                    "name": f"{r.choice(GIVEN)} {r.choice(FAMILY)}",
                    "email": f"p{n}@{self.workspace.slug}.example",
                    "department": self.teams[n % len(self.teams)].department,
                    "standing": Person.Standing.LEFT if r.random() < 0.02 else Person.Standing.CURRENT,
                }
                for n in range(self.size.people)
            ),
        )
        memberships = [
            TeamMembership(person=p, team=self.teams[n % len(self.teams)]) for n, p in enumerate(self.people)
        ]
        self.write(TeamMembership, memberships)
        self.products = self.rows(Product, ({"name": f"Product {n + 1}"} for n in range(self.size.products)))

    def roles(self) -> None:
        from interlock.people.models import Role, RoleAssignment

        r = self.random
        titles = ["Product Manager", "Product Owner", "Engineering Lead", "Designer"]
        self.all_roles = self.rows(Role, ({"name": t, "product": p} for p in self.products for t in titles))
        self.write(
            RoleAssignment,
            [
                RoleAssignment(role=role, person=r.choice(self.people), starts_on=self.today - timedelta(days=400))
                for role in self.all_roles
                if r.random() < 0.97
            ],
        )

    def objectives(self) -> None:
        from interlock.strategy.models import KeyResult, Objective

        r = self.random
        tops = max(3, self.size.objectives // 50)
        goals = [f"{r.choice(VERBS)} {r.choice(THINGS)} twice as fast" for _ in range(self.size.objectives)]
        top = [{"title": goal, "owner": r.choice(self.people)} for goal in goals[:tops]]
        below = [
            {
                "title": goal,
                "product": r.choice(self.products),
                "team": r.choice(self.teams),
                "owner": None if r.random() < 0.02 else r.choice(self.people),
                "status": "closed" if r.random() < 0.1 else "open",
            }
            for goal in goals[tops:]
        ]
        self.goals = self.rows(Objective, [*top, *below])
        for objective in self.goals[tops:]:
            objective.parent = None if r.random() < 0.02 else r.choice(self.goals[:tops])
        with stage("Objective.parent", rows=len(below)):
            Objective.objects.bulk_update(self.goals[tops:], ["parent"], batch_size=BATCH)
        measured = (o for o in self.goals for _ in range(r.choice([2, 2, 3])) if r.random() < 0.98)
        self.rows(
            KeyResult,
            (
                {"objective": objective, "title": f"Share of {r.choice(THINGS)} done in a day", "target": 90}
                for objective in measured
            ),
        )

    def features(self) -> None:
        from interlock.backlog.models import Feature, Requirement, Tag
        from interlock.engine import rank

        r = self.random
        statuses = ["idea"] * 10 + ["candidate"] * 25 + ["planned"] * 20 + ["in_progress"] * 10 + ["done"] * 30
        statuses += ["dropped"] * 5
        ranks = rank.spread(self.size.features, None, rng=r)

        def fields(n: int) -> dict[str, Any]:
            title = f"{r.choice(VERBS)} {r.choice(THINGS)} {r.choice(WHERE)}"
            stale = r.random() < 0.03
            return {
                "product": self.products[n * len(self.products) // self.size.features],
                "title": title,
                "description": f"**{title}**\n\n" + " ".join(r.choice(WHY) for _ in range(r.randint(3, 12))),
                "status": r.choice(statuses),
                "owner": None if r.random() < 0.03 else r.choice(self.people),
                "team": r.choice(self.teams),
                "effort_days": r.choice([None, 1, 2, 3, 5, 8, 13]),
                "rank": ranks[n],
                "changed_at": self.now - timedelta(days=r.randint(100, 300) if stale else r.randint(0, 80)),
            }

        self.all_features = self.rows(Feature, (fields(n) for n in range(self.size.features)))
        self.links(
            Feature.objectives.through,
            *("feature", "objective"),
            ((f.pk, r.choice(self.goals).pk) for f in self.all_features if r.random() < 0.97),
        )
        tags = self.write(
            Tag, [Tag(workspace=self.workspace, name=f"{thing} {n}") for n in range(12) for thing in THINGS]
        )
        self.links(
            Feature.tags.through,
            *("feature", "tag"),
            ((f.pk, tag.pk) for f in self.all_features for tag in r.sample(tags, r.choice([0, 1, 1, 2]))),
        )
        self.rows(
            Requirement,
            (
                {
                    "feature": feature,
                    "title": f"As an auditor I see {r.choice(THINGS)} {r.choice(WHERE)}",
                    "criteria": [] if r.random() < 0.05 else ["It shows what was booked.", "It opens within a second."],
                }
                for feature in self.all_features
                for _ in range(r.choice([0, 0, 1, 1, 1]))
            ),
        )

    def dependencies(self) -> None:
        """Mostly on a feature shortly before it in the backlog; one in five thousand closes a circle."""
        from interlock.backlog.models import Dependency

        r, features = self.random, self.all_features
        pairs: dict[tuple[int, int], None] = {}
        for n in range(1, len(features)):
            if r.random() < 0.6:
                other = max(0, n - r.randint(1, 40))
                pairs[n, other] = None
                if r.random() < 0.0002:
                    pairs[other, n] = None
        self.rows(Dependency, ({"feature": features[a], "needs": features[b]} for a, b in pairs))

    def releases(self) -> None:
        """Each product releases every other week, in the order of its backlog: what is needed mostly comes first."""
        from interlock.releases.models import Release, ScopeItem

        r = self.random
        each = max(2, self.size.releases // self.size.products)

        def fields(product: Any, n: int) -> dict[str, Any]:
            target = self.today + timedelta(days=14 * (n - each // 2) + 5)
            late = r.random() < 0.05
            return {
                "product": product,
                "name": f"{product.number}.{n + 1}",
                "target_on": target,
                "status": "released" if target < self.today and not late else "planned",
            }

        releases = self.rows(Release, (fields(product, n) for product in self.products for n in range(each)))
        of = {product.pk: releases[n * each : (n + 1) * each] for n, product in enumerate(self.products)}
        by_product: dict[int, list[Any]] = {product.pk: [] for product in self.products}
        for feature in self.all_features:
            by_product[feature.product_id].append(feature)
        scope = [
            ScopeItem(release=of[product][n * each // len(mine)], feature=feature)
            for product, mine in by_product.items()
            for n, feature in enumerate(mine)
            if feature.status not in ("idea", "dropped") and r.random() < 0.9
        ]
        self.write(ScopeItem, scope)


def seats(workspace_slug: str) -> dict[str, Any]:
    """A workspace with a member of each role."""
    from interlock.workspaces.models import Member, User, Workspace
    from interlock.workspaces.permissions import Role

    def user(role: str) -> User:
        return User.objects.create(email=f"{role}@{workspace_slug}.example", name=role.capitalize(), password="!")

    owner = Workspace.objects.found(workspace_slug.capitalize(), slug=workspace_slug, by=user("owner"))
    others = [role for role in Role.values if role != "owner"]
    return {"owner": owner} | {
        role: Member.objects.create(workspace=owner.workspace, user=user(role), role=role) for role in others
    }


def make(slug: str, *, features: int, people: int, seed: int) -> "Workspace":
    """Make the workspace; whoever asks for the same slug again gets the one that stands."""
    from interlock.workspaces.models import Workspace

    standing = Workspace.objects.filter(slug=slug).first()
    if standing:
        return standing
    workspace: Workspace = seats(slug)["owner"].workspace
    Maker(workspace, Size(features, people), seed).everything()
    settle()
    return workspace


def settle() -> None:
    """Let the database know what it holds: it plans by that."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def arguments(describe: Callable[..., Any]) -> argparse.ArgumentParser:
    """What every benchmark on such a workspace may be told."""
    parser = argparse.ArgumentParser(description=describe.__doc__)
    parser.add_argument("--features", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slug", default="big")
    return parser


def main() -> None:
    """Make a workspace of any size."""
    options = arguments(main).parse_args()
    set_up()
    before = usage()
    workspace = make(options.slug, features=options.features, people=options.people, seed=options.seed)
    tell(
        summary="workspace",
        slug=workspace.slug,
        features=options.features,
        people=options.people,
        seed=options.seed,
        seconds=usage()["seconds"] - before["seconds"],
    )


if __name__ == "__main__":
    main()
