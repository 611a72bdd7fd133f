"""Figures over many tasks: only what the caller may see, without samples, averaged within one type."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from distillation.models import TrainingTask
from distillation.selectors import completed_models, type_of_task
from distillation.tests.api.conftest import ROOT, client_of, person
from distillation.tests.factories import TaskFactory, UserFactory

SESSION = 2
"""The session; the user with the groups."""


def figures(api, query=""):
    answer = api.get(f"{ROOT}/statistics{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()["data"]


def by_type(data):
    return {row["taskType"]: row for row in data["byTaskType"]}


def test_nothing_is_zero_and_null(api):
    data = figures(api)
    assert (data["total"], data["running"], data["successRate"], data["byTaskType"]) == (0, 0, None, [])
    assert data["queue"] == {"length": 0, "longestWait": None}
    assert set(data["byStatus"].values()) == {0}


def test_averages_are_made_within_one_type_with_the_metric_named(api):
    for accuracy, best in (("90", "95"), ("80", None), (None, None)):
        TaskFactory(status="COMPLETED", student_model="resnet18", accuracy=accuracy, best_accuracy=best)
    TaskFactory(status="COMPLETED", student_model="yolov8n", accuracy="50", best_accuracy="60")
    TaskFactory(status="COMPLETED", student_model="unet", accuracy="40")
    TaskFactory(status="RUNNING", student_model="resnet18", accuracy="10")
    rows = by_type(figures(api))
    assert rows["classification"] | {"taskType": "classification"} == {
        "taskType": "classification", "metric": "top-1 accuracy", "tasks": 4, "completed": 3, "withAccuracy": 2,
        "averageAccuracy": 85.0, "bestAccuracy": 95.0,
    }  # fmt: skip
    assert (rows["detection"]["metric"], rows["detection"]["averageAccuracy"]) == ("mAP50", 50.0)
    assert (rows["segmentation"]["metric"], rows["segmentation"]["bestAccuracy"]) == ("mIoU", 40.0)


def test_samples_and_deleted_tasks_are_left_out(api):
    call_command("loaddata", "sample_tasks", verbosity=0)
    TaskFactory(del_flag=1, status="COMPLETED")
    assert figures(api)["total"] == 0


def test_only_what_the_caller_may_see_is_counted(db):
    alice = client_of(person("alice", "R_ENGINEER", "红队"))
    person("eva", "R_ENGINEER", "蓝队")
    TaskFactory(create_by="alice")
    TaskFactory(create_by="eva", status="QUEUED", queued_at=timezone.now())
    TaskFactory(create_by="eva", visibility="everyone")
    data = figures(alice)
    assert (data["total"], data["queue"]["length"]) == (2, 0)
    assert figures(client_of(UserFactory(username="root")))["total"] == 3


def test_hours_are_counted_by_device(api):
    TaskFactory(status="COMPLETED", device="cuda:0", duration=7200)
    TaskFactory(status="FAILED", device="cuda", duration=1800)
    TaskFactory(status="STOPPED", device="cpu", duration=3600)
    TaskFactory(status="COMPLETED", executor="external", duration=900)
    TaskFactory(status="RUNNING", device="cpu")
    hours = figures(api)["deviceHours"]
    assert (hours["gpu"], hours["cpu"], hours["unknown"], hours["tasks"]) == (2.5, 1.0, 0.25, 4)
    assert hours["basis"]


def test_the_queue_and_what_runs_are_those_of_now(api):
    TaskFactory(status="QUEUED", queued_at=timezone.now() - timedelta(minutes=5))
    TaskFactory(status="QUEUED", queued_at=None)
    TaskFactory(status="RUNNING")
    TrainingTask.objects.update(create_time=timezone.now() - timedelta(days=20))
    TaskFactory(status="FAILED")
    data = figures(api, "?days=7")
    assert (data["total"], data["queue"]["length"], data["running"]) == (1, 2, 1)
    assert 299 < data["queue"]["longestWait"] < 330


def test_the_share_of_success_and_the_students(api):
    for status in ("COMPLETED", "COMPLETED", "COMPLETED", "FAILED", "PENDING"):
        TaskFactory(status=status, student_model="vit-tiny")
    TaskFactory(student_model="resnet18")
    data = figures(api)
    assert data["successRate"] == 75.0
    assert data["byStudent"] == [{"studentModel": "vit-tiny", "tasks": 5}, {"studentModel": "resnet18", "tasks": 1}]


def test_a_status_that_somebody_wrote_by_sql_is_counted_under_its_own_word(api):
    TaskFactory(status="WEIRD")
    assert figures(api)["byStatus"]["WEIRD"] == 1


@pytest.mark.parametrize("rows", [10, 300])
def test_the_queries_are_constant(api, django_assert_num_queries, rows):
    for index in range(rows):
        TaskFactory(status=("COMPLETED", "FAILED", "QUEUED")[index % 3], student_model=f"s{index}")
    with django_assert_num_queries(SESSION + 2):
        figures(api)


@pytest.mark.parametrize("days", ["0", "-1", "x", "1.5", "36501", "9" * 400, "NaN", "%00", "1e3000"])
def test_wrong_days_are_400(api, days):
    assert api.get(f"{ROOT}/statistics?days={days}").status_code == 400


# The type of a task, told by the database

CONFIGS = {
    '{"taskType": "detection"}': "detection",
    '{ "a": 1, "taskType" :\n"segmentation"}': "segmentation",
    '{"taskType": "目标"}': "目标",
    '{"taskType": ""}': "classification",
    '{"taskType": null}': "classification",
    '{"other": {"deep": "detection"}}': "classification",
    "not JSON": "classification",
    "[1, 2]": "classification",
    '"taskType"': "classification",
    "": "classification",
    None: "classification",
}


@pytest.mark.parametrize("student", ["resnet18", "YOLOv8n", "Unet-large", "lstm", "", "xyolo"])
def test_the_type_is_stated_or_follows_from_the_student(db, student):
    by_name = {"YOLOv8n": "detection", "Unet-large": "segmentation", "lstm": "sequence"}
    for config in CONFIGS:
        TaskFactory(training_config=config, student_model=student)
    found = TrainingTask.objects.order_by("id").values_list(type_of_task(), flat=True)
    stated = {config: kind for config, kind in CONFIGS.items() if kind != "classification"}
    assert list(found) == [stated.get(config, by_name.get(student, "classification")) for config in CONFIGS]


@pytest.mark.parametrize("config", ['{"taskType": 5}', '{"taskType": ["detection"]}', '{"taskType": {"a": 1}}'])
def test_a_type_that_is_no_text_is_none(db, config):
    TaskFactory(training_config=config, student_model="yolov8n")
    assert list(TrainingTask.objects.values_list(type_of_task(), flat=True)) == ["detection"]


def test_half_an_object_states_nothing(db):
    TaskFactory(training_config='{"taskType": "detection"', student_model="unet")
    found = TrainingTask.objects.values_list(type_of_task(), flat=True).get()
    # PostgreSQL before 16 cannot tell, and takes the word.
    assert found == ("detection" if connection.vendor == "postgresql" else "segmentation")


def test_completed_models_are_narrowed_by_it_in_one_query(alice, django_assert_num_queries):
    for config in CONFIGS:
        TaskFactory(training_config=config, status="COMPLETED")
    with django_assert_num_queries(2):  # the groups, the rows
        assert len(completed_models(alice, {"taskType": "detection"})) == 1
