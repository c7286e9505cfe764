from interlock.strategy.models.key_result import KeyResult
from interlock.strategy.models.metric import Measurement, Metric
from interlock.strategy.models.objective import Objective

__all__ = ["KeyResult", "Measurement", "Metric", "Objective"]
