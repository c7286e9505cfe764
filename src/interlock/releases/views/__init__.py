from interlock.releases.views.plan import PlanFileView, PlanView, StartPlanView, WorkstreamAddView
from interlock.releases.views.releases import ReleasesView, ReleaseView, ScopeAddView, ScopeMoveView
from interlock.releases.views.tasks import (
    DragView,
    FinishView,
    LinkAddView,
    ReopenView,
    StartView,
    TaskAddView,
    TaskView,
)
from interlock.releases.views.templates import TemplatesView, TemplateView

__all__ = [
    "DragView",
    "FinishView",
    "LinkAddView",
    "PlanFileView",
    "PlanView",
    "ReleaseView",
    "ReleasesView",
    "ReopenView",
    "ScopeAddView",
    "ScopeMoveView",
    "StartPlanView",
    "StartView",
    "TaskAddView",
    "TaskView",
    "TemplateView",
    "TemplatesView",
    "WorkstreamAddView",
]
