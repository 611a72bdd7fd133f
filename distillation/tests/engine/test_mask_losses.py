"""The soft term of masks is the KL divergence of whole class maps in which all other classes are impossible."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from distillation.contract.spec import LossSpec
from distillation.datasets.samples import IGNORED
from distillation.engine.augmentation.labelled import DrawnMap, Labelled
from distillation.engine.batches import Batch
from distillation.engine.segmentation import (
    SegmentationObjective,
    Targets,
    collate_drawn,
    soft_masks,
    soft_pixels,
)

GENERATOR = torch.Generator().manual_seed(0)
LOGITS = torch.randn(2, 3, 4, 4, generator=GENERATOR)
CLASSES = torch.randint(1, 3, (2, 4, 4), generator=GENERATOR)
SURE = 3 * torch.randn(2, 4, 4, generator=GENERATOR)


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_it_is_the_divergence_of_whole_maps(temperature: float):
    whole = torch.full_like(LOGITS, -1e4)
    whole[:, 0] = 0.0
    whole.scatter_(1, CLASSES[:, None], SURE[:, None])
    ours = soft_masks(LOGITS, Targets(CLASSES, CLASSES, SURE), temperature)
    torch.testing.assert_close(ours, soft_pixels(LOGITS, whole, temperature))


def test_pixels_that_the_teacher_does_not_know_do_not_count():
    some = CLASSES.clone()
    some[:, 2:] = IGNORED
    ours = soft_masks(LOGITS, Targets(some, some, SURE), 2.0)
    expected = soft_masks(LOGITS[:, :, :2], Targets(CLASSES[:, :2], CLASSES[:, :2], SURE[:, :2]), 2.0)
    torch.testing.assert_close(ours, expected)
    nobody = torch.full_like(some, IGNORED)
    assert soft_masks(LOGITS, Targets(nobody, nobody, SURE), 2.0) == 0


def test_both_terms_come_from_the_views_and_a_control_has_one():
    drawn = [DrawnMap(one.numpy().astype(np.uint8), sure.numpy()) for one, sure in zip(CLASSES, SURE, strict=True)]
    views = [Labelled(np.zeros((3, 4, 4), np.uint8), class_map=one.hard(), drawn=one) for one in drawn]
    targets, labelled = collate_drawn(views)
    assert labelled == 2
    np.testing.assert_array_equal(targets.maps, np.where(SURE > 0, CLASSES, 0))
    batch = Batch(LOGITS, targets, None, labelled)
    taught = SegmentationObjective(LossSpec(2.0, 0.5, 0.5), None).terms(lambda inputs: inputs, batch)
    alone = SegmentationObjective(None, None).terms(lambda inputs: inputs, batch)
    torch.testing.assert_close(taught.soft, soft_masks(LOGITS, targets, 2.0))
    assert alone.soft is None
    assert alone.hard == taught.hard > 0
