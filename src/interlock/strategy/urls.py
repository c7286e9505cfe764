from django.urls import path

from interlock.strategy import views
from interlock.strategy.forms import KeyResultForm, ObjectiveForm
from interlock.strategy.models import KeyResult, Objective
from interlock.workspaces.pages import pages

urlpatterns = [
    *pages("objectives", Objective, ObjectiveForm),
    path("objectives/", views.ObjectivesView.as_view(), name="objectives"),
    path("objectives/<str:key>/", views.ObjectiveView.as_view(), name="objective"),
    path("objectives/<str:key>/parent/", views.MoveView.as_view(), name="objective-move"),
    path("objectives/<str:key>/parent/<str:parent>/", views.MoveBackView.as_view(), name="objective-move-back"),
    path("objectives/<str:key>/key-results/new/", views.AddResultView.as_view(), name="objective-result"),
    *pages("key-results", KeyResult, KeyResultForm, add=False),
    path("key-results/<str:key>/check-in/", views.CheckInView.as_view(), name="keyresult-check-in"),
]
