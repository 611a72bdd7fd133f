"""What is held out where no validation split is given, and pictures that are on both sides."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from distillation.contract.sentence import Refused
from distillation.datasets import duplicates, pictures, splitting, yolo
from distillation.datasets.samples import Objects, Sample
from distillation.tests.datasets.annotated import counts, picture, sentence, text


def sample(path: str, *labels: int) -> Sample:
    return Sample(path, 1, 1, Objects(np.array(labels, dtype=np.int64), np.zeros((len(labels), 4), dtype=np.float32)))


def test_a_fifth_is_held_out_the_same_whatever_the_order():
    samples = [sample(f"{number}.png", 0) for number in range(100)]
    train, val = splitting.split(samples)
    assert (len(train), len(val)) == (80, 20)
    again = splitting.split(samples[::-1])
    assert {one.path for one in again[1]} == {one.path for one in val}
    assert {one.path for one in splitting.split(samples, seed=1)[1]} != {one.path for one in val}
    grown = splitting.split([*samples, sample("new.png", 0)])
    assert len({one.path for one in grown[1]} & {one.path for one in val}) >= 19


def test_rare_classes_are_on_both_sides():
    samples = [sample(f"{number}.png", 0) for number in range(50)]
    samples += [sample(f"rare {number}.png", 0, 1) for number in range(3)]
    samples += [Sample(f"{number}.jpg", 1, 1, 2 + number % 2) for number in range(4)]
    train, val = splitting.split(samples)
    for rare in ("rare", ".jpg"):
        assert any(rare in one.path for one in train)
        assert any(rare in one.path for one in val)


def test_classes_of_one_picture_each_still_give_one_to_hold_out():
    train, val = splitting.split([sample("a", 0), sample("b", 1), sample("c", 2)])
    assert (len(train), len(val)) == (2, 1)
    assert splitting.split([sample("a", 0)])[1] == []


def set_of(root: Path, *names: str) -> Path:
    for name in names:
        picture(root / "images" / f"{name}.bmp")
        text(root / "labels" / f"{name}.txt", "0 0.5 0.5 0.5 0.5")
    text(root / "classes.txt", "cat")
    return root


def test_pictures_on_both_sides_leave_training_by_content(tmp_path: Path):
    root = set_of(tmp_path, "train/a", "train/b", "train/c", "val/d")
    shutil.copy(root / "images/train/a.bmp", root / "images/val/again.bmp")
    text(root / "labels/val/again.txt", "0 0.5 0.5 0.5 0.5")
    data = yolo.read(root, None, "detection")
    assert [one.path for one in data.train] == ["images/train/b.bmp", "images/train/c.bmp"]
    assert len(data.val) == 2
    assert counts(data) == {"duplicate": 1}
    assert "images/train/a.bmp" in sentence(data, "duplicate")


def test_large_files_that_differ_late_are_no_duplicates(tmp_path: Path):
    beginning = os.urandom(1 << 17)
    for name, end in (("a", b"1"), ("b", b"2"), ("c", b"1")):
        (tmp_path / name).write_bytes(beginning + end)
    size = len(beginning) + 1
    train = [Sample(name, size, 0, None) for name in "ab"]
    assert duplicates.leaked(tmp_path, train, tmp_path, [Sample("c", size, 0, None)]) == {"a"}


def test_files_of_different_size_are_not_read(tmp_path: Path):
    assert duplicates.leaked(tmp_path, [Sample("a", 1, 0, None)], tmp_path, [Sample("b", 2, 0, None)]) == set()


def test_the_digest_is_of_files_and_annotation(tmp_path: Path):
    root = set_of(tmp_path, "a", "b", "c")
    first = yolo.read(root, None, "detection").digest
    assert yolo.read(root, None, "detection").digest == first
    text(root / "labels" / "a.txt", "0 0.5 0.5 0.5 0.51")
    changed = yolo.read(root, None, "detection").digest
    assert changed != first
    os.utime(root / "images" / "a.bmp", ns=(1, 1))
    assert yolo.read(root, None, "detection").digest != changed


def test_a_link_out_of_the_data_set_is_refused(tmp_path: Path):
    root = set_of(tmp_path / "set", "a", "b")
    (root / "images" / "c.bmp").symlink_to(picture(tmp_path / "c.bmp"))
    with pytest.raises(Refused, match="leads out of the data set"):
        yolo.read(root, None, "detection")


def test_settings_behind_a_link_out_of_the_data_set_are_refused(tmp_path: Path):
    root = set_of(tmp_path / "set", "a", "b")
    (root / "data.yaml").symlink_to(text(tmp_path / "data.yaml", "names: [cat]"))
    with pytest.raises(Refused, match="leads out of the data set"):
        yolo.read(root, None, "detection")


def test_an_absent_or_empty_folder_is_refused(tmp_path: Path):
    with pytest.raises(Refused, match="no data set folder"):
        yolo.read(tmp_path / "absent", None, "detection")
    (tmp_path / "hollow").mkdir()
    with pytest.raises(Refused):
        yolo.read(tmp_path / "hollow", None, "detection")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("orientation", [None, 1, 3, 6, 8])
def test_the_upright_size_is_that_of_the_opened_picture(tmp_path: Path, suffix: str, orientation: int | None):
    path = picture(tmp_path / f"a{suffix}", 40, 20, orientation)
    assert pictures.upright_size(path) == pictures.open_picture(path, 3).size
