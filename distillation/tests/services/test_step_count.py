"""Batch size and epochs that give enough optimizer steps: one rule, from the number of steps alone."""

from __future__ import annotations

import pytest

from distillation.contract.request import parse
from distillation.services.step_count import ENOUGH, SMALLEST_BATCH, Length, enough


def request(**values):
    sent = {"taskName": "t", "datasetId": "d", "studentModel": "cnn-tiny", "trainingMode": "direct", **values}
    return parse({name: value for name, value in sent.items() if value is not None})


@pytest.mark.parametrize(
    ("samples", "found"),
    [
        (1257, Length(32, 50, 2000)),  # 40 steps an epoch: nothing to change
        (640, Length(32, 50, 1000)),
        (600, Length(16, 50, 1900)),  # half the batch is enough
        (160, Length(8, 50, 1000)),
        (120, Length(8, 67, 1005)),  # 15 steps an epoch, so the epochs are raised too
        (16, Length(8, 500, 1000)),
        (1, Length(8, 1000, 1000)),
    ],
)
def test_the_batch_is_halved_and_then_the_epochs_are_raised(samples, found):
    assert enough(request(), samples, 32, 50) == found


def test_a_batch_that_is_smaller_already_is_left_alone():
    assert enough(request(), 12, 4, 50) == Length(4, 334, 1002)


def test_gathered_batches_count_as_one_step():
    found = enough(request(gradAccumSteps=4), 120, 32, 50)
    assert found == Length(SMALLEST_BATCH, 250, ENOUGH)
