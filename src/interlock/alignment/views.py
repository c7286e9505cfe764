from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View
from django.views.decorators.http import require_POST, require_safe

from interlock.alignment import registry
from interlock.alignment.explaining import explain
from interlock.alignment.forms import FixForm, WaiverForm
from interlock.alignment.models import Finding, Proof, Waiver
from interlock.alignment.overview import Filters, Overview, with_ends, with_waivers
from interlock.alignment.report import Report
from interlock.alignment.rule import Fix, Severity
from interlock.alignment.tasks import check_workspace
from interlock.alignment.tuning import tuned
from interlock.workspaces import exports
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Action

UNPROCESSABLE = 422


# --- the page ----------------------------------------------------------------------------------------


@require_safe
def alignment(request: MemberRequest) -> HttpResponseBase:
    overview = Overview(request.member, Filters.read(request.GET), today=timezone.localdate())
    name = f"{request.member.workspace.slug}-alignment"
    match request.GET.get("format"):
        case "csv":
            findings = with_waivers(with_ends(overview.findings))
            return exports.download(
                name, "csv", columns(request.member), findings.iterator(chunk_size=500), by=request.member
            )
        case "json":
            return _file(report(overview).json(), f"{name}.json", "application/json")
        case "markdown":
            return _file(report(overview).markdown(), f"{name}.md", "text/markdown")
    return render(request, "alignment/alignment.html", {"overview": overview, "filters": overview.filters})


def columns(by: Member) -> exports.Columns:
    return {
        "key": lambda finding: finding.key,
        "code": lambda finding: finding.code,
        "rule": lambda finding: finding.rule.name,
        "severity": lambda finding: Severity(finding.severity).word,
        "status": lambda finding: finding.status,
        "says": lambda finding: finding.says,
        "evidence": lambda finding: finding.evidence_for(by),
        "subjects": lambda finding: [subject.key for subject in finding.subjects.all() if subject.seen_by(by)],
        "departments": lambda finding: list(finding.departments.all()),
        "people": lambda finding: list(finding.people.all()),
        "opened": lambda finding: finding.opened_at,
        "waived until": lambda finding: finding.waiver and finding.waiver.until,
        "reason": lambda finding: finding.waiver and finding.waiver.reason,
    }


def report(overview: Overview) -> Report:
    """Of what the page shows, as `interlock check` says it."""
    values = {dimension.value: value for dimension, value in overview.values.items()}
    findings = list(with_ends(overview.findings))
    return Report(overview.member.workspace, findings, overview.score, values, reader=overview.member)


def _file(text: str, name: str, content_type: str) -> HttpResponse:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type=f"{content_type}; charset=utf-8", headers=disposition)


def _address(slug: str, finding: Finding) -> str:
    return reverse("finding", args=[slug, finding.key])


@require_POST
def check_now(request: MemberRequest) -> HttpResponse:
    request.member.require(Action.EDIT)
    check_workspace.enqueue_once(workspace_id=request.member.workspace_id)
    messages.info(request, "Everything is being checked. What turns up appears here by itself.")
    return redirect(_back(request, reverse("alignment", args=[request.member.workspace.slug])))


# --- one finding -------------------------------------------------------------------------------------


def _finding(request: MemberRequest, key: str) -> Finding:
    number = Finding.number_of(key)
    found = with_ends(Finding.objects.visible_to(request.member)).select_related("product").filter(number=number or 0)
    if not found:
        raise Http404
    return found[0]


@require_safe
def finding(request: MemberRequest, key: str) -> HttpResponse:
    found = _finding(request, key)
    context = {
        "finding": found,
        "rule": explain(found.rule),
        "mentioned": found.subjects.model.objects.filter(finding=found, mentioned=True),
        "waivers": Waiver.objects.filter(finding=found).select_related("by__user").order_by("-at"),
    }
    return render(request, "alignment/finding.html", context)


class FixView(View):
    """One of a finding's ways out, taken from where one stands."""

    def get(self, request: MemberRequest, key: str, name: str) -> HttpResponse:
        found, fix = self._fix(request, key, name)
        return self._page(request, found, fix, FixForm(finding=found, fix=fix, by=request.member))

    def post(self, request: MemberRequest, key: str, name: str) -> HttpResponse:
        found, fix = self._fix(request, key, name)
        form = FixForm(request.POST, finding=found, fix=fix, by=request.member)
        done = form.attempt(found.fix, name, by=request.member, **form.cleaned_data) if form.is_valid() else None
        if done is None:
            return self._page(request, found, fix, form, status=UNPROCESSABLE)
        messages.success(
            request, f"Done: {fix.label[0].lower()}{fix.label[1:]}. The finding closes once it is checked."
        )
        return redirect(_back(request, _address(request.member.workspace.slug, found)))

    def _fix(self, request: MemberRequest, key: str, name: str) -> tuple[Finding, Fix]:
        found = _finding(request, key)
        if not found.can_be_fixed_by(request.member):
            raise PermissionDenied(f"You can see {found.key}, and fixing it is not open to you.")
        for fix in found.fixes:
            if fix.name == name:
                return found, fix
        raise Http404

    def _page(self, request: HttpRequest, found: Finding, fix: Fix, form: FixForm, status: int = 200) -> HttpResponse:
        return render(request, "alignment/fix.html", {"finding": found, "fix": fix, "form": form}, status=status)


class WaiverView(View):
    """Accepting a finding for a time, with a reason."""

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        found = self._waivable(request, key)
        return self._page(request, found, WaiverForm(today=timezone.localdate()))

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        found, today = self._waivable(request, key), timezone.localdate()
        form = WaiverForm(request.POST, today=today)
        asked = {"by": request.member, "today": today}
        if not form.is_valid() or form.attempt(found.waive, **asked, **form.cleaned_data) is None:
            return self._page(request, found, form, status=UNPROCESSABLE)
        undo = reverse("waiver-end", args=[request.member.workspace.slug, found.key])
        messages.success(request, f"{found.code} is waived.", extra_tags=f"undo {undo}")
        return redirect(_back(request, _address(request.member.workspace.slug, found)))

    def _waivable(self, request: MemberRequest, key: str) -> Finding:
        found = _finding(request, key)
        request.member.require(Action.CONTRIBUTE)
        return found

    def _page(self, request: HttpRequest, found: Finding, form: WaiverForm, status: int = 200) -> HttpResponse:
        return render(request, "alignment/waive.html", {"finding": found, "form": form}, status=status)


@require_POST
def end_waiver(request: MemberRequest, key: str) -> HttpResponse:
    found = _finding(request, key)
    request.member.require(Action.CONTRIBUTE)
    found.withdraw_waiver(by=request.member)
    messages.success(request, f"{found.code} is open again.")
    return redirect(_back(request, _address(request.member.workspace.slug, found)))


# --- one rule ----------------------------------------------------------------------------------------


@require_safe
def rule(request: MemberRequest, code: str) -> HttpResponse:
    try:
        found = registry.rule(code.upper())
    except KeyError as error:
        raise Http404 from error
    open_ = Finding.objects.visible_to(request.member).open().filter(code=found.code)
    context = {
        "rule": found,
        "tuned": tuned(request.member, [found])[0],
        "configures": request.member.can(Action.CONFIGURE),
        "explanation": explain(found),
        "proof": Proof.objects.visible_to(request.member).filter(code=found.code).first(),
        "severity": Severity(found.severity),
        "open": open_.count(),
        "findings": with_ends(open_.urgent_first())[:10],
    }
    return render(request, "alignment/rule.html", context)


def _back(request: MemberRequest, default: str) -> str:
    """Where the link that led here wants to return to; what is sent from within a page stays on it."""
    wanted = request.GET.get("next") or (request.htmx.current_url_abs_path if request.htmx else "") or ""
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else default
