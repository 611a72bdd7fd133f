"""On MySQL ``update_time`` also follows writes by SQL, as existing scripts expect."""

from django.db import migrations

TABLES = ("md_training_task", "md_lora_preset")
COLUMN = "update_time datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)"


def _alter(schema_editor, clause):
    if schema_editor.connection.vendor == "mysql":
        for table in TABLES:
            schema_editor.execute(f"ALTER TABLE {table} MODIFY COLUMN {COLUMN}{clause}")


def forwards(apps, schema_editor):
    _alter(schema_editor, " ON UPDATE CURRENT_TIMESTAMP(6)")


def backwards(apps, schema_editor):
    _alter(schema_editor, "")


class Migration(migrations.Migration):
    atomic = False  # MySQL cannot roll back DDL
    dependencies = [("distillation", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
