from interlock.releases.views.baseline import BaselineUndoView, BaselineView
from interlock.releases.views.costs import BudgetAddView, BudgetView, DayRateView, PurchaseAddView
from interlock.releases.views.freezes import FreezesView, FreezeView
from interlock.releases.views.plan import PlanFileView, PlanView, StartPlanView, WorkstreamAddView
from interlock.releases.views.portfolio import LoadView, PortfolioView
from interlock.releases.views.releases import (
    AgreementsView,
    AgreeView,
    ReleasesView,
    ReleaseView,
    ScopeAddView,
    ScopeMoveView,
)
from interlock.releases.views.risks import HitAddView, ReleaseRiskView
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
    "AgreeView",
    "AgreementsView",
    "BaselineUndoView",
    "BaselineView",
    "BudgetAddView",
    "BudgetView",
    "DayRateView",
    "DragView",
    "FinishView",
    "FreezeView",
    "FreezesView",
    "HitAddView",
    "LinkAddView",
    "LoadView",
    "PlanFileView",
    "PlanView",
    "PortfolioView",
    "PurchaseAddView",
    "ReleaseRiskView",
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
