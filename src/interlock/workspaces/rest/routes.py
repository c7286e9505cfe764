"""Routes of the API: a router whose views find, ask and return a row; what is the same for all is done here.

    features = Routes("features", tag="Features")

    @features.put("/{key}/place", response=lambda: {200: features.shape})
    def move(request: ApiRequest, key: str, given: PlaceIn) -> Feature: ...

Whatever a view returns is written as its declared schema, with an ETag. Every POST takes an Idempotency-Key.
"""

import re
from collections.abc import Callable, Mapping
from functools import wraps
from hashlib import blake2b
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import parse_etags
from ninja import Router
from ninja.constants import NOT_SET
from pydantic import TypeAdapter

from interlock.workspaces.models import AnsweredRequest
from interlock.workspaces.rest.door import enter
from interlock.workspaces.rest.problems import Problem, invalid

View = Callable[..., Any]
JSON = "application/json"
REPEAT_KEY = r"[\x21-\x7e]{1,200}"


class Routes(Router):
    """Below /api/v1/workspaces/<workspace>/, unless `outside`: then below /api/v1/, and `auth` says who may ask.

    Views are registered when all apps have been heard, because some add to the answers of others: so a
    `response` that an app further down may extend is given as a function.
    """

    all: ClassVar[list["Routes"]] = []

    def __init__(self, at: str, *, tag: str, auth: Any = enter, outside: bool = False) -> None:
        super().__init__(tags=[tag], auth=auth)
        self.at, self.outside = at, outside
        self._declared: list[Callable[[], Any]] = []
        Routes.all.append(self)

    def api_operation(  # type: ignore[override]
        self, methods: list[str], path: str, *, response: Any = NOT_SET, **how: Any
    ) -> Callable[[View], View]:
        register = super().api_operation

        def declare(view: View) -> View:
            def open_() -> None:
                answers = response() if callable(response) else response
                register(methods, path, response=answers, **how)(answering(view, answers))

            self._declared.append(open_)
            return view

        return declare

    def open(self) -> None:
        """Register what was declared."""
        for declared in self._declared:
            declared()


def secret(view: View) -> View:
    """The answer holds a secret: it is given a single time, and never kept for a retry."""
    view.secret = True  # type: ignore[attr-defined]
    return view


def answering(view: View, response: Mapping[int, Any]) -> View:
    status, schema = next(iter(response.items()))
    adapter = TypeAdapter(schema) if schema is not None else None

    @wraps(view)
    def answer(request: HttpRequest, **given: Any) -> HttpResponse:
        refuse_unknown_parameters(request, answer)
        refuse_unknown_parts(request, answer)

        def act() -> HttpResponse:
            return written(request, view(request, **given), adapter, status)

        key = request.headers.get("Idempotency-Key")
        if request.method != "POST" or key is None or not hasattr(request, "member"):
            return act()
        if not re.fullmatch(REPEAT_KEY, key):
            invalid("Idempotency-Key", "An Idempotency-Key has 1 to 200 visible ASCII characters.")
        return AnsweredRequest.objects.once(request, key, act, by=request.member, keep=not hasattr(view, "secret"))

    return answer


def written(request: HttpRequest, result: Any, adapter: "TypeAdapter[Any] | None", status: int) -> Any:
    if isinstance(result, HttpResponseBase):
        return result
    if adapter is None:
        return HttpResponse(status=status)
    body = adapter.dump_json(
        adapter.validate_python(result, from_attributes=True, context={"reader": getattr(request, "member", None)})
    )
    tag = etag(result, body)
    if request.method == "GET" and tag in {
        one.removeprefix("W/") for one in parse_etags(request.headers.get("If-None-Match", ""))
    }:
        return HttpResponse(status=304, headers={"ETag": tag})
    headers = {"ETag": tag}
    if status == 201 and hasattr(result, "key"):
        headers["Location"] = f"{request.path.rstrip('/')}/{result.key}"
    return HttpResponse(body, status=status, content_type=JSON, headers=headers)


def etag(result: Any, body: bytes) -> str:
    """The row's version, and behind it a digest: what is shown of other rows may change without this one."""
    digest = blake2b(body, digest_size=8).hexdigest()
    version = getattr(result, "version", None)
    return f'"{version}-{digest}"' if version is not None else f'"{digest}"'


def version_read(request: HttpRequest) -> int | None:
    """The version that a change is based on, from If-Match; None where the client says that it does not care."""
    header = request.headers.get("If-Match")
    if header is None:
        raise Problem(428, "Send If-Match with the ETag that you read, or * to overwrite whatever is there.")
    return version_in(header)


def version_in(header: str) -> int | None:
    if header.strip() == "*":
        return None
    versions = [tag.strip('"').partition("-")[0] for tag in parse_etags(header) if not tag.startswith("W/")]
    if len(versions) != 1 or not versions[0].isascii() or not versions[0].isdigit() or len(versions[0]) > 9:
        # A tag that we never gave matches nothing that we hold.
        return -1
    return int(versions[0])


def refuse_unknown_parameters(request: HttpRequest, view: View) -> None:
    if not request.GET:
        return
    known = _known(view, "query")
    for name in request.GET:
        if name not in known:
            invalid(
                name,
                f"There is no such parameter; there are {', '.join(sorted(known))}."
                if known
                else "There is no such parameter.",
            )


def refuse_unknown_parts(request: HttpRequest, view: View) -> None:
    """What is sent beside a file is as strict as JSON."""
    if request.content_type == "multipart/form-data":
        known = _known(view, "form", "file")
        for name in {*request.POST, *request.FILES} - known if known else ():
            invalid(name, "There is no such field, or it is not yours to set.")


def _known(view: View, *sources: str) -> set[str]:
    models = view._ninja_operation.models  # type: ignore[attr-defined]
    wanted = [model for model in models if model.__ninja_param_source__ in sources]
    return {name for model in wanted for name in getattr(model, "__ninja_flatten_map__", model.model_fields)}
