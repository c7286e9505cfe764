import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('organisation', '0001_initial'),
        ('people', '0001_initial'),
        ('strategy', '0001_initial'),
        ('workspaces', '0002_audit_is_append_only'),
    ]

    operations = [
        migrations.CreateModel(
            name='Tag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.workspace')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Feature',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('archived_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('title', models.CharField(max_length=300)),
                ('description', models.TextField(blank=True, max_length=100000)),
                ('kind', models.CharField(choices=[('feature', 'Feature'), ('initiative', 'Initiative')], default='feature', max_length=10)),
                ('status', models.CharField(choices=[('idea', 'Idea'), ('candidate', 'Candidate'), ('planned', 'Planned'), ('in_progress', 'In progress'), ('done', 'Done'), ('dropped', 'Dropped')], default='candidate', max_length=11)),
                ('effort_days', models.DecimalField(blank=True, decimal_places=1, max_digits=7, null=True, validators=[django.core.validators.MinValueValidator(0)])),
                ('links', models.JSONField(blank=True, default=list)),
                ('rank', models.CharField(editable=False, max_length=2000)),
                ('stage', models.GeneratedField(db_persist=True, expression=models.Case(models.When(status='idea', then=models.Value(0)), models.When(status='candidate', then=models.Value(1)), models.When(status='planned', then=models.Value(2)), models.When(status='in_progress', then=models.Value(3)), models.When(status='done', then=models.Value(4)), models.When(status='dropped', then=models.Value(5))), output_field=models.PositiveSmallIntegerField())),
                ('contributing_teams', models.ManyToManyField(blank=True, related_name='contributes_to', to='organisation.team')),
                ('initiative', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='features', to='backlog.feature')),
                ('objectives', models.ManyToManyField(blank=True, related_name='features', to='strategy.objective')),
                ('owner', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='features', to='organisation.person')),
                ('owner_role', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='features', to='people.role')),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='features', to='organisation.product')),
                ('team', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='features', to='organisation.team')),
                ('workspace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.workspace')),
                ('tags', models.ManyToManyField(blank=True, related_name='features', to='backlog.tag')),
            ],
            options={
                'ordering': ['rank', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Dependency',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('archived_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('note', models.CharField(blank=True, max_length=300)),
                ('workspace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.workspace')),
                ('feature', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='needs', to='backlog.feature')),
                ('needs', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='blocks', to='backlog.feature')),
            ],
            options={
                'verbose_name_plural': 'dependencies',
                'constraints': [models.UniqueConstraint(fields=('workspace', 'number'), name='dependency_key'), models.UniqueConstraint(condition=models.Q(('archived_at', None)), fields=('feature', 'needs'), name='one_dependency_per_pair')],
            },
        ),
        migrations.CreateModel(
            name='Requirement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('archived_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('title', models.CharField(max_length=300)),
                ('description', models.TextField(blank=True, max_length=100000)),
                ('status', models.CharField(choices=[('open', 'Open'), ('done', 'Done'), ('dropped', 'Dropped')], default='open', max_length=7)),
                ('criteria', models.JSONField(blank=True, default=list)),
                ('feature', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requirements', to='backlog.feature')),
                ('workspace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.workspace')),
            ],
            options={
                'ordering': ['number'],
                'constraints': [models.UniqueConstraint(fields=('workspace', 'number'), name='requirement_key')],
            },
        ),
        migrations.AddConstraint(
            model_name='tag',
            constraint=models.UniqueConstraint(fields=('workspace', 'name'), name='one_tag_per_name'),
        ),
        migrations.AddIndex(
            model_name='feature',
            index=models.Index(condition=models.Q(('archived_at', None)), fields=['workspace', 'stage', 'rank'], name='feature_by_stage'),
        ),
        migrations.AddIndex(
            model_name='feature',
            index=models.Index(condition=models.Q(('archived_at', None)), fields=['workspace', 'effort_days', 'rank'], name='feature_by_effort'),
        ),
        migrations.AddIndex(
            model_name='feature',
            index=models.Index(condition=models.Q(('archived_at', None)), fields=['workspace', 'initiative', 'rank'], name='feature_by_initiative'),
        ),
        migrations.AddIndex(
            model_name='feature',
            index=models.Index(condition=models.Q(('archived_at', None)), fields=['workspace', 'changed_at'], name='feature_by_change'),
        ),
        migrations.AddIndex(
            model_name='feature',
            index=models.Index(models.F('workspace'), django.db.models.functions.text.Lower('title'), models.F('rank'), condition=models.Q(('archived_at', None)), name='feature_by_title'),
        ),
        migrations.AddIndex(
            model_name='feature',
            index=models.Index(condition=models.Q(('kind', 'initiative')), fields=['workspace', 'rank'], name='feature_initiatives'),
        ),
        migrations.AddIndex(
            model_name='feature',
            index=models.Index(condition=models.Q(('archived_at', None), _negated=True), fields=['workspace', 'rank'], name='feature_archived'),
        ),
        migrations.AddIndex(
            model_name='feature',
            index=models.Index(fields=['product', 'rank'], name='feature_by_product'),
        ),
        migrations.AddIndex(
            model_name='feature',
            index=models.Index(fields=['owner', 'rank'], name='feature_by_owner'),
        ),
        migrations.AddIndex(
            model_name='feature',
            index=models.Index(fields=['team', 'rank'], name='feature_by_team'),
        ),
        migrations.AddConstraint(
            model_name='feature',
            constraint=models.UniqueConstraint(fields=('workspace', 'number'), name='feature_key'),
        ),
        migrations.AddConstraint(
            model_name='feature',
            constraint=models.UniqueConstraint(fields=('workspace', 'rank'), name='feature_rank'),
        ),
        migrations.AddConstraint(
            model_name='feature',
            constraint=models.CheckConstraint(condition=models.Q(('kind', 'feature'), ('initiative', None), _connector='OR'), name='initiatives_stand_alone'),
        ),
    ]
