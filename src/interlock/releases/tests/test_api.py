from interlock.releases.models import Release
from tests.api import Caller


def test_releases_are_listed_by_tier(ada, payments):
    large, small = (Release.objects.add(product=payments, name=str(tier), tier=tier, by=ada) for tier in (1, 3))
    caller = Caller(ada)
    assert [one["key"] for one in caller.get("releases?tier=1").json()["items"]] == [large.key]
    assert len(caller.get("releases?tier=1&tier=3").json()["items"]) == 2
    assert caller.get("releases?tier=9").status_code == caller.get("releases?tier=large").status_code == 422
    assert small.tier == 3
