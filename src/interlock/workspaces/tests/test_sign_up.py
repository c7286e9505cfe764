"""Who may make an account, and a workspace, is for whoever runs the installation to decide."""

import pytest
from django.test import Client

from interlock.workspaces.models import Invitation, User, Workspace
from interlock.workspaces.permissions import Role

pytestmark = pytest.mark.django_db
ZOE = {"name": "Zoe", "email": "zoe@example.com", "password1": "long and secret"}


@pytest.fixture
def by_invitation(settings):
    settings.SIGN_UP = "invited"


def made(client, **more):
    client.post("/accounts/signup/", {**ZOE, **more})
    return User.objects.filter(email=ZOE["email"]).exists()


def test_whoever_finds_it_makes_an_account(client, olga):
    assert made(client)


def test_where_accounts_go_by_invitation_nobody_makes_one_without(client, olga, by_invitation):
    assert b"by invitation here" in client.get("/accounts/signup/").content
    assert b"Make an account" not in client.get("/accounts/login/").content
    assert not made(client)
    assert not made(client, next="/invitations/1/")
    assert not made(client, next="https://[")


def test_the_link_of_an_invitation_lets_in_until_it_is_withdrawn(client, olga, by_invitation):
    invitation = Invitation.objects.invite(ZOE["email"], Role.VIEWER, by=olga)
    at = invitation.get_absolute_url()
    assert b"by invitation here" not in client.get("/accounts/signup/", {"next": at}).content
    invitation.withdraw(by=olga)
    assert not made(client, next=at)
    assert made(client, next=Invitation.objects.invite(ZOE["email"], Role.VIEWER, by=olga).get_absolute_url())


def test_somebody_must_be_the_first(client, by_invitation):
    assert made(client)


@pytest.mark.parametrize(("who", "may"), [("olga", True), ("ada", False)])
def test_where_accounts_go_by_invitation_owners_make_workspaces(who, may, request, by_invitation):
    client = Client()
    client.force_login(request.getfixturevalue(who).user)
    assert (b"Make another workspace" in client.get("/workspaces/").content) == may
    assert client.post("/workspaces/", {"name": "Westwind"}).status_code == (302 if may else 403)
    assert Workspace.objects.filter(name="Westwind").exists() == may
