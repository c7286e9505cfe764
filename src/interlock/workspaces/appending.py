"""Tables whose rows stay as they were written: the database itself refuses to change or delete one.

    operations = [append_only("launch_vote", "votes")]

The rows have a `workspace_id`. They go with their workspace, once its owner has deleted it; until then nothing of them
does. On SQLite, a table that is made anew loses its triggers: a migration that alters its columns ends with this again.
"""

from typing import Any

from django.db import migrations

LIVES = "EXISTS (SELECT 1 FROM workspaces_workspace WHERE id = OLD.workspace_id AND deleted_at IS NULL)"


def append_only(table: str, nouns: str) -> migrations.RunPython:
    def forbid(apps: Any, schema_editor: Any) -> None:
        allow(apps, schema_editor)
        for statement in statements(table, nouns, schema_editor.connection.vendor):
            schema_editor.execute(statement)

    def allow(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == "sqlite":
            for verb in ("update", "delete"):
                schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")
        else:
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {table}_append_only() CASCADE")

    return migrations.RunPython(forbid, allow)


def statements(table: str, nouns: str, vendor: str) -> list[str]:
    if vendor == "sqlite":
        return [
            f"""
            CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} {when}
            BEGIN SELECT RAISE(ABORT, '{nouns} are append-only'); END
            """
            for verb, when in (("update", ""), ("delete", f"WHEN {LIVES}"))
        ]
    return [
        f"""
        CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF TG_OP = 'DELETE' THEN IF NOT {LIVES} THEN RETURN OLD; END IF; END IF;
            RAISE EXCEPTION '{nouns} are append-only';
        END $$
        """,
        f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION {table}_append_only()
        """,
    ]
