"""Every refusal of the API, as RFC 9457 has it: one body, `application/problem+json`, with a sentence in it."""

import json
import logging
from dataclasses import dataclass
from typing import Any, NoReturn

from django.core import signals
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja.errors import HttpError, ValidationError

from interlock.workspaces.errors import DomainError
from interlock.workspaces.models.answered import OtherRequest

MEDIA_TYPE = "application/problem+json"
REFERENCE = "/api/v1/reference"

log = logging.getLogger("django.request")


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    title: str
    means: str


KINDS = {
    400: Kind("unreadable", "Unreadable request", "The body is not JSON, or the request breaks HTTP itself."),
    401: Kind("unknown-caller", "Unknown caller", "No token, or one that has expired or was revoked, and no session."),
    403: Kind(
        "not-yours",
        "Not open to you",
        "You see it and may not do this, or your token only reads, or a session came without its CSRF token.",
    ),
    404: Kind("not-found", "Not found", "There is no such thing, or none that you may see."),
    405: Kind(
        "method", "Method not allowed", "The address is right and does not know this method. `Allow` lists its own."
    ),
    409: Kind(
        "refused",
        "The plan does not allow it",
        "The request is well formed; the plan, as it stands, does not allow it. `errors` names the field.",
    ),
    412: Kind(
        "changed-meanwhile",
        "Changed in the meantime",
        "Somebody else changed it since you read it. `current` is what it holds now; nothing was overwritten.",
    ),
    413: Kind("too-large", "Too large", "The body is larger than the server takes."),
    415: Kind(
        "media-type", "Wrong media type", "A body must be sent as `application/json`, a file as `multipart/form-data`."
    ),
    422: Kind(
        "invalid",
        "Does not fit the schema",
        "A field or parameter is missing, unknown or not of its type. `errors` lists them.",
    ),
    428: Kind(
        "version-needed",
        "Say what you read",
        "A change needs `If-Match` with the ETag that you read, or `*` to overwrite whatever is there.",
    ),
    429: Kind("too-many", "Too many requests", "More than your share of a minute. `Retry-After` says when to go on."),
    500: Kind("our-fault", "Our fault", "Something broke in the server. It was noted, and nothing was half done."),
    503: Kind("busy", "Busy", "The database is busy. `Retry-After` says when to try again."),
}


class Problem(Exception):
    """A refusal that is about the request rather than about the plan."""

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers, self.more = status, detail, headers or {}, more


def invalid(field: str, says: str) -> NoReturn:
    raise Problem(422, says, errors=[{"field": field, "says": says}])


def render(status: int, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> HttpResponse:
    kind = KINDS.get(status) or KINDS[400 if status < 500 else 500]
    body = {"type": f"{REFERENCE}#{kind.name}", "title": kind.title, "status": status, "detail": detail, **more}
    return HttpResponse(json.dumps(body), status=status, content_type=MEDIA_TYPE, headers=headers)


def answer(request: HttpRequest, error: BaseException) -> HttpResponse:
    """What an exception says to whoever sent the request."""
    match error:
        case Problem(status=status, detail=detail, headers=headers, more=more):
            return render(status, detail, headers=headers, **more)
        case OtherRequest():
            return render(422, error.sentence, errors=[{"field": error.field, "says": error.sentence}])
        case DomainError(sentence=sentence, field=field):
            return render(409, sentence, errors=[{"field": field, "says": sentence}] if field else [])
        case ValidationError(errors=errors):
            told = [{"field": _field(one["loc"]), "says": _sentence(one)} for one in errors]
            return render(422, "; ".join(f"{one['field']}: {one['says']}" for one in told)[:500], errors=told)
        case Http404():
            return render(404, "There is no such thing, or none that you may see.")
        case PermissionDenied():
            return render(403, str(error) or "This is not open to you.")
        case RequestDataTooBig():
            return render(413, KINDS[413].means)
        case HttpError(status_code=status):
            return render(status, KINDS[status].means if status in KINDS else str(error))
        case SuspiciousOperation() | MultiPartParserError() | UnreadablePostError():
            return render(400, KINDS[400].means)
        case OperationalError():
            log.warning("The database did not answer %s %s: %s", request.method, request.path, error)
            return render(503, KINDS[503].means, headers={"Retry-After": "1"})
    log.error("Internal Server Error: %s", request.path, exc_info=error, extra={"status_code": 500, "request": request})
    signals.got_request_exception.send(sender=None, request=request)
    response = render(500, KINDS[500].means)
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _field(place: tuple[Any, ...]) -> str:
    """`body, given, criteria, 2` → `criteria.2`: where it stands in what was sent."""
    source, *path = place
    return ".".join(map(str, path[1:] if source == "body" and len(path) > 1 else path)) or str(source)


def _sentence(error: dict[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "There is no such field, or it is not yours to set."
    says = str(error["msg"]).removeprefix("Value error, ")
    return says if says.endswith(".") else f"{says}."
