"""The batch size that memory allows, before a run and after it ran out."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import torch
from torch import nn

from distillation.contract.sentence import Refused
from distillation.contract.spec import RunSpec
from distillation.engine import arms, batch_choice, fitting_batch, run
from distillation.engine.batches import Batch
from distillation.engine.context import Context
from distillation.engine.detection.targets import Targets
from distillation.tests.engine.coloured import result_of

MakeContext = Callable[..., Context]


class Greedy(nn.Module):
    """A student that runs out of memory above a batch size."""

    def __init__(self, student: nn.Module, most: int) -> None:
        super().__init__()
        self.student, self.most = student, most

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if self.training and len(inputs) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.student(inputs)


@pytest.mark.parametrize(("most", "fits"), [(7, 4), (2, 2)])
def test_out_of_memory_is_answered_by_the_batch_size_that_fits(
    make_context: MakeContext, spec: RunSpec, monkeypatch: pytest.MonkeyPatch, most: int, fits: int
):
    build = arms.initial_model
    monkeypatch.setattr(arms, "initial_model", lambda *given: Greedy(build(*given), most))
    with pytest.raises(Refused, match=f"batch size of 8 does not fit, one with {fits} does") as refusal:
        run.perform(make_context(spec), 1)
    assert f"gradAccumSteps {8 // fits}" in str(refusal.value)


def test_where_no_batch_fits_the_other_remedies_are_named(
    make_context: MakeContext, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
):
    build = arms.initial_model
    monkeypatch.setattr(arms, "initial_model", lambda *given: Greedy(build(*given), 0))
    with pytest.raises(Refused, match="smaller batch size"):
        run.perform(make_context(spec), 1)


def test_what_a_pass_keeps_is_counted_and_nothing_changes():
    model = nn.Sequential(nn.Linear(10, 100, bias=False), nn.ReLU(), nn.BatchNorm1d(100))
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    two, four = (fitting_batch.kept_bytes(model, torch.ones(count, 10)) for count in (2, 4))
    # The input and the rectified values grow with the batch; weights and statistics do not.
    assert four - two == 2 * (10 + 100) * 4
    assert all(torch.equal(buffers[name], value) for name, value in model.named_buffers())


def test_a_chosen_batch_fits_memory_and_data(monkeypatch: pytest.MonkeyPatch):
    model, sample = nn.Sequential(nn.Linear(10, 1000), nn.ReLU()), torch.ones(2, 10)
    per_sample = fitting_batch.kept_bytes(model, sample) // 2
    assert fitting_batch.chosen(model, sample, 100_000) == fitting_batch.LARGEST
    assert fitting_batch.chosen(model, sample, 100) == 8  # twelve would leave eight steps
    assert fitting_batch.chosen(model, sample, 3) == 2
    monkeypatch.setattr(fitting_batch, "free_bytes", lambda _device: 4 * 40 * per_sample)
    assert fitting_batch.chosen(model, sample, 100_000) == 32  # forty would fit


def test_the_first_samples_of_a_batch_are_taken_of_everything():
    labels = Targets(torch.zeros(8, 2), torch.zeros(8, 2, 4), labelled=torch.ones(8))
    batch = Batch(torch.zeros(8, 3), labels, {"logits": torch.zeros(8, 2)}, 5)
    part = fitting_batch.first(batch, 3)
    assert len(part.inputs) == len(part.teacher["logits"]) == part.labelled == 3
    assert [None if values is None else len(values) for values in part.labels] == [3, 3, None, 3]


def test_a_run_that_leaves_the_batch_size_open_keeps_what_it_chose(
    make_context: MakeContext, spec: RunSpec, monkeypatch: pytest.MonkeyPatch
):
    left_open = batch_choice.with_size(spec, 0)
    first = make_context(left_open, "open")
    run.perform(first, 1)
    assert json.loads((first.run_dir.root / "batch.json").read_text()) == {"batch_size": 4}  # 48 samples, eight steps
    said = make_context(batch_choice.with_size(spec, 4), "said")
    run.perform(said, 1)
    assert result_of(first)["model_sha256"] == result_of(said)["model_sha256"]
    monkeypatch.setattr(fitting_batch, "free_bytes", lambda _device: 0)
    assert batch_choice.settle(make_context(left_open, "open", 2)).spec.train.batch_size == 4
