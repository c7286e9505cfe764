import json

import pytest
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.test import Client, RequestFactory
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from interlock.alignment.checking import check
from interlock.organisation.models import Product
from interlock.strategy.models import Objective
from interlock.web.middleware import PageMiddleware
from interlock.web.views import server_error
from interlock.workspaces.errors import DomainError, StaleVersion
from interlock.workspaces.models import Workspace
from interlock.workspaces.permissions import Role

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def signed_in(client, ada):
    client.force_login(ada.user)
    return client


# --- where one arrives -------------------------------------------------------------------------------


def test_whoever_has_one_workspace_goes_to_its_home(signed_in):
    assert signed_in.get("/").headers["Location"] == "/northwind/"


def test_whoever_has_several_chooses(signed_in, ada):
    Workspace.objects.found("Eastwind", by=ada.user)
    assert signed_in.get("/").headers["Location"] == "/workspaces/"
    page = signed_in.get("/workspaces/").content.decode()
    assert "/eastwind/" in page
    assert "/northwind/" in page


def test_whoever_has_none_makes_one(client, django_user_model):
    user = django_user_model.objects.create_user("dora@example.com", "correct horse", name="Dora")
    client.force_login(user)
    assert "Make your first workspace" in client.get("/", follow=True).content.decode()
    response = client.post("/workspaces/", {"name": "Dora’s shop", "slug": ""})
    assert response.headers["Location"] == "/doras-shop/"
    assert user.seats.get().role == Role.OWNER


def test_an_address_that_is_taken_is_refused_at_its_field(signed_in, cleo):
    response = signed_in.post("/workspaces/", {"name": "South", "slug": "southwind"})
    assert response.status_code == 422
    assert "The address “southwind” is taken." in response.content.decode()


@pytest.mark.parametrize("path", ["/", "/workspaces/", "/account/", "/northwind/", "/northwind/search/"])
def test_strangers_are_asked_to_sign_in(path, client, northwind):
    response = client.get(path)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("path", ["", "search/?q=a", "palette/", "keys/", "choose/person/", "live/"])
def test_outsiders_learn_nothing(path, client, northwind, cleo):
    client.force_login(cleo.user)
    assert client.get(f"/northwind/{path}").status_code == 404
    assert client.get("/nowhere/").status_code == 404


# --- the frame ---------------------------------------------------------------------------------------


def test_a_script_gets_the_inside_of_the_frame(signed_in):
    whole = signed_in.get("/northwind/search/").content.decode()
    inside = signed_in.get("/northwind/search/", **HTMX).content.decode()
    assert "<!doctype html>" in whole
    assert "<!doctype html>" not in inside
    assert '<main id="main"' in inside
    assert "HX-Request" in signed_in.get("/northwind/search/").headers["Vary"]


@pytest.mark.parametrize(("cookie", "drawn"), [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"')])
def test_the_theme_comes_with_the_page(cookie, drawn, client):
    client.cookies["theme"] = cookie
    assert f'<html lang="en" {drawn}>' in client.get("/accounts/login/").content.decode()


def test_a_theme_that_is_none_is_no_markup(client):
    client.cookies["theme"] = 'x" onload="alert(1)'
    assert '<html lang="en">' in client.get("/accounts/login/").content.decode()


def test_pages_carry_no_styles_or_scripts_inline(signed_in):
    page = signed_in.get("/northwind/").content.decode()
    assert " style=" not in page
    assert "<style" not in page
    assert "<script>" not in page
    assert "unsafe" not in signed_in.get("/northwind/").headers["Content-Security-Policy"]


def test_viewers_are_not_offered_what_they_cannot_do(client, ben, ada):
    client.force_login(ben.user)
    theirs = client.get("/northwind/palette/", **HTMX).content.decode()
    assert "Make" not in theirs
    assert "Alignment" in theirs


def test_the_palette_goes_makes_and_finds(signed_in, ada):
    Product.objects.add(name="Aligner", by=ada)
    found = signed_in.get("/northwind/palette/?q=align", **HTMX).content.decode()
    assert found.index("Go to") < found.index("Found")
    assert "Aligner" in found
    assert found.index("Found") < found.index("New feature “align”")
    named = signed_in.get("/northwind/palette/?q=new feature zzz", **HTMX).content.decode()
    assert "New feature “zzz”" in named
    assert "/northwind/features/new/?title=zzz" in named


def test_who_may_make_nothing_is_told_that_nothing_is_called_that(client, ben):
    client.force_login(ben.user)
    assert "Nothing is called that" in client.get("/northwind/palette/?q=zzz", **HTMX).content.decode()


def test_whom_no_finding_names_sees_the_gravest(client, ben, ada):
    product = Product.objects.add(name="Payments", by=ada)
    Objective.objects.add(title="Answer faster", product=product, by=ada)
    check(ada.workspace, today=timezone.localdate())
    client.force_login(ben.user)
    home = client.get("/northwind/").content.decode()
    assert "Nothing needs you now" in home
    assert "Gravest in" in home
    assert "Nobody owns the objective" in home


def test_choosing_offers_what_fits_and_what_one_sees(signed_in, ada, amir):
    Product.objects.add(name="Payments", by=ada)
    Product.objects.add(name="Payroll lab", restricted=True, by=amir)
    offered = signed_in.get("/northwind/choose/product/?q=pay").content.decode()
    assert "Payments (PROD-1)" in offered
    assert "Payroll" not in offered
    assert signed_in.get("/northwind/choose/user/").status_code == 404


# --- what views do reaches a script too --------------------------------------------------------------


@pytest.fixture
def door(ada, rf: RequestFactory):
    """The page door before a view that does what it is told."""

    def open_(view, *, htmx=True, current="http://testserver/northwind/backlog/", headers=None, **data):
        told = {**HTMX, "HTTP_HX_CURRENT_URL": current} if htmx else {}
        request = rf.post("/northwind/x/", data, headers=headers, **told)
        request.member, request.user, request.session = ada, ada.user, {}
        request._messages = messages.storage.default_storage(request)
        request.htmx = HtmxDetails(request)

        def respond(request):
            try:
                return view(request)
            except DomainError as error:
                return middleware.process_exception(request, error)

        middleware = PageMiddleware(respond)
        return middleware(request)

    return open_


def test_a_redirect_refreshes_what_is_inside_the_frame(door):
    response = door(lambda request: redirect("/northwind/backlog/"))
    where = json.loads(response["HX-Location"])
    assert response.status_code == 204
    assert (where["path"], where["target"], where["push"]) == ("/northwind/backlog/", "#main", "false")
    assert json.loads(door(lambda request: redirect("/northwind/features/F-1/"))["HX-Location"])["push"] == "true"


@pytest.mark.parametrize("target", ["/accounts/login/", "https://elsewhere.example/", "/southwind/"])
def test_a_redirect_out_of_the_workspace_leaves_the_page(target, door):
    assert door(lambda request: redirect(target))["HX-Redirect"] == target


def test_messages_become_toasts(door):
    def view(request):
        messages.success(request, "Archived F-1.", extra_tags="undo /northwind/features/F-1/restore/")
        return HttpResponse("done")

    (toast,) = json.loads(door(view)["HX-Trigger"])["toast"]
    assert toast == {"level": "good", "text": "Archived F-1.", "undo": "/northwind/features/F-1/restore/"}


def test_a_part_that_refreshes_itself_takes_no_message_from_the_answer_to_an_act(door):
    def view(request):
        messages.success(request, "Archived F-1.")
        return HttpResponse("done")

    assert "HX-Trigger" not in door(view, headers={"X-Live": "true"})


def test_what_the_domain_refuses_becomes_a_sentence(door):
    def view(request):
        raise DomainError("A launch cannot be before its beta.")

    response = door(view)
    assert response.status_code == 422
    assert response["HX-Reswap"] == "none"
    assert "A launch cannot be before its beta." in response["HX-Trigger"]
    assert "A launch cannot be before its beta." in door(view, htmx=False).content.decode()


def test_who_saves_second_sees_both_versions(door, ada):
    product = Product.objects.add(name="Payments", by=ada).change(name="Payment", by=ada)

    def view(request):
        raise StaleVersion(product)

    response = door(view, name="Pay", version="1")
    page = response.content.decode()
    assert response.status_code == 412
    assert response["HX-Retarget"] == "#dialog-body"
    assert "Payment" in page
    assert "Pay" in page
    assert '<input type="hidden" name="version" value="2">' in page


# --- when something is wrong -------------------------------------------------------------------------


def test_error_pages_say_what_to_do(client):
    assert "There is nothing here" in client.get("/nowhere/at/all/").content.decode()
    assert "Try again" in client.get("/offline/").content.decode()


def test_a_broken_server_says_so_without_asking_the_database(rf, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = server_error(rf.get("/"))
    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()


def test_a_page_that_was_too_old_says_so(ada):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada.user)
    response = strict.post("/account/", {"name": "Ada"})
    assert response.status_code == 403
    assert "The page was too old" in response.content.decode()


def test_the_service_worker_may_speak_for_the_site(client):
    response = client.get("/worker.js")
    assert response.headers["Content-Type"] == "text/javascript"


def test_a_name_can_be_changed(signed_in, ada):
    signed_in.post("/account/", {"name": "Ada Lind"})
    ada.user.refresh_from_db()
    assert ada.user.name == "Ada Lind"
