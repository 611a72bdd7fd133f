"""SAM draws into boxes what its library draws; the class is the box's, and the smallest mask is in front."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.contract.spec import TeacherSpec
from distillation.engine import teachers
from distillation.engine.teachers.sam import MaskTeacher
from distillation.tests.engine.teachers.sam_models import write_sam

CLASSES = ("background", "cat", "dog")
BOXES = np.array([[5, 5, 50, 38], [20, 4, 40, 20], [30, 20, 58, 39]], np.float32)
LABELS = np.array([1, 2, 1])


def source_of(folder: Path, quantization: str = "none") -> teachers.TeacherSource:
    spec = TeacherSpec("sam", folder.name, folder.name, quantization)  # type: ignore[arg-type]
    return teachers.find(spec, folder.parent, CLASSES, "segmentation")


def plain(folder: Path, picture: Path, boxes: np.ndarray) -> np.ndarray:
    """Mask logits of the library, ``[boxes, height, width]``."""
    processor = transformers.SamProcessor.from_pretrained(folder, local_files_only=True)
    model = transformers.SamModel.from_pretrained(folder, local_files_only=True).eval()
    inputs = processor(Image.open(picture), input_boxes=[boxes.tolist()], return_tensors="pt")
    with torch.inference_mode():
        found = model(
            pixel_values=inputs["pixel_values"], input_boxes=inputs["input_boxes"].float(), multimask_output=False
        )
    (masks,) = processor.image_processor.post_process_masks(
        found.pred_masks, inputs["original_sizes"], inputs["reshaped_input_sizes"], binarize=False
    )
    return np.asarray(masks[:, 0].numpy())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sam(tmp_path_factory.mktemp("models") / "sam")


@pytest.fixture(scope="module")
def loaded(folder: Path) -> MaskTeacher:
    return teachers.load_masks(source_of(folder), "cpu")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "wide.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)).save(path)
    return path


def test_the_soft_labels_of_a_box_are_those_of_the_library(folder: Path, loaded: MaskTeacher, picture: Path):
    found = loaded.draw(loaded.read(picture, BOXES[:1]), LABELS[:1], "cpu")
    (theirs,) = plain(folder, picture, BOXES[:1])
    assert theirs.std() > 0.05
    np.testing.assert_allclose(found.logits, theirs, atol=1e-4)
    assert (found.classes == 1).all()
    assert found.areas.tolist() == [np.count_nonzero(theirs > 0)]


def test_where_masks_overlap_the_smallest_is_in_front(
    folder: Path, loaded: MaskTeacher, picture: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("distillation.engine.teachers.sam.BOXES_AT_ONCE", 2)
    found = loaded.draw(loaded.read(picture, BOXES), LABELS, "cpu")
    theirs = plain(folder, picture, BOXES)
    areas = (theirs > 0).sum(axis=(1, 2))
    assert len(set(areas)) == 3
    assert found.areas.tolist() == areas.tolist()
    for row, column in np.ndindex(theirs.shape[1:]):
        values = theirs[:, row, column]
        inside = np.flatnonzero(values > 0)
        winner = inside[areas[inside].argmin()] if len(inside) else values.argmax()
        assert found.logits[row, column] == pytest.approx(values[winner], abs=1e-4)
        assert found.classes[row, column] == LABELS[winner]


def test_without_a_box_everything_is_background(loaded: MaskTeacher, picture: Path):
    found = loaded.draw(loaded.read(picture, BOXES[:0]), LABELS[:0], "cpu")
    assert not found.classes.any()
    assert (found.logits == -30).all()


def test_only_segmentation_can_be_taught_and_files_must_be_complete(folder: Path, tmp_path: Path):
    with pytest.raises(Refused, match="teaches segmentation; the task is detection"):
        teachers.find(TeacherSpec("sam", "sam", "sam"), folder.parent, CLASSES, "detection")
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    (bare / "config.json").write_bytes((folder / "config.json").read_bytes())
    with pytest.raises(Refused, match=r"has no preprocessor_config\.json"):
        source_of(bare)
