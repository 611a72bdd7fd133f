"""What the preview says of detection and segmentation with a teacher from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from distillation.tests.api.test_validate import look
from distillation.tests.model_samples import write_model

NAMES = {"0": "cat", "1": "dog"}
DETR = {"model_type": "detr", "architectures": ["DetrForObjectDetection"], "id2label": NAMES}
OWL = {"model_type": "owlv2", "architectures": ["Owlv2ForObjectDetection"]}
SEGFORMER = {
    "model_type": "segformer", "architectures": ["SegformerForSemanticSegmentation"], "id2label": {**NAMES, "2": "sky"},
}  # fmt: skip
VIEWS, SIZE = 4, 64


@pytest.fixture
def pets(home: Path) -> Path:
    """Eight pictures with an outline each, which is a box too; four are held out."""
    root = home / "datasets" / "pets"
    for split in ("train", "val"):
        for number in range(4):
            for folder in ("images", "labels"):
                (root / folder / split).mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(root / "images" / split / f"{number}.png")
            (root / "labels" / split / f"{number}.txt").write_text(f"{number % 2} 0.1 0.1 0.9 0.1 0.9 0.9\n")
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [cat, dog]\n")
    return root


def body(task_type: str, **values: Any) -> dict[str, Any]:
    student = {"detection": "yolov8n", "segmentation": "unet-small"}[task_type]
    return {
        "taskName": "t", "studentModel": student, "taskType": task_type, "datasetId": "pets", "teacherModel": "big",
        "imageSize": SIZE, "cacheViews": VIEWS, "augmentation": "standard", **values,
    }  # fmt: skip


def write_teacher(home: Path, config: dict[str, Any]) -> None:
    write_model(home / "models" / "big", config)
    for name in ("preprocessor_config.json", "tokenizer.json"):
        (home / "models" / "big" / name).write_text("{}")


def test_a_detector_may_teach_and_its_boxes_take_little_room(api, home, pets):
    write_teacher(home, DETR)
    data = look(api, **body("detection"))
    assert (data["errors"], data["problems"]) == ([], [])
    assert data["estimates"]["cacheBytes"] == 8 * (SIZE * SIZE * 3 + 100 * 6 * 4 + 4)


def test_a_segmenter_may_teach_and_is_asked_for_every_view(api, home, pets):
    write_teacher(home, SEGFORMER)
    data = look(api, **body("segmentation", distillationType="hybrid"))
    assert (data["errors"], data["problems"]) == ([], [])
    assert data["estimates"]["cacheBytes"] == 8 * SIZE * SIZE * 4 + 4 * VIEWS * SIZE * SIZE * 3 * 2


def test_an_onnx_detector_is_stated_by_its_card(api, home, pets):
    folder = home / "models" / "big"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"")
    (folder / "model.json").write_text(json.dumps({"task_type": "detection", "classes": ["cat", "dog"]}))
    assert look(api, **body("detection"))["problems"] == []


@pytest.mark.parametrize(
    ("config", "values", "words"),
    [
        (DETR, {"distillationType": "hybrid"}, "has no features to compare"),
        ({**DETR, "use_timm_backbone": True}, {}, "built by the package timm"),
        ({**DETR, "id2label": {"0": "cat"}}, {}, "does not know 1 classes of the data set pets: dog"),
        (SEGFORMER, {}, "is a semantic segmenter and teaches segmentation; the task is detection"),
        (
            {
                "format": "distillation-student/1",
                "arch": "yolov8n",
                "classes": ["cat", "dog"],
                "channels": 3,
                "image_size": 64,
                "task_type": "detection",
            },
            {"teacherQuantization": "int8"},
            "a network of convolutions",
        ),
    ],
)
def test_what_cannot_teach_is_a_problem_with_its_reason(api, home, pets, config, values, words):
    write_teacher(home, config)
    data = look(api, **body("detection", **values))
    problems = data["problems"] + data["errors"]
    assert len(problems) == 1
    assert words in problems[0]["message"]


def test_an_open_vocabulary_needs_words_for_chinese_names(api, home, pets):
    write_teacher(home, OWL)
    assert look(api, **body("detection"))["problems"] == []
    (pets / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [cat, 狗]\n", encoding="utf-8")
    (problem,) = look(api, **body("detection"))["problems"]
    assert "狗" in problem["message"]
