from django.urls import path

from interlock.web import views

site_urlpatterns = [
    path("", views.root, name="root"),
    path("workspaces/", views.WorkspacesView.as_view(), name="workspaces"),
    path("account/", views.ProfileView.as_view(), name="profile"),
    path("offline/", views.offline, name="offline"),
    path("favicon.ico", views.icon, name="icon"),
    path("worker.js", views.worker, name="worker"),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("search/", views.search_page, name="search"),
    path("palette/", views.palette, name="palette"),
    path("keys/", views.keys, name="keys"),
    path("choose/<slug:model>/", views.choose, name="choose"),
    path("live/", views.live, name="live"),
]
