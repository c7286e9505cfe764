import re
from pathlib import Path

import pytest

from interlock.backlog.models import Dependency, Feature
from interlock.connect import readers
from interlock.connect.importing import steps
from interlock.connect.importing.mapping import Mapping
from interlock.connect.importing.notes import Kind
from interlock.connect.importing.run import Run
from interlock.connect.importing.steps import STEPS
from interlock.connect.management.commands.mapping_docs import page
from interlock.connect.readers import opened, records
from interlock.connect.tests.sources import files
from interlock.organisation.models import Person

DOCS = Path(__file__).parents[4] / "docs"


def example(language, name="importing.md"):
    return re.search(rf"```{language}\n(.*?)```", (DOCS / name).read_text(), re.DOTALL)[1]


def test_the_reference_of_the_mapping_is_up_to_date():
    assert (DOCS / "mapping.md").read_text() == page(), "run `interlock mapping_docs`"


@pytest.mark.parametrize("step", STEPS.values(), ids=lambda step: step.name)
def test_every_step_says_what_it_does(step):
    assert step.doc


def test_the_example_of_the_guide_brings_in_what_the_guide_says(tmp_path, ada):
    source = files(tmp_path, {"plan.csv": example("csv")}) / "plan.csv"
    with Run(opened(source), Mapping.parse(example("yaml")), by=ada) as run:
        run.check()
        report = run.write()
    assert {name: (one.created, one.refused) for name, one in report.counts.items()} == {
        "product": (1, 0),
        "person": (3, 0),
        "feature": (3, 0),
    }
    assert (report.notes[Kind.SET_ASIDE], report.notes[Kind.UNMATCHED], report.notes.get(Kind.LOST)) == (1, 1, None)
    receipts = Feature.objects.get(title="Receipts")
    assert receipts.status == "idea"
    assert receipts.links == [{"title": "17", "url": ""}]
    assert receipts.owner == Person.objects.get(name="grace")
    assert Dependency.objects.filter(feature=receipts).count() == 1


@pytest.fixture
def how_to(monkeypatch):
    """What the examples of the how-to define, as they are printed there; gone afterwards."""
    monkeypatch.setattr(steps, "STEPS", dict(STEPS))
    names = {**vars(steps), **vars(readers), "within": records.within}
    for code in re.findall(r"```python\n(.*?)```", (DOCS / "howto/add-an-importer.md").read_text(), re.DOTALL):
        exec(code, names)
    return names


def test_the_examples_of_the_how_to_work(how_to, tmp_path):
    apply = steps.STEPS["before"].compile(" (", {})
    assert apply(["Code Freeze (UTC)", "Launch"], pytest.fail) == ["Code Freeze", "Launch"]
    source = opened(files(tmp_path, {"notes.txt": "one\n\ntwo\n"}))
    found = how_to["read_paragraphs"](readers.text_of(source, "notes.txt"), [], readers.Remarks())
    assert [(record.data, record.line) for record in found] == [("one", 1), ("two", 3)]
