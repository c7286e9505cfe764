from enum import StrEnum


class Dimension(StrEnum):
    """What the alignment of a product is measured in; a rule's dimension is said by the letters of its code."""

    STRATEGY = "Strategy"
    GOALS = "Goals"
    PRIORITIES = "Priorities"
    TIMELINES = "Timelines"
    ROLES = "Roles"
    COORDINATION = "Coordination"
    COMMUNICATION = "Communication"
    CUSTOMERS = "Customers"


OF_LETTERS = {
    "VI": Dimension.STRATEGY,
    "MK": Dimension.STRATEGY,
    "GO": Dimension.GOALS,
    "BL": Dimension.PRIORITIES,
    "PR": Dimension.PRIORITIES,
    "RM": Dimension.TIMELINES,
    "RL": Dimension.TIMELINES,
    "RK": Dimension.TIMELINES,
    "PE": Dimension.ROLES,
    "SI": Dimension.COORDINATION,
    "CO": Dimension.COMMUNICATION,
    "CU": Dimension.CUSTOMERS,
}
