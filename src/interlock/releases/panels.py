from interlock.organisation.models import Product
from interlock.releases.models import Release
from interlock.workspaces.models import Member
from interlock.workspaces.panels import Panel, panel

SHOWN = 20


@panel(Product, order=40)
def of_product(product: Product, member: Member) -> Panel | None:
    releases = list(Release.objects.visible_to(member).open().filter(product=product).counted(by=member)[:SHOWN])
    return Panel("releases/panels/of_product.html", {"releases": releases}) if releases else None
