from interlock.launch.rules.gates import GateWithoutApprover
from interlock.launch.rules.review import NoPostLaunchReview

__all__ = [
    "GateWithoutApprover",
    "NoPostLaunchReview",
]
