import re
from datetime import date
from pathlib import Path

import pytest

from interlock.alignment import registry
from interlock.alignment.explaining import explain
from interlock.alignment.management.commands.rules_docs import pages
from interlock.releases.models import Release

DOCS = Path(__file__).parents[4] / "docs"


def test_the_pages_of_the_rules_are_up_to_date():
    held = {path.name: path.read_text() for path in (DOCS / "rules").glob("*.md")}
    assert held == pages(), "run `interlock rules_docs`"


@pytest.mark.parametrize("rule", registry.rules(), ids=lambda rule: rule.code)
def test_every_rule_says_why_with_a_source_what_is_wrong_and_what_is_right(rule):
    told = explain(rule)
    assert all([told.says, told.why, told.source, told.wrong, told.right])
    assert re.search(r"\(\d{4}\)|:\d{4}", told.source)
    assert rule.fixes


@pytest.fixture
def example(monkeypatch):
    """The rule in the how-to, as it is printed there, alone."""
    names = {}
    exec(re.search(r"```python\n(.*?)```", (DOCS / "howto/add-a-rule.md").read_text(), re.DOTALL)[1], names)
    rule = names["ReleaseWithoutScope"]
    monkeypatch.setattr(registry, "_rules", {rule.code: rule()})
    yield rule
    names.clear()


def test_the_example_of_the_how_to_works(example, alignment, payments, ada):
    empty = Release.objects.add(product=payments, name="4.3", target_on=date(2999, 6, 1), by=ada)
    assert alignment.subjects(example) == [empty]
    alignment.finding(example).fix("cancel", by=ada)
    assert alignment.subjects(example) == []
