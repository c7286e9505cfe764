from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, ExpressionWrapper, Q
from pydantic import AfterValidator, BeforeValidator, Field

from interlock.workspaces.models import APIToken, AuditEvent, Door, Invitation, Member, SavedView, Workspace
from interlock.workspaces.models.token import Scope
from interlock.workspaces.permissions import Action, Reach, Role
from interlock.workspaces.rest import (
    ApiRequest,
    Asked,
    Email,
    In,
    Line,
    Listing,
    MaybePointer,
    Moment,
    OneOf,
    Out,
    Page,
    PointsTo,
    Routes,
    Where,
    by,
)
from interlock.workspaces.rest.door import identify
from interlock.workspaces.rest.routes import secret

MemberKey = Annotated[str, PointsTo(Member, field="pk")]


# --- me and my workspaces ----------------------------------------------------------------------------

me = Routes("me", tag="Workspaces", outside=True, auth=identify)
mine = Routes("workspaces", tag="Workspaces", outside=True, auth=identify)
here = Routes("", tag="Workspaces")


class WorkspaceOut(Out):
    slug: str = Field(description="The first part of its addresses.", examples=["northwind"])
    name: str
    currency: str = Field(description="Of all amounts, as ISO 4217 has it.", examples=["EUR"])
    created_at: datetime


class SeatOut(Out):
    workspace: WorkspaceOut
    member: str = Field(validation_alias="key", examples=["M-3"])
    role: Annotated[str, OneOf(Role)]


class TokenOut(Out):
    key: str = Field(examples=["TOK-1"])
    name: str
    scope: Annotated[str, OneOf(Scope)]
    start: str = Field(description="How its text begins.", examples=["ilk_x7Bq"])
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class MeOut(Out):
    name: str
    email: str
    token: TokenOut | None = Field(description="The token that was sent; null for a session.")
    seats: list[SeatOut]


@me.get("", response={200: MeOut}, operation_id="read_me", summary="Who am I?")
def read_me(request: ApiRequest) -> dict[str, Any]:
    seats = Member.objects.active().filter(user=request.user, workspace__deleted_at=None).select_related("workspace")
    return {
        "name": request.user.name,
        "email": request.user.email,
        "token": request.token,
        "seats": seats.filter(pk=request.token.member_id) if request.token else seats.order_by("workspace__name"),
    }


@mine.get("", response={200: Page[WorkspaceOut]}, operation_id="list_workspaces", summary="List workspaces")
def list_workspaces(request: ApiRequest) -> dict[str, Any]:
    """Those in which you have a seat. A token knows its own alone."""
    seen = Workspace.objects.of(request.user)
    return {"items": seen.filter(pk=request.token.workspace_id) if request.token else seen, "next": None}


class WorkspaceIn(In):
    name: Annotated[Line, Field(max_length=120, examples=["Northwind"])]
    slug: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9-]{1,48}$",
            description="The first part of its addresses.",
            examples=["northwind"],
        ),
    ]


@mine.post("", response={201: WorkspaceOut}, operation_id="found_workspace", summary="Found a workspace")
def found_workspace(request: ApiRequest, given: WorkspaceIn) -> Workspace:
    """You own it. A token belongs to one workspace, so this takes a session."""
    if request.token:
        raise PermissionDenied("A token belongs to one workspace. Sign in to found another.")
    return Workspace.objects.found(given.name, by=request.user, slug=given.slug).workspace


class RenameIn(In):
    name: Annotated[Line, Field(max_length=120, examples=["Northwind"])]
    currency: Annotated[
        str | None, Field(pattern=r"^[A-Z]{3}$", description="Stays once there are amounts; null: as it is.")
    ] = None


@here.get("", response={200: WorkspaceOut}, operation_id="read_workspace", summary="Read a workspace")
def read_workspace(request: ApiRequest) -> Workspace:
    return request.member.workspace


@here.patch("", response={200: WorkspaceOut}, operation_id="rename_workspace", summary="Rename a workspace")
def rename_workspace(request: ApiRequest, given: RenameIn) -> Workspace:
    request.member.require(Action.CONFIGURE)
    request.member.workspace.rename(given.name, by=request.member)
    if given.currency:
        request.member.workspace.reckon_in(given.currency, by=request.member)
    return request.member.workspace


# --- members and invitations -------------------------------------------------------------------------


class MemberOut(Out):
    key: str
    name: Annotated[str, Field(validation_alias="user"), BeforeValidator(lambda user: str(user or "Somebody who left"))]
    role: Annotated[str, OneOf(Role)]
    joined_at: datetime
    ended_at: datetime | None


class MemberFilters(Asked):
    role: list[Annotated[str, OneOf(Role)]] = []
    ended: Literal["no", "yes", "any"] = Field("no", description="Whether ended seats are listed.")

    def where_ended(self, rows: Any, value: str) -> Any:
        return {"no": rows.active, "yes": lambda: rows.exclude(ended_at=None), "any": rows.all}[value]()


members = Listing(
    Member,
    "members",
    read=MemberOut,
    filters=MemberFilters,
    orders={"joined_at": by("joined_at", "id")},
    joins=("user",),
    field="pk",
)


class MemberPatch(In):
    role: Annotated[str, OneOf(Role)]


@members.patch("/{key}", response={200: MemberOut}, operation_id="change_member", summary="Change a member's role")
def change_role(request: ApiRequest, key: MemberKey, given: MemberPatch) -> Member:
    member: Member = members.one(request.member, key)
    request.member.require(Action.MANAGE_MEMBERS)
    member.change_role(given.role, by=request.member)
    return member


@members.delete("/{key}", response={200: MemberOut}, operation_id="end_member", summary="End a seat")
def end_seat(request: ApiRequest, key: MemberKey) -> Member:
    """Its tokens and sessions stop at once. Everybody may end their own."""
    member: Member = members.one(request.member, key)
    if member.pk != request.member.pk:
        request.member.require(Action.MANAGE_MEMBERS)
    member.end(by=request.member)
    return member


@members.post("/{key}/return", response={200: MemberOut}, operation_id="return_member", summary="Give a seat back")
def seat_again(request: ApiRequest, key: MemberKey) -> Member:
    member: Member = members.one(request.member, key)
    request.member.require(Action.MANAGE_MEMBERS)
    member.seat_again(by=request.member)
    return member


class InvitationOut(Out):
    key: str = Field(examples=["INV-1"])
    email: str
    role: Annotated[str, OneOf(Role)]
    created_at: datetime
    expires_at: datetime
    mailed_at: datetime | None
    accepted_at: datetime | None
    withdrawn_at: datetime | None


class Invitations(Listing):
    def rows(self, member: Member) -> Any:
        member.require_to_see(Action.MANAGE_MEMBERS)
        return super().rows(member)


InvitationKey = Annotated[str, PointsTo(Invitation, field="pk")]
invitations = Invitations(
    Invitation,
    "invitations",
    read=InvitationOut,
    filters=Asked,
    orders={"-created_at": by("created_at", "id")},
    field="pk",
)


class InvitationIn(In):
    email: Email
    role: Annotated[str, OneOf(Role)]


@invitations.post("", response={201: InvitationOut}, operation_id="invite", summary="Invite somebody")
def invite(request: ApiRequest, given: InvitationIn) -> Invitation:
    """The link goes by e-mail to that address, and to nobody else. It replaces an invitation that is open."""
    request.member.require(Action.MANAGE_MEMBERS)
    return Invitation.objects.invite(given.email, given.role, by=request.member)


@invitations.delete(
    "/{key}", response={200: InvitationOut}, operation_id="withdraw_invitation", summary="Withdraw an invitation"
)
def withdraw(request: ApiRequest, key: InvitationKey) -> Invitation:
    invitation: Invitation = invitations.one(request.member, key)
    invitation.withdraw(by=request.member)
    return invitation


# --- API tokens --------------------------------------------------------------------------------------

TokenKey = Annotated[str, PointsTo(APIToken, field="pk")]
tokens = Listing(
    APIToken,
    "tokens",
    read=TokenOut,
    filters=Asked,
    orders={"-created_at": by("created_at", "id")},
    field="pk",
    tag="API tokens",
)


class TokenIn(In):
    name: Annotated[Line, Field(max_length=80, description="What will use it.", examples=["Jira sync"])]
    scope: Annotated[str, OneOf(Scope)]
    expires_at: Moment


class IssuedOut(TokenOut):
    text: str = Field(description="Send it as `Authorization: Bearer …`. It is told this once.", examples=["ilk_…"])


@tokens.post("", response={201: IssuedOut}, operation_id="issue_token", summary="Issue a token")
@secret
def issue(request: ApiRequest, given: TokenIn) -> APIToken:
    """Takes a session: whoever gets hold of a token cannot make themselves another that outlives it."""
    if request.token:
        raise PermissionDenied("A token issues no tokens. Sign in to do this.")
    _personalise(request.member)
    token, text = APIToken.objects.issue(given.name, given.scope, expires_at=given.expires_at, by=request.member)
    token.text = text  # type: ignore[attr-defined]
    return token


@tokens.delete("/{key}", response={200: TokenOut}, operation_id="revoke_token", summary="Revoke a token")
def revoke(request: ApiRequest, key: TokenKey) -> APIToken:
    """It stops at once."""
    token: APIToken = tokens.one(request.member, key)
    token.revoke(by=request.member)
    return token


def _personalise(member: Member) -> None:
    if member.reach(Action.PERSONALISE) is Reach.NONE:
        member.require(Action.PERSONALISE)


# --- audit events ------------------------------------------------------------------------------------


def _kind(label: str) -> str:
    return label.rpartition(".")[2]


class AuditEventOut(Out):
    number: int = Field(validation_alias="pk")
    at: datetime
    actor: MaybePointer = Field(
        validation_alias="who", description="The member; null where nobody acted, or where they were erased."
    )
    pseudonym: UUID | None = Field(validation_alias="actor", description="The same for all that one member did.")
    door: Annotated[str, OneOf(Door)]
    verb: str = Field(examples=["changed"])
    kind: Annotated[str, Field(validation_alias="model", examples=["feature"]), AfterValidator(_kind)]
    key: str = Field(examples=["F-12"])
    changes: dict[str, Any] = Field(
        description="Field → [before, after]; of what is about a person, only that it changed.",
        examples=[{"status": ["candidate", "planned"]}],
    )
    reason: str


class AuditFilters(Asked):
    kind: list[Annotated[str, Field(pattern="^[a-z]{1,40}$", examples=["feature"])]] = []
    key: list[Annotated[str, Field(pattern=r"^[!-~]{1,60}$", examples=["F-1"])]] = []
    actor: list[MemberKey] = []
    door: list[Annotated[str, OneOf(Door)]] = []
    verb: list[Annotated[str, Field(pattern=r"^[ -~]{1,40}$", examples=["changed"])]] = []
    since: Annotated[Moment | None, Where("at__gte")] = None
    until: Annotated[Moment | None, Where("at__lt")] = None

    def where_kind(self, rows: Any, value: list[str]) -> Any:
        return rows.filter(model__in=[m._meta.label_lower for m in apps.get_models() if m._meta.model_name in value])

    def where_actor(self, rows: Any, value: list[str]) -> Any:
        members = Member.objects.filter(pk__in=map(PointsTo.number, value))
        return rows.filter(actor__in=members.values("pseudonym"))


class AuditEvents(Listing):
    singly = False

    def rows(self, member: Member) -> Any:
        member.require_to_see(Action.READ_AUDIT)
        return super().rows(member)

    def page(self, request: ApiRequest, asked: Any) -> dict[str, Any]:
        found = super().page(request, asked)
        known = Member.objects.filter(workspace=request.member.workspace).select_related("user")
        who = {member.pseudonym: member for member in known.filter(pseudonym__in=[e.actor for e in found["items"]])}
        for event in found["items"]:
            event.who = who.get(event.actor)
        return found


audit_events = AuditEvents(
    AuditEvent,
    "audit-events",
    read=AuditEventOut,
    filters=AuditFilters,
    orders={"-at": by("id")},
    tag="Audit events",
)


# --- saved views -------------------------------------------------------------------------------------


class SavedViewIn(In):
    page: Annotated[str, Field(pattern="^[a-z-]{1,40}$", description="Of which list.", examples=["backlog"])]
    name: Annotated[Line, Field(max_length=80, examples=["What I own"])]
    query: Annotated[
        str, Field(pattern=r"^[!-~]*$", max_length=2000, description="Its filters and order.", examples=["owner=P-1"])
    ]
    shared: Annotated[bool, Field(description="Whether the other members see it.")] = False


class SavedViewOut(Out):
    key: str = Field(examples=["VIEW-1"])
    page: str
    name: str
    query: str
    shared: bool
    mine: bool


class SavedViews(Listing):
    def rows(self, member: Member) -> Any:
        return super().rows(member).annotate(mine=ExpressionWrapper(Q(member=member), output_field=BooleanField()))


ViewKey = Annotated[str, PointsTo(SavedView, field="pk")]
saved_views = SavedViews(
    SavedView,
    "views",
    read=SavedViewOut,
    filters=Asked,
    orders={"name": by("name", "id")},
    field="pk",
)


@saved_views.post("", response={201: SavedViewOut}, operation_id="save_view", summary="Save a view")
def save_view(request: ApiRequest, given: SavedViewIn) -> SavedView:
    """The same name again replaces it."""
    _personalise(request.member)
    view = SavedView.objects.keep(
        given.name, page=given.page, query=given.query, shared=given.shared, by=request.member
    )
    return saved_views.one(request.member, view.key)


@saved_views.delete("/{key}", response={204: None}, operation_id="forget_view", summary="Forget a view")
def forget_view(request: ApiRequest, key: ViewKey) -> None:
    view: SavedView = saved_views.one(request.member, key)
    if view.member_id != request.member.pk:
        raise PermissionDenied(f"“{view}” is somebody else's.")
    view.forget(by=request.member)
