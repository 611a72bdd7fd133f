"""Image folders as a data set, with and without val/."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.datasets import folders, image_folder, recognition
from distillation.datasets.outline import outline


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two classes of ten pictures, nothing held out."""
    root = tmp_path / "pets"
    random = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (root / "train" / name).mkdir(parents=True)
        for number in range(10):
            pixels = random.integers(0, 255, (6, 6), dtype=np.uint8)
            Image.fromarray(pixels).save(root / "train" / name / f"{number}.png")
    return root


def hold_out(root: Path) -> None:
    for name in ("cat", "dog"):
        (root / "val" / name).mkdir(parents=True)
        (root / "train" / name / "0.png").rename(root / "val" / name / "0.png")


def test_it_finds_what_a_scan_finds(root: Path):
    hold_out(root)
    found, scanned = recognition.read_pictures(root, root, "classification"), image_folder.scan(root)
    assert found.layout == folders.NAME
    assert found.classes == scanned.classes
    for split in ("train", "val"):
        assert [(sample.path, sample.target, sample.size, sample.mtime_ns) for sample in getattr(found, split)] == [
            (item.path, item.label, item.size, item.mtime_ns) for item in getattr(scanned, split)
        ]
    assert (found.split, found.findings) == ("given", ())


def test_without_val_the_same_part_of_each_class_is_held_out(root: Path):
    found = folders.read(root)
    assert [sum(sample.target == label for sample in found.val) for label in (0, 1)] == [2, 2]
    assert len(found.train) == 16
    assert {sample.path for sample in found.val} == {sample.path for sample in folders.read(root).val}
    assert found.split == "held out 0.2 by hash of path, seed 0"
    shown = outline(root)
    assert (shown.usable, shown.train, shown.val, shown.train_per_class) == (True, 16, 4, (8, 8))


def test_a_folder_that_may_be_a_misnamed_val_is_asked_about(root: Path):
    hold_out(root)
    (root / "val").rename(root / "valdation")
    with pytest.raises(Refused, match=r"no folder val/; found there: train, valdation"):
        folders.read(root)
    assert not outline(root).usable


def test_a_copy_of_a_held_out_picture_is_not_learned(root: Path):
    hold_out(root)
    (root / "train/cat/copy.png").write_bytes((root / "val/cat/0.png").read_bytes())
    found = folders.read(root)
    assert "train/cat/copy.png" not in {sample.path for sample in found.train}
    assert [(finding.kind, finding.count) for finding in found.findings] == [("duplicate", 1)]


def test_validation_of_another_data_set_does_not_ask_for_a_val_of_its_own(root: Path, tmp_path: Path):
    other = tmp_path / "other"
    for name in ("cat", "dog"):
        (other / "val" / name).mkdir(parents=True)
        Image.new("L", (6, 6), ord(name[0])).save(other / "val" / name / f"{name}.png")
    found = folders.read(root, other)
    assert (len(found.train), len(found.val), found.val_root) == (20, 2, other)
    (other / "val" / "cat").rename(other / "val" / "cow")
    with pytest.raises(Refused, match="cow"):
        folders.read(root, other)


def test_another_data_set_without_val_is_refused(root: Path, tmp_path: Path):
    (tmp_path / "other" / "train").mkdir(parents=True)
    with pytest.raises(Refused, match="The data set other has no folder val/"):
        folders.read(root, tmp_path / "other")
