"""Every address there is, with something real of a world put in for its parameters.

An address that nobody has said how to fill is an error here, so that no page escapes the tests that go everywhere.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils import timezone

from tests.world import World


@dataclass(frozen=True)
class Address:
    name: str
    route: str
    path: str

    @property
    def api(self) -> bool:
        return self.route.startswith("api/")

    @property
    def ours(self) -> bool:
        """Not one of allauth's."""
        return not self.route.startswith("accounts/")

    def __str__(self) -> str:
        return self.route or "/"


@cache
def routes() -> list[tuple[str, str, tuple[str, ...]]]:
    """Name, route and parameters of every address."""
    return list(_walk(get_resolver().url_patterns, "", ()))


def _walk(patterns: list[Any], above: str, given: tuple[str, ...]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for pattern in patterns:
        route = above + str(pattern.pattern)
        parameters = (*given, *_parameters(pattern))
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route, parameters)
        else:
            yield pattern.name or "", route, parameters


def _parameters(pattern: URLPattern | URLResolver) -> list[str]:
    if isinstance(pattern.pattern, RoutePattern):
        return list(pattern.pattern.converters)
    return list(pattern.pattern.regex.groupindex)


def addresses(world: World) -> list[Address]:
    return [Address(name, route, _filled(name, route, parameters, world)) for name, route, parameters in routes()]


def pages(world: World) -> list[Address]:
    """Those that show the owner a page."""
    client = Client()
    assert world.owner.user
    client.force_login(world.owner.user)
    return [one for one in addresses(world) if one.name not in ("live", "account_logout") and _is_page(client, one)]


def _is_page(client: Client, address: Address) -> bool:
    response = client.get(address.path)
    whole = response.status_code == 200 and response.headers["Content-Type"].startswith("text/html")
    # Parts of pages, which scripts fetch, are looked at where they stand.
    return whole and not response.streaming and response.content.lstrip().lower().startswith(b"<!doctype")


def _filled(name: str, route: str, parameters: tuple[str, ...], world: World) -> str:
    path = "/" + route.replace("^", "").replace("$", "")
    for parameter in parameters:
        value = str(_Told(world).of(name, route, parameter))
        written = rf"\(\?P<{parameter}>[^)]*\)|<(\w+:)?{parameter}>"
        path = re.sub(written, lambda _, value=value: value, path)  # type: ignore[misc]
    return path


class Unfilled(AssertionError):
    def __init__(self, name: str, route: str, parameter: str) -> None:
        super().__init__(f"tests/addresses.py does not say what <{parameter}> is in {name} ({route}).")


# The first word of an address tells of what kind its key is.
FOLDERS = {
    "people": "person",
    "departments": "department",
    "teams": "team",
    "products": "product",
    "roles": "role",
    "objectives": "objective",
    "key-results": "key_result",
    "metrics": "metric",
    "measurements": "measurement",
    "features": "feature",
    "requirements": "requirement",
    "dependencies": "dependency",
    "releases": "release",
    "absences": "absence",
    "freeze-windows": "freeze",
    "workstreams": "workstream",
    "tasks": "task",
    "task-links": "task_link",
    "release-templates": "template",
    "gates": "gate",
    "gate-criteria": "criterion",
    "votes": "vote",
    "gate-decisions": "decision",
    "runbook-steps": "step",
    "launch-reviews": "review",
    "review-notes": "note",
    "follow-ups": "follow_up",
    "audiences": "audience",
    "communications": "communication",
    "scope-baselines": "agreement",
    "risks": "risk",
    "risk-hits": "risk_hit",
    "day-rates": "day_rate",
    "budgets": "budget",
    "purchases": "purchase",
    "scenarios": "scenario",
    "findings": "finding",
    "invitations": "invitation",
    "tokens": "token",
    "members": "other",
    "imports": "import_run",
    "import": "import_run",
    "views": "view",
    "exports": "export",
}
FIELDS = {
    "person": "title",
    "department": "name",
    "team": "purpose",
    "product": "description",
    "role": "purpose",
    "objective": "title",
    "key_result": "unit",
    "metric": "unit",
    "measurement": "value",
    "feature": "title",
    "requirement": "title",
    "release": "name",
    "workstream": "note",
    "task": "title",
    "task_link": "kind",
    "template": "description",
    "gate": "name",
    "criterion": "text",
    "audience": "name",
    "communication": "message",
    "agreement": "note",
    "risk": "title",
    "risk_hit": "note",
    "day_rate": "amount",
    "budget": "note",
    "purchase": "title",
    "scenario": "name",
    "absence": "starts_on",
    "step": "title",
    "review": "due_on",
    "note": "text",
    "follow_up": "title",
    "freeze": "name",
}


@dataclass
class _Told:
    world: World

    def of(self, name: str, route: str, parameter: str) -> Any:
        filler = getattr(self, f"_{parameter}", None)
        value = filler(name, route) if filler else getattr(self.world, parameter, None)
        if value is None:
            raise Unfilled(name, route, parameter)
        return getattr(value, "key", value)

    def _week(self, name: str, route: str) -> Any:
        today = timezone.localdate()
        return today - timedelta(days=today.weekday())

    def _folder(self, route: str) -> str:
        found = [FOLDERS[word] for word in route.split("/") if word in FOLDERS]
        return found[0] if found else ""

    def _workspace(self, name: str, route: str) -> Any:
        return self.world.workspace.slug

    def _key(self, name: str, route: str) -> Any:
        if name == "account_confirm_email":
            return EmailConfirmationHMAC(self._address).key
        if name == "account_reset_password_from_key":
            return default_token_generator.make_token(self.world.other.user)
        return getattr(self.world, self._folder(route), None)

    @property
    def _address(self) -> EmailAddress:
        user = self.world.other.user
        return EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"primary": True})[0]

    def _uidb36(self, name: str, route: str) -> Any:
        return user_pk_to_url_str(self.world.other.user)

    def _pk(self, name: str, route: str) -> Any:
        if name.startswith("mfa_"):
            passkeys = Authenticator.objects.filter(user=self.world.owner.user, type=Authenticator.Type.WEBAUTHN)
            return passkeys.values_list("pk", flat=True).first() or 1
        return getattr(self.world, self._folder(route)).pk

    def _field(self, name: str, route: str) -> Any:
        return FIELDS.get(self._folder(route))

    def _identity(self, name: str, route: str) -> Any:
        return self.world.identity.pk

    def _whom(self, name: str, route: str) -> Any:
        return self.world.team if "/teams/" in route else self.world.other

    def _parent(self, name: str, route: str) -> Any:
        return "top"

    def _invitation(self, name: str, route: str) -> Any:
        return self.world.invitation.pk

    def _feed(self, name: str, route: str) -> Any:
        return self.world.feed.pk

    def _baseline(self, name: str, route: str) -> Any:
        return self.world.baseline.pk

    def _export(self, name: str, route: str) -> Any:
        return self.world.export.pk

    def _token(self, name: str, route: str) -> Any:
        return self.world.token.pk

    def _role(self, name: str, route: str) -> Any:
        return "viewer"

    def _to(self, name: str, route: str) -> Any:
        return "off"

    def _slug(self, name: str, route: str) -> Any:
        return self.world.workspace.slug

    def _name(self, name: str, route: str) -> Any:
        return next(fix.name for fix in self.world.finding.fixes)

    def _code(self, name: str, route: str) -> Any:
        return self.world.finding.code

    def _model(self, name: str, route: str) -> Any:
        return "feature"

    def _page(self, name: str, route: str) -> Any:
        return "backlog"

    def _evidence(self, name: str, route: str) -> Any:
        return "word"

    def _kind(self, name: str, route: str) -> Any:
        return "csv"

    def _link(self, name: str, route: str) -> Any:
        return self.world.invitation.link
