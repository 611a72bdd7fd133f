"""Scenes of digits and demo sequences: what they hold, and the same bytes every time."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from distillation.datasets import recognition, sequences
from distillation.datasets.outline import outline
from distillation.management.demo import datasets, names, scene_files, scenes, ts_files, waves

WANTED = datasets.Wanted((*names.SCENES, names.WAVES), (20, 6, 4), 96)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("datasets")
    assert [one.outcome for one in datasets.create(folder, WANTED)] == ["written"] * 4
    return folder


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Ten bars of different lengths that stand for digits."""
    pictures = np.zeros((10, 8, 8), np.uint8)
    for label in range(10):
        pictures[label, 1:7, 2 : 4 + label // 3] = 255
    return pictures, np.arange(10)


def test_every_set_holds_what_was_asked_for(root: Path):
    shown = {name: outline(root / name) for name in names.SCENES}
    assert {name: (one.type, one.layout, one.train, one.val, one.unlabeled) for name, one in shown.items()} == {
        "digit-scenes": ("detection", "yolo", 20, 6, 4),
        "digit-scenes-10": ("detection", "yolo", 2, 6, 22),
        "digit-scenes-masks": ("segmentation", "masks", 20, 6, 4),
    }
    assert all(one.usable for one in shown.values())
    assert shown["digit-scenes"].classes == tuple("0123456789")
    assert shown["digit-scenes-masks"].classes == ("background", *"0123456789")
    assert shown["digit-scenes-10"].name == "数字场景（检测，10% 标注）"


def test_the_readers_find_nothing_wrong(root: Path):
    for name in names.SCENES:
        found = recognition.read_pictures(root / name, None, outline(root / name).type)
        assert (found.findings, found.split) == ((), "given")


def test_all_hold_the_same_pictures(root: Path):
    def pictures(name: str) -> dict[str, bytes]:
        files = (path for path in (root / name).rglob("*.png") if "masks" not in path.parts)
        return {path.name: path.read_bytes() for path in files}

    assert len(pictures("digit-scenes")) == 30
    assert pictures("digit-scenes") == pictures("digit-scenes-10") == pictures("digit-scenes-masks")
    label = Path("labels/train/train-00000.txt")
    assert (root / "digit-scenes" / label).read_bytes() == (root / "digit-scenes-10" / label).read_bytes()


def test_boxes_are_the_tight_frames_of_the_class_maps(root: Path):
    found = recognition.read_pictures(root / "digit-scenes", None, "detection")
    for sample in found.train:
        with Image.open(root / "digit-scenes-masks" / sample.path.replace("images", "masks", 1)) as mask:
            values = np.asarray(mask)
        assert set(np.unique(values)) == {0, *(sample.target.labels + 1).tolist()}
        for label, box in zip(sample.target.labels, np.rint(sample.target.boxes).astype(int), strict=True):
            left, top, right, bottom = box
            inside = values[top:bottom, left:right] == label + 1
            edges = (inside[0], inside[-1], inside[:, 0], inside[:, -1])
            assert sum(bool(edge.any()) for edge in edges) >= 3  # another digit may cover one of them


def test_a_second_run_finds_the_same_bytes(root: Path):
    assert [one.outcome for one in datasets.create(root, WANTED)] == ["unchanged"] * 4


def test_a_scene_is_a_function_of_its_key():
    one, same, other = (scenes.compose(*digits(), key, 128) for key in ((1, 2), (1, 2), (1, 3)))
    assert np.array_equal(one.pixels, same.pixels)
    assert np.array_equal(one.boxes, same.boxes)
    assert not np.array_equal(one.pixels, other.pixels)


def test_digits_lie_within_the_scene_hardly_cover_each_other_and_stand_out():
    for number in range(50):
        scene = scenes.compose(*digits(), (0, number), 96)
        assert 1 <= len(scene.labels) <= scenes.MOST
        assert (scene.boxes[:, :2] >= 0).all()
        assert (scene.boxes[:, 2:] <= 96).all()
        assert (scene.boxes[:, 2:] > scene.boxes[:, :2]).all()
        drawn = np.zeros((96, 96), int)
        for left, top, right, bottom in scene.boxes:
            drawn[top:bottom, left:right] += 1
            window = scene.pixels[top:bottom, left:right].mean(axis=2)
            assert window.max() - window.min() > 40
        assert (drawn > 1).sum() <= 0.05 * (drawn > 0).sum() * 2


def test_validation_scenes_are_made_of_digits_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    met: dict[str, set[int]] = {}

    def spy(pool: np.ndarray, labels: np.ndarray, key: tuple[int, ...], size: int) -> scenes.Scene:
        met.setdefault(str(key[1]), set()).update(labels.tolist())
        return scenes.compose(pool, labels, key, size)

    monkeypatch.setattr(scene_files, "compose", spy)
    pictures, labels = digits()
    pools = [(pictures[:7], labels[:7]), (pictures[7:], labels[7:]), (pictures[:7], labels[:7])]
    monkeypatch.setattr(scenes, "MOST", 3)
    scene_files.write(tmp_path, ["digit-scenes"], pools, (3, 3, 3), 96, {})
    assert met["1"].isdisjoint(met["0"] | met["2"])
    found = recognition.read_pictures(tmp_path / "digit-scenes", None, "detection")
    assert {label for sample in found.val for label in sample.target.labels.tolist()} <= {7, 8, 9}


def test_waves_are_five_shapes_of_equal_share(root: Path):
    found = sequences.read(root / "waves")
    assert (found.classes, found.features, found.length) == (waves.SHAPES, 2, 64)
    assert (len(found.train), len(found.val), len(found.unlabeled)) == (300, 200, 600)
    assert np.bincount(found.train.labels).tolist() == [60] * 5
    assert found.findings == ()


def test_the_command_takes_names_and_numbers(home: Path, capsys):
    call_command("create_demo_datasets", "digit-scenes", scenes=3, val_scenes=2, unlabeled_scenes=0, scene_size=64)
    assert sorted(path.name for path in (home / "datasets").iterdir()) == ["digit-scenes"]
    shown = outline(home / "datasets" / "digit-scenes")
    assert (shown.train, shown.val, shown.unlabeled) == (3, 2, 0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["digit-scenes", "--scenes", "0"], "1 to 100000"),
        (["digit-scenes", "--scene-size", "32"], "from 64 to 320"),
        (["italy-power"], "pip download --no-deps aeon"),
        (["faces"], "invalid choice: 'faces'"),
    ],
)
def test_what_cannot_be_made_is_refused(home: Path, arguments: list[str], sentence: str):
    with pytest.raises(CommandError, match=sentence):
        call_command("create_demo_datasets", *arguments)
    assert not list((home / "datasets").iterdir())


TS = "#about\n@problemName X\n@classLabel true 1 2\n@data\n0.5,1.5,2:1\n-1,2e-1,3:2\n\n"


def test_a_ts_file_is_read_from_a_wheel_and_from_a_folder(tmp_path: Path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as wheel:
        for part in ("TRAIN", "TEST"):
            wheel.writestr(f"aeon/data/ItalyPowerDemand/ItalyPowerDemand_{part}.ts", TS)
            (tmp_path / f"ItalyPowerDemand_{part}.ts").write_text(TS)
    (tmp_path / "aeon.whl").write_bytes(packed.getvalue())
    for number, source in enumerate((tmp_path / "aeon.whl", tmp_path)):
        ts_files.write(tmp_path / f"made{number}", source)
        with np.load(tmp_path / f"made{number}" / "train.npz") as made:
            assert made["x"][:, :, 0].tolist() == [[0.5, 1.5, 2], [-1, np.float32(0.2), 3]]
            assert made["y"].tolist() == ["1", "2"]


def test_a_ts_line_may_hold_several_features():
    values, labels = ts_files.parse(["@data", "1,2,3:4,5,6:walking"])
    assert values.tolist() == [[[1, 4], [2, 5], [3, 6]]]
    assert labels.tolist() == ["walking"]


@pytest.mark.slow
def test_italy_power_has_the_sizes_of_the_archive(tmp_path: Path):
    wheel = os.environ.get("AEON_WHEEL", "")
    if not wheel:
        pytest.skip("AEON_WHEEL names no wheel: pip download --no-deps aeon, then run this again")
    datasets.create(tmp_path, datasets.Wanted((names.ITALY_POWER,), aeon=Path(wheel)))
    found = sequences.read(tmp_path / "italy-power")
    assert (len(found.train), len(found.val), found.length, found.features) == (67, 1029, 24, 1)
    assert (found.classes, found.findings) == (("1", "2"), ())
