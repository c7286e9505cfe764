"""Takes an erased person out of what imports kept to tell of: the first rows of a run, its notes, why it stopped."""

import re
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from interlock.connect.importing.judging import chunks
from interlock.connect.models import NOTES_AT_ONCE, ImportNote, ImportRun
from interlock.organisation.models import Person
from interlock.organisation.models.people import NAMELESS, erased

# Conditions of one query: a person is known by a handful of spellings, and a query takes no end of them.
SPELLINGS_AT_ONCE = 50


def listen() -> None:
    erased.connect(forget, dispatch_uid="connect.forget")


def forget(person: Person, spellings: frozenset[str], record_ids: frozenset[str], **_: Any) -> None:
    mention = mentions(spellings, record_ids)
    for run in ImportRun.objects.filter(workspace=person.workspace_id).only("preview", "label", "sentence").iterator():
        told = {
            "preview": list(_previewed(run.preview, mention, record_ids)),
            "label": mention.sub(NAMELESS, run.label)[:200],
            "sentence": mention.sub(NAMELESS, run.sentence),
        }
        if any(getattr(run, name) != value for name, value in told.items()):
            ImportRun.objects.filter(pk=run.pk).update(**told)
    for about in _about(spellings, record_ids):
        notes = ImportNote.objects.filter(about, run__workspace=person.workspace_id).only("text")
        for batch in chunks(notes.iterator(), NOTES_AT_ONCE):
            for note in batch:
                note.text = mention.sub(NAMELESS, note.text)
            ImportNote.objects.bulk_update(batch, ["text"])


def mentions(spellings: Iterable[str], record_ids: Iterable[str]) -> re.Pattern[str]:
    """Spellings stand for themselves; an id, which may be any number, only in quotes."""
    words, quoted = ("|".join(map(re.escape, sorted(all_, key=len, reverse=True))) for all_ in (spellings, record_ids))
    found = [rf"(?<!\w)(?:{words})(?!\w)"] * bool(words) + [f"(?<=“)(?:{quoted})(?=”)"] * bool(quoted)
    return re.compile("|".join(found) or r"(?!)", re.IGNORECASE)


def _previewed(rows: list[dict[str, Any]], mention: re.Pattern[str], record_ids: frozenset[str]) -> Iterator[Any]:
    for row in rows:
        texts = [row["ext"], *row["fields"].values()]
        if row["entity"] == "person" and (row["ext"] in record_ids or any(map(mention.search, texts))):
            continue
        fields = {name: mention.sub(NAMELESS, value) for name, value in row["fields"].items()}
        yield row | {"ext": mention.sub(NAMELESS, row["ext"]), "fields": fields}


def _about(spellings: Iterable[str], record_ids: Iterable[str]) -> Iterator[Q]:
    """More than the mentions themselves, as databases find it. SQLite knows no capitals beyond A to Z."""
    cases = {case for one in spellings for case in (one, one.lower(), one.upper(), one.casefold())}
    wanted = [Q(text__icontains=one) for one in sorted(cases)] + [Q(text__icontains=f"“{one}”") for one in record_ids]
    for some in chunks(wanted, SPELLINGS_AT_ONCE):
        yield reduce(or_, some)
