from django.db import migrations

from interlock.workspaces.appending import append_only


class Migration(migrations.Migration):
    dependencies = [("launch", "0001_gates")]
    operations = [append_only("launch_vote", "votes"), append_only("launch_gatedecision", "gate decisions")]
