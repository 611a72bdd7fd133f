"""Keys, numbers, times, nulls and JSON strings are what existing clients read."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from django.db import connection

from distillation.models import TrainingTask
from distillation.tests.api.conftest import ROOT
from distillation.tests.factories import EvaluationFactory, HistoryFactory, PresetFactory, TaskFactory

KEYS = [
    "id", "taskId", "taskName", "taskInputName", "description", "trainingMode", "teacherModel",
    "studentModel", "totalEpochs", "currentEpoch", "batchSize", "learningRate", "temperature", "alpha",
    "loraRank", "loraAlpha", "loraDropout", "trainingConfig", "status", "progress", "accuracy", "loss",
    "bestAccuracy", "datasetId", "datasetName", "valDatasetId", "valDatasetName", "modelPath", "modelUrl",
    "checkpointPath", "errorMessage", "startTime", "endTime", "duration", "createBy", "createTime",
    "updateBy", "updateTime", "remark", "delFlag", "executor", "intent", "lostContact", "trainedSamples",
    "estimatedTime", "memoryUsed", "groupId",
]  # fmt: skip
DETAIL_ONLY = [
    "priority", "attempt", "queuedAt", "phase", "device", "bestEpoch", "bestStep", "visibility", "clonedFrom",
    "teacherResolved", "queuePosition", "waitingReason", "problems", "notApplied",
]  # fmt: skip
MOMENT = datetime.datetime(2026, 1, 31, 20, 30, 5, 999999, tzinfo=datetime.UTC)


def shown(api, task):
    return api.get(f"{ROOT}/tasks/{task.task_id}").json()["data"]


def test_a_task_has_every_key_in_camel_case(api):
    task = TaskFactory()
    assert list(shown(api, task)) == [*KEYS, *DETAIL_ONLY]
    assert list(api.get(f"{ROOT}/tasks").json()["data"][0]) == KEYS


def test_decimals_are_json_numbers(api):
    task = TaskFactory(learning_rate=Decimal("0.00000001"), accuracy=Decimal("92.5"), loss=Decimal("0.0234"))
    data = shown(api, task)
    assert (data["learningRate"], data["accuracy"], data["loss"]) == (1e-08, 92.5, 0.0234)
    assert (data["temperature"], data["alpha"], data["loraDropout"]) == (3.0, 0.7, 0.05)
    assert '"accuracy":92.5' in api.get(f"{ROOT}/tasks/{task.task_id}").content.decode()


def test_history_and_evaluations_are_numbers_too(api):
    task = TaskFactory(task_id="TASK_1")
    HistoryFactory(task=task, epoch=1, train_loss="0.4523", gpu_usage="85.30", record_time=MOMENT)
    EvaluationFactory(task=task, precision="93.5", map_50="89.7", map_95="85.4", eval_time=MOMENT)
    history = api.get(f"{ROOT}/tasks/TASK_1/history").json()["data"][0]
    assert history == {
        "id": history["id"], "taskId": "TASK_1", "epoch": 1, "trainLoss": 0.4523, "trainAccuracy": None,
        "valLoss": None, "valAccuracy": 90.0, "distillLoss": None, "hardLoss": None, "softLoss": None,
        "gpuUsage": 85.3, "memoryUsage": None, "epochTime": None, "recordTime": "2026-02-01 04:30:05",
    }  # fmt: skip
    evaluation = api.get(f"{ROOT}/tasks/TASK_1/evaluations").json()["data"][0]
    assert evaluation == {
        "id": evaluation["id"], "taskId": "TASK_1", "precision": 93.5, "recall": None, "f1Score": 90.0, "map50": 89.7,
        "map95": 85.4, "evalDatasetId": None, "evalDatasetName": None, "evalSampleCount": None,
        "evalTime": "2026-02-01 04:30:05", "detailedResults": None,
    }  # fmt: skip


def test_times_are_local_without_a_zone(api):
    task = TaskFactory(start_time=MOMENT, create_time=MOMENT)
    data = shown(api, task)
    assert data["startTime"] == data["createTime"] == "2026-02-01 04:30:05"
    assert data["endTime"] is None


def test_json_columns_are_strings_even_when_they_hold_no_json(api):
    assert shown(api, TaskFactory(training_config='{"seed": 1}'))["trainingConfig"] == '{"seed": 1}'
    assert shown(api, TaskFactory(training_config="not json {"))["trainingConfig"] == "not json {"
    preset = PresetFactory(target_modules='["q_proj"]')
    assert api.get(f"{ROOT}/lora-presets/{preset.preset_name}").json()["data"]["targetModules"] == '["q_proj"]'


@pytest.mark.skipif(connection.vendor == "mysql", reason="MySQL refuses to store such a figure")
def test_a_figure_that_is_no_number_is_null(api):
    task = TaskFactory(status="RUNNING", memory_used=float("inf"))
    assert shown(api, task)["memoryUsed"] is None


def test_live_figures_are_sent_while_the_task_runs(api):
    live = {"trained_samples": 640, "estimated_time": 30, "memory_used": 1.5}
    running = shown(api, TaskFactory(status="RUNNING", **live))
    assert (running["trainedSamples"], running["estimatedTime"], running["memoryUsed"]) == (640, 30, 1.5)
    ended = shown(api, TaskFactory(status="COMPLETED", **live))
    assert (ended["trainedSamples"], ended["estimatedTime"], ended["memoryUsed"]) == (None, None, None)


def test_lost_contact_is_a_boolean(api):
    assert shown(api, TaskFactory())["lostContact"] is False
    assert shown(api, TaskFactory(status="RUNNING", lost_contact_at=MOMENT))["lostContact"] is True


@pytest.mark.parametrize(
    ("columns", "url"),
    [
        ({"status": "COMPLETED", "model_path": "runs/T/artifacts/model.safetensors"}, f"{ROOT}/tasks/T/model"),
        ({"status": "COMPLETED"}, None),
        ({"status": "FAILED", "model_path": "runs/T/artifacts/model.safetensors"}, None),
        ({"status": "COMPLETED", "model_path": "/models/T/final.pth", "model_url": "/api/models/T"}, "/api/models/T"),
        ({"status": "COMPLETED", "executor": "sample", "model_path": "x", "model_url": "/api/x"}, "/api/x"),
        ({"status": "COMPLETED", "model_path": "/models/T/final.pth"}, None),
    ],
)
def test_the_model_url_is_ours_or_the_stored_one(api, columns, url):
    assert shown(api, TaskFactory(task_id="T", **columns))["modelUrl"] == url


def test_an_error_is_shown_in_the_readers_language_or_as_it_was_stored(api):
    template = '{"template": "No file {name}.", "params": {"name": "a.png"}}'
    ours = TaskFactory(status="FAILED", error_message="没有文件 a.png。", error_detail=template)
    assert shown(api, ours)["errorMessage"] == "No file a.png."
    assert shown(api, TaskFactory(status="FAILED", error_message="CUDA 不可用"))["errorMessage"] == "CUDA 不可用"
    assert shown(api, TaskFactory())["errorMessage"] is None


def test_chinese_text_is_sent_as_it_is(api):
    TaskFactory(task_name="图像分类协同训练")
    assert "图像分类协同训练" in api.get(f"{ROOT}/tasks").content.decode()


def test_the_shared_columns_are_complete():
    columns = {field.name for field in TrainingTask._meta.fields}
    ours = {"fresh", "lost_count", "lease_owner", "lease_until", "lost_contact_at", "samples_per_second",
            "error_detail", "model_sha256"}  # fmt: skip
    from distillation.api.serializers.fields import camel_case

    computed = {"lostContact", "teacherResolved", "queuePosition", "waitingReason", "problems", "notApplied"}
    assert {camel_case(name) for name in columns - ours} == {*KEYS, *DETAIL_ONLY} - computed
