"""The API, assembled: every app's `api.py` is found, and its routes are opened below /api/v1/."""

import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path, re_path
from django.utils.module_loading import autodiscover_modules
from ninja import NinjaAPI
from ninja.parser import Parser

from interlock import __version__
from interlock.workspaces.rest import problems
from interlock.workspaces.rest.reference import openapi, reference
from interlock.workspaces.rest.routes import JSON, Routes


class StrictParser(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != JSON:
            raise problems.Problem(415, problems.KINDS[415].means)
        try:
            return json.loads(request.body, parse_constant=_refuse, parse_float=_number)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _number(written: str) -> float:
    """To JSON, 4 and 4.0 are one number."""
    number = float(written)
    return int(number) if number.is_integer() else number


class Api(NinjaAPI):
    def on_exception(self, request: HttpRequest, exc: Any) -> HttpResponse:
        cause = exc.__cause__
        if isinstance(
            cause, problems.Problem | problems.RequestDataTooBig
        ):  # ninja says 400 to whatever befalls a body
            exc = cause
        return problems.answer(request, exc)


def build() -> Api:
    autodiscover_modules("api")
    api = Api(
        title="Interlock", version=__version__, urls_namespace="api", parser=StrictParser(), openapi_url="", docs_url=""
    )
    for routes in Routes.all:
        routes.open()
        at = routes.at if routes.outside else f"workspaces/{{slug:workspace}}/{routes.at}"
        api.add_router(at.rstrip("/"), routes)
    return api


def unknown(request: HttpRequest, **_: Any) -> HttpResponse:
    return problems.answer(request, Http404())


def urls() -> list[URLPattern | URLResolver]:
    api = build()
    return [
        path("api/v1/openapi.json", openapi, {"api": api}, name="openapi"),
        path("api/v1/reference", reference, {"api": api}, name="reference"),
        path("api/v1/", api.urls),
        re_path(r"^api/.*$", unknown),
    ]
