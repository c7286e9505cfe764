from interlock.launch.models.communication import Communication
from interlock.launch.models.criterion import GateCriterion
from interlock.launch.models.feed import CalendarFeed
from interlock.launch.models.gate import Gate
from interlock.launch.models.log import LaunchEntry
from interlock.launch.models.review import FollowUp, LaunchReview, ReviewNote
from interlock.launch.models.runbook import RunbookStep
from interlock.launch.models.vote import Choice, GateDecision, Vote

__all__ = [
    "CalendarFeed",
    "Choice",
    "Communication",
    "FollowUp",
    "Gate",
    "GateCriterion",
    "GateDecision",
    "LaunchEntry",
    "LaunchReview",
    "ReviewNote",
    "RunbookStep",
    "Vote",
]
