"""Counts, for each rule and product, the rows that were looked at and those that failed: what scores are made of."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from interlock.alignment.judging import checked
from interlock.alignment.look import Look
from interlock.alignment.models import CheckedRows, Finding, FindingSubject, Tally
from interlock.alignment.models.checked import bits_of
from interlock.alignment.terms import Applied
from interlock.alignment.universe import EVERYTHING, Universe, Universes, product_path
from interlock.workspaces.plan import PlanModel

COUNTS = ("failed", "waived", "failed_openly", "waived_openly")
NONE = dict.fromkeys(COUNTS, 0)

# Product → the numbers of its rows, as bits.
Rows = dict[int | None, int]


@transaction.atomic
def count(applied: Applied, look: Look, universes: Universes) -> None:
    """Bring a rule's tallies up to date, after it has looked at these universes."""
    total: Counter[int | None] = Counter()
    for subject in applied.rule.subjects:
        rows = _looked_at(applied, subject, look, universes.get(subject, Universe()))
        total.update({product: bits.bit_count() for product, bits in rows.items()})
    broken = _broken(applied, look)
    _keep(
        {
            product: {"severity": applied.at(product).severity, "checked": number}
            | {name: min(number, value) for name, value in broken.get(product, NONE).items()}
            for product, number in total.items()
            if number
        },
        applied,
        look,
    )


# --- how many were looked at -------------------------------------------------------------------------


def _looked_at(applied: Applied, subject: type[PlanModel], look: Look, universe: Universe) -> Rows:
    """The rows to which the rule applies: those known from before, and anew those in the universe."""
    held = list(CheckedRows.objects.of(look.workspace, applied.rule.code, subject))
    before: Rows = {one.product_id: one.bits for one in held}
    if not universe:
        return before
    path = product_path(subject)
    now: dict[int | None, list[int]] = defaultdict(list)
    for part in applied.parts():
        rows = universe.within(checked(applied, part, subject, look), row="pk", product=path)
        for number, *product in rows.order_by().values_list("number", *([path] if path else [])):
            now[product[0] if path else None].append(number)
    after: Rows = {product: bits_of(numbers) for product, numbers in now.items()}
    if universe != EVERYTHING:
        anew = ~bits_of(_numbers(subject, look, universe))
        after = {product: before.get(product, 0) & anew | after.get(product, 0) for product in before | after}
    for one in held:
        bits = after.get(one.product_id, 0)
        if bits != before[one.product_id]:
            CheckedRows.objects.filter(pk=one.pk).update(packed=CheckedRows.pack(bits))
    CheckedRows.objects.bulk_create(
        CheckedRows(
            workspace=look.workspace,
            product_id=product,
            code=applied.rule.code,
            content_type=ContentType.objects.get_for_model(subject),
            packed=CheckedRows.pack(bits),
        )
        for product, bits in after.items()
        if product not in before
    )
    return after


def _numbers(subject: type[PlanModel], look: Look, universe: Universe) -> Any:
    rows = subject._base_manager.filter(workspace=look.workspace)
    return universe.within(rows, row="pk", product=product_path(subject)).values_list("number", flat=True)


# --- how many of them failed -------------------------------------------------------------------------


def _broken(applied: Applied, look: Look) -> dict[int | None, dict[str, int]]:
    """Product → how many rows failed. A row that several findings speak of has failed once."""
    subjects = FindingSubject.objects.filter(
        mentioned=False,
        finding__workspace=look.workspace,
        finding__code=applied.rule.code,
        finding__status__in=(Finding.Status.OPEN, Finding.Status.WAIVED),
    )
    counts = {"failed": _rows(Finding.Status.OPEN), "waived": _rows(Finding.Status.WAIVED)}
    if look.restricted:
        subjects = subjects.annotate(beyond=_speaks_of_the_restricted(look))
        openly = Q(beyond=False)
        counts |= {
            "failed_openly": _rows(Finding.Status.OPEN, openly),
            "waived_openly": _rows(Finding.Status.WAIVED, openly),
        }
    counted = subjects.order_by().values("product_id").annotate(**counts)
    return {
        row["product_id"]: {name: row.get(name, row[name.removesuffix("_openly")]) for name in COUNTS}
        for row in counted
    }


def _rows(status: str, condition: Q | None = None) -> Count:
    return Count("object_id", distinct=True, filter=Q(finding__status=status) & (condition or Q()))


def _speaks_of_the_restricted(look: Look) -> Exists:
    """Of a finding's subject: whether the finding speaks of a restricted product that is not the subject's own."""
    beyond = FindingSubject.objects.filter(finding=OuterRef("finding"), product_id__in=look.restricted)
    return Exists(beyond.exclude(product_id=Coalesce(OuterRef("product_id"), 0)))


def _keep(tallies: Mapping[int | None, Mapping[str, int]], applied: Applied, look: Look) -> None:
    """Write what is different."""
    held = Tally.objects.filter(workspace=look.workspace, code=applied.rule.code)
    before = {row.pop("product_id"): row for row in held.values("product_id", "severity", "checked", *COUNTS)}
    different = {product for product in before.keys() | tallies.keys() if before.get(product) != tallies.get(product)}
    if different:
        gone = Q(product__in=different - {None}) | (Q(product=None) if None in different else Q(pk__in=[]))
        held.filter(gone).delete()
        Tally.objects.bulk_create(
            Tally(workspace=look.workspace, product_id=product, code=applied.rule.code, **tallies[product])
            for product in different & tallies.keys()
        )
