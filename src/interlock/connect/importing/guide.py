"""What a mapping may say, for the page that explains it: made from what reads mappings, so that it is true."""

from interlock.connect.importing.expressions import SOURCES, SPECIALS
from interlock.connect.importing.mapping import ON_DUPLICATE, ON_MISSING, WAYS
from interlock.connect.importing.nouns import NOUNS
from interlock.connect.importing.steps import STEPS
from interlock.connect.readers import FORMATS

EXAMPLE = """\
source: tracker
tables:
  status: {open: planned, closed: done}
imports:
  - entity: feature
    external_id: ID
    fields:
      title: Title
      product: {from: Product, on_missing: create}
      status: {from: Status, do: [{lookup: status}]}
      owner: {from: Owner, on_missing: create}
      tags: {from: Tags, do: [{split: ";"}]}
"""

nouns = list(NOUNS.values())
steps = [(step.name, step.argument, step.doc.split("\n\n")[0].strip()) for step in STEPS.values()]
formats = FORMATS
sources = SOURCES
specials = {name: means for name, (means, _) in SPECIALS.items()}
ways = WAYS
on_missing = ON_MISSING
on_duplicate = ON_DUPLICATE
example = EXAMPLE
