"""Full-text search over the plan: one interface over SQLite's FTS5 and PostgreSQL's own.

What is found is decided twice: the index gives candidates, best first, of the products that the member sees,
and each is shown only if the member's own `visible_to` has it. So nothing hidden is found, counted or hinted at.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, Self

from django.contrib.contenttypes.models import ContentType
from django.db import connection, models, transaction
from django.db.models import Case, Exists, OuterRef, Value, When
from django.db.models.expressions import RawSQL
from django.utils.html import escape, format_html
from django.utils.module_loading import autodiscover_modules
from django.utils.safestring import SafeString, mark_safe

from interlock.organisation.models.product import products_seen
from interlock.workspaces import bulk
from interlock.workspaces.changes import Change, changed
from interlock.workspaces.indexing import Indexed, finds, followers, indexed
from interlock.workspaces.models import Member, Workspace
from interlock.workspaces.turns import Turns

BODY = 20_000  # characters of a text that are searched
BATCH = 1000
WORDS = 8
# Of many matches the newest are ranked: the order of fifty thousand says nothing to anybody.
RANKED, WINDOWS = 1000, 5


def discover() -> None:
    autodiscover_modules("search")


def listen() -> None:
    changed.connect(keep_up, dispatch_uid="web.search")


# --- asking ------------------------------------------------------------------------------------------


class Word(NamedTuple):
    """What was typed between two spaces: its parts follow each other, and the last may go on."""

    parts: tuple[str, ...]

    @property
    def goes_on(self) -> bool:
        # One letter begins half of all words.
        return len(self.parts[-1]) > 1


def words(text: str) -> list[Word]:
    """The searchable words of whatever somebody typed; quotes and operators mean nothing."""
    found = [_parts(fold(chunk))[:4] for chunk in text[:500].split()]
    return [Word(tuple(part[:40] for part in parts)) for parts in found if parts][:WORDS]


def fold(text: str) -> str:
    """Small letters without their accents, in whatever script: Ё as е, ガ as カ, ﬁ as fi, 한 as its three letters."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()


def _parts(plain: str) -> list[str]:
    """The words of a folded text. Vowels that are written as signs, as in Hindi, belong to their word."""
    return "".join(sign if sign.isalnum() or unicodedata.category(sign)[0] == "M" else " " for sign in plain).split()


def _plain(text: str) -> str | None:
    """What the index holds of a text; None where that is the text itself, as both databases fold what is ASCII."""
    return None if text.isascii() else " ".join(_parts(fold(text)))[: 3 * BODY]


@dataclass(frozen=True)
class Found:
    key: str
    plain: str
    title: SafeString
    excerpt: SafeString
    kind: str
    url: str


def search(member: Member, text: str, *, at_most: int = 20, kinds: Sequence[type[models.Model]] = ()) -> list[Found]:
    """What the member may see of what matches, best first: the key itself, then titles, then texts."""
    asked = words(text)
    documents = _documents().visible_to(member, kinds)
    found: dict[int, Any] = {}
    if re.fullmatch(r"\s*[A-Za-z]{1,8}-\d{1,9}\s*", text):
        found |= {one.pk: one for one in documents.filter(key=text.strip().upper())[:at_most]}
    if asked:
        for candidates in _candidates(Scope.of(member, kinds), asked):
            if len(found) >= at_most:
                break
            fresh = [pk for pk in candidates if pk not in found]
            seen = documents.in_bulk(fresh)
            found |= {pk: seen[pk] for pk in fresh if pk in seen}
    names = {kind.pk: kind.name for kind in _kinds().values()}
    return [
        Found(
            one.key,
            one.title,
            marked(one.title, asked),
            excerpt(one.body, asked),
            names[one.content_type_id].capitalize(),
            one.url,
        )
        for one in islice(found.values(), at_most)
    ]


def _documents() -> "SearchQuerySet":
    from interlock.web.models import SearchDocument

    rows: SearchQuerySet = SearchDocument.objects.all()
    return rows


def _kinds() -> dict[type[models.Model], ContentType]:
    return {one.model: ContentType.objects.get_for_model(one.model) for one in indexed().values()}


class SearchQuerySet(models.QuerySet[Any]):
    def visible_to(self, member: Member, kinds: Sequence[type[models.Model]] = ()) -> Self:
        """Documents of rows that the member sees: each kind is asked by its own `visible_to`."""
        seen = [
            When(
                content_type=kind.pk,
                then=Exists(model._default_manager.visible_to(member).filter(pk=OuterRef("object_id"))),  # type: ignore[attr-defined]
            )
            for model, kind in _kinds().items()
            if not kinds or model in kinds
        ]
        rows = self.filter(workspace=member.workspace_id)
        return rows.filter(Case(*seen, default=Value(False))) if seen else rows.none()


@dataclass(frozen=True)
class Scope:
    """Where to look, so that the index does not offer what would not be shown."""

    workspace: int
    products: list[int] | None  # None: all of them
    productless: bool
    kinds: list[int]  # none: all of them

    @classmethod
    def of(cls, member: Member, kinds: Sequence[type[models.Model]]) -> Self:
        known = _kinds()
        return cls(
            member.workspace_id,
            products_seen(member),
            member.reads_all,
            [known[kind].pk for kind in kinds if kind in known],
        )


def _candidates(scope: Scope, asked: Sequence[Word]) -> Iterator[list[int]]:
    """Primary keys of matching documents in batches, best first: titles, then everything."""
    if scope.products == [] and not scope.productless:
        return
    window = _sqlite_window if connection.vendor == "sqlite" else _postgresql_window
    for titles_only in (True, False):
        for number in range(WINDOWS):
            ranked = window(scope, asked, titles_only, number * RANKED)
            yield from (ranked[at : at + 100] for at in range(0, len(ranked), 100))
            if len(ranked) < RANKED:
                break


@finds
def matching(model: type[models.Model], workspace: Workspace, text: str) -> RawSQL | None:
    """The primary keys of all rows that match, in no order: for lists that have an order of their own."""
    asked = words(text)
    if not asked:
        return None
    kind = _kinds()[model].pk
    if connection.vendor == "sqlite":
        return RawSQL(
            "SELECT object_id FROM web_searchindex JOIN web_searchdocument ON id = web_searchindex.rowid"
            " WHERE web_searchindex MATCH %s",
            [f'scope : ("w{workspace.pk}" AND "k{kind}") AND {_sqlite_terms(asked)}'],
        )
    return RawSQL(
        "SELECT object_id FROM web_searchdocument"
        " WHERE workspace_id = %s AND content_type_id = %s AND everything @@ to_tsquery('simple', %s)",
        [workspace.pk, kind, _postgresql_terms(asked)],
    )


def _sqlite_terms(asked: Sequence[Word], *, titles_only: bool = False) -> str:
    terms = " AND ".join(f'"{" ".join(word.parts)}"{"*" if word.goes_on else ""}' for word in asked)
    return f"{'{key title}' if titles_only else '{key title body}'} : ({terms})"


def _postgresql_terms(asked: Sequence[Word]) -> str:
    return " & ".join(
        " <-> ".join(f"'{part}'" for part in word.parts) + (":*" if word.goes_on else "") for word in asked
    )


def _sqlite_window(scope: Scope, asked: Sequence[Word], titles_only: bool, skip: int) -> list[int]:
    # The index keeps where a row belongs as words: w1 p7 k30, with p0 for no product.
    within = [f'"w{scope.workspace}"']
    if scope.products is not None:
        within.append(_any([f"p{pk}" for pk in scope.products] + ["p0"] * scope.productless))
    if scope.kinds:
        within.append(_any([f"k{pk}" for pk in scope.kinds]))
    asking = _sqlite_terms(asked, titles_only=titles_only)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rowid FROM web_searchindex WHERE web_searchindex MATCH %s ORDER BY rowid DESC LIMIT %s OFFSET %s",
            [f"scope : ({' AND '.join(within)}) AND {asking}", RANKED, skip],
        )
        newest = [row[0] for row in cursor.fetchall()]
        if not newest:
            return []
        # Without the scope: bm25 counts each word of a query in the whole index, and half of it holds those.
        cursor.execute(
            "SELECT rowid FROM web_searchindex WHERE web_searchindex MATCH %s AND rowid BETWEEN %s AND %s"
            " ORDER BY bm25(web_searchindex, 0, 10, 6, 1), rowid DESC",
            [asking, newest[-1], newest[0]],
        )
        within_scope = set(newest)
        return [row[0] for row in cursor.fetchall() if row[0] in within_scope]


def _any(names: list[str]) -> str:
    return "(" + " OR ".join(f'"{name}"' for name in names or ["none"]) + ")"


def _postgresql_window(scope: Scope, asked: Sequence[Word], titles_only: bool, skip: int) -> list[int]:
    column = "heading" if titles_only else "everything"
    terms = _postgresql_terms(asked)
    within: list[str] = ["workspace_id = %s"]
    values: list[Any] = [scope.workspace]
    if scope.products is not None:
        within.append("(product_id = ANY(%s) OR product_id IS NULL)" if scope.productless else "product_id = ANY(%s)")
        values.append(scope.products)
    if scope.kinds:
        within.append("content_type_id = ANY(%s)")
        values.append(scope.kinds)
    with transaction.atomic(), connection.cursor() as cursor:
        # PostgreSQL takes the beginning of a word to be in half of all rows, and would read them all.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            f"SELECT id FROM (SELECT id, {column} FROM web_searchdocument"  # noqa: S608 names of our own
            f" WHERE {' AND '.join(within)} AND {column} @@ to_tsquery('simple', %s) LIMIT %s OFFSET %s) newest"
            f" ORDER BY ts_rank('{{0, 0.1, 0.6, 1}}', {column}, to_tsquery('simple', %s)) DESC, id DESC",
            [*values, terms, RANKED, skip, terms],
        )
        return [row[0] for row in cursor.fetchall()]


# --- showing -----------------------------------------------------------------------------------------


def _places(text: str, asked: Sequence[Word]) -> list[tuple[int, int]]:
    """Where the words stand in a text, as spans that do not overlap."""
    plain, origins = _with_origins(text)
    spans = sorted(
        (origins[match.start()], _end(text, origins[match.end() - 1] + 1))
        for word in asked
        for match in islice(re.finditer(r"\b" + r"[\W_]+".join(map(re.escape, word.parts)), plain), 20)
    )
    apart: list[tuple[int, int]] = []
    for start, end in spans:
        if not apart or start >= apart[-1][1]:
            apart.append((start, end))
    return apart


def _with_origins(text: str) -> tuple[str, Sequence[int]]:
    """The folded text, and for each of its letters the place of the one that it was."""
    if text.isascii():
        return text.lower(), range(len(text))
    folded = [(letter, place) for place, sign in enumerate(text) for letter in fold(sign)]
    return "".join(letter for letter, _ in folded), [place for _, place in folded]


def _end(text: str, end: int) -> int:
    """Accents that stand behind the last letter are marked with it."""
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return end


def marked(text: str, asked: Sequence[Word]) -> SafeString:
    """The text, escaped, with the words that were asked for marked."""
    pieces, at = [], 0
    for start, end in _places(text, asked):
        pieces += [escape(text[at:start]), format_html("<mark>{}</mark>", text[start:end])]
        at = end
    return mark_safe("".join([*pieces, escape(text[at:])]))  # noqa: S308 every piece is escaped


def excerpt(body: str, asked: Sequence[Word], *, width: int = 180) -> SafeString:
    """The part of a text around the first of the words; its beginning where none of them is in it."""
    text = re.sub(r"^[#>\s]+|[*_`|]+|\s+", " ", body, flags=re.MULTILINE)
    text = re.sub(r" +", " ", text).strip()
    places = _places(text, asked)
    first = places[0][0] if places else 0
    start = max(first - width // 2, 0)
    # From a word's beginning, unless what was found would be cut off: not every script has spaces.
    space = text.find(" ", start, first)
    start = space + 1 if start and space >= 0 else start
    cut = text[start : start + width]
    if start + width < len(text):
        cut = cut.rsplit(" ", 1)[0] + " …"
    return marked(("… " if start else "") + cut, asked)


# --- keeping up --------------------------------------------------------------------------------------


def keep_up(changes: Sequence[Change], **_: Any) -> None:
    """In the transaction of the change: what is searched is what is there."""
    by_model: dict[str, dict[int, Any]] = defaultdict(dict)
    for change in changes:
        if change.itself and change.model in indexed():
            by_model[change.model][change.pk] = change.row
    for label, rows in by_model.items():
        _follow(indexed()[label], rows)


def _follow(one: Indexed, rows: Mapping[int, Any]) -> None:
    """Index rows, and what is found by their product or name where these are not what they were."""
    keys = sorted(rows)
    for at in range(0, len(keys), BATCH):
        some = {key: rows[key] for key in keys[at : at + BATCH]}
        turned = _index(one, some)
        for follower in followers(one.model) if turned else ():
            behind = follower.model._base_manager.filter(**{f"{follower.follows}__in": turned})
            _follow(follower, dict.fromkeys(behind.values_list("pk", flat=True)))


def _index(one: Indexed, at_hand: Mapping[int, Any]) -> set[int]:
    """Bring the documents of these rows up to date; rows that came along whole are not fetched again.

    Returns those that may have another product or name than before.
    """
    whole = [row for row in at_hand.values() if row is not None and all(_holds(row, path) for path in one.related)]
    missing = at_hand.keys() - {row.pk for row in whole}
    fetched = one.model._base_manager.filter(pk__in=missing).select_related(*one.related) if missing else ()
    rows = [row for row in (*whole, *fetched) if row.archived_at is None]
    kind = ContentType.objects.get_for_model(one.model)
    documents = _documents().filter(content_type=kind, object_id__in=at_hand)
    held = {pk: tuple(said) for pk, *said in documents.values_list("object_id", *SAID)}
    wanted = {row.pk: (row.workspace_id, _said(row, one)) for row in rows}
    if gone := held.keys() - wanted.keys():
        documents.filter(object_id__in=gone).delete()
    new = [(workspace, kind.pk, pk, *said) for pk, (workspace, said) in wanted.items() if pk not in held]
    bulk.insert(documents.model, ("workspace", "content_type", "object_id", *SAID), new)
    # What says the same is not written: a feature that was only moved costs nothing here.
    documents.model.objects.bulk_create(
        [
            documents.model(
                workspace_id=workspace, content_type=kind, object_id=pk, **dict(zip(SAID, said, strict=True))
            )
            for pk, (workspace, said) in wanted.items()
            if pk in held and held[pk] != said
        ],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["content_type", "object_id"],
        update_fields=SAID,
    )
    known = held.keys() & wanted.keys()
    turned = {pk for pk in known if any(held[pk][n] != wanted[pk][1][n] for n in NAMED)}
    # Of what was archived nothing is kept to compare with; new rows, which nothing follows yet, came along.
    return turned | {pk for pk, row in at_hand.items() if row is None and pk not in held}


def _holds(row: Any, path: str) -> bool:
    """Whether a relation of the row, and of what it leads to, is in memory."""
    for name in path.split("__"):
        if row is None or name not in row._state.fields_cache:
            return row is None
        row = row._state.fields_cache[name]
    return True


SAID = ("product_id", "key", "title", "body", "url", "plain_title", "plain_body")
NAMED = [SAID.index(name) for name in ("product_id", "title")]


def _said(row: Any, one: Indexed) -> tuple[Any, ...]:
    body = one.words(row)[:BODY].replace("\0", " ").strip()
    title = str(row)[:300]
    return row.product_scope(), row.key, title, body, row.get_absolute_url(), _plain(title), _plain(body)


def reindex(workspace: Workspace) -> int:
    """Build a workspace's part of the index anew; returns how many rows it holds."""
    turns = Turns()
    for one in indexed().values():
        keys = list(one.model._base_manager.filter(workspace=workspace).values_list("pk", flat=True))
        for at in range(0, len(keys), BATCH):
            turns.give()
            # Short transactions, so that others can write in between.
            with transaction.atomic():
                _index(one, dict.fromkeys(keys[at : at + BATCH]))
    stale = [kind.pk for kind in ContentType.objects.exclude(pk__in=[kind.pk for kind in _kinds().values()])]
    _documents().filter(workspace=workspace, content_type__in=stale).delete()
    return _documents().filter(workspace=workspace).count()
