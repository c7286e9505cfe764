import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('backlog', '0001_initial'),
        ('organisation', '0001_initial'),
        ('workspaces', '0002_audit_is_append_only'),
    ]

    operations = [
        migrations.CreateModel(
            name='Release',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('archived_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('name', models.CharField(max_length=120)),
                ('description', models.TextField(blank=True, max_length=100000)),
                ('tier', models.PositiveSmallIntegerField(choices=[(1, 'Full launch'), (2, 'Feature launch'), (3, 'Silent'), (4, 'Hotfix')], default=2)),
                ('status', models.CharField(choices=[('planned', 'Planned'), ('in_progress', 'In progress'), ('released', 'Released'), ('cancelled', 'Cancelled')], default='planned', max_length=11)),
                ('target_on', models.DateField(blank=True, null=True)),
                ('target_precision', models.CharField(choices=[('day', 'Day'), ('week', 'Week'), ('month', 'Month'), ('quarter', 'Quarter'), ('tbc', 'To be confirmed')], default='day', max_length=7)),
                ('released_on', models.DateField(blank=True, null=True)),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='releases', to='organisation.product')),
                ('workspace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.workspace')),
            ],
            options={
                'ordering': ['-target_on', '-number'],
            },
        ),
        migrations.CreateModel(
            name='ScopeItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('added_at', models.DateTimeField(auto_now_add=True)),
                ('feature', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='scope', to='backlog.feature')),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scope', to='releases.release')),
            ],
        ),
        migrations.AddIndex(
            model_name='release',
            index=models.Index(fields=['workspace', 'archived_at', 'status', 'target_on'], name='release_list'),
        ),
        migrations.AddIndex(
            model_name='release',
            index=models.Index(fields=['workspace', 'target_on'], name='release_by_target'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.UniqueConstraint(fields=('workspace', 'number'), name='release_key'),
        ),
    ]
