from django.urls import path

from interlock.launch import views
from interlock.launch.forms import GateCriterionForm, GateForm
from interlock.launch.models import Gate, GateCriterion
from interlock.workspaces.pages import pages

urlpatterns = [
    path("releases/<str:key>/readiness/", views.ReadinessView.as_view(), name="release-readiness"),
    path("releases/<str:key>/gates/new/", views.GateAddView.as_view(), name="gate-new"),
    *pages("gates", Gate, GateForm, add=False),
    path("gates/<str:key>/", views.GateView.as_view(), name="gate"),
    path("gates/<str:key>/vote/", views.VoteView.as_view(), name="gate-vote"),
    path("gates/<str:key>/votes/<str:person>/", views.VoteForView.as_view(), name="gate-vote-for"),
    path("gates/<str:key>/decision/", views.DecideView.as_view(), name="gate-decision"),
    path("gates/<str:key>/criteria/new/<slug:evidence>/", views.CriterionAddView.as_view(), name="gatecriterion-new"),
    *pages("gate-criteria", GateCriterion, GateCriterionForm, add=False),
    path("gate-criteria/<str:key>/word/", views.WordView.as_view(), name="gatecriterion-word"),
]
