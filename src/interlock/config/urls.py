"""Where everything is found. Pages of a plan stand below their workspace; each app's urls.py says which.

An app's `urlpatterns` go below /<workspace>/, its `site_urlpatterns` at the top.
"""

from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path
from django.utils.module_loading import module_has_submodule

from interlock.workspaces.rest import api


def rooms() -> Iterator[ModuleType]:
    """The urls.py of every app of ours that has one, in the order of INSTALLED_APPS."""
    for app in apps.get_app_configs():
        if app.name.startswith("interlock.") and module_has_submodule(app.module, "urls"):
            yield import_module(f"{app.name}.urls")


def patterns(name: str) -> list[URLPattern | URLResolver]:
    return [pattern for room in rooms() for pattern in getattr(room, name, ())]


urlpatterns = [
    path("accounts/", include("allauth.urls")),
    *api.urls(),
    *patterns("site_urlpatterns"),
    path("<slug:workspace>/", include(patterns("urlpatterns"))),
]

handler400 = "interlock.web.views.bad_request"
handler403 = "interlock.web.views.forbidden"
handler404 = "interlock.web.views.not_found"
handler500 = "interlock.web.views.server_error"
