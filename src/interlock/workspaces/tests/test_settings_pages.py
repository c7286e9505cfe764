"""Members, invitations, tokens, the history, leaving and deleting, through their pages."""

import json
import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core import mail
from django.db import connection
from django.utils import timezone

from interlock.organisation.models import Department, Person
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import APIToken, AuditEvent, Door, Invitation, Member, User, Workspace
from interlock.workspaces.models.workspace import GRACE
from interlock.workspaces.permissions import Role
from interlock.workspaces.tasks import purge_deleted_workspaces
from tests.api import Caller
from tests.world import settle


@pytest.fixture
def as_olga(client, olga):
    client.force_login(olga.user)
    return client


@pytest.fixture
def as_amir(client, amir):
    client.force_login(amir.user)
    return client


@pytest.fixture
def zoe(db):
    user = User.objects.create_user("zoe@elsewhere.example", name="Zoe")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def invite(client, emails="zoe@elsewhere.example", role="editor"):
    return client.post("/northwind/settings/invitations/new/", {"emails": emails, "role": role})


# --- members ---------------------------------------------------------------------------------------------


def test_an_admin_changes_a_role_and_takes_it_back(as_amir, ben):
    as_amir.post(f"/northwind/settings/members/{ben.key}/role/", {"role": "editor"})
    assert Member.objects.get(pk=ben.pk).role == Role.EDITOR
    as_amir.post(f"/northwind/settings/members/{ben.key}/role/viewer/")
    assert Member.objects.get(pk=ben.pk).role == Role.VIEWER


def test_only_an_owner_makes_an_owner(as_amir, ben, olga):
    address = "/northwind/settings/members/{}/role/"
    assert as_amir.post(address.format(ben.key), {"role": "owner"}).status_code == 403
    assert as_amir.post(address.format(olga.key), {"role": "viewer"}).status_code == 403


def test_the_last_owner_stays(as_olga, olga):
    response = as_olga.post(f"/northwind/settings/members/{olga.key}/role/", {"role": "viewer"})
    assert "A workspace needs an owner" in response.content.decode()
    assert as_olga.post("/northwind/settings/leave/").status_code == 422
    assert Member.objects.get(pk=olga.pk).role == Role.OWNER


def test_who_was_removed_is_out_at_once_and_back_by_undo(client, as_amir, amir, ben):
    as_amir.post(f"/northwind/settings/members/{ben.key}/remove/")
    client.force_login(ben.user)
    assert client.get("/northwind/").status_code == 404
    client.force_login(amir.user)
    client.post(f"/northwind/settings/members/{ben.key}/seat/")
    client.force_login(ben.user)
    assert client.get("/northwind/").status_code == 200


def test_a_viewer_reads_who_is_there_and_finds_out_no_address(client, ben, ada):
    client.force_login(ben.user)
    page = client.get("/northwind/settings/members/").content.decode()
    assert "Ada" in page
    assert "ada@northwind.example" not in page
    assert "Ada" not in [m.user.name for m in client.get("/northwind/settings/members/?q=ada@").context["page"]]
    assert "@" not in client.get("/northwind/settings/members/?format=csv").getvalue().decode()


def test_an_erased_member_is_a_pseudonym_in_the_history(as_olga, ada):
    Department.objects.add(name="Design", by=ada)
    as_olga.post(f"/northwind/settings/members/{ada.key}/erase/")
    page = as_olga.get("/northwind/settings/audit/?key=D-1").content.decode()
    assert "Somebody who left" in page
    assert AuditEvent.objects.filter(actor=ada.pseudonym, key="D-1").exists()
    assert User.objects.filter(email="ada@northwind.example").exists()


# --- invitations -----------------------------------------------------------------------------------------


def test_who_is_invited_gets_a_mail_with_a_link_and_takes_their_seat(client, as_olga, worker, zoe):
    invite(as_olga)
    worker.work_off()
    (letter,) = mail.outbox
    assert letter.to == ["zoe@elsewhere.example"]
    link = re.search(r"http://[^/]+(/invitations/\S+)", letter.body)[1]
    client.logout()
    assert "account" in client.get(link).content.decode()
    client.force_login(zoe)
    assert client.post(link)["Location"] == "/northwind/"
    assert Member.objects.get(user=zoe).role == Role.EDITOR
    assert client.post(link).status_code == 422


def test_the_link_alone_is_not_enough(client, as_olga, cleo):
    invite(as_olga)
    link = Invitation.objects.get().get_absolute_url()
    client.force_login(cleo.user)
    response = client.post(link)
    assert response.status_code == 422
    assert "This invitation is for zoe@elsewhere.example" in response.content.decode()


def test_several_are_invited_at_once_or_none(as_olga, ada):
    response = invite(as_olga, "one@elsewhere.example, ada@northwind.example")
    assert response.context["form"].errors == {"emails": ["ada@northwind.example is a member already."]}
    assert not Invitation.objects.exists()
    assert "“nonsense” is not an e-mail address." in invite(as_olga, "nonsense").content.decode()
    invite(as_olga, "one@elsewhere.example\ntwo@elsewhere.example; one@elsewhere.example")
    assert Invitation.objects.count() == 2


@pytest.mark.parametrize("how", ["withdraw", "run out", "replace"])
def test_an_invitation_that_is_over_seats_nobody(how, client, as_olga, zoe):
    invite(as_olga)
    invitation = Invitation.objects.get()
    if how == "withdraw":
        as_olga.post(f"/northwind/settings/invitations/{invitation.pk}/withdraw/")
    elif how == "replace":
        invite(as_olga, role="viewer")
    else:
        Invitation.objects.update(expires_at=timezone.now())
    client.force_login(zoe)
    assert client.post(invitation.get_absolute_url()).status_code == 422
    assert not Member.objects.filter(user=zoe).exists()


def test_sending_again_starts_its_time_anew(as_olga, worker):
    invite(as_olga)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    as_olga.post(f"/northwind/settings/invitations/{Invitation.objects.get().pk}/resend/")
    worker.work_off()
    assert Invitation.objects.get().open
    assert mail.outbox


def test_an_invitation_does_not_change_the_role_of_a_seat_that_is_taken(as_olga, olga, zoe):
    invite(as_olga, role="viewer")
    zoe.seats.create(workspace=olga.workspace, role=Role.OWNER)
    olga.end(by=olga)
    member = Invitation.objects.get().accept(user=zoe)
    assert (member.role, member.ended_at) == (Role.OWNER, None)
    assert Invitation.objects.get().accepted_at
    assert list(AuditEvent.objects.filter(actor=member.pseudonym).values_list("verb", "changes")) == [("accepted", {})]


def test_a_seat_that_has_ended_takes_the_role_of_the_invitation(as_olga, olga, zoe):
    seat = zoe.seats.create(workspace=olga.workspace, role=Role.ADMIN)
    seat.end(by=olga)
    invite(as_olga, role="viewer")
    member = Invitation.objects.get().accept(user=zoe)
    assert (member.pk, member.role, member.ended_at) == (seat.pk, Role.VIEWER, None)
    assert AuditEvent.objects.get(verb="joined", key=member.key).changes == {"role": ["admin", "viewer"]}


def test_a_link_that_nobody_signed_leads_nowhere(client, db):
    assert client.get("/invitations/1.forged/").status_code == 404


def test_an_invitation_waits_for_its_user_on_the_page_of_workspaces(client, as_olga, zoe):
    invite(as_olga)
    client.force_login(zoe)
    assert "Northwind" in client.get("/workspaces/").content.decode()
    EmailAddress.objects.update(verified=False)
    assert "Northwind" not in client.get("/workspaces/").content.decode()


# --- tokens ----------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_works_until_it_is_revoked(client, ben):
    client.force_login(ben.user)
    issued = client.post("/northwind/settings/tokens/new/", {"name": "Export", "scope": "read", "days": 30})
    text = re.search(r'value="(ilk_[^"]+)"', issued.content.decode())[1]
    assert issued["Cache-Control"].startswith("max-age=0")
    assert text not in client.get("/northwind/settings/tokens/").content.decode()
    assert APIToken.objects.bearer(text).member == ben
    client.post(f"/northwind/settings/tokens/{APIToken.objects.get().pk}/revoke/")
    assert APIToken.objects.bearer(text) is None


def test_tokens_of_others_are_not_there(client, ben, ada):
    token, _ = APIToken.objects.issue("x", "read", expires_at=timezone.now() + timedelta(days=1), by=ada)
    client.force_login(ben.user)
    assert client.post(f"/northwind/settings/tokens/{token.pk}/revoke/").status_code == 404
    assert APIToken.objects.get().revoked_at is None


# --- the history -----------------------------------------------------------------------------------------


@pytest.fixture
def told(ada, amir):
    design = Department.objects.add(name="Design", by=ada.through(Door.API))
    design.change(name="Product design", by=amir.through(Door.PAGE))
    Person.objects.add(name="Dana Ruiz", by=ada)
    return design


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("key=d-1", ["changed D-1", "added D-1"]),
        ("kind=organisation.department&verb=changed", ["changed D-1"]),
        ("door=api", ["added D-1"]),
        ("kind=organisation.person", ["added P-1"]),
    ],
)
def test_the_history_is_narrowed(query, expected, as_olga, told):
    events = as_olga.get(f"/northwind/settings/audit/?{query}").context["page"].events
    assert [f"{one.event.verb} {one.event.key}" for one in events] == expected


def test_it_is_narrowed_to_a_person_and_to_days(as_olga, told, amir):
    today = timezone.localdate()
    address = "/northwind/settings/audit/"
    by_amir = as_olga.get(f"{address}?person={amir.key}").context["page"].events
    assert [one.event.verb for one in by_amir] == ["changed"]
    assert by_amir[0].differences[0].after[0].text == "Product design"
    assert as_olga.get(f"{address}?since={today}&until={today}").context["page"].events
    assert not as_olga.get(f"{address}?since={today + timedelta(days=1)}").context["page"].events
    assert not as_olga.get(f"{address}?until={today - timedelta(days=1)}").context["page"].events


def test_it_is_paged_by_place(as_olga, ada):
    Department.objects.add_many([{"name": f"D {n}"} for n in range(70)], by=ada)
    first = as_olga.get("/northwind/settings/audit/?verb=added").context["page"]
    second = as_olga.get(f"/northwind/settings/audit/{first.next_query}").context["page"]
    assert (len(first.events), len(second.events), second.next_query) == (50, 20, None)
    back = as_olga.get(f"/northwind/settings/audit/{second.previous_query}").context["page"]
    assert [one.event.pk for one in back.events] == [one.event.pk for one in first.events]


def test_it_leaves_as_a_file_and_names_of_people_do_not(as_olga, told):
    text = as_olga.get("/northwind/settings/audit/?format=json").getvalue().decode()
    assert {"added", "changed", "founded"} <= {event["verb"] for event in json.loads(text)}
    assert "Dana" not in text


@pytest.mark.parametrize(("who", "status"), [("olga", 200), ("amir", 200), ("ada", 404), ("ben", 404), ("cleo", 404)])
def test_who_reads_the_history_and_for_whom_there_is_none(who, status, client, request, northwind):
    member = request.getfixturevalue(who)
    client.force_login(member.user)
    assert client.get("/northwind/settings/audit/").status_code == status
    for rows in ("audit-events", "invitations"):
        assert Caller(member).client.get(f"/api/v1/workspaces/northwind/{rows}").status_code == status


def test_a_guest_has_no_page_of_tokens(client, gus):
    client.force_login(gus.user)
    assert client.get("/northwind/settings/tokens/").status_code == 404
    assert client.post("/northwind/settings/tokens/new/", {}).status_code == 403


# --- leaving, deleting -----------------------------------------------------------------------------------


def test_who_leaves_is_gone(client, ben):
    client.force_login(ben.user)
    client.post("/northwind/settings/leave/")
    assert client.get("/northwind/").status_code == 404
    assert AuditEvent.objects.filter(verb="left").exists()


def test_a_workspace_is_deleted_by_its_owner_who_types_its_name(client, as_olga, amir):
    address = "/northwind/settings/delete/"
    response = as_olga.post(address, {"named": "northwind"})
    assert response.context["form"].errors == {"named": ["Type its name, Northwind, as it is written here."]}
    client.force_login(amir.user)
    assert client.post(address, {"named": "Northwind"}).status_code == 403
    assert Workspace.objects.get().deleted_at is None


def test_what_is_deleted_is_closed_to_all_and_can_be_brought_back(client, as_olga, olga, ben):
    _, text = APIToken.objects.issue("x", "read", expires_at=timezone.now() + timedelta(days=1), by=olga)
    as_olga.post("/northwind/settings/delete/", {"named": "Northwind"})
    assert as_olga.get("/northwind/").status_code == 404
    assert APIToken.objects.bearer(text) is None
    client.force_login(ben.user)
    assert client.post("/workspaces/northwind/bring-back/").status_code == 404
    client.force_login(olga.user)
    client.post("/workspaces/northwind/bring-back/")
    assert client.get("/northwind/").status_code == 200


def test_after_its_grace_nothing_of_it_is_left_but_one_event(as_olga, olga, cleo):
    settle(olga)
    theirs = settle(cleo)
    as_olga.post("/northwind/settings/delete/", {"named": "Northwind"})
    purge_deleted_workspaces.call()
    assert Workspace.objects.filter(slug="northwind").exists()
    Workspace.objects.filter(slug="northwind").update(deleted_at=timezone.now() - GRACE)
    purge_deleted_workspaces.call()
    for model in apps.get_models(include_auto_created=True):
        if any(field.name == "workspace" for field in model._meta.concrete_fields):
            assert not model._base_manager.exclude(workspace=theirs.workspace).exists(), model
    (event,) = AuditEvent.objects.exclude(workspace_id=theirs.workspace.pk)
    assert (event.verb, event.actor, event.changes) == ("purged", None, {})
    with connection.constraint_checks_disabled():
        connection.check_constraints()


def test_deleting_an_account_forgets_the_user_everywhere(client, ada, cleo):
    Member.objects.create(workspace=cleo.workspace, user=ada.user, role=Role.VIEWER)
    user = User.objects.get(pk=ada.user.pk)
    user.erase()
    assert not User.objects.filter(pk=ada.user.pk).exists()
    assert {seat.user for seat in Member.objects.filter(pseudonym=ada.pseudonym)} == {None}


def test_the_only_owner_of_a_workspace_cannot_be_forgotten_yet(olga):

    with pytest.raises(DomainError, match="A workspace needs an owner"):
        User.objects.get(pk=olga.user.pk).erase()
    assert User.objects.filter(pk=olga.user.pk).exists()
