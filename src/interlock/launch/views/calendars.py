import hashlib
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from interlock.launch import calendars
from interlock.launch.forms import FeedForm
from interlock.launch.models import CalendarFeed
from interlock.releases.models import Release
from interlock.workspaces import limits, security
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.pages import UNPROCESSABLE
from interlock.workspaces.permissions import Action

# Calendars look every few hours; whoever asks more often is something else.
PER_MINUTE, MISSES_PER_MINUTE = 30, 30


class CalendarView(View):
    """The calendar itself. Its address is the whole secret: there is no session, and no other answer than 404."""

    def get(self, request: HttpRequest, ticket: str) -> HttpResponse:
        feed = CalendarFeed.objects.opened_by(ticket)
        # Misses count by where they come from: many calendars may be read from one place.
        counted = f"calendar:{feed.pk}" if feed else f"no calendar:{security.client_address(request)}"
        allowance = limits.take(counted, amount=PER_MINUTE if feed else MISSES_PER_MINUTE)
        if allowance.refused:
            return HttpResponse(status=429, headers=allowance.headers, content_type="text/plain")
        if feed is None:
            raise Http404
        site = f"{request.scheme}://{request.get_host()}"
        content = calendars.written(feed, today=timezone.localdate(), site=site)
        response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
        response["ETag"] = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        response["Content-Disposition"] = 'inline; filename="interlock.ics"'
        response["X-Robots-Tag"] = "noindex"
        conditional: Any = get_conditional_response(request, etag=response["ETag"], response=response)
        return conditional or response


class CalendarsView(View):
    """A member's own calendars: what each is of, and how to take its address back."""

    def get(self, request: MemberRequest) -> HttpResponse:
        by = request.member
        by.require_to_see(Action.PERSONALISE, at_all=True)
        feeds = list(CalendarFeed.objects.visible_to(by).live().select_related("release"))
        seen = Release.objects.visible_to(by).filter(pk__in=[feed.release_id for feed in feeds if feed.release_id])
        known = set(seen.values_list("pk", flat=True)) if any(feed.release_id for feed in feeds) else set()
        return render(request, "launch/calendars.html", {"feeds": feeds, "known": known})


class _TellingView(View):
    """Answers with the address itself: it is kept nowhere, so no other page could show it."""

    def told(self, request: MemberRequest, feed: CalendarFeed, secret: str) -> HttpResponse:
        address = request.build_absolute_uri(reverse("calendar", args=[secret]))
        return render(request, "launch/calendar_issued.html", {"feed": feed, "address": address})


@method_decorator(never_cache, name="dispatch")
class CalendarNewView(_TellingView):
    def get(self, request: MemberRequest) -> HttpResponse:
        request.member.require(Action.PERSONALISE, at_all=True)
        return self._form(request, FeedForm(by=request.member, initial={"release": request.GET.get("release", "")}))

    def post(self, request: MemberRequest) -> HttpResponse:
        request.member.require(Action.PERSONALISE, at_all=True)
        form = FeedForm(request.POST, by=request.member)
        if not form.is_valid():
            return self._form(request, form)
        feed, secret = CalendarFeed.objects.issue(form.cleaned_data["release"], by=request.member)
        return self.told(request, feed, secret)

    @staticmethod
    def _form(request: MemberRequest, form: FeedForm) -> HttpResponse:
        words = {
            "title": "What is the calendar to show?",
            "says": "You get an address that your calendar program subscribes to. Whoever has it reads along.",
            "act": "Make the address",
            "back": reverse("calendars", args=[request.member.workspace.slug]),
        }
        status = UNPROCESSABLE if form.is_bound else 200
        return render(request, "workspaces/act.html", {"form": form, **words}, status=status)


@method_decorator(never_cache, name="dispatch")
class CalendarAnewView(_TellingView):
    """A new address for the old one, which stops at once."""

    def post(self, request: MemberRequest, feed: int) -> HttpResponse:
        found = get_object_or_404(CalendarFeed.objects.visible_to(request.member).live(), pk=feed)
        return self.told(request, found, found.reissue(by=request.member))


class CalendarRevokeView(View):
    def post(self, request: MemberRequest, feed: int) -> HttpResponse:
        found = get_object_or_404(CalendarFeed.objects.visible_to(request.member), pk=feed)
        found.revoke(by=request.member)
        messages.success(request, "The address shows nothing any more.")
        return redirect("calendars", request.member.workspace.slug)
