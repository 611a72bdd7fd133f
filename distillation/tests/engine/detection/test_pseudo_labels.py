"""A teacher's boxes as labels: the loss against them, and what they are worth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from distillation.contract.spec import LossSpec
from distillation.engine.augmentation.labelled import Guesses, Labelled
from distillation.engine.batches import Batch
from distillation.engine.detection import objective, pseudo_labels
from distillation.engine.detection.letterbox import Letterbox
from distillation.engine.detection.loss import detection_loss
from distillation.engine.detection.matching import FoundBoxes
from distillation.engine.detection.objective import DetectionObjective
from distillation.engine.detection.targets import padded
from distillation.tests.engine.detection.scenes import random_answers

SIZE, CLASSES = 64, 3
BOX = np.array([[8, 8, 40, 40]], np.float32)
LABEL = np.array([1])


def views(scores: Sequence[float] | None) -> list[Labelled]:
    """A labelled picture, and one that nobody has marked; the teacher saw the same box in both."""
    picture = np.zeros((3, SIZE, SIZE), np.uint8)
    guesses = [None, None] if scores is None else [Guesses(BOX, LABEL, np.array([s], np.float32)) for s in scores]
    return [Labelled(picture, BOX, LABEL, guesses=guesses[0]), Labelled(picture, guesses=guesses[1])]


def terms_of(scores: Sequence[float] | None, weights: LossSpec | None):
    answers = random_answers(2, SIZE, CLASSES)
    marked, labelled = objective.collate(views(scores))
    batch = Batch(torch.zeros(2, 3, SIZE, SIZE), marked, None, labelled)
    return answers, DetectionObjective(weights, None).terms(lambda _: answers, batch)


def test_the_soft_term_is_the_loss_against_the_boxes_of_both_pictures_scaled_by_their_scores():
    answers, terms = terms_of((0.9, 0.3), LossSpec(2.0, 0.6, 0.4))
    label, box = torch.from_numpy(LABEL), torch.from_numpy(BOX)
    targets = padded([label] * 2, [box] * 2, [torch.tensor([0.9]), torch.tensor([0.3])])
    assert terms.soft.item() == pytest.approx(detection_loss(answers, targets).total().item())
    unsure = terms_of((0.9, 0.1), LossSpec(2.0, 0.6, 0.4))[1]
    assert terms.soft.item() != pytest.approx(unsure.soft.item())
    alone = padded([label], [box])
    first = answers._replace(classes=answers.classes[:1], boxes=answers.boxes[:1])
    assert terms.hard.item() == pytest.approx(detection_loss(first, alone).total().item(), rel=1e-5)


def test_without_weights_or_without_a_teacher_that_has_looked_there_is_no_soft_term():
    assert terms_of((0.9, 0.3), None)[1].soft is None
    assert terms_of(None, LossSpec(2.0, 0.6, 0.4))[1].soft is None


def test_boxes_move_into_the_square():
    found = FoundBoxes(np.array([[0, 0, 200, 100]], np.float32), np.array([0.5], np.float32), LABEL)
    made = pseudo_labels.guesses(found, Letterbox(200, 100, SIZE))
    np.testing.assert_allclose(made.boxes, [[0, 16, 64, 48]])
    assert made.scores.tolist() == [0.5]
