"""Lists: filters, order and page live in the address, so that what one sees is what one can send."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.views import View

from interlock.workspaces import exports
from interlock.workspaces.forms import MemberForm
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member

PAGE = 50


class Filters(MemberForm):
    """What narrows a list. What cannot be read narrows nothing, and says so at its field."""

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        for field in self.fields.values():
            field.required = field.widget.is_required = False
        self.prepare()
        self.is_valid()

    def prepare(self) -> None:
        """Say what can be chosen, where that depends on what there is."""

    def narrow(self, rows: Any) -> Any:
        """The rows that pass."""
        raise NotImplementedError

    def asked(self, name: str) -> Any:
        return self.cleaned_data.get(name)

    @property
    def active(self) -> bool:
        return any(value not in (None, "", False) for value in self.cleaned_data.values())


class SearchField(forms.CharField):
    """What is typed to narrow a list; the label stands in it."""

    def __init__(self, label: str, **how: Any) -> None:
        super().__init__(label=label, max_length=200, widget=SearchInput(attrs={"placeholder": label}), **how)


class SearchInput(forms.TextInput):
    input_type = "search"


class ListView(View):
    """One page of rows, or all of them as a file."""

    model: ClassVar[type[Any]]
    template: ClassVar[str]
    filters: ClassVar[type[Filters]]
    # What ?sort= may say; the first is the order without it. A leading minus turns each around.
    orders: ClassVar[Mapping[str, Sequence[Any]]]
    columns: ClassVar[exports.Columns]
    # Whether some of the rows may be shared with guests; else the list does not exist for them.
    for_guests: ClassVar[bool] = False

    def get(self, request: MemberRequest) -> HttpResponseBase:
        if not (request.member.reads_all or self.for_guests):
            raise Http404
        filters = self.filters(request.GET, by=request.member)
        rows = self.ordered(filters.narrow(self.rows(request.member)), request.GET.get("sort", ""))
        kind = request.GET.get("format")
        if kind in exports.FORMATS:
            name = f"{request.member.workspace.slug}-{self.model._meta.verbose_name_plural}".replace(" ", "-")
            return exports.download(
                name, kind, self.columns, self.exported(rows, request.member).iterator(1000), by=request.member
            )
        page = self.page(rows, request)
        context = {"filters": filters, "page": page, **self.more(request, page)}
        return render(request, self.template, context)

    def page(self, rows: Any, request: MemberRequest) -> Any:
        return Paginator(rows, PAGE).get_page(request.GET.get("page"))

    def rows(self, member: Member) -> Any:
        return self.model._default_manager.visible_to(member)

    def exported(self, rows: Any, member: Member) -> Any:
        """With what the columns read besides."""
        return rows

    def ordered(self, rows: Any, sort: str) -> Any:
        name, down = sort.removeprefix("-"), sort.startswith("-")
        if name not in self.orders:
            name, down = next(iter(self.orders)), False
        turned = [field.removeprefix("-") if field.startswith("-") else f"-{field}" for field in self.orders[name]]
        return rows.order_by(*(turned if down else self.orders[name]), "pk")

    def more(self, request: MemberRequest, page: Any) -> dict[str, Any]:
        """What the template needs besides."""
        return {}
