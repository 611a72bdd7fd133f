"""Segmenters answer views as their library answers pictures, for the data's classes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.contract.spec import TeacherSpec
from distillation.engine import students, teachers
from distillation.tests.engine.teachers.segmenters import CLASSES, SEGMENTERS, write_segmenter

SIZE = 64


def source_of(folder: Path, wanted: tuple[str, ...]) -> teachers.TeacherSource:
    return teachers.find(TeacherSpec("segmenter", folder.name, folder.name), folder.parent, wanted, "segmentation")


def square(size: int = SIZE) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)


def view(pixels: np.ndarray) -> torch.Tensor:
    return students.normalise(torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None])


def plain(folder: Path, pixels: np.ndarray) -> torch.Tensor:
    """Logits of the library in the size of the picture, ``[classes, height, width]``."""
    processor = transformers.AutoImageProcessor.from_pretrained(folder, local_files_only=True)
    model = transformers.AutoModelForSemanticSegmentation.from_pretrained(folder, local_files_only=True).eval()
    with torch.inference_mode():
        outputs = model(**processor(Image.fromarray(pixels), return_tensors="pt"))
        (found,) = processor.post_process_semantic_segmentation(
            outputs, [pixels.shape[:2]], return_segmentation_scores=True
        )
    return found["segmentation_scores"]


@pytest.mark.parametrize("kind", SEGMENTERS)
def test_the_logits_of_a_view_are_those_of_the_library(kind: str, tmp_path: Path):
    folder = write_segmenter(tmp_path / "models" / kind, kind, SIZE)
    model = teachers.load_maps(source_of(folder, ("red", "blue")), "cpu")
    with torch.inference_mode():
        (ours,) = model(view(square()))
    theirs = plain(folder, square())
    assert theirs.std() > 0.01
    torch.testing.assert_close(ours, theirs[[CLASSES.index("red"), CLASSES.index("Blue")]], atol=1e-4, rtol=1e-4)


def test_a_view_is_shown_at_the_size_that_the_processor_states(tmp_path: Path):
    folder = write_segmenter(tmp_path / "models" / "larger", size=SIZE)
    small = np.asarray(Image.fromarray(square(8)).resize((32, 32), Image.Resampling.BILINEAR))
    model = teachers.load_maps(source_of(folder, CLASSES), "cpu")
    with torch.inference_mode():
        (ours,) = model(view(small))
    assert ours.shape == (4, 32, 32)
    theirs = plain(folder, small)
    # Pillow rounds the enlarged picture to whole values, a tensor keeps its fractions.
    torch.testing.assert_close(ours, theirs, atol=0.02, rtol=0.02)


@pytest.mark.parametrize("name", ["Background", "背景"])
def test_the_background_is_as_likely_as_all_that_the_data_has_no_class_for(name: str, tmp_path: Path):
    folder = write_segmenter(tmp_path / "models" / "rest", size=SIZE)
    model = teachers.load_maps(source_of(folder, (name, "blue")), "cpu")
    with torch.inference_mode():
        (ours,) = model(view(square())).softmax(dim=1)
    theirs = plain(folder, square()).softmax(dim=0)
    torch.testing.assert_close(ours[0], theirs[[0, 2, 3]].sum(dim=0), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(ours[1], theirs[1], atol=1e-5, rtol=1e-4)


def test_a_grey_view_is_shown_in_all_channels(tmp_path: Path):
    folder = write_segmenter(tmp_path / "models" / "grey", size=SIZE)
    model = teachers.load_maps(source_of(folder, CLASSES), "cpu")
    grey = square()[..., :1]
    with torch.inference_mode():
        torch.testing.assert_close(model(view(grey)), model(view(grey.repeat(3, axis=2))))


def test_what_cannot_teach_is_refused(tmp_path: Path):
    folder = write_segmenter(tmp_path / "models" / "segformer")
    with pytest.raises(Refused, match="does not know these classes of the data set: moon"):
        source_of(folder, ("background", "moon"))
    with pytest.raises(Refused, match="does not know these classes of the data set: background"):
        source_of(folder, ("background", *CLASSES))
    config = json.loads((folder / "config.json").read_text())
    backbone = {"backbone_config": {"model_type": "timm_backbone"}}
    (folder / "config.json").write_text(json.dumps(config | backbone))
    with pytest.raises(Refused, match="built by the package timm"):
        source_of(folder, CLASSES)
