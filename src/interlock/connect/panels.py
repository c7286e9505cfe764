from typing import Any

from django.contrib.contenttypes.models import ContentType

from interlock.connect.proving.models import SlipChance
from interlock.organisation.models import Product
from interlock.releases.models import Release
from interlock.workspaces.addresses import address
from interlock.workspaces.models import ExternalId, Member
from interlock.workspaces.panels import Panel, panel
from interlock.workspaces.plan import PlanModel

SHOWN = 20


@panel(PlanModel, order=90)
def imported(row: PlanModel, member: Member) -> Panel | None:
    """Which sources know it, and what they say otherwise: what was imported and what is held may disagree in sight."""
    # Of a product sources know little more than the name, and its page asks every other room already.
    if not member.reads_all or isinstance(row, Product):
        return None
    kind = ContentType.objects.get_for_model(type(row))
    known: list[Any] = list(
        ExternalId.objects.filter(workspace=member.workspace_id, content_type=kind, object_id=row.pk).order_by(
            "source", "record_id"
        )[: SHOWN + 1]
    )
    if not known:
        return None
    # Only now, because few rows are imported and it brings the whole of the import with it.
    from interlock.connect.importing.differences import differences

    for one, found in zip(known, differences(row, known, reader=member), strict=True):
        one.differences = found
    return Panel("connect/panels/imported.html", {"imported": known[:SHOWN], "more": len(known) > SHOWN}, "side")


@panel(Release, order=40)
def chances(release: Release, member: Member) -> Panel | None:
    """What of it is likely to come later, by what the workspace's own history has taught."""
    if not release.open:
        return None
    known = SlipChance.objects.visible_to(member).of(release).select_related("feature")
    found: list[Any] = list(known.defer("feature__description")[: SHOWN + 1])
    for one in found:
        one.address = address("feature", member.workspace.slug, one.feature.key)
    return (
        Panel("connect/panels/chances.html", {"chances": found[:SHOWN], "more": len(found) > SHOWN}) if found else None
    )
