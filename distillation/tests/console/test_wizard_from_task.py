"""From a finished task to a new one in which it teaches: the button of its page, and the form that opens."""

from __future__ import annotations

import pytest

from distillation.models import TrainingTask
from distillation.services.smaller import smaller
from distillation.tests.admin.conftest import page_of
from distillation.tests.console.test_wizard_check import finished
from distillation.tests.console.wizard_pages import ADD, posted
from distillation.tests.finished import finished_task

pytestmark = pytest.mark.django_db


def link(task) -> str:
    return f'href="{ADD}?teacher={task.task_id}#step-models"'


def test_the_page_of_a_finished_task_leads_to_a_form_in_which_it_teaches(console, digits, home):
    finished(home, "larger", "resnet101")
    task = finished(home, "big", "resnet50", dataset_id="digits")
    assert link(task) in console.get(page_of(task)).content.decode()
    page = console.get(f"{ADD}?teacher={task.task_id}")
    initial = page.context["form"].initial
    wanted = {"trainingMode": "distillation", "taskType": "classification", "datasetId": "digits",
              "teacherModel": task.task_id, "studentModel": "cnn-tiny"}  # fmt: skip
    assert {name: initial[name] for name in wanted} == wanted
    assert (initial["batchSize"], initial["totalEpochs"]) == ("8", "500")
    assert page.context["checked"].refused == page.context["checked"].stopped == []
    console.post(ADD, posted(page, _start="1"))
    made = TrainingTask.objects.get(status="QUEUED")
    assert (made.teacher_model, made.student_model) == (task.task_id, "cnn-tiny")


def test_a_detector_teaches_at_its_own_picture_size(home):
    config = {"arch": "yolov8s", "task_type": "detection", "classes": ["a"], "image_size": 320, "channels": 3}
    task = finished_task(config=config, student_model="yolov8s")
    values = smaller(task)
    assert (values["taskType"], values["imageSize"]) == ("detection", "320")
    assert values["studentModel"].startswith("yolov")


def test_the_smallest_one_teaches_nobody(console, home, digits):
    task = finished(home, "small", "cnn-tiny")
    assert smaller(task) == {}
    assert "?teacher=" not in console.get(page_of(task)).content.decode()


@pytest.mark.parametrize(
    "change",
    [
        {"status": "FAILED"},
        {"status": "RUNNING"},
        {"executor": "sample"},
        {"model_path": None},
        {"model_path": "runs/gone/model.safetensors"},
        {"del_flag": 1},
    ],
)
def test_what_cannot_teach_offers_nothing(console, home, digits, change):
    task = finished(home, "big", "resnet50")
    TrainingTask.objects.filter(pk=task.pk).update(**change)
    assert "?teacher=" not in console.get(page_of(task), follow=True).content.decode()
    assert console.get(f"{ADD}?teacher={task.task_id}").context["form"].initial.get("teacherModel", "") == ""


def test_a_model_whose_files_are_broken_offers_nothing(console, home, digits):
    task = finished(home, "big", "resnet50")
    (home / "runs" / task.task_id / "artifacts" / "model" / "config.json").write_text("{")
    assert "?teacher=" not in console.get(page_of(task)).content.decode()


@pytest.mark.parametrize(("who", "offered"), [("olga", True), ("anna", False), ("vera", False), ("root", True)])
def test_only_those_who_create_tasks_are_offered_it(world, home, who, offered):
    task = finished(home, "big", "resnet50", create_by="olga", visibility="everyone")
    page = world.client(who).get(page_of(task))
    assert page.status_code == 200
    assert (link(task) in page.content.decode()) == offered


def test_a_task_that_somebody_may_not_see_does_not_teach(world, home):
    task = finished(home, "big", "resnet50", create_by="root", visibility="private")
    page = world.client("olga").get(f"{ADD}?teacher={task.task_id}")
    assert task.task_id not in page.content.decode().replace(f"teacher={task.task_id}", "")


@pytest.mark.parametrize("odd", ["../x", "", "TASK_00000000", "'\"<script>alert(1)</script>"])
def test_an_address_that_names_nobody_opens_the_usual_form(console, digits, odd):
    page = console.get(ADD, {"teacher": odd})
    assert page.context["form"].initial["trainingMode"] == "direct"
    assert "<script>alert" not in page.content.decode()
