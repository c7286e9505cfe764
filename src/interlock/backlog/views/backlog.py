from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views import View
from django.views.decorators.http import require_safe

from interlock.backlog.columns import Change, columns
from interlock.backlog.forms import AnswerForm, QuickForm
from interlock.backlog.models import Feature, Tag
from interlock.backlog.selection import COUNTED, Found, Selection
from interlock.backlog.table import Table
from interlock.backlog.undoing import noted, undo
from interlock.organisation.models import Product
from interlock.workspaces import exports
from interlock.workspaces.errors import DomainError
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import DefaultView, Member, SavedView
from interlock.workspaces.pages import UNPROCESSABLE, came_from
from interlock.workspaces.permissions import Action

PAGE = "backlog"
# Changed in one request. More is for an import, which shows how far it has come.
MOST, BATCH = 5000, 500
OFFERED = 20


def selected(query: QueryDict, by: Member) -> Selection:
    return Selection(query, by=by, today=timezone.localdate())


class BacklogView(View):
    def get(self, request: MemberRequest) -> HttpResponse:
        if not request.GET:
            chosen = DefaultView.of(request.member, PAGE)
            if chosen:
                chosen.workspace = request.member.workspace
                return redirect(chosen)
        selection = selected(request.GET, request.member)
        response = self.page(request, selection, self.quick(request, selection))
        if request.htmx and request.GET:
            # A field that offers rows sends their names too; the address keeps the keys.
            response["HX-Push-Url"] = f"{request.path}{selection.here}"
        return response

    def post(self, request: MemberRequest) -> HttpResponse:
        """Add a feature by its title."""
        request.member.require(Action.EDIT)
        selection = selected(request.GET, request.member)
        form = self.quick(request, selection, request.POST)
        feature = form.save() if form and form.is_valid() else None
        if feature is None:
            if request.htmx:
                return render(request, "backlog/quick.html", {"quick": form}, status=UNPROCESSABLE)
            return self.page(request, selection, form, status=UNPROCESSABLE)
        if not request.htmx:
            messages.success(request, f"Added {feature.key} {feature}.")
            return redirect(request.get_full_path())
        fresh = self.quick(request, selection)
        if fresh:
            fresh.initial["product"] = request.POST.get("product", "")
        response = render(request, "backlog/quick.html", {"quick": fresh, "added": feature})
        response["HX-Trigger"] = "live:features"
        return response

    def quick(self, request: MemberRequest, selection: Selection, *data: Any) -> QuickForm | None:
        return QuickForm(*data, by=request.member, asked=selection.asked) if request.member.edits else None

    def page(self, request: MemberRequest, selection: Selection, quick: Any, status: int = 200) -> HttpResponse:
        found = selection.find()
        table = Table(selection.columns, by=request.member, by_hand=selection.order.by_hand)
        context = {
            "selection": selection,
            "found": found,
            "table": table,
            "rows": table.rows(found.features),
            "pager": Pager(selection, found),
            "quick": quick,
            # Whoever finds nothing may first have to name a product.
            "productless": not (found.features or Product.objects.visible_to(request.member).active().exists()),
            "views": self.views(request.member, selection),
            "changes": [change for one in columns() for change in one.changes()] if table.selectable else [],
        }
        return render(request, "backlog/backlog.html", context, status=status)

    @staticmethod
    def views(by: Member, selection: Selection) -> list[Any]:
        chosen = DefaultView.objects.filter(member=by, view=OuterRef("pk"))
        seen = SavedView.objects.visible_to(by).filter(page=PAGE).annotate(default=Exists(chosen))
        kept: list[Any] = list(seen.select_related("member__user"))
        for view in kept:
            view.workspace = by.workspace
            view.mine = view.member_id == by.pk
            view.current = f"?{view.query}" == selection.query()
        return kept


class Pager:
    """What {% pager %} asks for."""

    def __init__(self, selection: Selection, found: Found) -> None:
        here, page = selection.query, found.page
        self.previous_query = here(before=page.before) if page.before else None
        self.next_query = here(after=page.after) if page.after else None
        self.first_query = here() if page.before else None
        self.last_query = here(last="1") if page.after else None
        several = page.before or page.after
        count = f"more than {COUNTED:,}" if found.more else f"{found.count:,}"
        self.sentence = f"{len(page.rows)} of {count} features" if several else ""


class ExportView(View):
    """What the list shows, as a file."""

    def get(self, request: MemberRequest, kind: str) -> HttpResponseBase:
        if kind not in exports.FORMATS:
            raise Http404
        by, selection = request.member, selected(request.GET, request.member)
        cells = {one.name: _value_of(one, by) for one in selection.columns}
        return exports.download(f"{by.workspace.slug}-backlog", kind, cells, selection.each(), by=by)


def _value_of(column: Any, by: Member) -> Any:
    return lambda feature: column.value(feature, by)


# --- changing many -----------------------------------------------------------------------------------


class ChangeView(View):
    """Changes the features that are ticked, or all that a list shows. What it must be told it asks for."""

    def get(self, request: MemberRequest) -> HttpResponse:
        change = self._change(request.GET.get("change", ""))
        form = AnswerForm(change=change, by=request.member) if change else None
        return render(request, "backlog/answer.html", {"form": form})

    def post(self, request: MemberRequest) -> HttpResponse:
        selection = selected(QueryDict(request.POST.get("query", "").lstrip("?")), request.member)
        keys = self._keys(request, selection)
        back = reverse("backlog", args=[request.member.workspace.slug]) + selection.query()
        if not keys:
            raise DomainError("Tick the features to be changed; those that are not yours cannot be.")
        if "archive" in request.POST or "restore" in request.POST:
            verb = "archive" if "archive" in request.POST else "restore"
            return self._done(
                request, keys, back, lambda features: getattr(features, verb)(by=request.member), f"{verb}d"
            )
        change = self._change(request.POST.get("change", ""))
        if change is None:
            raise DomainError("Choose what to change.")
        answered = "answered" in request.POST
        form = AnswerForm(request.POST if answered else None, change=change, by=request.member)
        if not (answered and form.is_valid()):
            sent = [(name, value) for name in ("query", "change", "all", "key") for value in request.POST.getlist(name)]
            context = {"form": form, "sent": sent, "count": len(keys), "back": back}
            return render(request, "backlog/change.html", context, status=UNPROCESSABLE if answered else 200)
        answer = form.cleaned_data["answer"]
        return self._done(
            request,
            keys,
            back,
            lambda features: change.make(features.prefetch_related(*change.column.linked), answer, by=request.member),
            "changed",
        )

    @staticmethod
    def _change(name: str) -> Change | None:
        return next((change for one in columns() for change in one.changes() if change.name == name), None)

    @staticmethod
    def _keys(request: MemberRequest, selection: Selection) -> list[int]:
        """Of what is asked for, what this member may change."""
        rows = Feature.objects.editable_by(request.member)
        if "all" in request.POST:
            rows = rows.filter(pk__in=selection.rows().values("pk"))
        else:
            numbers = {Feature.number_of(key) for key in request.POST.getlist("key")[:MOST]}
            rows = rows.filter(number__in=numbers - {None})
        found = list(rows.order_by("rank").values_list("pk", flat=True)[: MOST + 1])
        if len(found) > MOST:
            raise DomainError(f"These are more than {MOST:,} features. Narrow the list, and change them in parts.")
        return found

    @staticmethod
    def _done(request: MemberRequest, keys: list[int], back: str, act: Any, did: str) -> HttpResponse:
        by, refused = request.member, None
        with noted(by) as span:
            try:
                for batch in _batches(keys):
                    act(Feature.objects.of(by.workspace).filter(pk__in=batch).select_related("owner"))
            except DomainError as error:
                refused = error
        count = span.count(by)
        if refused and not count:
            raise refused
        token = reverse("backlog-undo", args=[by.workspace.slug, span.token(by)])
        told = f"{did.capitalize()} {count:,} {'feature' if count == 1 else 'features'}"
        if refused:
            messages.warning(request, f"{told}, and not the rest: {refused.sentence}", extra_tags=f"undo {token}")
        elif count:
            messages.success(request, f"{told}.", extra_tags=f"undo {token}")
        else:
            messages.info(request, "All of these were so already.")
        return redirect(back)


def _batches(keys: list[int]) -> Iterator[list[int]]:
    """Short transactions, so that others can write in between."""
    return (keys[at : at + BATCH] for at in range(0, len(keys), BATCH))


class UndoView(View):
    def post(self, request: MemberRequest, token: str) -> HttpResponse:
        back, left = undo(token, by=request.member)
        rest = f" {left:,} had changed since, and stay as they are." if left else ""
        messages.success(request, f"Undone for {back:,} {'feature' if back == 1 else 'features'}.{rest}")
        return redirect(came_from(request))


# --- order by hand -----------------------------------------------------------------------------------


class MoveView(View):
    """Between two features that are shown, where a script says which; else by a step, or to an end."""

    def post(self, request: MemberRequest) -> HttpResponse:
        if "key" in request.POST:
            feature = request.member.editable(Feature, key=request.POST["key"])
            place = self._between(request)
        else:
            to = next((one for one in ("up", "down", "top", "bottom") if one in request.POST), "")
            feature = request.member.editable(Feature, key=request.POST.get(to, ""))
            place = self._step(request, feature, to)
        if place:
            feature.move(by=request.member, **place)
        if request.htmx and "key" in request.POST:
            return HttpResponse(status=204)
        if not place:
            messages.info(request, f"{feature.key} is already there.")
        return redirect(came_from(request))

    @staticmethod
    def _between(request: MemberRequest) -> dict[str, Feature]:
        for where in ("after", "before"):
            if request.POST.get(where):
                return {where: request.member.visible(Feature, key=request.POST[where])}
        return {}

    @staticmethod
    def _step(request: MemberRequest, feature: Feature, to: str) -> dict[str, Feature]:
        """Past its neighbour in the list, or to the end of all."""
        selection = selected(QueryDict(request.POST.get("query", "").lstrip("?")), request.member)
        rows = selection.rows() if to in ("up", "down") else Feature.objects.visible_to(request.member).active()
        rows = rows.exclude(pk=feature.pk)
        before, after = (
            rows.filter(rank__lt=feature.rank).order_by("-rank"),
            rows.filter(rank__gt=feature.rank).order_by("rank"),
        )
        match to:
            case "up":
                where, anchor = "before", before.first()
            case "down":
                where, anchor = "after", after.first()
            case "top":
                where, anchor = "before", before.last()
            case _:
                where, anchor = "after", after.last()
        return {where: anchor} if anchor else {}


# --- what fields offer -------------------------------------------------------------------------------


@require_safe
def tags(request: MemberRequest) -> HttpResponse:
    if not request.member.reads_all:
        raise Http404
    text = request.GET.get("q", "").replace("\0", "")
    found = Tag.objects.visible_to(request.member).filter(name__icontains=text)[:OFFERED]
    return render(request, "backlog/tag_options.html", {"tags": found, "text": text})


@require_safe
def initiatives(request: MemberRequest) -> HttpResponse:
    text = request.GET.get("q", "").replace("\0", "")
    rows = Feature.objects.visible_to(request.member).active().filter(kind=Feature.Kind.INITIATIVE)
    found = rows.filter(title__icontains=text).ranked()[:OFFERED]
    context = {"offered": [(row.key, row.title) for row in found], "noun": "initiative"}
    return render(request, "web/choose_options.html", context)
