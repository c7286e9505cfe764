"""Who sees a product is decided by those who configure the workspace, whatever the door."""

import pytest
from django.core.exceptions import PermissionDenied

from interlock.organisation.models import Department, Product, Team


@pytest.mark.parametrize("name", ["restricted", "members", "teams"])
def test_who_edits_cannot_set_who_sees_a_product(name, ada, amir):
    team = Team.objects.add(name="Web", department=Department.objects.add(name="IT", by=amir), by=amir)
    access = {name: {"restricted": True, "members": [ada], "teams": [team]}[name]}
    lab = Product.objects.add(name="Lab", by=ada)
    with pytest.raises(PermissionDenied):
        lab.change(**access, by=ada)
    with pytest.raises(PermissionDenied):
        Product.objects.add(name="Shop", **access, by=ada)
    lab.change(**access, by=amir)
    lab.refresh_from_db()
    if name != "restricted":
        assert getattr(lab, name).count() == 1


def test_what_stays_as_it_is_takes_no_further_right(ada, amir):
    lab = Product.objects.add(name="Lab", restricted=False, members=[], by=ada)
    lab.change(name="Laboratory", restricted=False, members=[], by=ada)
    assert lab.name == "Laboratory"
