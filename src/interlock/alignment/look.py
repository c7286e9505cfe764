from dataclasses import dataclass
from datetime import date
from functools import cached_property

from interlock.alignment.models import CheckLease
from interlock.organisation.models import Product
from interlock.workspaces.models import Workspace


@dataclass
class Look:
    """One look at a workspace, by whoever holds the lease on it: what all rules are told."""

    workspace: Workspace
    today: date
    lease: CheckLease

    @cached_property
    def restricted(self) -> frozenset[int]:
        """The products that not everybody sees."""
        products = Product.objects.of(self.workspace).filter(restricted=True)
        return frozenset(products.values_list("pk", flat=True))
