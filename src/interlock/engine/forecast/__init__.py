"""When will it be done: from the plan and what is uncertain about it, or from nothing but past weeks.

Importing this loads no compiler; `simulation`, which does, is imported by workers.
"""

from interlock.engine.forecast.calibration import Calibration, Finished, calibrate
from interlock.engine.forecast.throughput import Delivery, delivery
from interlock.engine.forecast.uncertainty import (
    Cause,
    Department,
    Driver,
    Estimate,
    Forecast,
    Risk,
    Scenario,
    Shape,
    Uncertainty,
)

__all__ = [
    "Calibration",
    "Cause",
    "Delivery",
    "Department",
    "Driver",
    "Estimate",
    "Finished",
    "Forecast",
    "Risk",
    "Scenario",
    "Shape",
    "Uncertainty",
    "calibrate",
    "delivery",
]
