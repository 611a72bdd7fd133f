"""Fewer bits change a teacher's answers a little; where they cannot be had, the sentence says why."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from torch.ao.nn.quantized.dynamic import Linear as Int8Linear

from distillation.contract import teachers as catalogue
from distillation.contract.sentence import Refused
from distillation.contract.spec import LossSpec, TeacherSpec
from distillation.engine import export, students, teachers, view_answers, workloads
from distillation.engine.teachers import directory, quantisation
from distillation.tests.engine.coloured import SIZE, SQUARES, context_of, short_run, write_masks
from distillation.tests.engine.coloured import write_boxes as write_boxes_of_squares
from distillation.tests.engine.samples import write_teacher
from distillation.tests.engine.teachers.detectors import DETECTORS, OWLS, write_detector, write_grounding, write_owl
from distillation.tests.engine.teachers.sam_models import write_sam
from distillation.tests.engine.teachers.samples import answers, load
from distillation.tests.engine.teachers.segmenters import SEGMENTERS, write_segmenter
from distillation.tests.engine.test_teacher import write_huggingface

KINDS = ("task", "huggingface", "clip", "siglip", "qwen2_5_vl")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def folder(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if kind == "task":
        return write_teacher(tmp_path / "task")
    if kind == "huggingface":
        return write_huggingface(tmp_path / "vit")
    return request.getfixturevalue("qwen" if kind == "qwen2_5_vl" else kind)


@pytest.mark.parametrize(("quantization", "tolerance"), [("fp16", 0.05), ("int8", 0.6)])
def test_quantised_answers_are_near_the_full_ones_and_not_the_same(folder, kind, paths, quantization, tolerance):
    full = answers(load(folder, kind), paths)
    fewer = load(folder, kind, quantization=quantization)
    found = answers(fewer, paths)
    assert found.dtype == np.float32
    difference = np.abs(found - full).max()
    assert 0 < difference < tolerance * max(1.0, np.abs(full).max())
    assert fewer.parameters == load(folder, kind).parameters


def test_float16_answers_are_those_of_transformers_in_float16(clip, paths):
    model = transformers.CLIPModel.from_pretrained(clip, dtype=torch.float16).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(clip)
    loaded = load(clip, "clip", quantization="fp16")
    pixels = torch.stack([loaded.read(path) for path in paths]).half()
    texts = tokenizer([f"a photo of a {name}." for name in ("bar", "cross", "dot")], return_tensors="pt", padding=True)
    with torch.inference_mode():
        expected = model(**texts, pixel_values=pixels).logits_per_image.float().numpy()
    # One unit in the last place of a cosine, times the scale.
    least = model.logit_scale.detach().exp().item() * 2**-11
    np.testing.assert_allclose(answers(loaded, paths), expected, rtol=3e-3, atol=least)


def test_int8_weights_have_eight_bits(clip):
    model = load(clip, "clip", quantization="int8").model
    weights = [module.weight() for module in model.modules() if isinstance(module, Int8Linear)]
    assert weights
    assert {weight.dtype for weight in weights} == {torch.qint8}


@pytest.mark.parametrize(("quantization", "device"), [("4bit", "cpu"), ("4bit", "cuda"), ("int8", "cuda")])
def test_without_the_library_for_it_it_is_refused(monkeypatch, quantization, device):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Refused, match=f"{quantization} on {device} needs the package bitsandbytes"):
        quantisation.prepare(torch.nn.Sequential(torch.nn.Linear(2, 2)), quantization, device, "t")


def test_a_network_without_linear_layers_is_refused():
    with pytest.raises(Refused, match="has none"):
        quantisation.prepare(torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1)), "int8", "cpu", "t")


def test_a_half_precision_teacher_is_loaded_in_half_precision(clip):
    """A large one would not fit otherwise, not even for the moment of loading."""
    model = directory.load_model(transformers.CLIPModel, clip, "fp16", "x")
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float16}


BOXES = (*DETECTORS, *OWLS, "grounding")


def write_boxes(folder: Path, kind: str) -> Path:
    if kind == "grounding":
        return write_grounding(folder)
    return write_owl(folder, kind) if kind in OWLS else write_detector(folder, kind)


def boxes_of(folder: Path, kind: str, quantization: str, path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores and boxes of what the network answers, before anything is left out; in two stages the order may change."""
    known = "detector" if kind in DETECTORS else "open_vocabulary"
    spec = TeacherSpec(known, folder.name, folder.name, quantization)  # type: ignore[arg-type]
    loaded = teachers.load_boxes(teachers.find(spec, folder.parent, ("red", "blue"), "detection"), "cpu")
    picture = loaded.read(path)
    mask = [] if picture.mask is None else [picture.mask[None]]
    with torch.inference_mode():
        answers = loaded.model(picture.pixels[None], *mask)
    assert answers.logits.dtype == answers.pred_boxes.dtype == torch.float32
    return answers.logits.sigmoid().amax(-1).sort(dim=1).values, answers.pred_boxes.sort(dim=1).values


@pytest.mark.parametrize("quantization", ["fp16", "int8"])
@pytest.mark.parametrize("kind", BOXES)
def test_detectors_answer_nearly_the_same_in_fewer_bits(kind: str, quantization: str, tmp_path: Path, paths):
    folder = write_boxes(tmp_path / "models" / kind, kind)
    full, fewer = (boxes_of(folder, kind, way, paths[0]) for way in ("none", quantization))
    difference = max(float((one - other).abs().mean()) for one, other in zip(full, fewer, strict=True))
    assert 0 < difference < 0.05


@pytest.mark.parametrize("quantization", ["fp16", "int8"])
@pytest.mark.parametrize("kind", SEGMENTERS)
def test_segmenters_answer_nearly_the_same_in_fewer_bits(kind: str, quantization: str, tmp_path: Path):
    folder = write_segmenter(tmp_path / "models" / kind, kind)
    view = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    found = []
    for way in ("none", quantization):
        spec = TeacherSpec("segmenter", kind, kind, way)  # type: ignore[arg-type]
        model = teachers.load_maps(teachers.find(spec, folder.parent, ("red", "blue"), "segmentation"), "cpu")
        with torch.inference_mode():
            found.append(model(view))
    assert found[1].dtype == torch.float32
    assert 0 < float((found[0] - found[1]).abs().max()) < 0.2 * float(found[0].abs().max())


@pytest.mark.parametrize("quantization", ["fp16", "int8"])
def test_masks_are_nearly_the_same_in_fewer_bits(quantization: str, tmp_path: Path, paths):
    folder, drawn = write_sam(tmp_path / "models" / "sam"), []
    for way in ("none", quantization):
        spec = TeacherSpec("sam", "sam", "sam", way)  # type: ignore[arg-type]
        loaded = teachers.load_masks(teachers.find(spec, folder.parent, ("background", "red"), "segmentation"), "cpu")
        prompt = loaded.read(paths[0], np.array([[1, 1, 6, 6]], np.float32))
        drawn.append(loaded.draw(prompt, np.array([1]), "cpu").logits)
    assert 0 < np.abs(drawn[0] - drawn[1]).max() < 0.2


def test_an_operation_without_a_form_in_so_few_bits_is_refused():
    def ask() -> None:
        raise NotImplementedError('"grid_sampler" not implemented for Half')

    quantisation.require_works(ask, "none", "t")
    with pytest.raises(Refused, match=r"t cannot compute in fp16 on this device \(NotImplementedError"):
        quantisation.require_works(ask, "fp16", "t")


@pytest.mark.parametrize(
    ("kind", "task_type", "quantization", "words"),
    [
        ("task", "detection", "int8", "a network of convolutions"),
        ("onnx", "detection", "fp16", "has the precision that it was exported with"),
        ("task", "text", "fp16", "cannot be asked in fewer bits"),
        ("task", "segmentation", "fp16", None),
        ("detector", "detection", "4bit", None),
    ],
)
def test_what_can_never_be_had_is_said_before_anything_is_loaded(kind, task_type, quantization, words):
    problem = catalogue.bits_problem("t", kind, task_type, quantization)
    assert problem is None if words is None else problem and words in problem.english()


@pytest.mark.parametrize(("task_type", "arch"), [("segmentation", "unet-small"), ("detection", "yolov8n")])
def test_a_finished_dense_task_answers_views_in_half_precision(task_type: Any, arch: str, tmp_path: Path):
    write = write_masks if task_type == "segmentation" else write_boxes_of_squares
    write(tmp_path / "datasets" / task_type, train=2, unlabeled=0, val=2)
    classes = ("background", *SQUARES) if task_type == "segmentation" else SQUARES
    model = students.build(arch, classes=len(classes), channels=3, image_size=SIZE)
    config = export.describe(model, arch=arch, classes=classes, channels=3, image_size=SIZE, task_id="T")
    export.save_student(tmp_path / "models" / "own", model.state_dict(), config)
    kept = []
    for way in ("none", "fp16"):
        teacher = TeacherSpec("task", "own", "models/own", way)
        loss = LossSpec(2.0, 0.5, 0.5, kind="hybrid")
        spec = replace(short_run(task_type, arch, SIZE), mode="distillation", teacher=teacher, loss=loss)
        context = context_of(tmp_path, spec, f"run-{way}")
        workload = workloads.of(context)
        with context.progress.phase("prepare", 0, workload.unit):
            workload.prepare()
        source = teachers.find(teacher, tmp_path, classes, task_type)
        asked, _ = view_answers._load(source, context, workload.pack)  # type: ignore[attr-defined]
        with torch.inference_mode():
            answers = asked(workload.validation.inputs(2))
        kept.append(answers if task_type == "segmentation" else answers.classes)
    assert kept[1].dtype == torch.float32
    assert 0 < float((kept[0] - kept[1]).abs().max()) < 0.05 * float(kept[0].abs().max())
