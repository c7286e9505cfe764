"""The description of the API, completed: what holds for every operation is said once, here.

ninja describes what an operation takes and gives. Headers, refusals, examples and who may ask are the same
everywhere, so they are added to its description rather than to each view.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from ninja import NinjaAPI
from pydantic.json_schema import models_json_schema

from interlock.workspaces.rest.problems import KINDS, MEDIA_TYPE
from interlock.workspaces.rest.routes import REPEAT_KEY
from interlock.workspaces.rest.schemas import ProblemOut

Described = dict[str, Any]

ROOT = "/api/v1/"
NAMED = r'#/components/schemas/(\w+)"'
METHODS = ("get", "post", "put", "patch", "delete")

ABOUT = """
The plan of a workspace over HTTP: everything that the pages show and do, under the same rules.

**Who asks.** Send an API token as `Authorization: Bearer ilk_…`; members make their own under Settings. A token
belongs to one workspace, and can do what its member can, or only read. The session of a browser does as well; to
change anything it must send its CSRF token in `X-CSRFToken`. What you may not see answers 404; what you see and may
not change, 403.

**Keys.** Rows go by their keys: `F-212`, `P-3`. What is written as a key is read as key and name.

**Pages.** A list gives up to `limit` rows (50 unless told, at most 200) and `next`; send that as `cursor` for what
follows. Rows that are added or removed meanwhile neither repeat nor hide others.

**Changes.** Every row has a `version`, and an `ETag` that begins with it. A change needs `If-Match` with the ETag
that you read: where somebody was faster, the answer is 412 with what the row holds now, and nothing is overwritten.
`If-Match: *` overwrites whatever is there; without it the answer is 428. `If-None-Match` saves you what you have
already.

**Retries.** Any POST within a workspace takes an `Idempotency-Key` of your choice. The same request with the same
key, sent again within 24 hours, is answered as before and does nothing twice.

**Limits.** A token, or a session, has {amount} requests a minute; `RateLimit` says how many are left.

**Refusals** are `application/problem+json` (RFC 9457).
"""

TAGS = {
    "Features": "The units that are prioritised, planned and released; an initiative gathers features.",
    "Requirements": "User stories, with the acceptance criteria that say when they are done.",
    "Dependencies": "A feature needs another.",
    "Risks": "What may happen, how probable it is, and the days of work that it would cost.",
    "Releases": "What customers get at one time, and what is planned for it.",
    "Workstreams": "One department's part in a release.",
    "Tasks": "Pieces of a department's work for a release, and its milestones, with their dates as the plan stands.",
    "Task links": "A task waits for another; between departments it is a handover.",
    "Freeze windows": "Days on which nothing may launch, and, where they say so, no work for releases is done.",
    "Budgets": "What a release, or a department's part in it, may cost. For owners, admins and editors.",
    "Purchases": "What departments buy for a release. For owners, admins and editors.",
    "Day rates": "What a day of a department's work costs. For owners, admins and editors.",
    "Scope baselines": "That the scope of a release was agreed on, and what it held then.",
    "Risk hits": "A risk hits a task, a department's part, or a whole release.",
    "Release templates": "What every release of a tier needs from each department, counted back from launch.",
    "Gates": "Questions that a release must pass, such as “Go or no-go?”: who approves, until when.",
    "Gate criteria": "What must hold before a gate is passed, and what shows that it does.",
    "Votes": "What approvers said of a gate. They stay as they were given.",
    "Gate decisions": "How gates were decided, and how everything stood. They stay as they were recorded.",
    "Runbook steps": "What is done on launch day: when, by whom, how it is seen to have worked, and the way back.",
    "Launch log": "What happened at a launch, and who said so. It stays as it is.",
    "Launch reviews": "What a launch came to, and what is learnt from it.",
    "Review notes": "What to keep and what to change next time.",
    "Follow-ups": "What somebody does because of a review.",
    "Communications": "Who is told what of a release, by which channel, on which day.",
    "Scenarios": "Changes of a release's plan that are tried on paper, and then made together or thrown away.",
    "Objectives": "What is to be reached by the end of a period, in a tree.",
    "Key results": "The numbers that say whether an objective is reached.",
    "Metrics": "Numbers that are watched over time, and where they are meant to go.",
    "Measurements": "What a metric was on a day.",
    "Products": "What is planned and released; open to every member, or restricted.",
    "People": "Those who work on the plan, with or without an account.",
    "Teams": "People who work together, in a department.",
    "Departments": "Engineering, Design, Marketing …",
    "Absences": "Days on which somebody is not there.",
    "Roles": "Seats in the work: somebody holds them, or they are vacant.",
    "Audiences": "Those who are told of a release in the same words, and who speaks to them.",
    "Findings": "Where a rule is broken: open, waived or resolved.",
    "Rules": "What is checked, and how it applies here.",
    "Scores": "How far the departments are aligned, and what that was computed from.",
    "Imports": "Plans that come from files: sent, checked, looked at, and then written.",
    "Search": "Everything, by its words.",
    "Workspaces": "The tenants, and your seats in them.",
    "Members": "Seats in the workspace.",
    "Invitations": "Seats that are offered.",
    "API tokens": "Your own keys to this API.",
    "Audit events": "Who changed what, when, and through which door.",
    "Exports": "Everything of the workspace as files, to take elsewhere.",
    "Saved views": "Filters and orders of lists, kept under a name.",
}

WORKSPACE = {
    "name": "workspace",
    "in": "path",
    "required": True,
    "description": "The workspace's address.",
    "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{1,48}$", "examples": ["northwind"]},
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag that you read, or `*` to overwrite whatever is there.",
    "schema": {"type": "string", "pattern": r'^(\*|"[0-9]{1,9}(-[0-9a-f]{16})?")$', "examples": ["*"]},
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that you have: 304 where it is still the same.",
    "schema": {"type": "string"},
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Of your choice; the same request with the same key is done once.",
    "schema": {"type": "string", "pattern": f"^{REPEAT_KEY}$"},
}
HEADERS = {
    "ETag": {"description": "Of this representation; begins with the row's version.", "schema": {"type": "string"}},
    "Location": {"description": "Where it is found.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds.", "schema": {"type": "string", "pattern": "^[0-9]+$"}},
    "RateLimit": {"description": 'What is left: `"minute";r=599;t=60`.', "schema": {"type": "string"}},
    "RateLimit-Policy": {"description": 'What is allowed: `"minute";q=600;w=60`.', "schema": {"type": "string"}},
}


def describe(api: NinjaAPI, *, amount: int) -> Described:
    told: Described = dict(api.get_openapi_schema(path_prefix=ROOT))
    told["info"] |= {
        "description": ABOUT.replace("{amount}", str(amount)),
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }
    told["servers"] = [{"url": "/"}]
    told["security"] = [{"token": []}, {"session": []}]
    told["tags"] = [{"name": name, "description": means} for name, means in TAGS.items()]
    components = told["components"]
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "An API token: `ilk_…`."},
        "session": {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "Of a browser; see above."},
    }
    components["headers"] = HEADERS
    components["responses"] = {kind.name: _refusal(status) for status, kind in KINDS.items()}
    _, problem = models_json_schema([(ProblemOut, "serialization")], ref_template="#/components/schemas/{model}")
    components["schemas"] |= problem["$defs"]
    for path, operations in told["paths"].items():
        for method in METHODS:
            if method in operations:
                _complete(operations[method], method, path, components["schemas"])
    components["schemas"] = _in_use(told, components["schemas"])
    # A class is called FeatureOut beside its model; here there is nothing to tell it from.
    text = re.sub(r'((?:#/components/schemas/|")[A-Z]\w*?)Out"', r'\1"', json.dumps(told))
    described: Described = json.loads(text)
    return described


def operations(described: Described) -> Iterator[tuple[str, str, Described]]:
    for path, found in described["paths"].items():
        for method in METHODS:
            if method in found:
                yield method, path, found[method]


def _complete(operation: Described, method: str, path: str, schemas: Described) -> None:
    inside = path.startswith(f"{ROOT}workspaces/{{workspace}}")
    versioned = operation.get("x-versioned", False)
    parameters = operation.setdefault("parameters", [])
    if inside:
        parameters.insert(0, WORKSPACE)
    if method == "get":
        parameters.append(IF_NONE_MATCH)
    if method == "post" and inside:
        parameters.append(IDEMPOTENCY_KEY)
    if versioned:
        parameters.append(IF_MATCH | {"required": method == "patch"})
    for parameter in parameters:
        # ninja repeats the schema's list here, where OpenAPI wants none.
        parameter.pop("examples", None)
    operation.pop("security", None)
    for status, answer in operation["responses"].items():
        answer["headers"] = _headers(int(status))
        _illustrate(answer, schemas)
    body = operation.get("requestBody")
    if body:
        _illustrate(body, schemas)
        for kind, media in body["content"].items():
            if kind == "multipart/form-data":
                media["schema"]["additionalProperties"] = False
    if method == "get":
        operation["responses"]["304"] = {"description": "You have it already.", "headers": _headers(304)}
    for status in _refusals(method, inside=inside, body=bool(body), versioned=versioned):
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/{KINDS[status].name}"}


def _in_use(told: Described, schemas: Described) -> Described:
    """Without those that ninja takes apart into parameters."""
    used: set[str] = set()
    found = re.findall(NAMED, json.dumps({**told, "components": told["components"] | {"schemas": {}}}))
    while found:
        fresh = set(found) - used
        used |= fresh
        found = [name for one in fresh for name in re.findall(NAMED, json.dumps(schemas[one]))]
    return {name: schemas[name] for name in sorted(used)}


def _refusals(method: str, *, inside: bool, body: bool, versioned: bool) -> list[int]:
    statuses = [400, 401, 403, 422, 429, 500, 503]
    statuses += [404] * inside
    statuses += [413, 415] * body
    statuses += [409] * (method != "get")
    statuses += [412] * versioned
    statuses += [428] * (versioned and method == "patch")
    return sorted(statuses)


def _headers(status: int) -> Described:
    names = ["RateLimit", "RateLimit-Policy"]
    names += ["ETag"] * (status in (200, 201, 304))
    names += ["Location"] * (status == 201)
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _refusal(status: int) -> Described:
    kind = KINDS[status]
    example = {"type": f"{ROOT}reference#{kind.name}", "title": kind.title, "status": status, "detail": kind.means}
    schema = {"$ref": "#/components/schemas/ProblemOut"}
    told: Described = {"description": kind.means, "content": {MEDIA_TYPE: {"schema": schema, "example": example}}}
    if status in (429, 503):
        told["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return told


# --- examples ----------------------------------------------------------------------------------------


def _illustrate(holder: Described, schemas: Described) -> None:
    for media in holder.get("content", {}).values():
        media["example"] = example_of(media["schema"], schemas)


def example_of(schema: Described, schemas: Described) -> Any:
    """Something that fits the schema, out of the examples of its parts."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    told = [schema[one][0] for one in ("examples", "enum") if schema.get(one)]
    told += [schema[one] for one in ("const", "default") if one in schema]
    if told:
        return told[0]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return example_of(schema[choice][0], schemas)
    match schema.get("type"):
        case "object":
            return _example_of_object(schema, schemas)
        case "array":
            return [example_of(schema["items"], schemas)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
    return FORMATS.get(schema.get("format", ""), "…")


def _example_of_object(schema: Described, schemas: Described) -> Described:
    required = schema.get("required", [])
    return {
        name: example_of(field, schemas)
        for name, field in schema.get("properties", {}).items()
        if name in required or "examples" in field
    }


FORMATS = {
    "binary": "id,name\n1,Engineering\n",
    "date-time": "2026-11-22T09:30:00Z",
    "date": "2026-12-31",
    "uuid": "0b7d6a4e-3c1f-4d52-9a57-2f6f1f2f7c11",
}
