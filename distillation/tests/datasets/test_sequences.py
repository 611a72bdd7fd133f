"""Series in arrays and tables, right and wrong ones."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from distillation.contract.sentence import Refused
from distillation.datasets import recognition, sequences
from distillation.datasets.outline import outline
from distillation.datasets.sequences import SequenceData


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "waves"
    root.mkdir()
    return root


def series(count: int, length: int = 5, features: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, length, features)).astype(np.float32)


def kinds(found: SequenceData) -> dict[str, int]:
    return {finding.kind: finding.count for finding in found.findings}


def test_arrays_are_read_as_they_are(root: Path):
    x, v, u = series(4), series(2, seed=1), series(3, seed=2)
    np.savez(root / "train.npz", x=x, y=[1, 0, 1, 0], classes=np.array(["up", "down"]))
    np.savez(root / "val.npz", values=v, labels=[0, 1])
    np.savez_compressed(root / "unlabeled.npz", x=u)
    found = recognition.read_sequences(root)
    assert (found.classes, found.features, found.length, found.split) == (("up", "down"), 2, 5, "given")
    assert np.array_equal(found.train.values, x)
    assert found.train.values.dtype == np.float32
    assert found.train.labels.tolist() == [1, 0, 1, 0]
    assert found.train.labels.dtype == np.int64
    assert found.train.lengths.tolist() == [5, 5, 5, 5]
    assert np.array_equal(found.unlabeled.values, u)
    assert found.unlabeled.labels.tolist() == [-1, -1, -1]
    assert (len(found.train), len(found.val), found.findings) == (4, 2, ())
    shown = outline(root)
    assert (shown.type, shown.layout, shown.classes) == ("sequence", "sequence", ("up", "down"))
    assert (shown.train, shown.val, shown.unlabeled, shown.train_per_class) == (4, 2, 3, (2, 2))


@pytest.mark.parametrize(
    "labels", [[-1, 10, 2, -1], [-1.0, 10.0, 2.0, -1.0], ["-1", "10", "2", "-1"], [b"-1", b"10", b"2", b"-1"]]
)
def test_labels_without_a_list_of_classes_are_their_own_names(root: Path, labels: list[object]):
    np.savez(root / "train.npz", x=series(4)[:, :, 0], y=np.array(labels))
    np.savez(root / "val.npz", x=series(1, seed=1)[:, :, 0], y=np.array(labels[:1]))
    found = sequences.read(root)
    assert found.classes == ("-1", "2", "10")
    assert found.train.labels.tolist() == [0, 2, 1, 0]
    assert found.train.values.shape == (4, 5, 1)


def test_an_array_of_objects_is_never_unpickled(root: Path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (root / "sprung",)

    (root / "train.npz").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(Refused, match=r"train\.npz cannot be read as an npz file of plain arrays"):
        sequences.read(root)
    np.savez(root / "train.npz", x=np.array([Trap()], object), y=[0])
    with pytest.raises(Refused, match=r"train\.npz cannot be read as an npz file of plain arrays"):
        sequences.read(root)
    assert not (root / "sprung").exists()


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"y": [0, 1]}, r"needs an array x of shape \[n, T, F\] or \[n, T\], numbers; found: –"),
        ({"x": np.zeros(3), "y": [0]}, "found: \\[3\\] float64"),
        ({"x": np.zeros((2, 3), complex), "y": [0, 1]}, "found: \\[2, 3\\] complex128"),
        ({"x": np.zeros((2, 3))}, r"needs an array y of shape \[2\]"),
        ({"x": np.zeros((2, 3)), "y": [0, 1, 0]}, r"needs an array y of shape \[2\].*found: \[3\] int64"),
        ({"x": np.zeros((2, 3)), "y": [0.5, 1.0]}, r"needs an array y of shape \[2\]"),
        ({"x": np.zeros((2, 3)), "y": [0, 1], "lengths": [3]}, r"needs an array lengths of shape \[n\]"),
    ],
)
def test_arrays_of_other_shapes_are_refused(root: Path, arrays: dict[str, Any], sentence: str):
    np.savez(root / "train.npz", **arrays)
    with pytest.raises(Refused, match=sentence):
        sequences.read(root)


def test_a_file_cut_short_is_refused(root: Path):
    np.savez(root / "train.npz", x=series(4), y=[0, 1, 0, 1])
    content = (root / "train.npz").read_bytes()
    (root / "train.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(Refused, match=r"train\.npz cannot be read"):
        sequences.read(root)
    assert not outline(root).usable


def test_what_is_wrong_with_series_is_counted_and_they_are_left_out(root: Path):
    x = series(8)
    x[1, 2, 0] = np.nan
    x[2, 0, 1] = np.inf
    x[3] = np.nan
    np.savez(root / "train.npz", x=x, y=[0, 0, 1, 1, 2, -1, 0, 1], classes=["a", "b"])
    np.savez(root / "val.npz", x=np.concatenate([series(1, seed=1), x[7:]]), y=[0, 1])
    found = sequences.read(root)
    assert kinds(found) == {"not_finite": 2, "empty_row": 1, "label_out_of_range": 2, "duplicate_row": 1}
    assert found.train.labels.tolist() == [0, 0]
    assert np.array_equal(found.train.values, x[[0, 6]])
    sentences = " ".join(finding.sentence.english() for finding in found.findings)
    assert all(name in sentences for name in ("train.npz:1, train.npz:2", "train.npz:3", "train.npz:4, train.npz:5"))


def test_shorter_series_are_filled_with_zeros_at_their_end(root: Path):
    x = series(3)
    x[0, 3:] = np.nan
    np.savez(root / "train.npz", x=x, y=[0, 1, 0], lengths=[5, 2, 5])
    np.savez(root / "val.npz", x=series(1, length=7, seed=1), y=[0])
    found = sequences.read(root)
    assert found.length == 7
    assert found.train.lengths.tolist() == [3, 2, 5]
    assert np.array_equal(found.train.values[0, :3], x[0, :3])
    assert not found.train.values[0, 3:].any()
    assert not found.train.values[1, 2:].any()
    assert kinds(found) == {"unequal_length": 3}


def test_series_with_other_numbers_of_values_a_step_are_refused(root: Path):
    np.savez(root / "train.npz", x=series(2), y=[0, 1])
    np.savez(root / "val.npz", x=series(1, features=3), y=[0])
    with pytest.raises(Refused, match=r"train\.npz:0 has 2 values a step, val\.npz:0 has 3"):
        sequences.read(root)


def test_one_endless_series_does_not_fill_the_memory(root: Path, monkeypatch: pytest.MonkeyPatch):
    (root / "train.csv").write_text("0,1,2\n1,2,3\n0," + ",".join(["1"] * 500) + "\n")
    monkeypatch.setattr(sequences, "MAX_BYTES", 1000)
    with pytest.raises(Refused, match=r"train\.csv:3 with 500 steps"):
        sequences.read(root)


def test_a_held_out_class_that_nobody_learns_is_refused_by_name(root: Path):
    np.savez(root / "train.npz", x=series(2), y=["a", "b"])
    np.savez(root / "val.npz", x=series(1, seed=1), y=["c"])
    with pytest.raises(Refused, match="does not have: c"):
        sequences.read(root)


WIDE = "a,0.5,1.5,2.5\nb,3,4,5\na,-1,-2,-3e0\n"


@pytest.mark.parametrize(
    "text",
    [
        WIDE,
        "label,t0,t1,t2\n" + WIDE,
        "x0,x1,x2,y\n0.5,1.5,2.5,a\n3,4,5,b\n-1,-2,-3,a\n",
        "id,v1,v2,v3,class\n7,0.5,1.5,2.5,a\n8,3,4,5,b\n9,-1,-2,-3,a\n",
        "0.5\t1.5\t2.5\ta\n3\t4\t5\tb\n-1\t-2\t-3\ta\n",
        "id,time,value,label\n1,0,0.5,a\n1,2,2.5,a\n1,1,1.5,a\n2,0,3,b\n2,1,4,b\n2,10,5,b\n3,0,-1,a\n3,1,-2,a\n3,2,-3,a\n",
        "label,value,timestamp,series\n"
        "a,1.5,2024-01-02,p\na,0.5,2024-01-01,p\na,2.5,2024-01-03,p\nb,3,2024-01-01,q\nb,4,2024-01-02,q\n"
        "b,5,2024-01-03,q\na,-1,2024-01-01,r\na,-2,2024-01-02,r\na,-3,2024-01-03,r\n",
    ],
)
def test_every_way_of_writing_a_table_is_read_alike(root: Path, text: str):
    (root / "train.csv").write_text(text)
    (root / "val.csv").write_text(text.replace("1.5", "1.75"))
    found = recognition.read_sequences(root)
    assert found.classes == ("a", "b")
    assert (found.length, found.features) == (3, 1)
    assert sorted(found.val.values[:, :, 0].tolist()) == [[-1, -2, -3], [0.5, 1.75, 2.5], [3, 4, 5]]
    assert found.val.labels.tolist() == [0, 1, 0]
    assert kinds(found) == {"duplicate_row": 2}
    assert outline(root).train == 3


def test_steps_may_have_several_values(root: Path):
    (root / "train.csv").write_text(
        "id,time,x,y,label\n1,0,1,2,a\n1,1,3,4,a\n2,0,5,6,b\n2,1,7,8,b\n3,0,0,0,a\n3,1,0,1,a\n"
    )
    found = sequences.read(root)
    everything = np.concatenate([found.train.values, found.val.values]).tolist()
    assert [[1, 2], [3, 4]] in everything
    assert found.features == 2


def test_numbers_in_a_numerical_export_are_the_same_classes(root: Path):
    (root / "train.tsv").write_text("1.0000000e+00\t0.5\t0.25\n2.0000000e+00\t0.125\t1.5\n")
    (root / "val.tsv").write_text("1\t0.5\t0.3\n")
    assert sequences.read(root).classes == ("1", "2")


def test_what_is_wrong_with_a_table_is_counted(root: Path):
    (root / "train.csv").write_text(
        "id,time,value,label\n1,0,1,a\n1,1,2,a\n2,0,oops,b\n3,0,1,a\n3,1,1,b\n4,0,5,b\n4,1,6,b\n5,0,7\n6,0,,a\n"
    )
    (root / "val.csv").write_text("id,time,value,label\n1,0,9,a\n2,0,8,\n3,0,4,b\n")
    found = sequences.read(root)
    assert kinds(found) == {
        "malformed_row": 2,
        "two_labels": 1,
        "empty_row": 1,
        "missing_row_label": 1,
        "unequal_length": 2,
    }
    assert (len(found.train), len(found.val)) == (2, 2)


def test_rows_without_a_label_and_a_table_of_their_own_are_unlabelled(root: Path):
    (root / "train.csv").write_text("a,1,2,3\nb,4,5,6\na,7,8,9\nb,3,2,1\n,0,0,1\n")
    (root / "unlabeled.csv").write_text("label,t0,t1,t2\n,5,5,5\nb,6,6,6\n")
    found = sequences.read(root)
    assert sorted(found.unlabeled.values[:, 0, 0].tolist()) == [0, 5, 6]
    assert (found.unlabeled.labels == -1).all()
    assert (outline(root).unlabeled, outline(root).train, outline(root).val) == (3, 2, 2)


def test_without_validation_data_the_same_part_is_held_out_in_whatever_order(root: Path):
    x, y = series(40), np.arange(40) % 2
    np.savez(root / "train.npz", x=x, y=y)
    one = sequences.read(root)
    np.savez(root / "train.npz", x=x[::-1], y=y[::-1])
    two = sequences.read(root)
    assert (len(one.train), len(one.val)) == (32, 8)
    assert np.bincount(one.val.labels).tolist() == [4, 4]
    assert np.array_equal(np.sort(one.val.values, axis=0), np.sort(two.val.values, axis=0))
    assert one.split == "held out 0.2 by hash of content, seed 0"


def test_a_change_of_one_value_or_label_changes_the_digest(root: Path):
    def digest(x: np.ndarray, y: list[int]) -> str:
        np.savez(root / "train.npz", x=x, y=y)
        np.savez(root / "val.npz", x=series(1, seed=1), y=[0])
        return sequences.read(root).digest

    x = series(3)
    digests = {digest(x, [0, 1, 0]), digest(x, [0, 1, 1])}
    x[0, 0, 0] += 1
    digests.add(digest(x, [0, 1, 0]))
    assert len(digests) == 3
    assert digest(x, [0, 1, 0]) in digests


def test_nothing_usable_is_refused_with_the_largest_finding(root: Path):
    np.savez(root / "train.npz", x=np.full((3, 2), np.nan), y=[0, 0, 0])
    with pytest.raises(Refused, match=r"0 usable labelled rows .* 3 rows hold nothing"):
        sequences.read(root)
