"""The shared tables as the database contract has them, on whatever database the suite runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from distillation.models import LoraPreset, TrainingTask

PROJECT = Path(__file__).resolve().parents[3]

TASK_DEFAULTS = {
    "training_mode": "distillation", "total_epochs": 50, "current_epoch": 0, "batch_size": 32, "lora_rank": 16,
    "lora_alpha": 32, "status": "PENDING", "progress": 0, "del_flag": 0, "executor": "platform", "attempt": 0,
}  # fmt: skip


@pytest.mark.django_db
def test_a_script_that_inserts_by_sql_gets_the_defaults_of_the_database():
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into md_training_task (task_id, task_name, teacher_model, student_model) "
            "values ('T', 'n', 'a', 'b')"
        )
        cursor.execute("insert into md_lora_preset (preset_name) values ('p')")
    task = TrainingTask.objects.get(task_id="T")
    assert {name: getattr(task, name) for name in TASK_DEFAULTS} == TASK_DEFAULTS
    assert [float(v or 0) for v in (task.learning_rate, task.temperature, task.alpha, task.lora_dropout)] == [
        0.001, 3.0, 0.7, 0.05,
    ]  # fmt: skip
    assert abs((timezone.now() - task.create_time).total_seconds()) < 60
    assert abs((timezone.now() - task.update_time).total_seconds()) < 60
    preset = LoraPreset.objects.get(preset_name="p")
    assert (preset.lora_rank, preset.lora_alpha, float(preset.lora_dropout), preset.del_flag) == (16, 32, 0.05, 0)


MYSQL_CHECK = """
import django; django.setup()
from django.db import connection
cursor = connection.cursor()
cursor.execute("select table_name, column_name, column_type, is_nullable, column_default, extra "
               "from information_schema.columns where table_schema = database() and table_name like 'md\\\\_%%'")
for row in cursor.fetchall():
    print("|".join(str(value) for value in row))
cursor.execute("select distinct table_collation from information_schema.tables "
               "where table_schema = database() and table_name like 'md\\\\_%%'")
print("collations|" + ",".join(row[0] for row in cursor.fetchall()))
"""
EXPECTED = {
    "md_training_task|task_id": "varchar(64)|NO",
    "md_training_task|learning_rate": "decimal(10,8)|NO|0.00100000",
    "md_training_task|temperature": "decimal(5,2)|NO|3.00",
    "md_training_task|training_config": "text|YES",
    "md_training_task|error_message": "text|YES",
    "md_training_task|del_flag": "tinyint(4)|NO|0",
    "md_training_task|duration": "bigint(20)|YES",
    "md_training_task|update_time": "datetime(6)|NO|current_timestamp(6)|on update current_timestamp(6)",
    "md_lora_preset|update_time": "datetime(6)|NO|current_timestamp(6)|on update current_timestamp(6)",
    "md_training_history|record_time": "datetime(6)|NO|current_timestamp(6)",
    "md_training_history|gpu_usage": "decimal(5,2)|YES",
    "md_model_evaluation|precision": "decimal(10,4)|YES",
    "md_model_evaluation|detailed_results": "text|YES",
}


@pytest.mark.mysql
def test_the_columns_on_mariadb_are_those_of_the_contract(mysql_database, tmp_path):
    environment = {
        "DATABASE_URL": mysql_database, "DISTILLATION_HOME": str(tmp_path), "PATH": "/usr/bin:/bin",
        "DJANGO_SETTINGS_MODULE": "distillation_site.settings",
    }  # fmt: skip
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=environment, cwd=PROJECT, check=True)
    output = subprocess.run(
        [sys.executable, "-c", MYSQL_CHECK], env=environment, cwd=PROJECT, check=True, capture_output=True, text=True
    ).stdout
    found = {}
    for line in output.splitlines():
        table, _, rest = line.partition("|")
        column, _, description = rest.partition("|")
        found[f"{table}|{column}"] = description
    for name, expected in EXPECTED.items():
        assert found[name].startswith(expected), (name, found[name])
    assert output.splitlines()[-1].startswith("collations|utf8mb4_")
    assert "," not in output.splitlines()[-1]
