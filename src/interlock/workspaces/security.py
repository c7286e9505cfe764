"""The security log: who came in, who was turned away, which keys were given out. It never holds a secret.

One line of JSON an event, to the logger `interlock.security`. People are told by number or pseudonym; an
address that somebody typed is told as a fingerprint, for it may be a password that went into the wrong field.
"""

import ipaddress
import json
import logging
import re
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

if TYPE_CHECKING:
    from interlock.workspaces.models import Member, User

# Unknown, not theirs to do, and too often.
TURNED_AWAY = frozenset({401, 403, 429})

log = logging.getLogger("interlock.security")


def note(event: str, **facts: Any) -> None:
    log.info(json.dumps({"event": event, **{name: fact for name, fact in facts.items() if fact is not None}}))


def denied(request: HttpRequest, status: int) -> None:
    """Somebody asked for what is not theirs."""
    user, member = getattr(request, "user", None), getattr(request, "member", None)
    match = request.resolver_match
    note(
        "denied",
        status=status,
        method=request.method,
        # The pattern, not the path: a path may hold a secret, as the link of an invitation does.
        route=match.route if match else None,
        workspace=match.kwargs.get("workspace") if match else None,
        member=str(member.pseudonym) if member else None,
        user=user.pk if user and user.is_authenticated else None,
        address=client_address(request),
    )


def hidden(what: str, *, member: "Member | None" = None, user: "User | None" = None) -> None:
    """What somebody asked for exists, and they were told that it does not."""
    note("hidden", what=what, member=str(member.pseudonym) if member else None, user=user.pk if user else None)


def client_address(request: HttpRequest) -> str:
    """Where a request comes from: the peer, or what the outermost of the operator's own proxies says.

    Whatever stands further left in X-Forwarded-For was written by the client itself.
    """
    peer = str(request.META.get("REMOTE_ADDR") or "127.0.0.1")
    proxies = settings.TRUSTED_PROXIES
    told = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    if not proxies or len(told) < proxies:
        return peer
    try:
        return str(ipaddress.ip_address(told[-proxies].strip()))
    except ValueError:
        return peer


def listen() -> None:
    user_logged_in.connect(_signed_in, dispatch_uid="security.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="security.signed_out")
    user_login_failed.connect(_refused, dispatch_uid="security.refused")


def _signed_in(request: HttpRequest, user: "User", **_: Any) -> None:
    note("signed in", user=user.pk, address=client_address(request) if request else None)


def _signed_out(request: HttpRequest, user: "User | None", **_: Any) -> None:
    if user is not None:
        note("signed out", user=user.pk, address=client_address(request))


def _refused(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    typed = str(credentials.get("email") or credentials.get("username") or "").lower()
    note("sign-in failed", typed=fingerprint(typed), address=client_address(request) if request else None)


def fingerprint(text: str) -> str:
    """Tells whether two attempts named the same account, and not which."""
    return salted_hmac("interlock.security", text).hexdigest()[:16]


class Unspoken(logging.Filter):
    """Takes out of any line what must not be in a log, whoever wrote it: a path may carry it, or an error."""

    SECRETS = re.compile(
        r"""
          \bilk_[\w-]+                                                          # an API token
        | (?<=/accounts/password/reset/key/)[^/\s?"']+                          # the links of e-mails
        | (?<=/accounts/confirm-email/)[^/\s?"']+
        | (?<=/invitations/)[^/\s?"']+
        | (?<=/calendars/)[^/\s?"']+
        | (?<=Bearer\s)\S+
        | (?i:(?<=sessionid=)|(?<=csrftoken=)|(?<=csrfmiddlewaretoken=))[^\s;&"']+
        """,
        re.VERBOSE,
    )

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        clean = self.SECRETS.sub("…", said)
        if clean != said:
            record.msg, record.args = clean, ()
        return True
