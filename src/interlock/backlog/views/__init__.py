from interlock.backlog.views.backlog import (
    BacklogView,
    ChangeView,
    ExportView,
    MoveView,
    UndoView,
    initiatives,
    tags,
)
from interlock.backlog.views.feature import (
    DependencyAddView,
    FeatureView,
    HistoryView,
    RequirementAddView,
    RequirementStatusView,
)
from interlock.backlog.views.field import FieldView

__all__ = [
    "BacklogView",
    "ChangeView",
    "DependencyAddView",
    "ExportView",
    "FeatureView",
    "FieldView",
    "HistoryView",
    "MoveView",
    "RequirementAddView",
    "RequirementStatusView",
    "UndoView",
    "initiatives",
    "tags",
]
