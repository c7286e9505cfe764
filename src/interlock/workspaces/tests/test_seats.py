"""Seats: who makes and ends whose, and what ends with one."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import APIToken, Invitation, Member
from interlock.workspaces.permissions import Role


def issued(member):
    return APIToken.objects.issue("script", "write", expires_at=timezone.now() + timedelta(days=9), by=member)


def test_a_token_does_not_live_again_with_the_seat(ada, olga):
    _, text = issued(ada)
    ada.end(by=olga)
    Member.objects.get(pk=ada.pk).seat_again(by=olga)
    assert APIToken.objects.bearer(text) is None


def test_who_left_comes_back_by_an_invitation_alone(ada, olga):
    ada.end(by=ada)
    with pytest.raises(DomainError, match="an invitation brings them back"):
        Member.objects.get(pk=ada.pk).seat_again(by=olga)


def test_an_admin_neither_erases_an_owner_nor_renews_their_invitation(olga, amir, northwind):
    other = Member.objects.get(pk=amir.pk)
    invitation = Invitation.objects.invite("olaf@northwind.example", Role.OWNER, by=olga)
    with pytest.raises(PermissionDenied):
        invitation.resend(by=other)
    amir.change_role(Role.OWNER, by=olga)
    olga.end(by=amir)
    with pytest.raises(PermissionDenied):
        Member.objects.get(pk=olga.pk).erase(by=seated_as_admin(northwind))


def seated_as_admin(workspace):
    user = type(workspace.members.first().user).objects.create_user(
        "pia@northwind.example", "correct horse", name="Pia"
    )
    return Member.objects.create(workspace=workspace, user=user, role=Role.ADMIN)


def test_a_role_is_judged_by_what_it_is_now(ada, olga, amir):
    stale = Member.objects.select_related("workspace", "user").get(pk=ada.pk)
    ada.change_role(Role.OWNER, by=olga)
    with pytest.raises(PermissionDenied):
        stale.change_role(Role.VIEWER, by=amir)


def test_nobody_is_mailed_again_and_again(olga):
    invitation = Invitation.objects.invite("zoe@example.com", Role.VIEWER, by=olga)
    Invitation.objects.filter(pk=invitation.pk).update(mailed_at=timezone.now())
    invitation.refresh_from_db()
    with pytest.raises(DomainError, match="within the last hour"):
        invitation.resend(by=olga)


def test_a_workspace_does_not_mail_the_world(olga, monkeypatch):
    monkeypatch.setattr("interlock.workspaces.models.invitation.A_DAY", 2)
    Invitation.objects.invite_many(["a@example.com", "b@example.com"], Role.VIEWER, by=olga)
    with pytest.raises(DomainError, match="a day at most"):
        Invitation.objects.invite("c@example.com", Role.VIEWER, by=olga)
