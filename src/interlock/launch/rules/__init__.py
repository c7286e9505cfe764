from interlock.launch.rules.communication import AudienceNotTold
from interlock.launch.rules.enablement import EnablementAfterLaunch
from interlock.launch.rules.gates import GateWithoutApprover
from interlock.launch.rules.review import NoPostLaunchReview

__all__ = [
    "AudienceNotTold",
    "EnablementAfterLaunch",
    "GateWithoutApprover",
    "NoPostLaunchReview",
]
