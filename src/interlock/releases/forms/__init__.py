from interlock.releases.forms.plan import (
    DoneForm,
    DragForm,
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
