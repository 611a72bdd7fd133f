"""The teacher's answers of dense tasks are compared at the temperature of the spec, and only where it asks for them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, kl_divergence

from distillation.contract.spec import LossSpec
from distillation.engine.augmentation.labelled import Labelled
from distillation.engine.batches import Batch
from distillation.engine.detection.loss import CLASS_GAIN, DFL_GAIN
from distillation.engine.detection.objective import DetectionObjective, collate
from distillation.engine.detection.response import response_loss
from distillation.engine.objective import Terms
from distillation.engine.segmentation import SegmentationObjective
from distillation.tests.engine.detection.scenes import random_answers

SIZE = 32
TEMPERATURES = (1.0, 2.0, 5.0)


def of_maps(loss: LossSpec) -> tuple[Terms, dict[float, float]]:
    """The terms, and the soft one written out at each temperature."""
    generator = torch.Generator().manual_seed(0)
    student, teacher = (scale * torch.randn(2, 3, 4, 4, generator=generator) for scale in (1, 3))
    batch = Batch(student, torch.zeros(2, 4, 4, dtype=torch.int64), {"logits": teacher}, 2)
    terms = SegmentationObjective(loss, None).terms(lambda inputs: inputs, batch)
    pixels = [maps.movedim(1, -1) for maps in (teacher, student)]
    return terms, {
        heat: heat**2 * kl_divergence(*(Categorical(logits=of / heat) for of in pixels)).mean().item()
        for heat in TEMPERATURES
    }


def of_boxes(loss: LossSpec) -> tuple[Terms, dict[float, float]]:
    """The same; the two divergences have their formulas in ``detection/test_response``."""
    teacher, student = (random_answers(2, SIZE, 4, seed, spread=2.0) for seed in (0, 1))
    labels, labelled = collate([Labelled(np.zeros((3, SIZE, SIZE), np.uint8))] * 2)
    kept = {"classes": teacher.classes, "boxes": teacher.boxes}
    batch = Batch(torch.zeros(2, 3, SIZE, SIZE), labels, kept, labelled)
    terms = DetectionObjective(loss, None).terms(lambda _: student, batch)
    parts = {heat: response_loss(teacher, student, heat) for heat in TEMPERATURES}
    return terms, {
        heat: (CLASS_GAIN * part.classes + DFL_GAIN * part.boxes).item() for heat, part in parts.items()
    }  # fmt: skip


@pytest.mark.parametrize("made", [of_maps, of_boxes])
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_answers_are_compared_at_the_temperature_and_at_no_other(made, temperature: float):
    terms, expected = made(LossSpec(temperature, 0.5, 0.5))
    assert terms.soft.item() == pytest.approx(expected.pop(temperature), rel=1e-4)
    for value in expected.values():
        assert terms.soft.item() != pytest.approx(value, rel=1e-2)


@pytest.mark.parametrize("made", [of_maps, of_boxes])
def test_answers_are_not_compared_where_features_alone_are_learned(made):
    terms, _ = made(LossSpec(2.0, 0.5, 0.5, kind="feature", feature_loss="mse"))
    assert terms.soft is None
