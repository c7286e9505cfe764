"""The API's description: for programs as openapi.json, for people as a page."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from interlock.workspaces.rest.openapi import METHODS, TAGS, Described, describe
from interlock.workspaces.rest.problems import KINDS


@lru_cache(maxsize=1)
def described(api: Any) -> Described:
    return describe(api, amount=settings.API_REQUESTS_PER_MINUTE)


def openapi(request: HttpRequest, api: Any) -> HttpResponse:
    return JsonResponse(described(api))


def reference(request: HttpRequest, api: Any) -> HttpResponse:
    """The page that each refusal's `type` leads to."""
    return render(request, "workspaces/reference.html", {"reference": read(api), "problems": KINDS})


# --- what the page shows of the description ------------------------------------------------------------


@dataclass(frozen=True)
class Value:
    """Something that is sent: a parameter, or a field of a body."""

    name: str
    where: str
    kind: str
    needed: bool
    means: str


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    path: str
    summary: str
    means: str
    values: list[Value]
    answers: list[tuple[str, str]]
    body: str
    answer: str


@dataclass(frozen=True)
class Reference:
    about: str
    version: str
    groups: list[tuple[str, str, list[Operation]]]


@lru_cache(maxsize=1)
def read(api: Any) -> Reference:
    told = described(api)
    operations = list(_operations(told))
    groups = [(tag, means, [one for name, one in operations if name == tag]) for tag, means in TAGS.items()]
    return Reference(told["info"]["description"], told["info"]["version"], groups)


def _operations(told: Described) -> Iterator[tuple[str, Operation]]:
    for path, methods in told["paths"].items():
        for method in METHODS:
            if method in methods:
                yield methods[method]["tags"][0], _operation(path, method, methods[method], told)


def _operation(path: str, method: str, one: Mapping[str, Any], told: Described) -> Operation:
    sent = one.get("requestBody", {}).get("content", {})
    values = [
        Value(
            value["name"],
            value["in"],
            _kind(value["schema"], told),
            value.get("required", False),
            value.get("description") or value["schema"].get("description", ""),
        )
        for value in one.get("parameters", ())
        if value["name"] != "workspace"
    ]
    for content in sent.values():
        values += _fields(content["schema"], told)
    answers = {status: _answer(answer, told) for status, answer in one["responses"].items()}
    return Operation(
        name=one["operationId"],
        method=method.upper(),
        path=path,
        summary=one["summary"],
        means=one.get("description", ""),
        values=values,
        answers=[(status, answer.get("description", "")) for status, answer in answers.items()],
        body=_example(sent),
        answer=next((_example(answers[status].get("content", {})) for status in answers if status < "300"), ""),
    )


def _answer(answer: Mapping[str, Any], told: Described) -> Mapping[str, Any]:
    named: str = answer.get("$ref", "")
    return told["components"]["responses"][named.rpartition("/")[2]] if named else answer


def _example(content: Mapping[str, Any]) -> str:
    example = next((one["example"] for one in content.values() if "example" in one), None)
    return "" if example is None else json.dumps(example, indent=2, ensure_ascii=False)


def _fields(schema: Mapping[str, Any], told: Described) -> Iterator[Value]:
    schema = _found(schema, told)
    for several in ("anyOf", "oneOf"):
        for one in schema.get(several, ()):
            yield from _fields(one, told)
    for name, field in schema.get("properties", {}).items():
        needed = name in schema.get("required", ())
        yield Value(name, "body", _kind(field, told), needed, _found(field, told).get("description", ""))


def _found(schema: Mapping[str, Any], told: Described) -> Mapping[str, Any]:
    named: str = schema.get("$ref", "")
    return told["components"]["schemas"][named.rpartition("/")[2]] if named else schema


def _kind(schema: Mapping[str, Any], told: Described) -> str:
    """In words: “string”, “list of integers”, “date or null”, “idea, planned or done”."""
    schema = _found(schema, told)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(one, told) for one in schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list: {_kind(schema.get('items', {}), told)}"
    kind = schema.get("type", "anything")
    return str(schema.get("format") or (kind if isinstance(kind, str) else " or ".join(kind)))
