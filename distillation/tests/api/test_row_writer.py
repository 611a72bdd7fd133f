"""The writer of rows sends what their serializer declares, whatever the columns hold."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from distillation.api.serializers.records import (
    EvaluationSerializer,
    HistorySerializer,
    PresetSerializer,
    TransitionSerializer,
)
from distillation.api.serializers.rows import writer
from distillation.api.serializers.task import CompletedModelSerializer, TaskDetailSerializer, TaskSerializer
from distillation.models import LoraPreset, ModelEvaluation, TaskTransition, TrainingHistory, TrainingTask
from distillation.tests.factories import EvaluationFactory, HistoryFactory, PresetFactory, TaskFactory

pytestmark = pytest.mark.django_db

MOMENT = datetime.datetime(2026, 1, 31, 20, 30, 5, 999999, tzinfo=datetime.UTC)
TEXTS = "\"'\\</script>\u2028图像\U0001f600\t\n{template} %s"
TASKS = {
    "as created": {},
    "empty texts": {"description": "", "remark": "", "teacher_model": "", "training_config": "", "model_path": ""},
    "hostile texts": {"task_name": TEXTS, "description": TEXTS, "training_config": TEXTS, "error_message": TEXTS,
                      "model_path": TEXTS, "model_url": TEXTS, "error_detail": TEXTS},
    "the largest figures": {"learning_rate": Decimal("99.99999999"), "accuracy": Decimal("999999.9999"),
                            "loss": Decimal("-9999.999999"), "duration": 2**62, "total_epochs": 2**31 - 1},
    "the smallest figures": {"learning_rate": Decimal("0.00000001"), "accuracy": Decimal("-0.0001"), "loss": 0},
    "old and far times": {"start_time": datetime.datetime(1970, 1, 2, tzinfo=datetime.UTC), "end_time": MOMENT,
                          "queued_at": datetime.datetime(9998, 1, 1, tzinfo=datetime.UTC)},
    "summer time of long ago": {"start_time": datetime.datetime(1988, 7, 1, 1, 2, 3, tzinfo=datetime.UTC)},
    "running": {"status": "RUNNING", "trained_samples": 2**40, "estimated_time": 3, "memory_used": 1.5,
                "lost_contact_at": MOMENT, "intent": "stop"},
    "a model of ours": {"status": "COMPLETED", "model_path": "runs/T/model.safetensors"},
    "a model with a strange id": {"status": "COMPLETED", "model_path": "m", "task_id": "a b%?#图"},
    "a translated error": {"status": "FAILED", "error_detail": '{"template": "No {name}.", "params": {"name": "a"}}'},
    "a sample": {"status": "COMPLETED", "executor": "sample", "model_url": "/api/x"},
}  # fmt: skip


@pytest.mark.parametrize("declared", [TaskSerializer, CompletedModelSerializer])
@pytest.mark.parametrize("columns", TASKS.values(), ids=TASKS)
def test_tasks(declared, columns):
    TaskFactory(**columns)
    task = TrainingTask.objects.get()
    expected = dict(declared(task).data)
    assert writer(declared).rows(TrainingTask.objects.all()) == [expected]
    assert writer(declared).row(task) == expected
    assert list(writer(declared).row(task)) == list(expected)


@pytest.mark.parametrize("columns", TASKS.values(), ids=TASKS)
def test_a_whole_task(columns):
    task = TaskFactory(**columns)
    task.refresh_from_db()
    assert writer(TaskDetailSerializer).row(task) == TaskDetailSerializer(task).data


@pytest.mark.parametrize(
    ("declared", "make"),
    [
        (HistorySerializer, lambda: HistoryFactory(gpu_usage="999.99", epoch=0, record_time=MOMENT)),
        (EvaluationSerializer, lambda: EvaluationFactory(map_50=None, detailed_results=TEXTS, eval_time=MOMENT)),
        (PresetSerializer, lambda: PresetFactory(preset_desc=TEXTS, target_modules=None)),
        (TransitionSerializer, lambda: TaskTransition.objects.create(
            task=TaskFactory(), from_status="PENDING", to_status="QUEUED", actor=TEXTS, at=MOMENT,
            reason='{"template": "No {name}.", "params": {"name": "a"}}')),
    ],
)  # fmt: skip
def test_what_hangs_on_a_task_and_presets(declared, make):
    models = (TrainingHistory, ModelEvaluation, LoraPreset, TaskTransition)
    LoraPreset.objects.all().delete()
    make()
    model = next(model for model in models if model is declared.Meta.model)
    rows = writer(declared).rows(model.objects.all())
    assert rows == [dict(declared(row).data) for row in model.objects.all()]
    assert len(rows) == 1


def test_a_condition_that_nothing_fulfils_is_an_empty_list():
    TaskFactory()
    assert writer(TaskSerializer).rows(TrainingTask.objects.filter(pk__in=[])) == []
    assert writer(TaskSerializer).rows(TrainingTask.objects.none()) == []


def test_times_are_the_sites_whether_they_come_from_the_database_or_from_a_new_object():
    task = TaskFactory(create_time=MOMENT)
    assert writer(TaskSerializer).row(task)["createTime"] == "2026-02-01 04:30:05"
    assert writer(TaskSerializer).rows(TrainingTask.objects.all())[0]["createTime"] == "2026-02-01 04:30:05"
