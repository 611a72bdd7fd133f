"""Scanning and outlining real folders, right and wrong ones."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.datasets import catalogue, image_folder, layout
from distillation.datasets.outline import outline


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 8), 100).save(path)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two classes with two pictures to learn from and one held out, and two unlabelled ones."""
    root = tmp_path / "sets" / "pets"
    for name in ("cat", "dog"):
        picture(root / "train" / name / "b.png")
        picture(root / "train" / name / "a.JPG")
        picture(root / "val" / name / "c.webp")
    picture(root / "unlabeled" / "deep" / "er" / "x.bmp")
    picture(root / "unlabeled" / "y.tiff")
    return root


def refusal(root: Path) -> str:
    with pytest.raises(Refused) as caught:
        image_folder.scan(root)
    shown = outline(root)
    assert not shown.usable
    assert str(caught.value) in [problem.english() for problem in shown.problems]
    return str(caught.value)


def test_a_scan_lists_classes_and_pictures_in_order(root: Path):
    found = image_folder.scan(root)
    assert found.classes == ("cat", "dog")
    assert [(item.path, item.label) for item in found.train] == [
        ("train/cat/a.JPG", 0),
        ("train/cat/b.png", 0),
        ("train/dog/a.JPG", 1),
        ("train/dog/b.png", 1),
    ]
    assert [item.path for item in found.val] == ["val/cat/c.webp", "val/dog/c.webp"]
    assert [item.path for item in found.unlabeled] == ["unlabeled/deep/er/x.bmp", "unlabeled/y.tiff"]
    assert {item.label for item in found.unlabeled} == {image_folder.UNLABELLED}
    stat = (root / "val/cat/c.webp").stat()
    assert (found.val[0].size, found.val[0].mtime_ns) == (stat.st_size, stat.st_mtime_ns)


def test_hidden_and_other_files_are_ignored(root: Path):
    picture(root / "train" / "cat" / ".hidden.png")
    picture(root / "train" / ".cache" / "z.png")
    picture(root / "unlabeled" / ".trash" / "z.png")
    (root / "train" / "cat" / "notes.txt").write_text("no picture")
    assert len(image_folder.scan(root).train) == 4
    assert outline(root).train == 4


def test_the_held_out_pictures_may_come_from_another_data_set(root: Path):
    other = root.with_name("other")
    for name in ("cat", "dog"):
        picture(other / "val" / name / "v.png")
    found = image_folder.scan(root, other)
    assert [item.path for item in found.val] == ["val/cat/v.png", "val/dog/v.png"]
    assert found.val_root == other
    assert outline(root, other).usable


def test_a_missing_data_set_is_refused_naming_those_beside_it(root: Path):
    assert "no data set folder cars in" in refusal(root.with_name("cars"))
    assert "found there: pets" in refusal(root.with_name("cars"))


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_missing_split_is_refused_naming_what_is_there(root: Path, split: str):
    (root / split).rename(root / "elsewhere")
    assert f"no folder {split}/" in refusal(root)
    assert "elsewhere" in refusal(root)


def test_a_split_without_class_folders_is_refused(root: Path):
    for name in ("cat", "dog"):
        (root / "val" / name).rename(root / name)
    assert "val/ of the data set pets has no class folder" in refusal(root)


def test_a_class_folder_without_pictures_is_named(root: Path):
    (root / "train" / "emu").mkdir()
    assert "without pictures in train/ of the data set pets: emu" in refusal(root)


def test_held_out_classes_that_nobody_learns_are_named(root: Path):
    picture(root / "val" / "emu" / "x.png")
    assert "classes that train/ of pets does not have: emu" in refusal(root)


def test_learned_classes_that_nobody_holds_out_are_named(root: Path):
    picture(root / "train" / "emu" / "x.png")
    assert "classes that val/ of pets does not have: emu" in refusal(root)


@pytest.mark.parametrize("place", ["train/cat/link.png", "unlabeled/link", "train/cat/folder"])
def test_a_link_that_leaves_the_data_set_is_refused(root: Path, tmp_path: Path, place: str):
    outside = picture(tmp_path / "outside" / "secret.png")
    (root / place).symlink_to(outside if place.endswith("png") else outside.parent)
    assert "leads out of the data set" in refusal(root)


def test_a_link_inside_the_data_set_is_followed(root: Path):
    (root / "train/cat/link.png").symlink_to(root / "train/cat/b.png")
    assert len(image_folder.scan(root).train) == 5


def test_links_in_a_circle_are_refused(root: Path):
    (root / "unlabeled" / "deep" / "loop").symlink_to(root / "unlabeled")
    assert "in a circle" in refusal(root)


def test_a_name_that_is_not_utf8_is_scanned_and_can_be_shown(root: Path):
    name = os.fsdecode(b"caf\xe9.png")
    picture(root / "train/cat/b.png").rename(root / "train" / "cat" / name)
    assert any(item.path.endswith(name) for item in image_folder.scan(root).train)
    layout.shown(name).encode()


def test_the_outline_counts_and_describes(root: Path):
    (root / "dataset.json").write_text(json.dumps({"name": "宠物", "description": "cats and dogs"}))
    shown = outline(root)
    assert (shown.id, shown.name, shown.description) == ("pets", "宠物", "cats and dogs")
    assert (shown.classes, shown.train, shown.val, shown.unlabeled) == (("cat", "dog"), 4, 2, 2)
    assert shown.train_per_class == (2, 2)
    assert shown.usable


@pytest.mark.parametrize(
    "break_it",
    [
        lambda root: (root / "dataset.json").write_text("{"),
        lambda root: (root / "dataset.json").write_text('["list"]'),
        lambda root: (root / "dataset.json").write_bytes(b"\xff\xfe"),
        lambda root: (root / "dataset.json").mkdir(),
    ],
)
def test_a_broken_description_costs_the_name_only(root: Path, break_it: Callable[[Path], object]):
    break_it(root)
    assert outline(root).name == "pets"
    assert outline(root).usable


def test_the_outline_never_raises(root: Path, tmp_path: Path):
    assert not outline(Path("/nowhere/at/all")).usable
    assert not outline(tmp_path / "a\0b").usable
    assert not outline(picture(tmp_path / "file.png")).usable


def test_the_catalogue_lists_folders_and_nothing_else(root: Path):
    (root.parent / "file.txt").write_text("")
    (root.parent / ".hidden").mkdir()
    (root.parent / "broken").mkdir()
    assert [(item.id, item.usable) for item in catalogue.list_datasets(root.parent)] == [
        ("broken", False),
        ("pets", True),
    ]
    assert catalogue.list_datasets(root.parent / "nowhere") == []


def test_an_id_resolves_to_its_folder(root: Path):
    assert catalogue.resolve(root.parent, "pets") == root


@pytest.mark.parametrize(
    "dataset_id",
    ["", ".", "..", "../pets", "pets/train", "/etc", "a\\b", "pets\n", "pets\0", ".hidden", "x" * 300, "\udc80"],
)
def test_an_id_that_could_reach_elsewhere_is_refused(root: Path, dataset_id: str):
    with pytest.raises(Refused, match="is not a data set id") as caught:
        catalogue.resolve(root.parent, dataset_id)
    caught.value.sentence.english().encode()


def test_an_unknown_id_is_refused_naming_the_others(root: Path):
    with pytest.raises(Refused, match="found there: pets"):
        catalogue.resolve(root.parent, "cars")
