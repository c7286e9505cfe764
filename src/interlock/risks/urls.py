from django.urls import path

from interlock.risks import views
from interlock.risks.forms import RiskForm
from interlock.risks.models import Risk
from interlock.workspaces.pages import pages

urlpatterns = [
    *pages("risks", Risk, RiskForm),
    path("risks/", views.RisksView.as_view(), name="risks"),
    path("risks/<str:key>/", views.RiskView.as_view(), name="risk"),
]
