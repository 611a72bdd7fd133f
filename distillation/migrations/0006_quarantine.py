"""What an adoption could not leave as it was, and what it did. The adoption itself may have made these tables."""

import django.utils.timezone
from django.db import migrations, models

import distillation.models.fields


class CreateModelIfAbsent(migrations.CreateModel):
    """``adopt_legacy_database`` writes to these tables before any migration has run."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        table = to_state.apps.get_model(app_label, self.name)._meta.db_table
        if table not in schema_editor.connection.introspection.table_names():
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):

    dependencies = [
        ('distillation', '0005_roles'),
    ]

    operations = [
        CreateModelIfAbsent(
            name='AdoptionStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.CharField(max_length=64, verbose_name='step')),
                ('detail', models.TextField(verbose_name='what was done')),
                ('rows', models.BigIntegerField(null=True, verbose_name='rows')),
                ('at', models.DateTimeField(db_default=distillation.models.fields.LocalNow(), default=django.utils.timezone.now, verbose_name='when')),
            ],
            options={
                'verbose_name': 'adoption step',
                'verbose_name_plural': 'adoption steps',
                'db_table': 'md_adoption_step',
                'ordering': ['id'],
            },
        ),
        CreateModelIfAbsent(
            name='Quarantine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('table_name', models.CharField(max_length=64, verbose_name='table')),
                ('row_id', models.BigIntegerField(null=True, verbose_name='row')),
                ('task_id', models.CharField(max_length=255, null=True, verbose_name='task id')),
                ('column_name', models.CharField(max_length=64, null=True, verbose_name='column')),
                ('value', models.TextField(null=True, verbose_name='value')),
                ('replacement', models.TextField(null=True, verbose_name='what the column holds now')),
                ('reason', models.CharField(choices=[('orphan', 'Its task does not exist'), ('duplicate_epoch', 'A newer record of the same epoch exists'), ('duplicate_name', 'The name is taken by an older row'), ('duplicate_task_id', 'The task id is taken by an older row'), ('other_spelling', 'The same in another spelling'), ('not_json', 'No JSON of the kind that the column holds'), ('too_long', 'Longer than the column'), ('rounded', 'More decimals than the column'), ('out_of_range', "Outside the column's range, or no number at all"), ('no_date', 'No date that exists'), ('missing', 'Empty where a value is needed'), ('unknown_status', 'No status of this platform'), ('no_end_time', 'Completed without an end time; it was taken from update_time'), ('lost_contact', 'Running or queued in another system'), ('wrong_charset', 'UTF-8 text in a column of another character set'), ('no_text', 'Bytes that are no text')], max_length=32, verbose_name='reason')),
                ('at', models.DateTimeField(db_default=distillation.models.fields.LocalNow(), default=django.utils.timezone.now, verbose_name='when')),
            ],
            options={
                'verbose_name': 'quarantined value',
                'verbose_name_plural': 'quarantine',
                'db_table': 'md_quarantine',
                'ordering': ['id'],
                'indexes': [models.Index(fields=['table_name', 'row_id'], name='idx_quarantine_row'), models.Index(fields=['reason'], name='idx_quarantine_reason')],
            },
        ),
    ]
