"""Who has a seat, in which role, and who is asked to take one."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views import View

from interlock.workspaces.errors import DomainError
from interlock.workspaces.lists import ListView
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Invitation, Member, User
from interlock.workspaces.pages import ActView, Done, stay, tell
from interlock.workspaces.permissions import Action
from interlock.workspaces.views.forms import InvitationForm, MemberFilters, RoleForm


class MembersView(ListView):
    model = Member
    template = "workspaces/members.html"
    filters = MemberFilters
    orders = {"name": ("user__name", "user__email"), "role": ("role", "user__name"), "joined": ("joined_at",)}
    columns = {
        "key": lambda member: member.key,
        "name": lambda member: member.user.name,
        "role": lambda member: member.role,
        "joined": lambda member: member.joined_at,
    }

    def rows(self, member: Member) -> Any:
        return super().rows(member).select_related("user")

    def more(self, request: MemberRequest, page: Any) -> dict[str, Any]:
        manages = request.member.can(Action.MANAGE_MEMBERS)
        invitations = Invitation.objects.visible_to(request.member).unsettled().select_related("invited_by__user")
        return {
            "manages": manages,
            "invitations": invitations.order_by("-pk") if manages else (),
            "now": timezone.now(),
        }


def managed(member: Member, key: str) -> Member:
    found = Member.objects.visible_to(member).keyed(key).select_related("user", "workspace").first()
    if found is None:
        raise Http404
    member.require(Action.MANAGE_MEMBERS)
    return found


def members_url(member: Member) -> str:
    return reverse("members", args=[member.workspace.slug])


class RoleView(ActView):
    form = RoleForm

    def row(self, member: Member, key: str) -> Member:
        return managed(member, key)

    def initial(self, row: Member) -> dict[str, Any]:
        return {"role": row.role}

    def title(self, row: Member) -> str:
        return f"What may {row} do?"

    def do(self, row: Member, *, by: Member, **answers: Any) -> Done:
        before = row.role
        row.change_role(answers["role"], by=by)
        undo = reverse("member-role-back", args=[by.workspace.slug, row.key, before])
        return Done(f"{row} is {row.get_role_display().lower()}.", undo)

    def leads_to(self, row: Member) -> str:
        return members_url(row)


class RoleBackView(View):
    """Undoes what RoleView did."""

    def post(self, request: MemberRequest, key: str, role: str) -> HttpResponse:
        managed(request.member, key).change_role(role, by=request.member)
        return stay(request, members_url(request.member))


class RemoveView(View):
    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        member = managed(request.member, key)
        member.end(by=request.member)
        undo = reverse("member-seat", args=[request.member.workspace.slug, member.key])
        tell(request, Done(f"{member} is no longer a member.", undo))
        return stay(request, members_url(request.member))


class SeatAgainView(View):
    """Undoes what RemoveView did."""

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        managed(request.member, key).seat_again(by=request.member)
        return stay(request, members_url(request.member))


class EraseView(View):
    """Takes the seat, and the name off the history. It cannot be taken back."""

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        return render(request, "workspaces/member_erase.html", {"erased": managed(request.member, key)})

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        member = managed(request.member, key)
        member.erase(by=request.member)
        messages.success(request, f"{member.key} is erased: the history keeps a pseudonym.")
        return stay(request, members_url(request.member))


# --- invitations -----------------------------------------------------------------------------------------


class InviteView(ActView):
    form, act = InvitationForm, "Invite"

    def row(self, member: Member) -> Member:  # type: ignore[override]
        member.require(Action.MANAGE_MEMBERS)
        return member

    def title(self, row: Member) -> str:
        return f"Who joins {row.workspace}?"

    def says(self, row: Member) -> str:
        return "They get an e-mail with a link that works for two weeks, and for their address alone."

    def do(self, row: Member, *, by: Member, **answers: Any) -> Done:
        Invitation.objects.invite_many(answers["emails"], answers["role"], by=by)
        count = len(answers["emails"])
        return Done(f"Invited {answers['emails'][0]}." if count == 1 else f"Invited {count} people.")

    def leads_to(self, row: Member) -> str:
        return members_url(row)


class InvitationView(View):
    """What can be done with an invitation that is out."""

    def post(self, request: MemberRequest, invitation: int) -> HttpResponse:
        request.member.require(Action.MANAGE_MEMBERS)
        self.act(get_object_or_404(Invitation.objects.visible_to(request.member), pk=invitation), request)
        return stay(request, members_url(request.member))

    def act(self, invitation: Invitation, request: MemberRequest) -> None:
        raise NotImplementedError


class ResendView(InvitationView):
    def act(self, invitation: Invitation, request: MemberRequest) -> None:
        invitation.resend(by=request.member)
        messages.success(request, f"The invitation is on its way to {invitation.email} again.")


class WithdrawView(InvitationView):
    def act(self, invitation: Invitation, request: MemberRequest) -> None:
        invitation.withdraw(by=request.member)
        messages.success(request, f"The invitation of {invitation.email} no longer works.")


class AcceptView(View):
    """Where the mailed link leads. It stands outside of the workspace: whoever comes has no seat in it yet."""

    def get(self, request: HttpRequest, link: str) -> HttpResponse:
        return self._page(request, _invitation(link))

    def post(self, request: HttpRequest, link: str) -> HttpResponse:
        invitation = _invitation(link)
        if not isinstance(request.user, User):
            return redirect(f"{reverse('account_login')}?next={request.path}")
        try:
            member = invitation.accept(user=request.user)
        except DomainError as refusal:
            return self._page(request, invitation, refusal.sentence)
        messages.success(request, f"Welcome to {member.workspace}.")
        return redirect(member.workspace)

    @staticmethod
    def _page(request: HttpRequest, invitation: Invitation, refusal: str = "") -> HttpResponse:
        theirs = isinstance(request.user, User) and request.user.email.lower() == invitation.email
        context = {"invitation": invitation, "theirs": theirs, "refusal": refusal}
        return render(request, "workspaces/invitation.html", context, status=422 if refusal else 200)


def _invitation(link: str) -> Invitation:
    return get_object_or_404(Invitation.objects.of_link(link).select_related("workspace", "invited_by__user"))
