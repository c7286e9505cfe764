from django.urls import path

from interlock.backlog import views
from interlock.backlog.forms import FeatureForm, RequirementEditForm
from interlock.backlog.models import Dependency, Feature, Requirement
from interlock.workspaces.pages import AddView, ArchiveView, EditView, RestoreView

urlpatterns = [
    path("backlog/", views.BacklogView.as_view(), name="backlog"),
    path("backlog/export.<slug:kind>", views.ExportView.as_view(), name="backlog-export"),
    path("backlog/change/", views.ChangeView.as_view(), name="backlog-change"),
    path("backlog/move/", views.MoveView.as_view(), name="backlog-move"),
    path("backlog/undo/<str:token>/", views.UndoView.as_view(), name="backlog-undo"),
    path("backlog/tags/", views.tags, name="tags"),
    path("backlog/initiatives/", views.initiatives, name="initiatives"),
    path("features/new/", AddView.as_view(model=Feature, form=FeatureForm), name="feature-new"),
    path("features/<str:key>/", views.FeatureView.as_view(), name="feature"),
    path("features/<str:key>/history/", views.HistoryView.as_view(), name="feature-history"),
    path("features/<str:key>/edit/<slug:field>/", views.FieldView.as_view(), name="feature-field"),
    path("features/<str:key>/archive/", ArchiveView.as_view(model=Feature), name="feature-archive"),
    path("features/<str:key>/restore/", RestoreView.as_view(model=Feature), name="feature-restore"),
    path("features/<str:key>/requirements/", views.RequirementAddView.as_view(), name="requirement-new"),
    path("features/<str:key>/needs/", views.DependencyAddView.as_view(), name="feature-needs"),
    path("features/<str:key>/blocks/", views.DependencyAddView.as_view(blocks=True), name="feature-blocks"),
    path(
        "requirements/<str:key>/edit/",
        EditView.as_view(model=Requirement, form=RequirementEditForm),
        name="requirement-edit",
    ),
    path("requirements/<str:key>/status/", views.RequirementStatusView.as_view(), name="requirement-status"),
    path("requirements/<str:key>/archive/", ArchiveView.as_view(model=Requirement), name="requirement-archive"),
    path("requirements/<str:key>/restore/", RestoreView.as_view(model=Requirement), name="requirement-restore"),
    path("dependencies/<str:key>/archive/", ArchiveView.as_view(model=Dependency), name="dependency-archive"),
    path("dependencies/<str:key>/restore/", RestoreView.as_view(model=Dependency), name="dependency-restore"),
]
