"""First weights come from below the models root or from a task that one may see, and from nowhere else."""

from __future__ import annotations

import pytest

from distillation.contract.request import parse
from distillation.services.first_weights import first_weights, first_weights_problem
from distillation.services.surroundings import Surroundings
from distillation.tests.factories import TaskFactory
from distillation.tests.model_samples import write_model

pytestmark = pytest.mark.django_db


def request(method: str, place: str):
    return parse({
        "taskName": "t", "trainingMode": "direct", "studentModel": "cnn-tiny", "datasetId": "d",
        "studentInitMethod": method, "studentPretrainPath": place,
    })  # fmt: skip


def test_a_directory_or_a_file_below_the_models_root_is_taken(home):
    write_model(home / "models" / "published")
    around = Surroundings(None)
    assert first_weights(request("pretrained", "published"), around) == "models/published"
    place = "published/model.safetensors"
    assert first_weights(request("pretrained", place), around) == f"models/{place}"
    assert first_weights(parse(request("random", "").values), around) is None


@pytest.mark.parametrize("place", ["../runs", "/etc", "gone", "published/config.json", "linked"])
def test_what_lies_elsewhere_or_is_no_safetensors_is_refused(home, place, tmp_path):
    write_model(home / "models" / "published")
    write_model(tmp_path / "elsewhere")
    (home / "models" / "linked").symlink_to(tmp_path / "elsewhere")
    sentence = first_weights_problem(request("pretrained", place), Surroundings(None))
    assert sentence is not None
    assert "neither a directory with .safetensors weights" in sentence.english()


def test_distill_starts_from_a_completed_task(home):
    TaskFactory(task_id="TASK_DONE", status="COMPLETED", model_path="models/mine/model.safetensors")
    TaskFactory(task_id="TASK_NEW")
    write_model(home / "models" / "mine")
    around = Surroundings(None)
    assert first_weights(request("distill", "TASK_DONE"), around) == "models/mine"
    assert (
        "it can teach when it is COMPLETED" in first_weights_problem(request("distill", "TASK_NEW"), around).english()
    )
    assert "no completed task GONE" in first_weights_problem(request("distill", "GONE"), around).english()
