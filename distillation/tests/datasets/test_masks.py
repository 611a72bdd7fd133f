"""Folders of masks: which picture belongs to which, and what the values mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.datasets import class_maps, mask_values, masks
from distillation.datasets.pictures import Unreadable
from distillation.datasets.samples import ClassMap
from distillation.tests.datasets.annotated import SIDEWAYS, counts, every, mask, picture, sentence, text

HALVES = np.repeat([[0, 1]], 20, axis=0).repeat(20, axis=1)
"""Class 0 on the left, 1 on the right, of 40 × 20 pixels."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "set"


def write(root: Path, *names: str, values: np.ndarray = HALVES, images: str = "images", where: str = "masks") -> None:
    for name in names:
        picture(root / images / f"{name}.jpg")
        mask(root / where / f"{name}.png", values)


def drawn(root: Path, name: str) -> np.ndarray:
    data = masks.read(root, None, "segmentation")
    return class_maps.class_map(root, every(data)[name], (40, 20), len(data.classes))


@pytest.mark.parametrize(
    ("images", "where"),
    [
        ("images/{}", "masks/{}"),
        ("{}/images", "{}/masks"),
        ("img/{}/深", "annotations/{}/深"),
        ("JPEGImages/{}", "SegmentationClass/{}"),
    ],
)
def test_pictures_and_masks_lie_in_folders_that_mirror_each_other(root: Path, images: str, where: str):
    for split in ("train", "val"):
        write(root, f"{split} 1", images=images.format(split), where=where.format(split))
    (root / "unlabeled").mkdir()
    picture(root / "unlabeled" / "images" / "u.png")
    text(root / "classes.txt", "路\n车\n")
    assert masks.applies(root, "segmentation")
    assert not masks.applies(root, "detection")
    data = masks.read(root, None, "segmentation")
    assert data.classes == ("路", "车")
    assert [Path(sample.path).name for sample in data.train] == ["train 1.jpg"]
    assert [Path(sample.path).name for sample in data.val] == ["val 1.jpg"]
    assert len(data.unlabeled) == 1
    assert not data.findings
    target = data.train[0].target
    assert isinstance(target, ClassMap)
    assert target.values == ()


def test_palettes_give_indices_not_colours(root: Path):
    write(root, "b")
    picture(root / "images" / "a.jpg")
    mask(root / "masks" / "a_mask.png", HALVES, palette=True)
    np.testing.assert_array_equal(drawn(root, "images/a.jpg"), HALVES)


def test_classes_without_a_list_are_numbers(root: Path):
    write(root, "a", "b", values=HALVES * 3)
    data = masks.read(root, None, "segmentation")
    assert data.classes == ("background", "1", "2", "3")


def test_a_list_without_background_gets_one_when_the_values_say_so(root: Path):
    write(root, "a", "b", values=HALVES * 2)
    text(root / "classes.txt", "cat\ndog")
    assert masks.read(root, None, "segmentation").classes == ("background", "cat", "dog")


@pytest.mark.parametrize(("names", "classes"), [("", ("background", "object")), ("crack", ("background", "crack"))])
def test_black_and_white_masks_are_two_classes(root: Path, names: str, classes: tuple[str, str]):
    write(root, "a", "b", values=HALVES * 255)
    if names:
        text(root / "classes.txt", names)
    assert masks.read(root, None, "segmentation").classes == classes
    np.testing.assert_array_equal(drawn(root, "images/a.jpg"), HALVES)


def test_what_nobody_knows_is_ignored(root: Path):
    values = HALVES.copy()
    values[0] = 255
    write(root, "a", "b", values=values)
    np.testing.assert_array_equal(drawn(root, "images/a.jpg"), values)


def test_the_colours_of_a_label_map_are_classes_and_its_border_is_ignored(root: Path):
    colours = np.zeros((20, 40, 3), dtype=np.uint8)
    colours[:, 20:] = (128, 0, 64)
    colours[0] = (224, 224, 192)
    for name in "ab":
        picture(root / "JPEGImages" / f"{name}.jpg")
        mask(root / "SegmentationClass" / f"{name}.png", colours)
    text(root / "labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\n车:128,0,64::\n")
    text(root / "ImageSets" / "Segmentation" / "default.txt", "a\nb\n")
    expected = HALVES.copy()
    expected[0] = 255
    np.testing.assert_array_equal(drawn(root, "JPEGImages/a.jpg"), expected)
    (root / "labelmap.txt").unlink()
    with pytest.raises(Refused, match=r"hold colours. Add labelmap.txt"):
        masks.read(root, None, "segmentation")


def test_bad_files_are_counted_and_named(root: Path):
    write(root, "good", "better")
    write(root, "strange", values=HALVES * 7)
    write(root, "small", values=HALVES[:10])
    picture(root / "images" / "alone.jpg")
    mask(root / "masks" / "orphan.png", HALVES)
    write(root, "twin")
    picture(root / "images" / "twin.png")
    picture(root / "images" / "torn.jpg")
    text(root / "masks" / "torn.png", "no picture")
    picture(root / "images" / "lossy.jpg")
    picture(root / "masks" / "lossy.jpg")
    text(root / "classes.txt", "background\ncat")
    data = masks.read(root, None, "segmentation")
    assert set(every(data)) == {"images/good.jpg", "images/better.jpg"}
    assert counts(data) == {
        "unknown_values": 1,
        "size_differs": 1,
        "missing_label": 2,
        "missing_picture": 1,
        "two_suffixes": 2,
        "unreadable_picture": 1,
    }
    assert "masks/strange.png (7)" in sentence(data, "unknown_values")


def test_a_mask_is_as_the_upright_picture(root: Path):
    write(root, "b")
    picture(root / "images" / "turned.jpg", 20, 40, SIDEWAYS)
    mask(root / "masks" / "turned.png", HALVES)
    picture(root / "images" / "not.jpg", 40, 20, SIDEWAYS)
    mask(root / "masks" / "not.png", HALVES)
    data = masks.read(root, None, "segmentation")
    assert set(every(data)) == {"images/b.jpg", "images/turned.jpg"}
    assert counts(data) == {"size_differs": 1}


def test_a_mask_that_was_not_checked_is_refused_when_it_is_used(root: Path, monkeypatch: pytest.MonkeyPatch):
    write(root, *"abcd")
    text(root / "classes.txt", "background\ncat")
    mask(root / "masks" / "b.png", HALVES * 9)
    monkeypatch.setattr(mask_values, "CHECKED", 2)
    data = masks.read(root, None, "segmentation")
    with pytest.raises(Unreadable, match=r"b.png.*holds 9"):
        class_maps.class_map(root, every(data)["images/b.jpg"], (40, 20), 2)


def test_validation_masks_elsewhere_may_lack_the_highest_class(root: Path):
    write(root, "a", "b", values=HALVES * 2)
    write(root.parent / "held out", "c")
    data = masks.read(root, root.parent / "held out", "segmentation")
    assert data.classes == ("background", "1", "2")
    assert len(data.val) == 1


def test_masks_of_sixteen_bits_and_of_one_bit_are_read(root: Path):
    write(root, "a", "b")
    Image.fromarray(HALVES.astype(np.uint16)).save(root / "masks" / "a.png")
    Image.fromarray(HALVES.astype(bool)).save(root / "masks" / "b.png")
    np.testing.assert_array_equal(drawn(root, "images/a.jpg"), HALVES)
    np.testing.assert_array_equal(drawn(root, "images/b.jpg"), HALVES)
