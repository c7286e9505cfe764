from django.urls import path

from interlock.releases import views
from interlock.releases.files import KINDS
from interlock.releases.forms import (
    CHANGE_FORMS,
    BudgetForm,
    DayRateForm,
    FreezeWindowForm,
    PurchaseForm,
    ReleaseForm,
    ReleaseTemplateForm,
    RiskHitForm,
    ScenarioForm,
    ScopeBaselineForm,
    TaskForm,
    TaskLinkForm,
    WorkstreamForm,
)
from interlock.releases.models import (
    Budget,
    DayRate,
    FreezeWindow,
    Purchase,
    Release,
    ReleaseTemplate,
    RiskHit,
    Scenario,
    ScopeBaseline,
    Task,
    TaskLink,
    Workstream,
)
from interlock.workspaces.pages import pages

urlpatterns = [
    *pages("releases", Release, ReleaseForm),
    path("releases/", views.ReleasesView.as_view(), name="releases"),
    path("releases/<str:key>/", views.ReleaseView.as_view(), name="release"),
    path("releases/<str:key>/scope/", views.ScopeAddView.as_view(), name="release-scope"),
    path("releases/<str:key>/scope/move/", views.ScopeMoveView.as_view(), name="release-move"),
    path("releases/<str:key>/scope/agreement/", views.AgreeView.as_view(), name="release-agree"),
    path("releases/<str:key>/scope/agreements/", views.AgreementsView.as_view(), name="release-agreements"),
    *pages("scope-baselines", ScopeBaseline, ScopeBaselineForm, add=False),
    path("releases/<str:key>/plan/", views.PlanView.as_view(), name="release-plan"),
    path("releases/<str:key>/plan/lanes/", views.LanesView.as_view(), name="release-lanes"),
    path("releases/<str:key>/plan/start/", views.StartPlanView.as_view(), name="release-plan-start"),
    *(
        path(f"releases/<str:key>/plan/{ending}/", views.PlanFileView.as_view(ending=ending), name=f"plan-{ending}")
        for ending in KINDS
    ),
    path("releases/<str:key>/plan/baseline/", views.BaselineView.as_view(), name="baseline-keep"),
    path(
        "releases/<str:key>/plan/baseline/<int:baseline>/undo/", views.BaselineUndoView.as_view(), name="baseline-undo"
    ),
    path("releases/<str:key>/plan/run/", views.PlanRunView.as_view(), name="release-plan-run"),
    path("releases/<str:key>/plan/run/again/", views.PlanComputeView.as_view(), name="release-plan-compute"),
    path("releases/<str:key>/plan/run/stop/", views.PlanStopView.as_view(), name="release-plan-stop"),
    path("releases/<str:key>/scenarios/", views.ScenariosView.as_view(), name="release-scenarios"),
    path("releases/<str:key>/scenarios/new/", views.ScenarioStartView.as_view(), name="scenario-new"),
    *pages("scenarios", Scenario, ScenarioForm, add=False),
    path("scenarios/<str:key>/", views.ScenarioView.as_view(), name="scenario"),
    path("scenarios/<str:key>/apply/", views.ScenarioApplyView.as_view(), name="scenario-apply"),
    path("scenarios/<str:key>/refresh/", views.ScenarioRefreshView.as_view(), name="scenario-refresh"),
    path("scenarios/<str:key>/changes/take-out/", views.ChangeDropView.as_view(), name="scenario-take-out"),
    *(
        path(
            f"scenarios/<str:key>/changes/{kind}/", views.ChangeAddView.as_view(form=form), name=f"scenario-add-{kind}"
        )
        for kind, form in CHANGE_FORMS.items()
    ),
    path("scenarios/<str:key>/run/", views.ScenarioRunView.as_view(), name="scenario-run"),
    path("scenarios/<str:key>/run/again/", views.ScenarioComputeView.as_view(), name="scenario-compute"),
    path("scenarios/<str:key>/run/stop/", views.ScenarioStopView.as_view(), name="scenario-stop"),
    path("releases/<str:key>/workstreams/new/", views.WorkstreamAddView.as_view(), name="workstream-new"),
    path("releases/<str:key>/risks/new/", views.ReleaseRiskView.as_view(), name="release-risk"),
    path("risks/<str:key>/hits/new/", views.HitAddView.as_view(), name="risk-hit"),
    path("releases/<str:key>/budget/", views.BudgetView.as_view(), name="release-budget"),
    path("releases/<str:key>/budgets/new/", views.BudgetAddView.as_view(), name="budget-new"),
    *pages("budgets", Budget, BudgetForm, add=False),
    path("releases/<str:key>/purchases/new/", views.PurchaseAddView.as_view(), name="release-purchase"),
    *pages("purchases", Purchase, PurchaseForm, add=False),
    path("departments/<str:key>/day-rate/", views.DayRateView.as_view(), name="department-rate"),
    *pages("day-rates", DayRate, DayRateForm, add=False),
    *pages("risk-hits", RiskHit, RiskHitForm, add=False),
    *pages("workstreams", Workstream, WorkstreamForm, add=False),
    path("workstreams/<str:key>/tasks/new/", views.TaskAddView.as_view(), name="task-new"),
    *pages("tasks", Task, TaskForm, add=False),
    path("tasks/<str:key>/", views.TaskView.as_view(), name="task"),
    path("tasks/<str:key>/drag/", views.DragView.as_view(), name="task-drag"),
    path("tasks/<str:key>/start/", views.StartView.as_view(), name="task-start"),
    path("tasks/<str:key>/done/", views.FinishView.as_view(), name="task-done"),
    path("tasks/<str:key>/reopen/", views.ReopenView.as_view(), name="task-reopen"),
    path("tasks/<str:key>/predecessors/new/", views.LinkAddView.as_view(), name="tasklink-new"),
    *pages("task-links", TaskLink, TaskLinkForm, add=False),
    path("portfolio/", views.PortfolioView.as_view(), name="portfolio"),
    path("portfolio/departments/<str:key>/<str:week>/", views.LoadView.as_view(), name="portfolio-load"),
    *pages("freeze-windows", FreezeWindow, FreezeWindowForm),
    path("freeze-windows/", views.FreezesView.as_view(), name="freezewindows"),
    path("freeze-windows/<str:key>/", views.FreezeView.as_view(), name="freezewindow"),
    *pages("release-templates", ReleaseTemplate, ReleaseTemplateForm),
    path("release-templates/", views.TemplatesView.as_view(), name="releasetemplates"),
    path("release-templates/<str:key>/", views.TemplateView.as_view(), name="releasetemplate"),
]
