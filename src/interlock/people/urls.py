from django.urls import path

from interlock.people import views
from interlock.people.forms import AudienceForm, RoleForm
from interlock.people.models import Audience, Role
from interlock.workspaces.pages import pages

urlpatterns = [
    *pages("roles", Role, RoleForm),
    path("roles/", views.RolesView.as_view(), name="roles"),
    path("roles/<str:key>/", views.RoleView.as_view(), name="role"),
    path("roles/<str:key>/holders/", views.AssignView.as_view(), name="role-assign"),
    path("roles/<str:key>/holders/<str:person>/relieve/", views.RelieveView.as_view(), name="assignment-end"),
    path("roles/<str:key>/holders/<str:person>/assign/", views.ResumeView.as_view(), name="assignment-resume"),
    *pages("audiences", Audience, AudienceForm),
    path("audiences/", views.AudiencesView.as_view(), name="audiences"),
    path("audiences/<str:key>/", views.AudienceView.as_view(), name="audience"),
]
