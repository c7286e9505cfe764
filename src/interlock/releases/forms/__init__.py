from interlock.releases.forms.plan import (
    DoneForm,
    DragForm,
    FreezeWindowFilters,
    FreezeWindowForm,
    LinkForm,
    ReleaseTemplateForm,
    StartPlanForm,
    TaskAddForm,
    TaskForm,
    TaskLinkForm,
    WorkstreamAddForm,
    WorkstreamForm,
)
from interlock.releases.forms.releases import MoveForm, ReleaseFilters, ReleaseForm, ScopeForm

__all__ = [
    "DoneForm",
    "DragForm",
    "FreezeWindowFilters",
    "FreezeWindowForm",
    "LinkForm",
    "MoveForm",
    "ReleaseFilters",
    "ReleaseForm",
    "ReleaseTemplateForm",
    "ScopeForm",
    "StartPlanForm",
    "TaskAddForm",
    "TaskForm",
    "TaskLinkForm",
    "WorkstreamAddForm",
    "WorkstreamForm",
]
