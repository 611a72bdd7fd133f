"""Mean average precision against pycocotools, and the figures beside it."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from distillation.engine.detection import average_precision as library
from distillation.engine.detection.matching import NOBODY, FoundBoxes, TrueBoxes, match, overlaps
from distillation.engine.detection.metrics import DetectionMetrics

NAMES = ("a", "b", "c", "d")


def boxes(generator: np.random.Generator, count: int, size: float = 200.0) -> np.ndarray:
    first = generator.random((count, 2)) * size * 0.7
    return np.concatenate((first, first + 5 + generator.random((count, 2)) * size * 0.3), axis=1).astype(np.float32)


def scene(seed: int, pictures: int = 30, classes: int = 3) -> list[tuple[FoundBoxes, TrueBoxes]]:
    """Objects, most of them found more or less well, some twice, some as another class, and boxes on nothing."""
    generator, pairs = np.random.default_rng(seed), []
    for _ in range(pictures):
        count = int(generator.integers(0, 7))
        true = TrueBoxes(boxes(generator, count), generator.integers(0, classes, count))
        near = np.repeat(np.arange(count), generator.integers(0, 3, count))
        moved = true.boxes[near] + generator.normal(0, 4, (len(near), 4)).astype(np.float32)
        labels = np.where(generator.random(len(near)) < 0.8, true.labels[near], generator.integers(0, 4, len(near)))
        wild = int(generator.integers(0, 5))
        found = FoundBoxes(
            np.concatenate((moved, boxes(generator, wild))),
            np.round(generator.random(len(near) + wild), 2).astype(np.float32),  # ties
            np.concatenate((labels, generator.integers(0, 4, wild))),
        )
        pairs.append((found, true))
    return pairs


def figures(pairs: list[tuple[FoundBoxes, TrueBoxes]], names: tuple[str, ...] = NAMES) -> dict:
    metrics = DetectionMetrics(names)
    for found, true in pairs:
        metrics.add(found, true)
    return metrics.figures()


def by_pycocotools(pairs: list[tuple[FoundBoxes, TrueBoxes]], classes: int) -> np.ndarray:
    """Precision ``[IoU, recall, class]``, −1 where there is no object."""
    objects: list[dict] = []
    answers: list[dict] = []
    for number, (found, true) in enumerate(pairs, 1):
        for label, (left, top, right, bottom) in zip(true.labels.tolist(), true.boxes.tolist(), strict=True):
            box = [left, top, right - left, bottom - top]
            entry = {"image_id": number, "category_id": label + 1, "bbox": box, "iscrowd": 0, "area": box[2] * box[3]}
            objects.append({**entry, "id": len(objects) + 1})
        # Of equal scores pycocotools takes the first, which here are the surest first.
        for place in np.argsort(-found.scores, kind="stable").tolist():
            left, top, right, bottom = found.boxes[place].tolist()
            box, score = [left, top, right - left, bottom - top], float(found.scores[place])
            answers.append(
                {"image_id": number, "category_id": int(found.labels[place]) + 1, "bbox": box, "score": score}
            )
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": number} for number in range(1, len(pairs) + 1)],
            "categories": [{"id": label + 1, "name": str(label)} for label in range(classes)],
            "annotations": objects,
        }
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(answers), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation.eval["precision"][:, :, :, 0, -1]


@pytest.mark.parametrize("at_once", [100_000, 1])
@pytest.mark.parametrize("seed", range(3))
def test_average_precision_equals_that_of_pycocotools(seed: int, at_once: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(library, "_AT_ONCE", at_once)
    pairs = scene(seed)
    found, expected = figures(pairs), by_pycocotools(pairs, 4)
    for label, row in enumerate(found["per_class"][:3]):
        assert row["ap50"] == pytest.approx(100 * expected[0, :, label].mean(), abs=1e-9)
        assert row["ap95"] == pytest.approx(100 * expected[:, :, label].mean(), abs=1e-9)
    assert found["map50"] == pytest.approx(100 * expected[0][expected[0] > -1].mean(), abs=1e-9)
    assert found["map95"] == pytest.approx(100 * expected[expected > -1].mean(), abs=1e-9)
    assert 5 < found["map95"] < found["map50"] < 95


def test_a_picture_with_more_boxes_of_a_class_than_count_equals_pycocotools():
    generator = np.random.default_rng(7)
    true = TrueBoxes(boxes(generator, 150), np.zeros(150, np.int64))
    found = FoundBoxes(
        true.boxes + generator.normal(0, 1, (150, 4)).astype(np.float32),
        generator.random(150).astype(np.float32),
        np.zeros(150, np.int64),
    )
    expected = by_pycocotools([(found, true)], 1)
    assert figures([(found, true)], ("a",))["map95"] == pytest.approx(100 * expected.mean(), abs=1e-9)
    assert expected[0].mean() < 0.68  # 100 of 150 count


def test_perfect_answers_are_a_hundred_percent():
    pairs = [
        (FoundBoxes(true.boxes, np.full(len(true.labels), 0.9, np.float32), true.labels), true) for _, true in scene(1)
    ]
    found = figures(pairs)
    assert [found[name] for name in ("map50", "map95", "precision", "recall", "f1")] == pytest.approx([100] * 5)
    matrix = np.array(found["confusion_matrix"])
    assert (matrix == np.diag(np.diag(matrix))).all()
    assert matrix.sum() == found["object_count"]


def test_a_class_without_objects_has_no_average_precision_and_no_part_in_the_mean():
    row = figures(scene(0))["per_class"][3]
    assert row["support"] == 0
    assert row["ap50"] is row["ap95"] is None
    assert row["precision"] == 0


def test_nothing_found_is_nothing_and_no_objects_are_no_error():
    none = FoundBoxes(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))
    nothing = TrueBoxes(np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
    pairs = [(none, true) for _, true in scene(2)]
    found = figures(pairs)
    assert (found["map50"], found["map95"], found["recall"], found["f1"]) == (0, 0, 0, 0)
    assert np.array(found["confusion_matrix"])[:, -1].sum() == found["object_count"] > 0
    for pairs in ([], [(none, nothing)], [(found, nothing) for found, _ in scene(2)]):
        assert figures(pairs)["map50"] == 0


def test_precision_and_recall_are_those_at_the_best_mean_f1():
    one, far = [0.0, 0, 10, 10], [100.0, 0, 110, 10]
    true = TrueBoxes(np.array([one, far], np.float32), np.array([0, 0]))
    found = FoundBoxes(
        np.array([one, [50, 50, 60, 60], far, [70, 70, 80, 80]], np.float32),
        np.array([0.9, 0.8, 0.7, 0.2], np.float32),
        np.zeros(4, np.int64),
    )
    result = figures([(found, true)], ("a",))
    # From 0.201 to 0.7: two of three are right, two of two are found.
    assert result["precision"] == pytest.approx(200 / 3)
    assert result["recall"] == 100
    assert result["f1"] == pytest.approx(80)
    assert result["confidence"] == pytest.approx(0.201)
    assert result["confusion_matrix"] == [[2, 0], [1, 0]]


def test_the_confusion_matrix_tells_classes_background_and_what_was_missed():
    places = np.array([[0.0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10], [60, 0, 70, 10]], np.float32)
    true = TrueBoxes(places[:3], np.array([0, 1, 1]))
    found = FoundBoxes(places[[0, 1, 3]], np.array([0.9, 0.9, 0.9], np.float32), np.array([0, 0, 1]))
    assert figures([(found, true)], ("a", "b"))["confusion_matrix"] == [[1, 0, 0], [1, 0, 1], [0, 1, 0]]


def test_an_object_goes_to_a_box_of_its_class_before_another_and_once():
    true = TrueBoxes(np.array([[0.0, 0, 10, 10], [0, 0, 10, 9]], np.float32), np.array([0, 1]))
    found = FoundBoxes(np.array([[0.0, 0, 10, 10]] * 3, np.float32), np.ones(3, np.float32), np.array([1, 1, 0]))
    partners = match(found, true, overlaps(found.boxes, true.boxes), 0.5)
    assert partners.tolist() == [1, 0, NOBODY]


def test_the_library_needs_neither_torchvision_nor_opencv():
    code = (
        "import sys; import distillation.engine.detection.metrics; "
        "assert not {'torchvision', 'cv2', 'matplotlib', 'pandas', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_order_in_which_boxes_are_given_does_not_matter():
    true = TrueBoxes(np.array([[0, 0, 10, 10]], np.float32), np.array([0]))
    # Both overlap the object enough; only the surer one may have it.
    both = np.array([[0, 0, 10, 9], [0, 0, 10, 10]], np.float32)
    given = FoundBoxes(both, np.array([0.25, 0.5], np.float32), np.zeros(2, np.int64))
    result = figures([(given, true)], ("a",))
    assert (result["map95"], result["precision"], result["recall"]) == pytest.approx((100, 100, 100))
    # A box whose score is the confidence itself is taken: at 0.25 there would be two.
    assert result["confidence"] == pytest.approx(0.251)
