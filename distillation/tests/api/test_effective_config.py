"""The effective configuration of tasks: ours, of scripts, samples and legacy rows with anything in them."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from distillation.models import TeacherAlias, TrainingTask
from distillation.tests.api.conftest import ROOT
from distillation.tests.factories import TaskFactory


def config_of(api, task_id):
    answer = api.get(f"{ROOT}/tasks/{task_id}/effective-config")
    assert answer.status_code == 200, answer.content
    json.dumps(answer.json(), allow_nan=False)
    return answer.json()["data"]


def test_it_is_the_flat_form_with_every_default(api, request_body):
    task = api.post(f"{ROOT}/tasks", request_body | {"epochs": 7}, format="json").json()["data"]
    data = config_of(api, task["taskId"])
    assert (data["taskId"], data["totalEpochs"], data["optimizer"], data["imageSize"]) == (
        task["taskId"],
        7,
        "adamw",
        32,
    )
    assert {row["option"] for row in data["differs"]} == {"trainingMode", "totalEpochs"}
    assert (data["problems"], data["errors"]) == ([], [])
    assert data["estimates"]["steps"] == 7


def test_it_agrees_with_the_preview_of_the_same_request(api, request_body):
    body = request_body | {"imageSize": 8, "batchSize": 5, "seed": 3}
    preview = api.post(f"{ROOT}/tasks/validate", body, format="json").json()["data"]
    task = api.post(f"{ROOT}/tasks", body, format="json").json()["data"]
    data = config_of(api, task["taskId"])
    assert {name: data[name] for name in preview["effective"]} == preview["effective"]
    assert data["estimates"] == preview["estimates"] | {"diskFree": data["estimates"]["diskFree"]}
    assert data["differs"] == preview["differs"]


def test_what_is_not_applied_has_a_reason(api, digits):
    TaskFactory(task_id="T", lora_rank=8, status="PENDING")
    rows = {row["field"]: row["message"] for row in config_of(api, "T")["notApplied"]}
    assert "LoRA" in rows["loraRank"]


def test_what_an_older_service_stored_beyond_the_catalogue_is_named(api, digits):
    stored = {"weather": [0, 1], "teacherModelConfig": {"paramSize": "7B", "vendor": "x"}, "optimizer": "sgd",
              "distillationAdvancedConfig": {"lossType": "kl_div", "weights": [1]}}  # fmt: skip
    TaskFactory(task_id="T", training_config=json.dumps(stored))
    data = config_of(api, "T")
    fields = {row["field"] for row in data["notApplied"]}
    assert fields >= {"weather", "teacherModelConfig.vendor", "distillationAdvancedConfig.weights"}
    assert "optimizer" not in fields
    assert data["optimizer"] == "sgd"


def test_the_alias_of_a_teacher_is_shown_here_and_on_the_task(api):
    TeacherAlias.objects.create(alias="qwen-7b", teacher="qwen2.5-vl-7b")
    TaskFactory(task_id="T", teacher_model="qwen-7b")
    assert config_of(api, "T")["teacherResolved"] == "qwen2.5-vl-7b"
    task = api.get(f"{ROOT}/tasks/T").json()["data"]
    assert (task["teacherModel"], task["teacherResolved"]) == ("qwen-7b", "qwen2.5-vl-7b")


def test_a_student_that_nobody_knows_is_a_problem(api):
    TaskFactory(task_id="T", student_model="yolov99")
    data = config_of(api, "T")
    assert [row["field"] for row in data["problems"]] == ["studentModel"]
    assert data["studentModel"] == "yolov99"


def test_data_of_another_type_of_task_is_a_problem(api, digits):
    TaskFactory(task_id="T", student_model="yolov8n", dataset_id="digits", training_mode="direct", teacher_model="")
    data = config_of(api, "T")
    assert [row["field"] for row in data["problems"]] == ["datasetId"]
    assert "laid out for classification (folders); the student yolov8n learns detection" in str(data["problems"])


def test_samples_have_one(api):
    call_command("loaddata", "sample_tasks", verbosity=0)
    for task_id in TrainingTask.objects.values_list("task_id", flat=True):
        data = config_of(api, task_id)
        assert (data["executor"], data["problems"]) == ("sample", [])


def test_external_tasks_have_one(api):
    TaskFactory(task_id="T", executor="external", student_model="whatever", dataset_id=None, status="RUNNING")
    data = config_of(api, "T")
    assert (data["studentModel"], data["problems"], data["errors"]) == ("whatever", [], [])


ODD_CONFIGS = [
    None, "", "null", "[]", "3", '"x"', "not JSON", "{", '{"optimizer": NaN}', '{"seed": 1e999}',
    '{"taskType": {"a": 1}}', '{"taskType": 5, "imageSize": "huge"}', '{"optimizer": "\\ud800"}', '{"\\ud800": 1}',
    '{"distillationAdvancedConfig": 7}', '{"distillationAdvancedConfig": {"lossType": [1]}}', "[" * 30_000,
    '{"seed": ' + "9" * 4000 + "}", '{"optimizer": "' + "x" * 60_000 + '"}', '{"control": "maybe"}',
]  # fmt: skip


@pytest.mark.parametrize("config", ODD_CONFIGS, ids=lambda config: str(config)[:30])
@pytest.mark.parametrize("executor", ["platform", "external", "sample"])
def test_whatever_a_legacy_row_holds_it_answers(api, digits, config, executor):
    TaskFactory(task_id="T", training_config=config, executor=executor, create_by=None, visibility="everyone",
                lora_alpha=None, teacher_model="", learning_rate="0", total_epochs=0, dataset_id="../x")  # fmt: skip
    data = config_of(api, "T")
    assert data["taskId"] == "T"
    assert api.get(f"{ROOT}/tasks/T").status_code == 200


def test_its_queries_do_not_grow(api, digits, django_assert_max_num_queries):
    task = TaskFactory(task_id="T", training_mode="direct", teacher_model="")
    for _ in range(60):
        TaskFactory(status="COMPLETED", trained_samples=5, device="cpu", batch_size=task.batch_size)
    with django_assert_max_num_queries(14):
        config_of(api, "T")


def test_somebody_elses_private_task_does_not_exist(api):
    TaskFactory(task_id="T", create_by="bob", visibility="private")
    assert api.get(f"{ROOT}/tasks/T/effective-config").status_code == 404
