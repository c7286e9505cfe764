"""Every page, in both themes, wide and narrow: no violation of WCAG 2.2 AA, and nothing to scroll sideways for."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.addresses import pages
from tests.world import settle

# Themes differ in colours alone, so that the second is asked about these.
ASKED = {
    "light": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "dark": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
SIZES = {"wide": (1440, 900), "narrow": (400, 800), "narrowest": (360, 740)}
SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


# In parts, which run side by side.
PARTS = 4


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_accessible_in_both_themes_wide_and_narrow(part, served, browse, olga, figures):
    every = pages(settle(olga))[part::PARTS]
    # Colours that are on their way from one theme to the other are nobody's.
    page, axe, wrong = browse(olga, reduced_motion="reduce"), Axe(), []
    for address in every:
        page.goto(address.path)
        for theme, asked in ASKED.items():
            page.emulate_media(color_scheme=theme)
            for size, (width, height) in SIZES.items():
                page.set_viewport_size({"width": width, "height": height})
                if page.evaluate(SIDEWAYS):
                    wrong.append(f"{address} {theme} {size}: scrolls sideways")
                if size != "narrowest":
                    found = axe.run(page, options={"runOnly": asked})
                    wrong += [f"{address} {theme} {size}: {told(one)}" for one in found.response["violations"]]
    assert not wrong, "\n".join(wrong)
    figures.measured("pages looked at by axe, in 2 themes and 2 widths; violations", f"{len(every)}; 0")


def told(violation):
    where = [node["target"] for node in violation["nodes"]][:3]
    return f"{violation['id']} at {where}: {violation['nodes'][0].get('failureSummary', '')[:300]}"
