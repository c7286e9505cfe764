import inspect
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.db.models import Q
from django.http import Http404
from django.utils import timezone
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, ValidationInfo

from interlock.alignment import registry, scoring
from interlock.alignment.dimensions import Dimension
from interlock.alignment.models import Finding, RuleSetting, Score, Tally
from interlock.alignment.rule import Fix, Rule, Severity
from interlock.alignment.terms import Terms
from interlock.organisation.api import DepartmentKey, PersonKey, ProductKey
from interlock.organisation.models import Product
from interlock.workspaces.errors import DomainError
from interlock.workspaces.keyset import Leg
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Action
from interlock.workspaces.rest import (
    Address,
    ApiRequest,
    Asked,
    Day,
    In,
    Line,
    Listing,
    MaybePointer,
    Measure,
    Moment,
    OneOf,
    OrNone,
    Out,
    Page,
    Pointer,
    Pointers,
    PointsTo,
    Routes,
    Text,
    Where,
    by,
    reader_of,
    rows_of,
)
from interlock.workspaces.rest.problems import invalid

Word = Literal["error", "warning", "note"]
SeverityWord = Annotated[Word, BeforeValidator(lambda value: Severity(value).word if isinstance(value, int) else value)]
WORDS = {severity.word: severity for severity in Severity}

Code = Annotated[str, Field(pattern="^[A-Z]{2}[0-9]{3}$", examples=["GO101"])]
FixName = Annotated[str, Field(pattern="^[a-z_]{1,60}$", examples=["choose_owner"])]


def rule_of(code: str) -> Rule:
    try:
        return registry.rule(code)
    except KeyError:
        raise Http404 from None


# --- findings ----------------------------------------------------------------------------------------


class SubjectOut(Out):
    key: str = Field(examples=["F-12"])
    title: str
    url: str
    mentioned: bool = Field(description="Whether the text speaks of it, rather than it being wrong.")


class AskOut(Out):
    name: str = Field(examples=["owner"])
    kind: Literal["key", "day", "number", "text"]
    of: str | None = Field(description="Of what, where a key is asked for.", examples=["person"])


class FixOut(Out):
    name: str = Field(examples=["choose_owner"])
    label: str = Field(examples=["Choose an owner"])
    safe: bool = Field(description="Whether nobody could object.")
    asks: list[AskOut]


class WaiverOut(Out):
    reason: str
    until: date
    by: MaybePointer
    at: datetime


def _asks(asks: Mapping[str, type]) -> list[AskOut]:
    return [AskOut(name=name, kind=_kind(of), of=_noun(of)) for name, of in asks.items()]


def _kind(of: type) -> Any:
    return {date: "day", Decimal: "number", str: "text"}.get(of, "key")


def _noun(of: type) -> str | None:
    return str(of._meta.verbose_name) if hasattr(of, "_meta") else None


def _fixes(fixes: Any) -> list[FixOut]:
    return [FixOut(name=fix.name, label=fix.label, safe=fix.safe, asks=_asks(fix.asks)) for fix in fixes]


def _evidence(evidence_for: Any, told: ValidationInfo) -> str:
    return str(evidence_for(reader_of(told)))


class FindingOut(Out):
    key: str = Field(examples=["FIND-1"])
    code: str = Field(examples=["GO101"])
    name: Annotated[str, Field(validation_alias="rule"), BeforeValidator(lambda rule: rule.name)]
    severity: SeverityWord
    status: Annotated[str, OneOf(Finding.Status)]
    says: str
    evidence: Annotated[
        str, Field(validation_alias="evidence_for", description="Empty for guests."), BeforeValidator(_evidence)
    ]
    product: MaybePointer
    subjects: Annotated[list[SubjectOut], BeforeValidator(rows_of)]
    people: Pointers
    departments: Pointers
    fixes: Annotated[list[FixOut], BeforeValidator(_fixes)]
    waiver: WaiverOut | None
    opened_at: datetime
    resolved_at: datetime | None
    reopened: int = Field(description="How often it came back.")
    url: Address


class FindingFilters(Asked):
    status: list[Annotated[str, OneOf(Finding.Status)]] = []
    severity: list[Word] = []
    code: list[Code] = []
    dimension: list[Literal[tuple(Dimension)]] = []  # type: ignore[valid-type]
    product: Annotated[list[Annotated[str, OrNone(Product)]], Where("subjects__product_id")] = []
    department: Annotated[list[DepartmentKey], Where("departments")] = []
    person: Annotated[list[PersonKey], Where("people")] = []
    opened_since: Annotated[Moment | None, Where("opened_at__gte")] = None
    resolved_since: Annotated[Moment | None, Where("resolved_at__gte")] = None

    def where_severity(self, rows: Any, value: list[str]) -> Any:
        return rows.filter(severity__in=[WORDS[word] for word in value])

    def where_dimension(self, rows: Any, value: list[str]) -> Any:
        return rows.filter(code__in=[rule.code for rule in registry.rules() if rule.dimension in value])


FindingKey = Annotated[str, PointsTo(Finding)]
findings = Listing(
    Finding,
    "findings",
    read=FindingOut,
    filters=FindingFilters,
    orders={
        "urgent": [Leg(("code", "number"), where=Q(severity=severity)) for severity in Severity],
        "number": by("number"),
        "opened_at": by("opened_at", "number"),
    },
    joins=("product",),
    fetch=("subjects", "people", "departments", "waivers__by__user"),
)


class WaiverIn(In):
    reason: Annotated[Text, Field(min_length=1, max_length=2000, pattern=r"\S", examples=["Agreed in the review."])]
    until: Annotated[Day, Field(description="The day on which it is open again.")]


@findings.put("/{key}/waiver", response={200: FindingOut}, operation_id="waive_finding", summary="Waive a finding")
def waive(request: ApiRequest, key: FindingKey, given: WaiverIn) -> Finding:
    """Accept it for a time: it counts as passed, is shown as waived, and comes back by itself."""
    finding = request.member.editable(Finding, key=key)
    finding.waive(reason=given.reason, until=given.until, by=request.member, today=timezone.localdate())
    return findings.one(request.member, key)


@findings.delete(
    "/{key}/waiver", response={200: FindingOut}, operation_id="withdraw_waiver", summary="Withdraw a waiver"
)
def withdraw_waiver(request: ApiRequest, key: FindingKey) -> Finding:
    request.member.editable(Finding, key=key).withdraw_waiver(by=request.member)
    return findings.one(request.member, key)


class FixIn(In):
    answers: Annotated[
        dict[Annotated[str, Field(pattern="^[a-z_]{1,60}$")], str | float],
        Field(description="What the fix asks for, by name.", examples=[{"owner": "P-1"}], max_length=10),
    ] = {}


@findings.post("/{key}/fixes/{name}", response={200: FindingOut}, operation_id="fix_finding", summary="Fix a finding")
def fix(request: ApiRequest, key: FindingKey, name: FixName, given: FixIn) -> Finding:
    """The finding closes when the rule has looked again, a moment later."""
    finding = request.member.visible(Finding, key=key)
    if not finding.can_be_fixed_by(request.member):
        request.member.require(Action.EDIT)
    try:
        taken = finding.way_out(name)
    except LookupError:
        raise Http404 from None
    finding.fix(name, by=request.member, **answers(taken, given.answers, member=request.member))
    return findings.one(request.member, key)


def answers(fix: Fix, given: Mapping[str, Any], *, member: Member) -> dict[str, Any]:
    """What the fix asks for, out of what was sent: rows out of keys, days out of texts."""
    for name in given.keys() ^ fix.asks.keys():
        invalid(f"answers.{name}", "The fix does not ask for this." if name in given else "The fix asks for this.")
    return {name: _answer(name, of, given[name], member) for name, of in fix.asks.items()}


def _answer(name: str, of: type[Any], told: Any, member: Member) -> Any:
    kinds: dict[type[Any], Any] = {date: Day, Decimal: Measure, str: Annotated[Line, Field(max_length=1000)]}
    try:
        kind: Any = kinds.get(of) or Annotated[str, PointsTo(of)]
        answer = TypeAdapter(kind).validate_python(told, strict=True)
    except ValidationError as error:
        invalid(f"answers.{name}", error.errors()[0]["msg"])
    if of in kinds:
        return answer
    row = PointsTo(of).rows([answer], member=member).get(answer)
    if row is None:
        raise DomainError(f"There is no {_noun(of)} {answer}.", field=f"answers.{name}")
    return row


# --- rules -------------------------------------------------------------------------------------------

rules = Routes("rules", tag="Rules")


class AppliedOut(Out):
    enabled: bool
    severity: SeverityWord
    settings: dict[str, int] = Field(examples=[{"days": 91}])


class OverrideOut(AppliedOut):
    product: Pointer


class RuleOut(Out):
    code: str = Field(examples=["BL107"])
    name: str = Field(examples=["stale-feature"])
    dimension: Literal[tuple(Dimension)]  # type: ignore[valid-type]
    text: str = Field(description="What it says, why, with the source, and an example.")
    fixes: Annotated[list[FixOut], BeforeValidator(_fixes)]
    default: AppliedOut = Field(description="How it applies where nobody said otherwise.")
    here: AppliedOut = Field(description="How it applies in this workspace.")
    products: list[OverrideOut] = Field(description="Where it applies differently.")


def _told(rule: Rule, held: list[RuleSetting]) -> dict[str, Any]:
    default = Terms(True, int(rule.severity), rule.settings)
    own = next((one for one in held if one.product_id is None), None)
    here = default.amended(own) if own else default
    return {
        "code": rule.code,
        "name": rule.name,
        "dimension": rule.dimension,
        "text": inspect.getdoc(rule) or "",
        "fixes": rule.fixes,
        "default": default,
        "here": here,
        "products": [{"product": one.product, **asdict(here.amended(one))} for one in held if one.product_id],
    }


def _rule(member: Member, code: str) -> dict[str, Any]:
    return _told(rule_of(code), list(_held(member).filter(code=code)))


def _held(member: Member) -> Any:
    return RuleSetting.objects.visible_to(member).select_related("product").order_by("product__number")


@rules.get("", response={200: Page[RuleOut]}, operation_id="list_rules", summary="List rules")
def list_rules(request: ApiRequest) -> dict[str, Any]:
    held = list(_held(request.member))
    told = [_told(rule, [one for one in held if one.code == rule.code]) for rule in registry.rules()]
    return {"items": told, "next": None}


@rules.get("/{code}", response={200: RuleOut}, operation_id="read_rule", summary="Read a rule")
def read_rule(request: ApiRequest, code: Code) -> dict[str, Any]:
    return _rule(request.member, code)


class SettingIn(In):
    enabled: bool = True
    severity: Word | None = Field(None, description="The rule's own, where left out.")
    settings: Annotated[
        dict[Annotated[str, Field(pattern="^[a-z_]{1,40}$")], Annotated[int, Field(ge=0, le=100_000)]],
        Field(max_length=20, examples=[{"days": 60}]),
    ] = {}


@rules.put("/{code}/setting", response={200: RuleOut}, operation_id="configure_rule", summary="Configure a rule")
def configure(request: ApiRequest, code: Code, given: SettingIn) -> dict[str, Any]:
    return _configure(request.member, code, given, None)


@rules.put(
    "/{code}/products/{product}",
    response={200: RuleOut},
    operation_id="configure_rule_for_product",
    summary="Configure a rule for one product",
)
def configure_for_product(request: ApiRequest, code: Code, product: ProductKey, given: SettingIn) -> dict[str, Any]:
    return _configure(request.member, code, given, request.member.visible(Product, key=product))


def _configure(member: Member, code: str, given: SettingIn, product: Product | None) -> dict[str, Any]:
    rule = rule_of(code)
    member.require(Action.CONFIGURE)
    severity = WORDS[given.severity] if given.severity else None
    RuleSetting.objects.configure(
        rule, by=member, product=product, enabled=given.enabled, severity=severity, settings=given.settings
    )
    return _rule(member, code)


@rules.delete("/{code}/setting", response={200: RuleOut}, operation_id="reset_rule", summary="Apply a rule as it comes")
def reset(request: ApiRequest, code: Code) -> dict[str, Any]:
    return _reset(request.member, code, None)


@rules.delete(
    "/{code}/products/{product}",
    response={200: RuleOut},
    operation_id="reset_rule_for_product",
    summary="Apply a rule to a product as to the others",
)
def reset_for_product(request: ApiRequest, code: Code, product: ProductKey) -> dict[str, Any]:
    return _reset(request.member, code, request.member.visible(Product, key=product))


def _reset(member: Member, code: str, product: Product | None) -> dict[str, Any]:
    rule_of(code)
    member.require(Action.CONFIGURE)
    for setting in RuleSetting.objects.visible_to(member).filter(code=code, product=product):
        setting.withdraw(by=member)
    return _rule(member, code)


# --- scores ------------------------------------------------------------------------------------------

scores = Routes("scores", tag="Scores")


class ShareOut(Out):
    code: str = Field(examples=["GO101"])
    checked: int
    failed: int
    passed: float = Field(ge=0, le=1, description="The share that passed.")
    weight: int = Field(description="Of its severity: 4, 2 or 1.")


class DimensionOut(Out):
    name: Literal[tuple(Dimension)]  # type: ignore[valid-type]
    score: float = Field(ge=0, le=100)
    rules: list[ShareOut]


class ScoreOut(Out):
    score: float | None = Field(description="The mean of the dimensions; null where nothing was checked.")
    dimensions: list[DimensionOut]


@scores.get("", response={200: ScoreOut}, operation_id="read_score", summary="Read the score")
def read_score(request: ApiRequest, product: ProductKey | None = None) -> dict[str, Any]:
    """Of the workspace, or of one product: over what you see, with everything that it was computed from."""
    tallies = Tally.objects.visible_to(request.member)
    if product is not None:
        tallies = tallies.filter(product=request.member.visible(Product, key=product))
    shares = scoring.shares(tallies, failed="failing")
    values = scoring.dimensions(shares)
    return {
        "score": scoring.total(values),
        "dimensions": [
            {"name": name, "score": value, "rules": [share for share in shares if share.dimension == name]}
            for name, value in values.items()
        ],
    }


class DayOut(Out):
    on: date
    score: float = Field(validation_alias="shown", ge=0, le=100)


@scores.get("/history", response={200: Page[DayOut]}, operation_id="read_score_history", summary="Read past scores")
def read_history(
    request: ApiRequest,
    product: ProductKey | None = None,
    dimension: Literal[tuple(Dimension)] | None = None,  # type: ignore[valid-type]
    since: Day | None = None,
) -> dict[str, Any]:
    """A score a day, of the last thousand days on which there was one."""
    of = request.member.visible(Product, key=product) if product is not None else None
    days = Score.objects.visible_to(request.member).of(of).filter(dimension=dimension or "")
    if since:
        days = days.since(since)
    return {"items": reversed(days.order_by("-on")[:1000]), "next": None}
