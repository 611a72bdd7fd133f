"""ONNX detectors answer as onnxruntime does, in the pictures' pixels, and what is unclear is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import pytest
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.contract.spec import TeacherSpec
from distillation.engine import teachers
from distillation.engine.detection.letterbox import fitted
from distillation.engine.detection.matching import FoundBoxes
from distillation.engine.teachers import box_teacher
from distillation.engine.teachers.source import TeacherSource
from distillation.tests.engine.teachers import onnx_files
from distillation.tests.engine.teachers.onnx_files import DETECTOR_CARD, write_detector

WANTED = ("red", "blue")
LABELS = [1, -1, 0]
"""Of the file's classes among the wanted ones."""


def source_of(folder: Path, **options: Any) -> TeacherSource:
    return teachers.find(TeacherSpec("onnx", folder.name, folder.name, **options), folder.parent, WANTED, "detection")


def found_by(folder: Path, paths: list[Path]) -> list[FoundBoxes]:
    loaded = teachers.load_boxes(source_of(folder), "cpu")
    return loaded.find([loaded.read(path) for path in paths], "cpu")


def plain(folder: Path, path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes in the picture's pixels, scores and labels, by hand."""
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    pixels = np.asarray(Image.open(path).convert("RGB"))
    height, width = pixels.shape[:2]
    (every,) = session.run(None, {"pixels": (fitted(pixels, 64) / 255).astype(np.float32).transpose(2, 0, 1)[None]})
    x, y, wide, high, *scores = every[0]
    boxes = np.stack([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2], axis=1)
    scale = 64 / max(width, height)
    inner = np.array([round(width * scale), round(height * scale)])
    boxes = (boxes - np.tile((64 - inner) // 2, 2)) / np.tile(inner / [width, height], 2)
    return boxes.clip(0, [width, height] * 2), np.max(scores, axis=0), np.argmax(scores, axis=0)


@pytest.mark.parametrize(
    ("layout", "batch"), [("yolo", "n"), ("yolo", 1), ("yolo", 2), ("boxes", "n"), ("boxes", 1), ("flat", 1)]
)
def test_boxes_are_those_of_onnxruntime(
    layout: str, batch: Any, tmp_path: Path, paths: list[Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(box_teacher.LEAST_SCORE, "onnx", 0.001)
    monkeypatch.setattr(box_teacher, "OVERLAP", 1.0)
    monkeypatch.setattr(box_teacher, "LEAST_SIDE", 0.0)
    by_hand = write_detector(tmp_path / "models" / "by-hand")
    folder = write_detector(tmp_path / "models" / "net", layout=layout, batch=batch)
    seen = 0
    for path, found in zip(paths, found_by(folder, paths), strict=True):
        boxes, scores, labels = plain(by_hand, path)
        ours = np.array([LABELS[label] for label in labels])
        chosen = (ours >= 0) & (scores > 0.001)
        order = np.argsort(-scores[chosen], kind="stable")
        np.testing.assert_allclose(found.boxes, boxes[chosen][order], atol=1e-4)
        np.testing.assert_allclose(found.scores, scores[chosen][order], atol=1e-4)
        assert found.labels.tolist() == ours[chosen][order].tolist()
        seen += len(order)
    assert seen > len(paths)


def test_names_that_do_not_tell_can_be_stated(tmp_path: Path):
    names = ("a", "b", "c")
    card = {**DETECTOR_CARD, "boxes_name": "a", "scores_name": "b", "labels_name": "c"}
    assert source_of(write_detector(tmp_path / "stated", card, layout="boxes", names=names)).columns == (2, 0)
    folder = write_detector(tmp_path / "unstated", layout="boxes", names=names)
    with pytest.raises(Refused, match=r"unclear what the outputs .*: a \[\?, 3, 4\], b"):
        source_of(folder)


@pytest.mark.parametrize(
    ("card", "written", "words"),
    [
        ({}, {"layout": "transposed"}, r"unclear what the outputs .* answers \[\?, 3, 7\].*output \[batch, 7, boxes\]"),
        ({"classes": ["red", "blue"]}, {}, r"answers \[\?, 7, 3\].*its 2 classes: one output \[batch, 6, boxes\]"),
        ({"detection_layout": "boxes"}, {}, r"unclear what the outputs"),
        ({"detection_layout": "voc"}, {}, r"detection_layout must be one of yolo, boxes"),
        ({"resize": "crop"}, {}, r"resize must be one of letterbox, stretch"),
        ({"task_type": "classification"}, {}, r"mean is not stated"),
    ],
)
def test_an_unclear_or_wrong_layout_is_refused_with_what_was_found(
    card: dict[str, Any], written: dict[str, Any], words: str, tmp_path: Path
):
    folder = write_detector(tmp_path / "net", {**DETECTOR_CARD, **card}, **written)
    with pytest.raises(Refused, match=words):
        source_of(folder)


def test_answers_of_another_form_are_refused_when_they_come(tmp_path: Path):
    logits = {**DETECTOR_CARD, "classes": ["blue", "red"]}
    folder = write_detector(tmp_path / "labels", logits, layout="boxes", less=(0.0, 0.0, 0.0))
    path = folder / "red.png"
    Image.new("RGB", (64, 64), "red").save(path)
    with pytest.raises(Refused, match="labels up to 2"):
        found_by(folder, [path])


def test_a_classifier_is_no_detector_and_a_detector_no_classifier(tmp_path: Path):
    with pytest.raises(Refused, match="teaches classification; the task is detection"):
        source_of(onnx_files.write(tmp_path / "classifier"))
    folder = write_detector(tmp_path / "detector")
    with pytest.raises(Refused, match="teaches detection; the task is classification"):
        teachers.find(TeacherSpec("onnx", "detector", "detector"), folder.parent, WANTED)


def test_a_picture_stretched_or_on_grey_comes_back_to_its_own_pixels(tmp_path: Path):
    path = tmp_path / "wide.png"
    Image.new("RGB", (128, 32), "red").save(path)
    for resize, expected in (("stretch", [32, 8, 96, 24]), ("letterbox", [32, 0, 96, 32])):
        folder = write_detector(tmp_path / resize, {**DETECTOR_CARD, "resize": resize})
        (found,) = found_by(folder, [path])
        assert found.labels.tolist()[0] == 0
        np.testing.assert_allclose(found.boxes[0], expected, atol=1e-4)


def test_logits_are_taken_as_stated_and_refused_as_probabilities(tmp_path: Path, paths: list[Path]):
    sure = write_detector(tmp_path / "sure")
    raw = write_detector(tmp_path / "raw", {**DETECTOR_CARD, "output": "logits"}, raw=True)
    for one, other in zip(found_by(sure, paths), found_by(raw, paths), strict=True):
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-6)
    with pytest.raises(Refused, match=r"found: scores from .*if they are logits"):
        found_by(write_detector(tmp_path / "wrong", raw=True), paths)
