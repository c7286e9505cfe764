"""The full-text index itself, in each database's own way.

SQLite: an FTS5 table without content of its own, filled by triggers. `scope` holds workspace, product and kind
as words, so that a search in a small part of the plan does not wade through a large one.
PostgreSQL: generated tsvectors. Punctuation becomes space, which is what FTS5's tokenizer does.
Letters lose their accents before they come here, so that both databases index the same: what is not ASCII stands
folded in `plain_title` and `plain_body`.
"""

from django.db import migrations

MARKS = "-_./\\:@#$%^&*+=~|<>()[]{}''\"`,;!?"

def _scope(row):
    return f"'w' || {row}.workspace_id || ' p' || coalesce({row}.product_id, 0) || ' k' || {row}.content_type_id"


def _indexed(row):
    plain = (f"coalesce({row}.plain_{name}, {row}.{name})" for name in ("title", "body"))
    return ", ".join([_scope(row), f"{row}.key", *plain])


SQLITE = [
    """CREATE VIRTUAL TABLE web_searchindex USING fts5(
        scope, key, title, body, content='', prefix='2 3',
        tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co M*'")""",
    f"""CREATE TRIGGER web_searchdocument_added AFTER INSERT ON web_searchdocument BEGIN
        INSERT INTO web_searchindex(rowid, scope, key, title, body)
        VALUES (new.id, {_indexed('new')});
    END""",
    f"""CREATE TRIGGER web_searchdocument_gone AFTER DELETE ON web_searchdocument BEGIN
        INSERT INTO web_searchindex(web_searchindex, rowid, scope, key, title, body)
        VALUES ('delete', old.id, {_indexed('old')});
    END""",
    f"""CREATE TRIGGER web_searchdocument_changed AFTER UPDATE ON web_searchdocument BEGIN
        INSERT INTO web_searchindex(web_searchindex, rowid, scope, key, title, body)
        VALUES ('delete', old.id, {_indexed('old')});
        INSERT INTO web_searchindex(rowid, scope, key, title, body)
        VALUES (new.id, {_indexed('new')});
    END""",
]


def _vector(column: str, weight: str) -> str:
    marks = MARKS.replace("'", "''")
    plain = f"translate(lower({column}), '{marks}', '{' ' * len(MARKS)}')"
    return f"setweight(to_tsvector('simple', {plain}), '{weight}')"


HEADING = f'{_vector("key", "A")} || {_vector("coalesce(plain_title, title)", "B")}'
POSTGRESQL = [
    f"""ALTER TABLE web_searchdocument
        ADD COLUMN heading tsvector GENERATED ALWAYS AS ({HEADING}) STORED,
        ADD COLUMN everything tsvector GENERATED ALWAYS AS (
            {HEADING} || {_vector("coalesce(plain_body, body)", "C")}) STORED""",
    "CREATE INDEX web_searchdocument_heading ON web_searchdocument USING gin (heading)",
    "CREATE INDEX web_searchdocument_everything ON web_searchdocument USING gin (everything)",
]


def build(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement, params=None)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TABLE web_searchindex")
        for name in ("added", "gone", "changed"):
            schema_editor.execute(f"DROP TRIGGER web_searchdocument_{name}")
    else:
        schema_editor.execute("ALTER TABLE web_searchdocument DROP COLUMN heading, DROP COLUMN everything")


class Migration(migrations.Migration):
    dependencies = [("web", "0001_initial")]

    operations = [migrations.RunPython(build, drop)]
