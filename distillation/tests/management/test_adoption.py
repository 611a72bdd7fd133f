"""Both vintages of legacy database, with every fault, on a real server: nothing is lost, and it works afterwards."""
# ruff: noqa: S608 - the statements are these tests' own

from __future__ import annotations

from pathlib import Path

import pytest

from distillation.tests.management.adopting import (
    adopt,
    assert_nothing_is_lost,
    manage,
    python,
    result,
    schema,
    state,
)
from distillation.tests.management.legacy import TABLES, VINTAGES, database, execute, query, texts

pytestmark = pytest.mark.mysql
STATES = "SELECT id, task_id, status, executor, lost_contact_at IS NOT NULL, end_time FROM md_training_task ORDER BY id"


def quarantined(url: str, table: str) -> dict[tuple[int, str | None], str]:
    """Reason by row and column; the last one where there are several."""
    found = query(
        url, f"SELECT row_id, column_name, reason FROM md_quarantine WHERE table_name = '{table}' ORDER BY id"
    )
    return {(row_id, column): reason for row_id, column, reason in found}


@pytest.mark.parametrize("vintage", VINTAGES)
def test_every_row_and_every_value_is_in_its_table_or_in_the_quarantine(mysql_url: str, tmp_path: Path, vintage: str):
    with database(mysql_url, vintage) as url:
        before = {table: texts(url, table) for table in TABLES}
        output = adopt(url, tmp_path / "home")
        assert_nothing_is_lost(url, before)
        assert {table: texts(url, f"{table}_original") for table in TABLES} == before
        for table in TABLES:
            whole = query(
                url, f"SELECT COUNT(*) FROM md_quarantine WHERE table_name = '{table}' AND column_name IS NULL"
            )[0][0]
            assert f"{table}: {len(before[table]) - whole} rows stay, {whole} go whole to md_quarantine" in output
        assert len(texts(url, "md_training_task")) == len(before["md_training_task"])


def test_the_faults_of_the_newer_vintage_end_as_the_contract_says(mysql_url: str, tmp_path: Path):
    with database(mysql_url, "newer") as url:
        adopt(url, tmp_path / "home")
        history = query(url, "SELECT id, epoch FROM md_training_history WHERE task_id = 'TASK_0000000A' ORDER BY epoch")
        assert history == [(1, 1), (4, 2), (6, 3), (7, 4)]
        gone = quarantined(url, "md_training_history")
        assert {row: gone[(row, None)] for row in (2, 3, 5, 8, 9)} == {
            2: "duplicate_epoch", 3: "duplicate_epoch", 5: "duplicate_epoch", 8: "orphan", 9: "orphan",
        }  # fmt: skip
        tasks = {row[0]: row[1:] for row in query(url, STATES)}
        assert tasks[4][1:4] == ("RUNNING", "external", 1)
        assert [tasks[number][1] for number in (5, 6, 7)] == ["PENDING", "STOPPED", "COMPLETED"]
        assert str(tasks[2][4]) == "2024-03-02 09:30:00"
        reasons = quarantined(url, "md_training_task")
        assert reasons[(2, "end_time")] == "no_end_time"
        assert (reasons[(2, "training_config")], reasons[(3, "training_config")]) == ("not_json", "not_json")
        assert query(url, "SELECT training_config, accuracy FROM md_training_task WHERE id = 2") == [(None, None)]
        said = query(
            url, "SELECT task_id, from_status, to_status FROM md_task_transition WHERE task_id='TASK_0000000B'"
        )
        assert said == [("TASK_0000000B", "COMPLETED", "COMPLETED")]
        names = {row[0] for row in query(url, "SELECT preset_name FROM md_lora_preset")}
        assert names == {"标准配置", "高效配置", "高精度配置", "全参数配置", "Fast", "我的预设 😀"}
        extra = query(url, "SELECT tenant_code, legacy_priority, priority FROM md_training_task WHERE id = 1")
        assert extra == [("T-7", "hoch", 0)]
        execute(
            url, "INSERT INTO md_training_task (task_id, task_name, teacher_model, student_model) VALUES ('X','','','')"
        )
        assert query(url, "SELECT id FROM md_training_task WHERE task_id = 'X'") == [(900,)]


def test_the_faults_of_the_older_vintage_end_as_the_contract_says(mysql_url: str, tmp_path: Path):
    with database(mysql_url, "older") as url:
        adopt(url, tmp_path / "home")
        tasks = {row[0]: row[1:] for row in query(url, STATES)}
        assert [tasks[number][0] for number in (4, 5, 6, 7)] == [
            "TASK_DOUBLE_4", "TASK_DOUBLE", "task_double_6", "TASK_7",
        ]  # fmt: skip
        assert len(tasks[8][0]) == 64
        assert tasks[3][1:4] == ("RUNNING", "external", 1)
        shown = query(
            url, "SELECT dataset_id, training_mode, description, learning_rate FROM md_training_task WHERE id = 1"
        )
        assert [str(value) for value in shown[0]] == ["9007199254740993", "distillation", "None", "0.00050000"]
        assert query(url, "SELECT id FROM md_training_history ORDER BY id") == [(1,), (3,), (7,)]
        presets = query(url, "SELECT preset_name, preset_desc FROM md_lora_preset WHERE id < 4 ORDER BY id")
        assert presets == [("标准配置", "说明 😀"), ("café", None), ("preset_3", None)]
        engines = query(
            url, "SELECT DISTINCT engine, table_collation FROM information_schema.tables WHERE "
            "table_schema = DATABASE() AND table_name NOT LIKE '%\\_original'",
        )  # fmt: skip
        assert engines == [("InnoDB", "utf8mb4_unicode_ci")]


@pytest.mark.parametrize("vintage", VINTAGES)
def test_the_schema_is_that_of_a_new_installation(mysql_url: str, tmp_path: Path, vintage: str):
    with database(mysql_url, vintage) as url, database(mysql_url, None, "utf8mb4 COLLATE utf8mb4_unicode_ci") as fresh:
        adopt(url, tmp_path / "home")
        assert manage(fresh, tmp_path / "home", "migrate", "-v0").returncode == 0
        adopted, new = schema(url), schema(fresh)
        adopted["columns"] = [row for row in adopted["columns"] if row[1] not in ("tenant_code", "legacy_priority")]
        assert adopted == new
        migrations = "SELECT app, name FROM django_migrations ORDER BY 1, 2"
        assert query(url, migrations) == query(fresh, migrations)


def test_a_database_with_another_default_of_utf8mb4_keeps_it(mysql_url: str, tmp_path: Path):
    with database(mysql_url, "newer", "utf8mb4 COLLATE utf8mb4_general_ci") as url:
        adopt(url, tmp_path / "home")
        found = query(url, "SELECT DISTINCT table_collation FROM information_schema.tables WHERE table_schema = "
                           "DATABASE() AND table_name NOT LIKE '%\\_original'")  # fmt: skip
        assert found == [("utf8mb4_general_ci",)]


def test_a_dry_run_shows_the_plan_and_changes_nothing(mysql_url: str, tmp_path: Path):
    with database(mysql_url, "older") as url:
        before = state(url)
        done = manage(url, tmp_path / "home", "adopt_legacy_database", "--dry-run", "--noinput")
        assert done.returncode == 0, done.stderr
        assert "md_training_history: 3 rows stay, 5 go whole to md_quarantine" in done.stdout
        assert "Nothing was changed" in done.stdout
        assert state(url) == before


def test_without_a_backup_nothing_happens(mysql_url: str, tmp_path: Path):
    with database(mysql_url, "newer") as url:
        before = state(url)
        for arguments, answer in (["--noinput"], ""), ([], ""), ([], "no\n"):
            done = manage(url, tmp_path / "home", "adopt_legacy_database", *arguments, answer=answer)
            assert done.returncode == 1
            assert "ackup" in done.stderr
        assert state(url) == before
        done = manage(url, tmp_path / "home", "adopt_legacy_database", answer="yes\n")
        assert done.returncode == 0, done.stderr


def test_a_second_run_has_nothing_to_do(mysql_url: str, tmp_path: Path):
    with database(mysql_url, "newer") as url:
        adopt(url, tmp_path / "home")
        before = state(url)
        assert "adopted already" in adopt(url, tmp_path / "home")
        assert state(url) == before
        dropped = adopt(url, tmp_path / "home", "--drop-originals")
        assert "md_training_task_original" in dropped
        assert not [row for row in query(url, "SHOW TABLES") if row[0].endswith("_original")]
        assert "adopted already" in adopt(url, tmp_path / "home")
        assert len(result(url)["md_training_task"]) == 9


READ = """
from django.contrib.auth.models import User
from django.test import Client
client = Client(SERVER_NAME="localhost")
client.force_login(User.objects.create_superuser("chef", password="x"))
base = "/model-distillation"
for path in ("/tasks", "/tasks?page=1&pageSize=5", "/tasks/TASK_0000000A", "/tasks/TASK_0000000A/history",
             "/tasks/TASK_0000000A/evaluations", "/completed-models", "/lora-presets", "/tasks/running"):
    answer = client.get(base + path)
    assert answer.status_code == 200 and answer.json()["code"] == 200, (path, answer.content[:500])
names = {task["taskName"] for task in client.get(base + "/tasks").json()["data"]}
assert names >= {"目标检测 🚀", "没有结束时间", "运行中"} and "已删除" not in names, names
assert [row["epoch"] for row in client.get(base + "/tasks/TASK_0000000A/history").json()["data"]] == [1, 2, 3, 4]
running = client.get(base + "/tasks/TASK_0000000D").json()["data"]
assert running["status"] == "RUNNING" and running["executor"] == "external" and running["lostContact"], running
for path in ("trainingtask/", "trainingtask/2/change/", "lorapreset/"):
    assert client.get("/admin/distillation/" + path).status_code == 200, path
from distillation.jobs.reaper import reap
reap()
from distillation.models import TrainingTask
assert not TrainingTask.objects.filter(status="QUEUED").exists()
print("fine")
"""


def test_the_api_and_the_console_show_what_was_adopted_and_nothing_starts(mysql_url: str, tmp_path: Path):
    with database(mysql_url, "newer") as url:
        adopt(url, tmp_path / "home")
        done = python(url, tmp_path / "home", READ)
        assert done.stdout.endswith("fine\n"), done.stderr[-3000:]


def test_an_old_script_goes_on_writing_by_sql(mysql_url: str, tmp_path: Path):
    with database(mysql_url, "older") as url:
        adopt(url, tmp_path / "home")
        execute(
            url,
            "INSERT INTO md_training_task (task_id, task_name, teacher_model, student_model, dataset_id, status) "
            "VALUES ('TASK_SCRIPT01', '脚本 😀', 'llama2-7b', 'yolov5s', 101, 'PENDING')",
            "UPDATE md_training_task SET update_time = '2020-01-01 00:00:00' WHERE task_id = 'TASK_SCRIPT01'",
            "UPDATE md_training_task SET status = 'RUNNING', start_time = NOW(), current_epoch = 1, progress = 2, "
            "accuracy = 77.5, loss = 0.5 WHERE task_id = 'TASK_SCRIPT01'",
            "INSERT INTO md_training_history (task_id, epoch, train_loss, train_accuracy) "
            "VALUES ('TASK_SCRIPT01', 1, 0.5, 77.5)",
            "INSERT INTO md_model_evaluation (task_id, `precision`, recall, f1_score) "
            "VALUES ('TASK_SCRIPT01', 90, 91, 92)",
            "INSERT INTO md_lora_preset (preset_name) VALUES ('脚本预设')",
            "UPDATE md_training_task SET status = 'COMPLETED', progress = 100, end_time = NOW(), duration = "
            "TIMESTAMPDIFF(SECOND, start_time, NOW()), model_path = '/models/x.pth' WHERE task_id = 'TASK_SCRIPT01'",
            "UPDATE md_training_task SET del_flag = '1' WHERE task_id = 'TASK_NONAME'",
        )
        defaults = query(
            url, "SELECT training_mode, total_epochs, batch_size, lora_rank, executor, visibility, "
            "TIMESTAMPDIFF(SECOND, update_time, NOW()) < 60, TIMESTAMPDIFF(SECOND, create_time, NOW()) < 60 "
            "FROM md_training_task WHERE task_id = 'TASK_SCRIPT01'",
        )  # fmt: skip
        assert defaults == [("distillation", 50, 32, 16, "platform", "team", 1, 1)]
        for statement in (
            # The one exception: an epoch has one record.
            "INSERT INTO md_training_history (task_id, epoch) VALUES ('TASK_SCRIPT01', 1)",
            "INSERT INTO md_training_history (task_id, epoch) VALUES ('TASK_NOBODY', 1)",
        ):
            with pytest.raises(Exception, match=r"1062|1452"):
                execute(url, statement)
        execute(
            url,
            "INSERT INTO md_training_history (task_id, epoch, train_loss) VALUES ('TASK_SCRIPT01', 1, 0.25) "
            "ON DUPLICATE KEY UPDATE train_loss = VALUES(train_loss)",
        )
        assert (
            float(query(url, "SELECT train_loss FROM md_training_history WHERE task_id='TASK_SCRIPT01'")[0][0]) == 0.25
        )
