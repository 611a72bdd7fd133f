"""The demo's data sets: right counts, the same bytes every time, nothing overwritten."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from distillation.datasets.outline import outline
from distillation.management.demo import datasets


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("datasets")
    assert [one.outcome for one in datasets.create(folder)] == ["written", "written"]
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_digit_is_labelled_in_the_first_and_a_hundred_in_the_second(root: Path):
    full, few = outline(root / "digits"), outline(root / "digits-100")
    assert (full.train, full.val, full.unlabeled) == (1257, 540, 0)
    assert (few.train, few.val, few.unlabeled) == (100, 540, 1157)
    assert full.usable
    assert few.usable
    assert full.classes == few.classes == tuple("0123456789")
    assert set(few.train_per_class) <= {9, 10, 11}
    assert full.name == "手写数字（全部标注）"
    assert {"name", "description", "source", "licence"} <= set(json.loads((root / "digits/dataset.json").read_text()))


def test_both_hold_out_the_same_pictures_and_train_on_none_of_them(root: Path):
    assert content(root / "digits/val") == content(root / "digits-100/val")
    for name in ("digits", "digits-100"):
        places = Counter(path.name for path in (root / name).rglob("*.png"))
        assert len(places) == 1797
        assert set(places.values()) == {1}


def test_pictures_are_grey_eight_by_eight_with_the_seventeen_levels(root: Path):
    levels = {round(value * 255 / 16) for value in range(17)}
    for path in list((root / "digits/train").rglob("*.png"))[::100]:
        with Image.open(path) as picture:
            assert (picture.mode, picture.size, picture.format) == ("L", (8, 8), "PNG")
            assert set(np.asarray(picture).ravel().tolist()) <= levels


def test_a_second_run_finds_the_same_bytes_and_leaves_them(root: Path):
    file = next((root / "digits/train").rglob("*.png"))
    before = file.stat().st_mtime_ns
    assert [one.outcome for one in datasets.create(root)] == ["unchanged", "unchanged"]
    assert file.stat().st_mtime_ns == before
    assert sorted(path.name for path in root.iterdir()) == ["digits", "digits-100"]


def test_a_folder_with_other_content_is_left_alone_and_named(home: Path, capsys):
    own = home / "datasets/digits/train/cat/a.png"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"mine")
    with pytest.raises(CommandError, match="digits exists with other content and was left alone"):
        call_command("create_demo_datasets")
    assert content(home / "datasets/digits") == {"train/cat/a.png": b"mine"}
    assert (home / "datasets/digits-100/dataset.json").is_file()


def test_the_commands_own_process_does_not_load_scikit_learn(home: Path):
    loaded = "sklearn" in sys.modules
    call_command("create_demo_datasets", stdout=sys.stderr)
    assert ("sklearn" in sys.modules) == loaded


def test_a_failure_of_the_writer_is_told_and_leaves_no_draft(home: Path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(CommandError, match="could not be written"):
        call_command("create_demo_datasets")
    assert list((home / "datasets").iterdir()) == []
