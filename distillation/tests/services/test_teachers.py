"""What a directory below the models root is taken for, by its files alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from distillation.contract.request import parse
from distillation.contract.sentence import Refused
from distillation.services.teachers import (
    Teacher,
    class_problem,
    feature_problem,
    find_teacher,
    pair_problem,
    view_problem,
)
from distillation.tests.factories import TaskFactory
from distillation.tests.model_samples import CONFIG, HUGGINGFACE, said, write_model

pytestmark = pytest.mark.django_db


def teacher(home: Path, config: dict[str, Any] | None, *files: str, weights: bool = True) -> Teacher:
    folder = home / "models" / "big"
    if weights:
        write_model(folder, config)
    else:
        folder.mkdir()
        if config is not None:
            (folder / "config.json").write_text(json.dumps(config))
    for name in files:
        (folder / name).write_text("{}")
    found = find_teacher("big")
    assert found is not None
    return found


DETR = {**HUGGINGFACE, "model_type": "detr", "architectures": ["DetrForObjectDetection"]}
SEES, READS = "preprocessor_config.json", "tokenizer.json"


@pytest.mark.parametrize(
    ("config", "kind", "teaches"),
    [
        (HUGGINGFACE, "huggingface", ("classification",)),
        ({"model_type": "clip"}, "clip", ("classification",)),
        ({"model_type": "siglip", "architectures": ["SiglipModel"]}, "siglip", ("classification",)),
        (
            {**HUGGINGFACE, "model_type": "siglip", "architectures": ["SiglipForImageClassification"]},
            "huggingface",
            ("classification",),
        ),
        ({"model_type": "qwen2_5_vl"}, "qwen2_5_vl", ("classification",)),
        (
            {**DETR, "use_timm_backbone": False, "backbone_config": {"model_type": "resnet"}},
            "detector",
            ("detection",),
        ),
        (
            {"model_type": "owlv2", "architectures": ["Owlv2ForObjectDetection"]},
            "open_vocabulary",
            ("detection",),
        ),
        (
            {**HUGGINGFACE, "architectures": ["SegformerForSemanticSegmentation"]},
            "segmenter",
            ("segmentation",),
        ),
        ({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}, "causal_lm", ("text",)),
        (CONFIG, "task", ("classification",)),
        ({**CONFIG, "task_type": "detection"}, "task", ("detection",)),
    ],
)
def test_the_kind_is_read_from_the_configuration(home, config, kind, teaches):
    found = teacher(home, config, SEES, READS)
    assert (found.kind, found.teaches, found.reason) == (kind, teaches, None)
    assert (found.spec().kind, found.spec("int8").quantization, found.spec().path) == (kind, "int8", "models/big")


def test_an_onnx_file_is_recognised_with_or_without_its_card(home):
    found = teacher(home, None, "model.onnx", weights=False)
    assert (found.kind, found.classes, found.reason, found.teaches) == ("onnx", None, None, ("classification",))
    card = {"classes": {"0": "cat", "1": "dog"}, "task_type": "detection"}
    (home / "models" / "big" / "model.json").write_text(json.dumps(card))
    stated = find_teacher("big")
    assert (stated.classes, stated.teaches) == (("cat", "dog"), ("detection",))


def test_a_gguf_file_is_recognised(home):
    found = teacher(home, None, "big.gguf", weights=False)
    assert (found.kind, found.teaches, found.reason) == ("gguf", ("text",), None)


@pytest.mark.parametrize(
    ("config", "files", "weights", "words"),
    [
        (None, (), False, "no readable config.json"),
        ({"model_type": "clip"}, (SEES, READS, "pytorch_model.bin"), False, "no .safetensors weights"),
        ({"model_type": "clip"}, (READS,), True, "no preprocessor_config.json"),
        ({"model_type": "clip"}, (SEES,), True, "no tokenizer (tokenizer.json, vocab.json, spiece.model)"),
        ({"model_type": "t5"}, (SEES,), True, "names the model type t5, which cannot teach here"),
        ({**DETR, "use_timm_backbone": True}, (SEES,), True, "built by the package timm"),
        ({**DETR, "backbone_config": {"model_type": "timm_backbone"}}, (SEES,), True, "built by the package timm"),
        ({"model_type": "owlvit"}, (SEES,), True, "no tokenizer (tokenizer.json"),
    ],
)
def test_what_is_missing_is_said(home, config, files, weights, words):
    found = teacher(home, config, *files, weights=weights)
    assert words in said(found.reason)
    with pytest.raises(Refused):
        found.spec()


def test_a_zero_shot_teacher_knows_every_class_that_it_has_words_for(home):
    found = teacher(home, {"model_type": "clip"}, "processor_config.json", READS)
    assert found.classes is None
    assert class_problem(found, ("cat", "dog"), "pets") is None
    assert "these classes have none: 猫" in said(class_problem(found, ("猫", "dog"), "pets"))
    (home / "models" / "big" / "prompts.json").write_text('{"猫": "a photo of a cat."}', encoding="utf-8-sig")
    assert class_problem(found, ("猫", "dog"), "pets") is None
    (home / "models" / "big" / "prompts.json").write_text("{")
    assert "not a JSON object" in said(class_problem(found, ("猫", "dog"), "pets"))


def test_a_pair_that_cannot_work_is_refused_naming_both_sides(home):
    found = teacher(home, {"model_type": "clip"}, SEES, READS)
    assert pair_problem(found, "classification") is None
    assert said(pair_problem(found, "detection")) == (
        "The teacher big is a CLIP model and teaches classification; the task is detection. "
        "Choose a teacher for detection."
    )


def test_a_teacher_that_draws_masks_knows_every_class_and_teaches_segmentation(home):
    found = teacher(home, {"model_type": "sam"}, SEES)
    assert pair_problem(found, "segmentation") is None
    assert class_problem(found, ("background", "猫"), "pets") is None
    assert "teaches segmentation; the task is detection" in said(pair_problem(found, "detection"))


def test_a_finished_task_teaches_its_own_type(home):
    task = TaskFactory(status="COMPLETED", model_path="models/mine/model.safetensors")
    write_model(home / "models" / "mine", {**CONFIG, "task_type": "segmentation"})
    found = find_teacher(task.task_id)
    assert found is not None
    assert found.teaches == ("segmentation",)
    assert "teaches segmentation; the task is classification" in said(pair_problem(found, "classification"))


@pytest.mark.slow
def test_looking_a_teacher_up_loads_no_numerical_giant():
    program = (
        "import os, sys, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'distillation_site.settings'; django.setup(); "
        "import distillation.services.teachers; "
        "sys.exit(bool({'torch', 'transformers', 'onnx', 'onnxruntime'} & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[3]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0


def test_teachers_that_do_not_see_views_and_teachers_of_another_size_are_refused_with_augmentation(home):
    def asked(**changes):
        values = {"taskName": "t", "teacherModel": "x", "studentModel": "resnet18", "datasetId": "d", "imageSize": 64}
        return parse(values | changes)

    clip = teacher(home, {"model_type": "clip"}, SEES, READS)
    assert view_problem(clip, asked()) is None
    assert "choose augmentation none" in said(view_problem(clip, asked(augmentation="light")))
    own = teacher(home, {**CONFIG, "image_size": 32})
    assert view_problem(own, asked()) is None
    assert "set imageSize to 32" in said(view_problem(own, asked(augmentation="light")))
    assert "set imageSize to 32" in said(view_problem(own, asked(studentModel="yolov8n")))
    assert view_problem(own, asked(augmentation="light", imageSize=32)) is None


def test_a_teacher_that_answers_in_boxes_teaches_whatever_views_but_has_no_features(home):
    def asked(**changes):
        values = {"taskName": "t", "teacherModel": "big", "studentModel": "yolov8n", "datasetId": "d"}
        return parse(values | changes)

    detr = teacher(home, DETR, SEES)
    assert pair_problem(detr, "detection") is None
    assert view_problem(detr, asked(augmentation="strong", imageSize=96)) is None
    assert feature_problem(detr, asked()) is None
    assert "The teacher big is an object detector and teaches detection by the boxes" in said(
        feature_problem(detr, asked(distillationType="hybrid"))
    )
    own = teacher(home, {**CONFIG, "task_type": "detection"})
    assert feature_problem(own, asked(distillationType="feature")) is None


def test_a_detector_reports_the_classes_that_it_does_not_know_and_an_open_one_those_without_words(home):
    detr = teacher(home, DETR, SEES)
    assert "does not know 1 classes of the data set pets: tiger" in said(class_problem(detr, ("cat", "tiger"), "pets"))
    owl = teacher(home, {"model_type": "owlv2"}, SEES, READS)
    assert class_problem(owl, ("tiger",), "pets") is None
    assert "these classes have none: 老虎" in said(class_problem(owl, ("老虎",), "pets"))


def test_what_a_segmenter_knows_beyond_the_data_is_the_background(home):
    found = teacher(home, {**HUGGINGFACE, "architectures": ["SegformerForSemanticSegmentation"]}, SEES)
    assert found.classes is not None
    assert class_problem(found, ("background", found.classes[0]), "scenes") is None
    assert "1 classes of the data set scenes: background" in said(
        class_problem(found, ("background", *found.classes), "scenes")
    )
    assert "1 classes of the data set scenes: moon" in said(class_problem(found, ("background", "moon"), "scenes"))
