from interlock.launch.views.gates import (
    CriterionAddView,
    DecideView,
    GateAddView,
    GateView,
    ReadinessView,
    VoteForView,
    VoteView,
    WordView,
)

__all__ = [
    "CriterionAddView",
    "DecideView",
    "GateAddView",
    "GateView",
    "ReadinessView",
    "VoteForView",
    "VoteView",
    "WordView",
]
