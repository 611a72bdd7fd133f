"""Detectors of transformers answer as their library reads them, for the data's classes, in the picture's pixels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.contract.spec import TeacherSpec
from distillation.engine import teachers
from distillation.engine.detection.matching import FoundBoxes, overlaps
from distillation.engine.teachers import box_teacher, object_detector
from distillation.engine.teachers.source import TeacherSource
from distillation.tests.engine.teachers.detectors import CLASSES, DETECTORS, write_detector, write_sure

WANTED = ("red", "blue")


def source_of(folder: Path, wanted: tuple[str, ...] = WANTED, **options: Any) -> TeacherSource:
    spec = TeacherSpec("detector", folder.name, folder.name, **options)
    return teachers.find(spec, folder.parent, wanted, "detection")


def found_by(folder: Path, paths: list[Path], monkeypatch: pytest.MonkeyPatch, least: float) -> list[FoundBoxes]:
    """What is kept of the pictures, with another threshold."""
    monkeypatch.setitem(box_teacher.LEAST_SCORE, "detector", least)
    loaded = teachers.load_boxes(source_of(folder), "cpu")
    return loaded.find([loaded.read(path) for path in paths], "cpu")


def plain(folder: Path, path: Path, least: float) -> dict[str, torch.Tensor]:
    """The pipeline of the library, picture by picture."""
    processor = transformers.AutoImageProcessor.from_pretrained(folder, local_files_only=True)
    model = transformers.AutoModelForObjectDetection.from_pretrained(folder, local_files_only=True).eval()
    picture = Image.open(path).convert("RGB")
    with torch.inference_mode():
        outputs = model(**processor(images=picture, return_tensors="pt"))
    (found,) = processor.post_process_object_detection(outputs, least, [picture.size[::-1]])
    return found


@pytest.mark.parametrize(
    ("kind", "preparation"),
    [*((kind, {}) for kind in DETECTORS), ("detr", {"pad_size": {"height": 128, "width": 128}})],
)
def test_boxes_are_those_of_the_library(
    kind: str, preparation: dict[str, Any], tmp_path: Path, paths: list[Path], monkeypatch: pytest.MonkeyPatch
):
    folder = write_detector(tmp_path / "models" / kind, kind, **preparation)
    monkeypatch.setattr(box_teacher, "OVERLAP", 1.0)
    monkeypatch.setattr(box_teacher, "LEAST_SIDE", 0.0)
    seen = 0
    for path, ours in zip(paths, found_by(folder, paths, monkeypatch, 0.2), strict=True):
        theirs = plain(folder, path, 0.2)
        width, height = Image.open(path).size
        limits = np.array([width, height, width, height], np.float32)
        expected = sorted(
            (score.item(), WANTED.index(CLASSES[label].strip().lower()), *box.numpy().clip(0, limits))
            for score, label, box in zip(theirs["scores"], theirs["labels"], theirs["boxes"], strict=True)
            if CLASSES[label] != "other"
        )
        rows = sorted(zip(ours.scores.tolist(), ours.labels.tolist(), *ours.boxes.T, strict=True))
        np.testing.assert_allclose(np.array(rows).reshape(-1, 6), np.array(expected).reshape(-1, 6), atol=1e-4)
        seen += len(rows)
    assert seen > 0


def test_of_boxes_on_one_object_the_surest_stays_and_the_picture_cuts_it(
    tmp_path: Path, paths: list[Path], monkeypatch: pytest.MonkeyPatch
):
    folder = write_sure(tmp_path / "models" / "sure", box=(0.0, 0.0, 9.0, 0.0))
    for path, found in zip(paths, found_by(folder, paths, monkeypatch, 0.5), strict=True):
        width, height = Image.open(path).size
        np.testing.assert_allclose(found.boxes, [[0, height / 4, width, height * 3 / 4]], atol=0.05)
        assert found.labels.tolist() == [0]
        assert found.scores.tolist() == pytest.approx([np.exp(4) / (np.exp(4) + 3)], abs=1e-5)


def test_pictures_go_through_a_few_at_a_time_with_the_same_boxes(
    tmp_path: Path, paths: list[Path], monkeypatch: pytest.MonkeyPatch
):
    folder = write_detector(tmp_path / "models" / "rt_detr", "rt_detr")
    together = found_by(folder, paths * 2, monkeypatch, 0.2)
    monkeypatch.setattr(box_teacher, "PIXELS_AT_ONCE", 64 * 64)
    for one, other in zip(together, found_by(folder, paths * 2, monkeypatch, 0.2), strict=True):
        np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-4)


def test_a_picture_that_the_preparation_does_not_take_is_named(paths: list[Path]):
    def failing(**_options: Any) -> None:
        raise ValueError("too narrow")

    read = object_detector.reader(failing)
    with pytest.raises(Refused, match=r"cannot look at 0\.png \(too narrow\)"):
        read(paths[0])


def test_at_most_so_many_boxes_are_kept_and_thin_ones_are_not():
    left = np.arange(150, dtype=np.float32) * 2
    wide = np.column_stack([left, 0 * left, left + 2, 0 * left + 4])
    boxes = np.append(wide, np.array([[0, 9, 0.5, 12]], np.float32), axis=0)
    found = FoundBoxes(boxes, np.linspace(0.5, 0.9, 151, dtype=np.float32), np.zeros(151, np.int64))
    chosen = box_teacher.kept(found, (400, 20))
    assert len(chosen.scores) == box_teacher.MOST
    assert chosen.scores[0] == found.scores[149]
    assert (np.diff(chosen.scores) < 0).all()
    assert overlaps(chosen.boxes, chosen.boxes).sum() == pytest.approx(box_teacher.MOST)


def test_what_cannot_teach_is_refused(tmp_path: Path):
    folder = write_detector(tmp_path / "models" / "yolos", "yolos")
    with pytest.raises(Refused, match="does not know these classes of the data set: green"):
        source_of(folder, ("red", "green"))
    with pytest.raises(Refused, match="is an object detector and teaches detection; the task is classification"):
        teachers.find(TeacherSpec("detector", "yolos", "yolos"), folder.parent, WANTED)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "use_timm_backbone": True}))
    with pytest.raises(Refused, match="built by the package timm"):
        source_of(folder)
