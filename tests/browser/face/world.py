"""A small plan that pulls apart, made with the plan's own verbs."""

from datetime import timedelta
from functools import cache

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.utils import timezone

from interlock.alignment import checking
from interlock.backlog.models import Feature, Requirement
from interlock.organisation.models import Department, Person, Product, Team
from interlock.people.models import Role as Seat
from interlock.releases.models import Release
from interlock.strategy.models import KeyResult, Objective
from interlock.workspaces.models import Member, User, Workspace
from interlock.workspaces.permissions import Role

PASSWORD = "correct horse battery"


class World:
    """Ada owns northwind and is in its directory; Ben views it."""

    def __init__(self) -> None:
        user = self.user("ada@northwind.example", "Ada Lind")
        self.ada = ada = Workspace.objects.found("Northwind", by=user)
        self.northwind = ada.workspace
        self.ben = Member.objects.create(
            workspace=self.northwind, user=self.user("ben@northwind.example", "Ben Moor"), role=Role.VIEWER
        )
        today = timezone.localdate()
        engineering, sales = Department.objects.add_many([{"name": "Engineering"}, {"name": "Sales"}], by=ada)
        billing = Team.objects.add(name="Billing", department=engineering, by=ada)
        self.dana, self.me = Person.objects.add_many(
            [
                {"name": "Dana Ruiz", "department": sales},
                {"name": "Ada Lind", "department": engineering, "member": ada},
            ],
            by=ada,
        )
        Seat.objects.add(name="Product Manager", department=engineering, by=ada)
        self.payments = payments = Product.objects.add(name="Payments", by=ada)
        self.faster = Objective.objects.add(title="Answer faster", owner=self.me, by=ada)
        KeyResult.objects.add(objective=self.faster, title="From 11 to 4 hours", start=11, target=4, by=ada)
        titles = ("Export invoices", "Refunds in the app", "Dunning levels", "Two approvals for payouts")
        self.features = Feature.objects.add_many(
            [
                {
                    "product": payments,
                    "title": title,
                    "description": "Asked for **every week**, see `F-1`.",
                    "status": "planned",
                    "team": billing,
                    "owner": self.me if n % 2 else None,
                    "objectives": [self.faster] if n > 1 else [],
                }
                for n, title in enumerate(titles)
            ],
            by=ada,
        )
        Requirement.objects.add(feature=self.features[0], title="As a bookkeeper, I get CSV", by=ada)
        self.release = Release.objects.add(
            product=payments, name="4.2", status="in_progress", target_on=today - timedelta(days=9), by=ada
        )
        self.release.take(self.features[:2], by=ada)
        checking.check(self.northwind, today=today)

    @staticmethod
    def user(email: str, name: str) -> User:
        user = User.objects.create(email=email, name=name, password=hashed(PASSWORD))
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        return user


@cache
def hashed(password: str) -> str:
    """As the server does it: it would not take the tests' quicker way, and hash anew what is weaker than its own."""
    hasher = PBKDF2PasswordHasher()
    return hasher.encode(password, hasher.salt())
