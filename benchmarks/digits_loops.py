"""The loops that ``cached_step.py`` compares: bare, without a teacher, the engine's, and one as torchdistill's.

All begin with the same weights and see the same batches, so that their accuracies can be compared seed by seed.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from digits_setting import ALPHA, BATCH, DECAY, RATE, TEMPERATURE, Digits, Measured, Watch, cosine
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from distillation.contract.run_dir import RunDir
from distillation.contract.spec import DataSpec, LossSpec, RunSpec, StudentSpec, TeacherSpec, TrainSpec
from distillation.engine import losses, randomness, students
from distillation.engine.batches import PlainFeed, RowStore
from distillation.engine.checkpoint import Checkpoints
from distillation.engine.context import Context
from distillation.engine.evaluation import ClassifierValidation, Outcome
from distillation.engine.events import EventWriter
from distillation.engine.objective import Classification
from distillation.engine.ordering import Ordering
from distillation.engine.progress import Progress
from distillation.engine.stopping import StopRequest
from distillation.engine.trainer import Trainer

WHEEL = "TORCHDISTILL_WHEEL"

Loop = Callable[[Digits, int, int], Measured]
"""(data, seed, epochs)."""


def bare(data: Digits, seed: int, epochs: int, *, taught: bool = True, validates: bool = False) -> Measured:
    """The least that a distillation from cached logits has to do."""
    inputs, labels = data.inputs(data.train), torch.from_numpy(data.labels[data.train])
    logits = torch.from_numpy(data.logits[data.train])
    student = data.student(seed).train()
    optimizer = torch.optim.AdamW(student.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    held_out, truth = data.inputs(data.val), torch.from_numpy(data.labels[data.val])
    step, steps = 0, epochs * -(-len(inputs) // BATCH)
    watch = Watch()
    for epoch in range(epochs):
        for rows in randomness.permutation(len(inputs), "order", seed, epoch).split(BATCH):  # type: ignore[no-untyped-call]
            optimizer.param_groups[0]["lr"] = cosine(step, steps)
            answer = student(inputs[rows])
            loss = F.cross_entropy(answer, labels[rows])
            if taught:
                soft = F.kl_div(
                    F.log_softmax(answer / TEMPERATURE, dim=1),
                    F.softmax(logits[rows] / TEMPERATURE, dim=1),
                    reduction="batchmean",
                )
                loss = ALPHA * TEMPERATURE**2 * soft + (1 - ALPHA) * loss
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            step += 1
        if validates:
            with torch.inference_mode():
                answer = student.eval()(held_out)
                float(F.cross_entropy(answer, truth)), float((answer.argmax(dim=1) == truth).double().mean())
            student.train()
    return Measured(*watch.rates(epochs * len(inputs)), data.accuracy(student))


def validating(data: Digits, seed: int, epochs: int) -> Measured:
    """The bare loop with loss and accuracy on the held-out pictures after each epoch, as the engine has them."""
    return bare(data, seed, epochs, validates=True)


def alone(data: Digits, seed: int, epochs: int) -> Measured:
    """The student without a teacher: the bound that no distillation passes."""
    return bare(data, seed, epochs, taught=False)


@dataclass(frozen=True)
class _Watched(ClassifierValidation):
    """Notes what each validation takes."""

    took: list[tuple[float, float]] = field(default_factory=list)
    """Wall-clock and processor seconds."""

    def __call__(self, model: nn.Module, stop: StopRequest) -> Outcome:
        watch = Watch()
        outcome = super().__call__(model, stop)
        self.took.append(watch.seconds())
        return outcome


def engine_steps(data: Digits, seed: int, epochs: int) -> Measured:
    """The product's loop without the seconds of its validation, which the bare loop does not have."""
    return engine(data, seed, epochs, validates=False)


def engine(data: Digits, seed: int, epochs: int, *, validates: bool = True) -> Measured:
    """The product's loop, everything included; the validation's own time not, unless ``validates``."""
    loss = LossSpec(TEMPERATURE, ALPHA, 1 - ALPHA)
    spec = RunSpec(
        "BENCHMARK", "distillation", "classification",
        DataSpec("digits", "datasets/digits", "datasets/digits"),
        TeacherSpec("task", "teacher", "models/teacher"),
        StudentSpec("cnn-tiny", data.side),
        TrainSpec(epochs, BATCH, RATE, "adamw", "cosine", DECAY, 1, 0.0, seed),
        loss, control=False, threads=1, device="cpu", checkpoint_seconds=-1.0, max_unreadable_share=0.05,
        checkpoint_epochs=epochs,  # one a round; the product's default of 15 s is seldomer
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        run_dir = RunDir(Path(folder))
        events = EventWriter(run_dir.events(1))
        context = Context(run_dir, Path(folder), spec, events, StopRequest(), Progress(spec, events))
        pictures = RowStore(data.pictures, data.train, students.normalise, "cpu")
        soften = RowStore(data.logits, data.train, lambda logits: losses.soften(logits, TEMPERATURE), "cpu")
        labels = torch.from_numpy(data.labels[data.train])
        feed = PlainFeed(pictures, labels, {"logits": soften}, Ordering(len(labels), spec.train))
        held_out = RowStore(data.pictures, data.val, students.normalise, "cpu")
        batch = max(BATCH, min(1024, 400_000 // data.side**2))
        validation = _Watched(held_out, torch.from_numpy(data.labels[data.val]), batch, certain=False)
        checkpoints = Checkpoints(context, "student", None)
        trainer = Trainer(context, "student", data.student(seed), feed, validation, checkpoints, Classification(loss))
        watch = Watch()
        with context.progress.phase("student", trainer.total_steps, "steps"):
            record = trainer.train()
        left_out = [] if validates else validation.took
        rates = watch.rates(epochs * len(data.train), left_out)
        events.close()
    return Measured(*rates, record["final"]["val_accuracy"])


class _Permuted(torch.utils.data.Sampler[int]):
    """The order of every other loop."""

    def __init__(self, count: int, seed: int) -> None:
        self._count, self._seed, self.epoch = count, seed, 0

    def __iter__(self) -> Any:
        return iter(randomness.permutation(self._count, "order", self._seed, self.epoch).tolist())

    def __len__(self) -> int:
        return self._count


def with_teacher(data: Digits, seed: int, epochs: int) -> Measured:
    """What torchdistill's DistillationBox does: both forward passes each step, its KDLoss, a DataLoader.

    The box itself imports torchvision, so it is not what runs here.
    """
    labels = torch.from_numpy(data.labels[data.train])
    order = _Permuted(len(labels), seed)
    loader: DataLoader[Any] = DataLoader(TensorDataset(data.inputs(data.train), labels), BATCH, sampler=order)
    student, criterion = data.student(seed).train(), _kd_loss()
    optimizer = torch.optim.AdamW(student.parameters(), lr=RATE, weight_decay=DECAY)
    step, steps = 0, epochs * len(loader)
    watch = Watch()
    for epoch in range(epochs):
        order.epoch = epoch
        for pictures, targets in loader:
            optimizer.param_groups[0]["lr"] = cosine(step, steps)
            with torch.no_grad():
                teacher = data.teacher(pictures)
            loss = criterion(student(pictures), teacher, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
    return Measured(*watch.rates(epochs * len(labels)), data.accuracy(student))


def _kd_loss() -> Callable[[Tensor, Tensor, Tensor], Any]:
    """torchdistill's own, from its wheel; its alpha weighs the labels. Raises SystemExit without the wheel."""
    wheel = os.environ.get(WHEEL)
    if not wheel:
        raise SystemExit(f"Fetch it with 'pip download --no-deps torchdistill' and name it: {WHEEL}=torchdistill-….whl")
    if wheel not in sys.path:
        sys.path.insert(0, wheel)
    loss = importlib.import_module("torchdistill.losses.mid_level").KDLoss(
        ".", "output", ".", "output", temperature=TEMPERATURE, alpha=1 - ALPHA
    )
    return lambda student, teacher, targets: loss({".": {"output": student}}, {".": {"output": teacher}}, targets)
