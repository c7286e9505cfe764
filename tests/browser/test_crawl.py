"""Every page in a real browser: what it loads is there, what it runs is ours, and it has no complaint."""

import pytest

from tests.addresses import pages
from tests.world import settle

WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


@pytest.mark.django_db(transaction=True)
def test_no_page_loads_or_runs_what_it_should_not(served, browse, olga, figures):
    world = settle(olga)
    page = browse(olga)
    page.add_init_script(WATCH)
    complaints, missing, every = [], [], pages(world)
    page.on("console", lambda said: said.type == "error" and complaints.append((said.text, said.location["url"])))
    page.on("pageerror", lambda error: complaints.append((str(error), page.url)))
    page.on(
        "response",
        lambda answer: (
            answer.status >= 400 and not answer.request.is_navigation_request() and missing.append(answer.url)
        ),
    )
    for address in every:
        answer = page.goto(address.path, wait_until="load")
        assert answer.status == 200, address
        assert page.evaluate("window.violations") == [], address
    assert not missing
    assert not complaints
    figures.measured(
        "pages crawled in Chromium, violations of the policy, errors, missing assets", f"{len(every)}, 0, 0, 0"
    )
