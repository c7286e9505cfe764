from django.db import migrations

# The history of a workspace goes with the workspace, once its owner has deleted it; until then nothing of it does.
LIVES = "EXISTS (SELECT 1 FROM workspaces_workspace WHERE id = OLD.workspace_id AND deleted_at IS NULL)"

SQLITE = [
    f"""
    CREATE TRIGGER audit_no_{verb} BEFORE {verb.upper()} ON workspaces_auditevent {when}
    BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END
    """
    for verb, when in (("update", ""), ("delete", f"WHEN {LIVES}"))
]
POSTGRESQL = [
    f"""
    CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN
        IF TG_OP = 'DELETE' THEN IF NOT {LIVES} THEN RETURN OLD; END IF; END IF;
        RAISE EXCEPTION 'audit events are append-only';
    END $$
    """,
    """
    CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON workspaces_auditevent
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()
    """,
]


def forbid(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


def allow(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for verb in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER audit_no_{verb}")
    else:
        schema_editor.execute("DROP FUNCTION audit_is_append_only() CASCADE")


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0001_initial")]
    operations = [migrations.RunPython(forbid, allow)]
