from interlock.launch.models.criterion import GateCriterion
from interlock.launch.models.gate import Gate
from interlock.launch.models.vote import Choice, GateDecision, Vote

__all__ = ["Choice", "Gate", "GateCriterion", "GateDecision", "Vote"]
