from interlock.organisation.models.absence import Absence
from interlock.organisation.models.people import Identity, Person, TeamMembership
from interlock.organisation.models.product import Product, ProductPlanModel, ProductPlanQuerySet
from interlock.organisation.models.units import Department, Team

__all__ = [
    "Absence",
    "Department",
    "Identity",
    "Person",
    "Product",
    "ProductPlanModel",
    "ProductPlanQuerySet",
    "Team",
    "TeamMembership",
]
