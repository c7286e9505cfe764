"""Rule settings: which rules run, how severe they are, by which thresholds, and where a product differs."""

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views import View

from interlock.alignment import registry
from interlock.alignment.models import RuleSetting
from interlock.alignment.rule import Rule, Severity
from interlock.alignment.tuning import Tuned, by_dimension, in_words, tuned
from interlock.organisation.models import Product
from interlock.workspaces.forms import MemberForm, RowField
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member
from interlock.workspaces.pages import ActView, Done, stay, tell
from interlock.workspaces.permissions import Action


class RulesView(View):
    def get(self, request: MemberRequest) -> HttpResponse:
        if not request.member.reads_all:
            raise Http404
        dimensions = by_dimension(request.member)
        on = [one.terms.enabled for _, rules in dimensions for one in rules]
        context = {
            "dimensions": dimensions,
            "on": sum(on),
            "off": len(on) - sum(on),
            "configures": request.member.can(Action.CONFIGURE),
        }
        return render(request, "alignment/rules.html", context)


def rule_of(member: Member, code: str) -> Rule:
    """To be set by this member: who only reads learns that there is such a rule, and no more."""
    try:
        rule = registry.rule(code.upper())
    except KeyError as error:
        raise Http404 from error
    member.require(Action.CONFIGURE)
    return rule


class SettingForm(MemberForm):
    """The rule's own thresholds become its fields."""

    enabled = forms.BooleanField(required=False, label="Check it")
    severity = forms.TypedChoiceField(coerce=int, empty_value=None, required=False)

    def __init__(self, *args: Any, rule: Rule, **how: Any) -> None:
        super().__init__(*args, **how)
        usual = Severity(rule.severity).label.lower()
        severity: Any = self.fields["severity"]
        severity.choices = [("", f"As it comes ({usual})"), *Severity.choices]
        self.names = list(rule.settings)
        for name, value in rule.settings.items():
            self.fields[name] = forms.IntegerField(
                min_value=0,
                max_value=100_000,
                required=False,
                label=in_words(name).capitalize(),
                help_text=f"{value} out of the box.",
            )

    def terms(self) -> dict[str, Any]:
        """What differs from how the rule comes."""
        asked = self.cleaned_data
        settings = {name: asked[name] for name in self.names if asked[name] is not None}
        return {"enabled": asked["enabled"], "severity": asked["severity"], "settings": settings}


class ProductSettingForm(SettingForm):
    product = RowField(Product)
    field_order = ["product", "enabled", "severity"]


class SettingView(ActView):
    """The rule in the workspace."""

    def get(self, request: MemberRequest, **at: Any) -> HttpResponse:
        row = self.row(request.member, **at)
        return self.page(request, row, self.form_of(row, by=request.member, initial=self.initial(row)))

    def post(self, request: MemberRequest, **at: Any) -> HttpResponse:
        row = self.row(request.member, **at)
        form = self.form_of(row, request.POST, by=request.member)
        done = form.attempt(self.set, row, form, by=request.member) if form.is_valid() else None
        if done is None:
            return self.page(request, row, form)
        tell(request, done)
        return self.after(request, row)

    def form_of(self, row: Tuned, *data: Any, **how: Any) -> SettingForm:
        return SettingForm(*data, rule=row.rule, **how)

    def row(self, member: Member, code: str) -> Tuned:
        self.slug = member.workspace.slug
        return tuned(member, [rule_of(member, code)])[0]

    def initial(self, row: Tuned) -> dict[str, Any]:
        return _initial(row.setting, row)

    def title(self, row: Tuned) -> str:
        return f"How is {row.rule.code} checked?"

    def says(self, row: Tuned) -> str:
        return row.says

    def set(self, row: Tuned, form: SettingForm, *, by: Member) -> Done:
        RuleSetting.objects.configure(row.rule, by=by, **form.terms())
        return Done(f"{row.rule.code} is being checked anew.")

    def leads_to(self, row: Tuned) -> str:
        return reverse("rule", args=[self.slug, row.rule.code])


def _initial(setting: RuleSetting | None, row: Tuned) -> dict[str, Any]:
    if setting is None:
        return {"enabled": row.terms.enabled}
    return {"enabled": setting.enabled, "severity": setting.severity, **setting.settings}


class AddProductSettingView(SettingView):
    """The rule in a product where it differs."""

    def form_of(self, row: Tuned, *data: Any, **how: Any) -> SettingForm:
        return ProductSettingForm(*data, rule=row.rule, **how)

    def initial(self, row: Tuned) -> dict[str, Any]:
        return {"enabled": row.terms.enabled}

    def title(self, row: Tuned) -> str:
        return f"In which product is {row.rule.code} checked differently?"

    def says(self, row: Tuned) -> str:
        return "What you leave empty is as in the workspace."

    def set(self, row: Tuned, form: SettingForm, *, by: Member) -> Done:
        product = form.cleaned_data["product"]
        RuleSetting.objects.configure(row.rule, by=by, product=product, **form.terms())
        return Done(f"{row.rule.code} is being checked anew in {product}.")


class ProductSettingView(SettingView):
    def row(self, member: Member, code: str, product: str) -> Tuned:  # type: ignore[override]
        found = super().row(member, code)
        self.product = member.visible(Product, key=product)
        return found

    def initial(self, row: Tuned) -> dict[str, Any]:
        setting = next((one for one, _ in row.products if one.product_id == self.product.pk), None)
        return _initial(setting, row)

    def title(self, row: Tuned) -> str:
        return f"How is {row.rule.code} checked in {self.product}?"

    def set(self, row: Tuned, form: SettingForm, *, by: Member) -> Done:
        RuleSetting.objects.configure(row.rule, by=by, product=self.product, **form.terms())
        return Done(f"{row.rule.code} is being checked anew in {self.product}.")


class SwitchView(View):
    """On or off at once."""

    def post(self, request: MemberRequest, code: str, to: str) -> HttpResponse:
        rule = rule_of(request.member, code)
        if to not in ("on", "off"):
            raise Http404
        RuleSetting.objects.switch(rule, to == "on", by=request.member)
        slug = request.member.workspace.slug
        undo = reverse("rule-switch", args=[slug, rule.code, "off" if to == "on" else "on"])
        says = "is checked" if to == "on" else "is no longer checked, and its findings are closed"
        tell(request, Done(f"{rule.code} {says}.", undo))
        return stay(request, reverse("rules", args=[slug]))


class WithdrawView(View):
    """As it comes; in a product, as in the workspace."""

    def post(self, request: MemberRequest, code: str, product: str = "") -> HttpResponse:
        rule = rule_of(request.member, code)
        where = request.member.visible(Product, key=product) if product else None
        settings = RuleSetting.objects.visible_to(request.member).filter(code=rule.code, product=where)
        for setting in settings:
            setting.withdraw(by=request.member)
        tell(request, Done(f"{rule.code} is checked {f'in {where} as elsewhere' if where else 'as it comes'}."))
        return stay(request, reverse("rule", args=[request.member.workspace.slug, rule.code]))
