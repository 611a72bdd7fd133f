"""What the preview says of the classification of texts, alone and with a language model as teacher."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from distillation.contract.students import STUDENTS
from distillation.tests.api.test_validate import look
from distillation.tests.engine.coloured import write_texts
from distillation.tests.model_samples import CONFIG, write_model

LLAMA = {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}
STUDENT = {**CONFIG, "arch": "textcnn-small", "task_type": "text", "classes": ["money", "sport"], "image_size": 0}


@pytest.fixture
def news(home: Path) -> Path:
    """Texts of two classes: 4 labelled, 2 unlabelled, 4 held out."""
    return write_texts(home / "datasets" / "news", train=4, unlabeled=2, val=4)


def body(**values: Any) -> dict[str, Any]:
    return {"taskName": "t", "studentModel": "textcnn", "datasetId": "news", "teacherModel": "big", **values}


def write_teacher(home: Path, config: dict[str, Any] | None) -> None:
    if config is None:
        (home / "models" / "big").mkdir()
        (home / "models" / "big" / "model.gguf").write_bytes(b"GGUF")
        return
    write_model(home / "models" / "big", config)
    (home / "models" / "big" / "tokenizer.json").write_text("{}")


def test_a_direct_task_can_start(api, news):
    data = look(api, **body(trainingMode="direct", teacherModel=None, numClasses=2))
    assert (data["errors"], data["problems"]) == ([], [])
    assert data["estimates"]["cacheBytes"] == 0
    assert data["estimates"]["checkpointBytes"] == STUDENTS["textcnn-medium"].parameters * 4 * 11


@pytest.mark.parametrize("config", [LLAMA, None, STUDENT], ids=["causal_lm", "gguf", "task"])
def test_every_kind_may_teach_and_its_answers_take_little_room(api, home, news, config):
    write_teacher(home, config)
    data = look(api, **body())
    assert (data["errors"], data["problems"]) == ([], [])
    assert data["estimates"]["cacheBytes"] == 10 * 2 * 4


def test_a_language_model_may_be_asked_in_fewer_bits(api, home, news):
    write_teacher(home, LLAMA)
    data = look(api, **body(teacherQuantization="8bit"))
    assert (data["errors"], data["problems"]) == ([], [])


@pytest.mark.parametrize(
    ("config", "values", "field", "words"),
    [
        (LLAMA, {"distillationType": "hybrid"}, "teacherModel", "whose layers cannot be compared"),
        (STUDENT, {"teacherQuantization": "fp16"}, "teacherQuantization", "cannot be asked in fewer bits (fp16)"),
        (CONFIG, {}, "teacherModel", "teaches classification; the task is text"),
        ({**STUDENT, "classes": ["sport", "film"]}, {}, "teacherModel", "does not know 1 classes of the data set news"),
        (LLAMA, {"numClasses": 3}, "numClasses", "3 classes, the data set news has 2"),
        (LLAMA, {"imageSize": 64}, "studentModel", "reads no pictures and has no image size"),
        (LLAMA, {"augmentation": "light"}, "augmentation", "there are none in text"),
        (LLAMA, {"studentModel": "lstm"}, "datasetId", "is laid out for text"),
    ],
)
def test_what_cannot_be_is_a_problem_with_its_reason(api, home, news, config, values, field, words):
    write_teacher(home, config)
    data = look(api, **body(**values))
    (problem,) = data["problems"] + data["errors"]
    assert problem["field"] == field
    assert words in problem["message"]


def test_a_language_model_without_its_tokenizer_is_a_problem(api, home, news):
    write_teacher(home, LLAMA)
    (home / "models" / "big" / "tokenizer.json").unlink()
    (problem,) = look(api, **body())["problems"]
    assert "has no tokenizer" in problem["message"]
