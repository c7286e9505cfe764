from django.urls import path

from interlock.strategy import views
from interlock.strategy.forms import KeyResultForm, MeasurementForm, MetricForm, ObjectiveForm
from interlock.strategy.models import KeyResult, Measurement, Metric, Objective
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
    *pages("metrics", Metric, MetricForm),
    path("metrics/", views.MetricsView.as_view(), name="metrics"),
    path("metrics/<str:key>/", views.MetricView.as_view(), name="metric"),
    path("metrics/<str:key>/measure/", views.MeasureView.as_view(), name="metric-measure"),
    *pages("measurements", Measurement, MeasurementForm, add=False),
]
