from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workspaces", "0002_audit_is_append_only"),
    ]

    operations = [
        # Django would make SQLite's table anew, which the triggers of the audit events speak of.
        migrations.RunSQL(
            "ALTER TABLE workspaces_workspace ADD COLUMN currency varchar(3) NOT NULL DEFAULT 'EUR'",
            "ALTER TABLE workspaces_workspace DROP COLUMN currency",
            state_operations=[
                migrations.AddField(
                    model_name="workspace",
                    name="currency",
                    field=models.CharField(default="EUR", max_length=3),
                ),
            ],
        ),
    ]
