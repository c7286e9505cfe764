from interlock.strategy.models.key_result import KeyResult
from interlock.strategy.models.objective import Objective

__all__ = ["KeyResult", "Objective"]
