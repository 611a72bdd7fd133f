"""Creating, editing and cloning against a real database and real folders."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.models import LoraPreset, TaskStatus, TrainingTask
from distillation.services.cloning import clone_task
from distillation.services.flat import flat
from distillation.services.tasks import create_task, edit_task
from distillation.services.validation import not_applied, start_problems
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db
DIRECT = {
    "taskName": "直接",
    "trainingMode": "direct",
    "studentModel": "cnn-tiny",
    "datasetId": "digits",
    "imageSize": 8,
}


def test_a_task_is_created_pending_with_all_its_values(digits):
    task = create_task({**DIRECT, "epochs": 7, "optimizer": "sgd"}, "alice")
    task.refresh_from_db()
    assert (task.status, task.create_by, task.total_epochs, task.dataset_name) == ("PENDING", "alice", 7, "digits")
    assert task.config["optimizer"] == "sgd"
    assert json.loads(task.training_config)["distillationAdvancedConfig"]["lossType"] == "kl_div"
    assert task.task_id.startswith("TASK_")
    assert start_problems(task) == []


def test_names_of_data_sets_are_filled_from_them(digits):
    task = create_task({**DIRECT, "valDatasetId": "digits"}, "alice")
    assert (task.dataset_name, task.val_dataset_name) == ("digits", "digits")


def test_an_unknown_data_set_names_those_that_exist(digits):
    with pytest.raises(InvalidRequest, match=r"There is no data set letters .* available: digits"):
        create_task({**DIRECT, "datasetId": "letters"}, "alice")
    assert not TrainingTask.objects.exists()


@pytest.mark.parametrize("hostile", ["../digits", "/etc", "a/../digits", ".", "..", "digits/train", "a\\b"])
def test_a_data_set_outside_its_root_does_not_exist(digits, hostile):
    with pytest.raises(InvalidRequest, match="There is no data set"):
        create_task({**DIRECT, "datasetId": hostile}, "alice")


def test_an_unknown_teacher_names_the_directories_that_exist(digits, home):
    (home / "models" / "big").mkdir()
    (home / "models" / "big" / "config.json").write_text("{}")
    with pytest.raises(InvalidRequest, match=r"There is no teacher bigger.*big"):
        create_task({**DIRECT, "trainingMode": "distillation", "teacherModel": "bigger"}, "alice")


@pytest.mark.parametrize("hostile", ["..", ".", "../datasets", "/etc"])
def test_a_teacher_outside_the_models_root_does_not_exist(digits, hostile):
    with pytest.raises(InvalidRequest, match="There is no teacher"):
        create_task({**DIRECT, "trainingMode": "distillation", "teacherModel": hostile}, "alice")


def test_a_teacher_that_is_not_finished_is_a_problem_that_start_names(digits):
    teacher = create_task(DIRECT, "alice")
    task = create_task({**DIRECT, "trainingMode": "distillation", "teacherModel": teacher.task_id}, "alice")
    assert [(p.field, "PENDING" in p.sentence.english()) for p in start_problems(task)] == [("teacherModel", True)]


def test_a_sample_cannot_teach(digits):
    sample = TaskFactory(executor="sample", status=TaskStatus.COMPLETED)
    task = create_task({**DIRECT, "trainingMode": "distillation", "teacherModel": sample.task_id}, "alice")
    assert "sample" in start_problems(task)[0].sentence.english()


def test_a_teacher_with_other_classes_is_a_problem_that_names_both_sides(digits, home):
    folder = home / "models" / "cats"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"id2label": {"0": "cat", "1": "0"}}))
    (folder / "preprocessor_config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"")
    task = create_task({**DIRECT, "trainingMode": "distillation", "teacherModel": "cats"}, "alice")
    sentence = start_problems(task)[0].sentence.english()
    assert "cats does not know 1 classes of the data set digits: 1." in sentence
    assert "It knows: cat, 0" in sentence


def test_a_data_set_that_went_bad_is_named_at_start(digits):
    task = create_task(DIRECT, "alice")
    for file in (digits / "train" / "1").iterdir():
        file.unlink()
    assert "1" in start_problems(task)[0].sentence.english()


def test_another_number_of_classes_than_the_data_has_is_named_at_start(digits):
    task = create_task({**DIRECT, "numClasses": 3}, "alice")
    assert "The task says 3 classes, the data set digits has 2" in start_problems(task)[0].sentence.english()


def test_a_preset_fills_what_was_left_empty(digits):
    LoraPreset.objects.filter(preset_name="高精度配置").update(preset_name="Précis")
    values = {**DIRECT, "trainingMode": "distillation", "teacherModel": create_task(DIRECT, "a").task_id}
    task = create_task({**values, "loraPreset": " précis ", "loraAlpha": 7}, "alice")
    assert (task.lora_rank, task.lora_alpha, task.lora_dropout) == (32, 7, Decimal("0.03"))
    with pytest.raises(InvalidRequest, match="no LoRA preset 不存在; available: 标准配置"):
        create_task({**values, "loraPreset": "不存在"}, "alice")


def test_settings_without_effect_are_listed_with_the_reason(digits):
    teacher = create_task(DIRECT, "alice")
    task = create_task({**DIRECT, "trainingMode": "distillation", "teacherModel": teacher.task_id, "loraRank": 8}, "a")
    assert [problem.field for problem in not_applied(task)] == ["loraRank"]
    assert not_applied(teacher) == []


def test_a_pending_task_can_be_edited_and_a_started_one_cannot(digits):
    task = create_task(DIRECT, "alice")
    edit_task(task, {"epochs": 9, "studentModel": "resnet18"}, "bob")
    assert (task.total_epochs, task.student_model, task.update_by, task.config["imageSize"]) == (
        9,
        "resnet18",
        "bob",
        8,
    )
    TrainingTask.objects.update(status=TaskStatus.QUEUED)
    with pytest.raises(Refused, match="QUEUED"):
        edit_task(task, {"epochs": 3}, "bob")


def test_a_clone_has_the_same_settings_and_the_changes(digits):
    task = create_task({**DIRECT, "seed": 3, "epochs": 4}, "alice")
    clone = clone_task(task, {"epochs": 8}, "bob")
    assert clone.task_id != task.task_id
    assert (clone.total_epochs, clone.config["seed"], clone.create_by) == (8, 3, "bob")
    same = {name: value for name, value in flat(clone).items() if name not in ("taskName", "totalEpochs")}
    assert same == {name: value for name, value in flat(task).items() if name not in ("taskName", "totalEpochs")}


def test_a_task_that_the_default_makes_external_needs_no_data(settings):
    settings.DISTILLATION_DEFAULT_EXECUTOR = "external"
    task = create_task({"taskName": "x", "studentModel": "yolov5s", "teacherModel": "qwen-7b"}, "script")
    assert (task.executor, start_problems(task)) == ("external", [])
