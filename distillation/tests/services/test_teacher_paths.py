"""A teacher named by its place: the same as by its name, nothing outside of the home, no task that is hidden."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group

from distillation.contract.request import InvalidRequest
from distillation.models import TrainingTask
from distillation.services.run_spec import build_spec
from distillation.services.tasks import create_task
from distillation.services.validation import start_problems
from distillation.tests.factories import TaskFactory, UserFactory
from distillation.tests.model_samples import CONFIG, HUGGINGFACE, write_model

pytestmark = pytest.mark.django_db

BASE: dict[str, Any] = {"taskName": "t", "studentModel": "cnn-tiny", "datasetId": "digits", "imageSize": 8}
LABELS = {"id2label": {"0": "0", "1": "1"}}


@pytest.fixture(autouse=True)
def installation(home: Path, digits: Path) -> None:
    for folder in ("models/big", "models/second", "teachers/deep/one"):
        write_model(home / folder, {**HUGGINGFACE, **LABELS})
        (home / folder / "preprocessor_config.json").write_text("{}")


def created(**values: Any) -> TrainingTask:
    return create_task(BASE | values, "alice")


def path_of(task: TrainingTask) -> str:
    spec = build_spec(task, threads=1, device="cpu")
    assert spec.teacher is not None
    return spec.teacher.path


@pytest.mark.parametrize("place", ["models/big", "models/big/", "models/big/model.safetensors"])
def test_a_place_alone_names_the_teacher(place: str):
    task = created(teacherModelPath=place)
    assert path_of(task) == "models/big"
    assert task.teacher_model == "big"


def test_a_place_beside_the_models_root_is_below_the_home(home: Path):
    task = created(teacherModelPath="teachers/deep/one")
    assert (path_of(task), task.teacher_model) == ("teachers/deep/one", "one")
    assert path_of(created(teacherModelPath=str(home / "teachers/deep/one"))) == "teachers/deep/one"


def test_name_and_place_must_mean_the_same(home: Path):
    assert path_of(created(teacherModel="big", teacherModelPath="models/big")) == "models/big"
    for name in ("second", "qwen"):
        with pytest.raises(InvalidRequest, match=f"teacherModel {name} and teacherModelPath models/big mean different"):
            created(teacherModel=name, teacherModelPath="models/big")
    write_model(home / "models" / "one", {**HUGGINGFACE, **LABELS})
    with pytest.raises(InvalidRequest, match="mean different teachers"):
        created(teacherModel="one", teacherModelPath="teachers/deep/one")
    assert created(teacherModelPath="teachers/deep/one").teacher_model == ""


@pytest.mark.parametrize(
    "place",
    [
        "/etc",
        "..",
        "models/../models/big",
        "models/../../x",
        "models/out",
        "models/gone",
        ".",
        "secret_key",
        "a\\..\\b",
    ],
)
def test_what_is_no_teacher_below_the_home_is_refused(home: Path, tmp_path: Path, place: str):
    outside = tmp_path / "outside"
    shutil.copytree(home / "models" / "big", outside)
    (home / "models" / "out").symlink_to(outside)
    (home / "secret_key").write_text("x")
    with pytest.raises(InvalidRequest, match="There is no teacher at"):
        created(teacherModelPath=place)


def test_the_model_of_a_task_is_that_of_its_owner_and_colleagues(home: Path):
    for name in ("alice", "bob"):
        user = UserFactory(username=name, is_superuser=False, is_staff=False)
        user.groups.add(Group.objects.get(name="R_ENGINEER"))
    task = TaskFactory(status="COMPLETED", create_by="bob", visibility="private")
    folder = f"runs/{task.task_id}/artifacts/model"
    task.model_path = f"{folder}/model.safetensors"
    task.save()
    write_model(home / folder, {**CONFIG, "classes": ["0", "1"]})
    with pytest.raises(InvalidRequest, match="There is no teacher at"):
        created(teacherModelPath=folder)
    own = create_task(BASE | {"teacherModelPath": folder}, "bob")
    assert own.teacher_model == task.task_id
    assert path_of(own) == folder


def _with_parameters(file: Path, count: int) -> None:
    header = json.dumps({"w": {"dtype": "F32", "shape": [count], "data_offsets": [0, 4 * count]}}).encode()
    file.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4 * count))


def test_a_stated_size_is_compared_with_the_weights(home: Path):
    for number in (1, 2):
        _with_parameters(home / "models" / "big" / f"model-{number}.safetensors", 500_000)
    assert start_problems(created(teacherModel="big", teacherParamSize="1M")) == []
    (problem,) = start_problems(created(teacherModel="big", teacherParamSize="7B"))
    assert problem.field == "teacherParamSize"
    assert "says 7B, but big has 1M parameters" in problem.sentence.english()
    with pytest.raises(InvalidRequest, match="is no number of parameters"):
        created(teacherModel="big", teacherParamSize="large")


def test_what_cannot_be_counted_is_said(home: Path):
    folder = home / "models" / "graph"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"")
    (folder / "model.json").write_text('{"classes": ["0", "1"]}')
    (problem,) = start_problems(created(teacherModel="graph", teacherParamSize="7B"))
    assert "cannot be counted" in problem.sentence.english()
