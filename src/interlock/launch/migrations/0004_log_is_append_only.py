from django.db import migrations

from interlock.workspaces.appending import append_only


class Migration(migrations.Migration):
    dependencies = [("launch", "0003_launch_day")]
    operations = [append_only("launch_launchentry", "launch entries")]
