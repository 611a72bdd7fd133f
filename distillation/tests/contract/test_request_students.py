"""What a request says of its student: names, families, and the task that follows from them."""

from __future__ import annotations

import pytest

from distillation.contract.options import BY_NAME
from distillation.contract.request_students import resolve_student
from distillation.contract.sentence import Refused
from distillation.contract.spec import TaskType
from distillation.contract.students import FAMILY_DEFAULTS, STUDENTS
from distillation.contract.task_types import FAMILY_TYPES, USUAL_TYPE


def values(**changes) -> dict:
    return {
        "studentModel": "cnn-tiny", "studentModelType": None, "studentModelSize": None, "imageSize": None,
        "taskType": None, **changes,
    }  # fmt: skip


def refused(**changes) -> str:
    with pytest.raises(Refused) as answer:
        resolve_student(values(**changes), external=False)
    return answer.value.sentence.english()


@pytest.mark.parametrize(
    ("asked", "size", "name"),
    [
        ("vit", None, "vit-base"),
        ("yolov8", None, "yolov8n"),
        ("yolov5", None, "yolov5n"),
        ("unet", None, "unet-medium"),
        ("lstm", None, "lstm-medium"),
        ("YOLOv8", "X", "yolov8x"),
        ("yolov5", "m", "yolov5m"),
        ("unet", "large", "unet-large"),
        ("lstm", "small", "lstm-small"),
        ("vit", "large", "vit-large"),
    ],
)
def test_a_bare_family_takes_its_size_or_its_usual_member(asked: str, size: str | None, name: str):
    request = values(studentModel=asked, studentModelSize=size)
    student = resolve_student(request, external=False)
    assert student is STUDENTS[name]
    assert request["studentModel"] == name


@pytest.mark.parametrize("name", STUDENTS)
def test_the_task_follows_from_the_student(name: str):
    request = values(studentModel=name)
    resolve_student(request, external=False)
    assert request["taskType"] == STUDENTS[name].task_type
    resolve_student(request, external=False)


def test_a_task_that_the_student_does_not_learn_is_refused_with_those_that_do():
    sentence = refused(studentModel="yolov8n", taskType="segmentation")
    assert "yolov8n learns detection" in sentence
    assert "unet-small, unet-medium, unet-large" in sentence
    assert "textcnn-small, textcnn-medium, textcnn-large" in refused(studentModel="yolov8n", taskType="text")


def test_the_task_is_known_also_where_the_request_is_refused():
    request = values(studentModel="yolov8n", imageSize=100)
    with pytest.raises(Refused, match="multiple of 32"):
        resolve_student(request, external=False)
    assert request["taskType"] == "detection"


@pytest.mark.parametrize(
    ("name", "kind"), [("yolov9-custom", "detection"), ("unet3+", "segmentation"), ("我的模型", "classification")]
)
def test_the_name_of_an_external_student_suggests_its_task(name: str, kind: TaskType):
    request = values(studentModel=name)
    assert resolve_student(request, external=True) is None
    assert (request["studentModel"], request["taskType"]) == (name, kind)
    request = values(studentModel=name, taskType="sequence")
    resolve_student(request, external=True)
    assert request["taskType"] == "sequence"


def test_a_sequence_has_no_image_size():
    assert "no image size" in refused(studentModel="lstm-small", imageSize=224)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"studentModel": ""}, "Choose a student"),
        ({"studentModel": "yolov9n"}, "There is no student yolov9n"),
        ({"studentModel": "yolov8", "studentModelSize": "q"}, "There is no student yolov8"),
        ({"studentModel": "yolov8n", "studentModelSize": "s"}, "of size n"),
        ({"studentModel": "yolov8n", "studentModelType": "yolov5"}, "family yolov8"),
        ({"studentModel": "yolov8n", "imageSize": 32}, "at least 64"),
        ({"studentModel": "unet-small", "imageSize": 100}, "multiple of 16"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict, words: str):
    assert words in refused(**changes)


@pytest.mark.parametrize("family", BY_NAME["studentModelType"].choices)
def test_a_family_agrees_with_its_own_students_alone(family: str):
    for student in STUDENTS.values():
        request = values(studentModel=student.name, studentModelType=family)
        if student.family == family:
            assert resolve_student(request, external=False) is student
        else:
            assert f"is of the family {student.family}" in refused(**request)


def test_names_of_families_tell_the_same_task_as_the_catalogue():
    for student in STUDENTS.values():
        told = next((kind for start, kind in FAMILY_TYPES.items() if student.name.startswith(start)), USUAL_TYPE)
        assert told == student.task_type
    for family, name in FAMILY_DEFAULTS.items():
        assert STUDENTS[name].family == family
