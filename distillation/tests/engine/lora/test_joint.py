"""Teacher and student learn together: the loss of each, what is kept, and that a stopped run ends the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from distillation.contract.sentence import Refused
from distillation.contract.spec import LossSpec, RunSpec, TeacherSpec
from distillation.engine import objective, run, throughput
from distillation.engine.batches import Batch
from distillation.engine.context import Context
from distillation.engine.joint import Mutual
from distillation.engine.stopping import Stopped
from distillation.tests.engine.lora.samples import with_vit
from distillation.tests.engine.samples import StopAt, events_of, sha256
from distillation.tests.engine.test_resume import PICTURES, curve

Make = Callable[..., Context]


@pytest.fixture
def joint(home: Path, spec: RunSpec) -> RunSpec:
    spec = with_vit(spec)
    return replace(spec, collaboration="joint", train=replace(spec.train, epochs=6), control=True)


def result_of(context: Context) -> dict[str, Any]:
    return json.loads(context.run_dir.result.read_text())


def test_both_learn_and_no_answers_are_kept(home: Path, make_context: Make, joint: RunSpec):
    context = make_context(joint)
    run.perform(context, 1)
    result = result_of(context)
    learned, teacher = result["lora"], result["evaluation"]["teacher"]
    assert learned["accuracy_before"] < 50 < 90 < learned["accuracy_after"]
    assert teacher["accuracy"] == learned["accuracy_after"]
    assert result["evaluation"]["accuracy"] > learned["accuracy_before"]
    assert not (home / "cache" / "teacher").exists()
    assert not (home / "cache" / "adapters").exists()
    state = torch.load(max((context.run_dir.checkpoints / "student").glob("*.pt")), weights_only=True)
    beside = [tensor for name, tensor in state["model"].items() if name.startswith("beside.")]
    assert sum(tensor.numel() for tensor in beside) == learned["trainable_parameters"]
    assert "beside" not in " ".join(torch.load(max((context.run_dir.checkpoints / "control").glob("*.pt")))["model"])


LOOKS = PICTURES + 1 + 2 * 3
"""At the stop request before the first step: in preparing, while the teacher is judged, while its speed is measured."""
STUDENT = 6 * (6 + 1) + 1
"""In the student's arm: steps and validations, and the teacher is judged again."""


@pytest.mark.parametrize(
    ("looks", "arm"),
    [
        (2, "student"),
        (20, "student"),
        (STUDENT - 1, None),  # the adapter is kept, the student is not: both are trained again
        (STUDENT + 8, "control"),
    ],
)
def test_a_stopped_run_ends_with_the_same_student_and_teacher(
    make_context: Make, joint: RunSpec, looks: int, arm: str | None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(throughput, "MIN_SECONDS", 0.0)
    joint = replace(joint, checkpoint_seconds=1000)
    whole = make_context(joint, "whole")
    run.perform(whole, 1)
    stopped = make_context(joint, "stopped")
    with pytest.raises(Stopped):
        run.perform(replace(stopped, stop=StopAt(LOOKS + looks)), 1)
    resumed = make_context(joint, "stopped", attempt=2)
    run.perform(resumed, 2)
    assert events_of(resumed.run_dir, 2)[0]["resumed_arm"] == arm
    for file in ("artifacts/model/model.safetensors", "artifacts/control/model.safetensors",
                 "checkpoints/teacher/adapter.safetensors"):  # fmt: skip
        assert sha256(stopped.run_dir.root / file) == sha256(whole.run_dir.root / file)
    assert result_of(resumed)["lora"] == result_of(whole)["lora"]
    assert (
        result_of(resumed)["evaluation"]["teacher"]["accuracy"] == result_of(whole)["evaluation"]["teacher"]["accuracy"]
    )
    assert curve(events_of(resumed.run_dir, 1), events_of(resumed.run_dir, 2)) == curve(events_of(whole.run_dir))


class FixedTeacher:
    """Stands for a live one: its logits are its only parameter."""

    def __init__(self, logits: torch.Tensor) -> None:
        self.adapters = nn.ParameterList([nn.Parameter(logits)])

    def scores(self, _pictures: Any) -> torch.Tensor:
        return self.adapters[0]


def test_each_side_is_moved_by_its_own_loss_alone():
    torch.manual_seed(0)
    ours, theirs = nn.Parameter(torch.randn(3, 4)), torch.randn(3, 4)
    labels = torch.tensor([1, -100, 3])
    teacher = FixedTeacher(theirs)
    weights = LossSpec(temperature=2.0, soft_weight=0.7, hard_weight=0.3)
    goal = Mutual(weights, teacher)  # type: ignore[arg-type]
    terms = goal.terms(lambda _: ours, Batch(torch.zeros(3, 1), labels, {"pictures": []}, 2))
    p, q = ours.detach().softmax(1), theirs.softmax(1)
    cross_entropy = -(q.log()[0, 1] + q.log()[2, 3]) / 2
    assert float(terms.beside.detach()) == pytest.approx(
        float(cross_entropy + (p * (p / q).log()).sum(1).mean()), abs=1e-6
    )

    objective.backward(terms, weights)
    one_hot = torch.zeros(3, 4)
    one_hot[0, 1] = one_hot[2, 3] = 1
    known = torch.tensor([[1.0], [0.0], [1.0]])
    # Gradients of cross entropy and of both divergences by the logits, by hand.
    of_teacher = known * (q - one_hot) / 2 + (q - p) / 3
    soft = 2.0 * ((ours.detach() / 2).softmax(1) - (theirs / 2).softmax(1)) / 3
    of_student = 0.3 * known * (p - one_hot) / 2 + 0.7 * soft
    torch.testing.assert_close(teacher.adapters[0].grad, of_teacher, rtol=0, atol=1e-6)
    torch.testing.assert_close(ours.grad, of_student, rtol=0, atol=1e-6)


def test_a_student_taught_live_is_another_than_one_taught_before(make_context: Make, joint: RunSpec):
    joint = replace(joint, control=False)
    contexts = [make_context(joint, "joint"), make_context(replace(joint, collaboration="none"), "offline")]
    for context in contexts:
        run.perform(context, 1)
    first, second = map(result_of, contexts)
    assert first["model_sha256"] != second["model_sha256"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"teacher": TeacherSpec("clip", "clip", "models/clip")}, "cannot learn together .* huggingface"),
        ({"task_type": "detection"}, "the task is detection"),
        ({"lora": None}, "choose loraTarget teacher"),
        ({"seeds": (1, 2)}, "there are 3 seeds. Clone the task for each seed"),
    ],
)
def test_what_cannot_learn_together_is_refused(make_context: Make, joint: RunSpec, change: Any, sentence: str):
    train = replace(joint.train, more_seeds=change.get("seeds", ()))
    others = {name: value for name, value in change.items() if name != "seeds"}
    with pytest.raises(Refused, match=sentence):
        run.perform(make_context(replace(joint, train=train, **others)), 1)


def test_what_the_teacher_learned_is_not_taken_from_a_damaged_file(make_context: Make, joint: RunSpec):
    context = make_context(joint)
    run.perform(context, 1)
    context.run_dir.result.unlink()
    file = context.run_dir.checkpoints / "teacher" / "adapter.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(Refused, match="What the teacher vit learned in this run is damaged"):
        run.perform(make_context(joint, attempt=2), 2)
