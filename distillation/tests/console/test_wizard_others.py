"""Choices that are ticked beside the chosen one: each combination becomes a task, all of them or none."""

from __future__ import annotations

import pytest

from distillation.console.wizard.steps import STEP_OF, others_field, takes_others
from distillation.contract.options import BY_NAME, OPTIONS
from distillation.contract.students import STUDENTS
from distillation.models import TrainingTask
from distillation.services.flat import flat
from distillation.tests.console.wizard_pages import ADD, clone_of, edit_of, errors, filled, posted
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db
CHECK = f"{ADD}check/"


def check(console, **values):
    sent = {"alignFeature": "on", "autoSaveCheckpoint": "on", **values}
    return console.post(CHECK, filled(**sent), HTTP_ACCEPT_LANGUAGE="en").context["checked"]


def test_several_students_learn_from_one_teacher(console, digits, teacher):
    response = console.post(ADD, filled(studentModel_others=["resnet18", "vit-tiny"], imageSize="32"))
    tasks = list(TrainingTask.objects.order_by("id"))
    assert [task.student_model for task in tasks] == ["cnn-tiny", "resnet18", "vit-tiny"]
    assert {task.teacher_model for task in tasks} == {"big-teacher"}
    assert [task.task_name for task in tasks] == [
        f"认出数字 · studentModel={name}" for name in ("cnn-tiny", "resnet18", "vit-tiny")
    ]
    assert response.url.endswith(f"?group={tasks[0].group_id}")


def test_choices_and_numbers_are_multiplied(console, digits, teacher):
    console.post(ADD, filled(optimizer="adamw", optimizer_others=["sgd"], seed="1, 2"))
    values = [flat(task) for task in TrainingTask.objects.all()]
    assert sorted((one["optimizer"], one["seed"]) for one in values) == [
        ("adamw", 1), ("adamw", 2), ("sgd", 1), ("sgd", 2),
    ]  # fmt: skip


def test_the_chosen_one_ticked_as_well_is_no_other(console, digits, teacher):
    console.post(ADD, filled(optimizer="sgd", optimizer_others=["sgd"]))
    assert flat(TrainingTask.objects.get())["optimizer"] == "sgd"


def test_the_number_of_tasks_and_their_names_are_shown_before_saving(console, digits, teacher):
    found = check(console, optimizer="adamw", optimizer_others=["sgd", "adam"], method="kd", method_others=["dkd"])
    assert (len(found.names), found.number) == (6, "Tasks when saved: 6")
    assert "认出数字 · method=dkd optimizer=sgd" in found.names
    assert check(console).number == ""
    assert not TrainingTask.objects.exists()


def test_too_many_are_refused_with_the_number(console, digits, teacher):
    sent = {"optimizer": "adamw", "optimizer_others": ["sgd", "adam"], "seed": ",".join(map(str, range(18)))}
    assert "54 tasks" in check(console, **sent).number
    console.post(ADD, filled(**sent))
    assert not TrainingTask.objects.exists()


@pytest.mark.parametrize(
    ("values", "field", "named"),
    [
        ({"studentModel_others": ["vit-tiny"], "imageSize": "33"}, "studentModel", "vit-tiny"),
        ({"studentModel_others": ["yolov8n"], "taskType": "classification"}, "studentModel", "yolov8n"),
        ({"studentModel_others": ["gone"]}, "studentModel", "gone"),
        ({"optimizer": "adamw", "optimizer_others": ["magic"]}, "optimizer", "magic"),
        ({"featureLossType": "", "featureLossType_others": ["mse"]}, "featureLossType", "featureLossType"),
    ],
)
def test_what_the_catalogue_refuses_is_named_and_nothing_is_saved(console, digits, teacher, values, field, named):
    response = console.post(ADD, filled(**values), HTTP_ACCEPT_LANGUAGE="en")
    found = errors(response)
    assert field in found, found
    assert named in found[field][0]
    assert not TrainingTask.objects.exists()


def test_what_only_one_of_them_lacks_is_named_with_it(console, digits, teacher):
    first = {"studentInitMethod": "random", "studentInitMethod_others": ["pretrained"], "studentPretrainPath": "gone"}
    found = check(console, **first)
    assert [said.sentence.partition(" ")[0] for said in found.stopped] == ["studentInitMethod=pretrained:"]
    assert len(found.names) == 2


def test_the_suggested_name_of_a_group_leaves_the_student_out(console, digits, teacher):
    assert check(console, studentModel_others=["resnet18"]).name == "Classification · digits"


def test_the_form_that_comes_back_keeps_the_ticks(console, digits, teacher):
    page = console.post(ADD, filled(optimizer_others=["sgd"], totalEpochs="0")).content.decode()
    box = page[page.index('name="optimizer_others" value="sgd"') :]
    assert box[: box.index(">")].endswith("checked")


def test_a_copy_takes_others_and_says_so(console, digits, teacher):
    console.post(ADD, filled())
    source = TrainingTask.objects.get()
    sent = posted(console.get(clone_of(source))) | {"optimizer_others": ["sgd"]}
    checked = console.post(clone_of(source, "_check"), sent, HTTP_ACCEPT_LANGUAGE="en").context["checked"]
    assert [(row.name, row.other, row.value) for row in checked.differs] == [("optimizer", "AdamW", "AdamW, SGD")]
    console.post(clone_of(source), sent)
    copies = TrainingTask.objects.filter(cloned_from=source.task_id)
    assert {flat(copy)["optimizer"] for copy in copies} == {"adamw", "sgd"}


def test_a_task_that_is_edited_stays_one(console, digits, teacher):
    task = TaskFactory()
    assert 'name="optimizer_others"' not in console.get(edit_of(task)).content.decode()


def test_every_choice_of_how_is_learned_can_be_compared(console, digits, teacher):
    page = console.get(ADD).content.decode()
    for option in OPTIONS:
        for value in option.choices:
            box = f'name="{others_field(option)}" value="{value}"'
            assert (box in page) == takes_others(option), box
        if STEP_OF[option.name] in ("method", "training") and option.choices:
            assert takes_others(option), option.name
    assert page.count('name="studentModel_others"') == len(STUDENTS)
    assert not takes_others(BY_NAME["visibility"])
