"""The arms of a run: what each one learns from, and that a finished one is not trained again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.engine import evaluation, export, losses, randomness, students
from distillation.engine.batches import Feed, RowStore
from distillation.engine.checkpoint import Checkpoints
from distillation.engine.context import Context
from distillation.engine.evaluation import Validation
from distillation.engine.frozen_data import FrozenData
from distillation.engine.picture_pack import PicturePack
from distillation.engine.progress import trains_control
from distillation.engine.teacher_cache import TeacherOutputs
from distillation.engine.trainer import Trainer
from distillation.engine.usable_rows import UsableRows


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that is ready before the first step."""

    data: FrozenData
    pack: PicturePack
    rows: UsableRows
    outputs: TeacherOutputs | None
    validation: Validation

    @property
    def teacher_checksum(self) -> str | None:
        """Of the cached outputs; None in direct mode."""
        return self.outputs.checksum if self.outputs else None


@dataclass(frozen=True, slots=True)
class TrainedArm:
    """A finished arm."""

    weights: dict[str, Tensor]
    """Of the last epoch, on the CPU."""
    record: dict[str, Any]
    """epochs, steps, trained_samples, seconds, final and best figures."""


def hold_out(context: Context, pack: PicturePack, rows: UsableRows) -> Validation:
    """The held-out pictures, ready for evaluation."""
    device = context.spec.device
    return Validation(
        pictures=RowStore(pack.rows, rows.val, students.normalise, device),
        labels=torch.from_numpy(rows.labels[rows.val]).to(device),
        batch=evaluation.batch_size(context.spec.train.batch_size, int(np.prod(pack.rows.shape[1:]))),
    )


def train_student(context: Context, material: Material) -> TrainedArm:
    """Train the student, on labelled and unlabelled pictures with the teacher, else on the labelled ones."""
    return _train(context, material, "student", _student_feed(context, material))


def train_control(context: Context, material: Material) -> TrainedArm:
    """Train the same student from the same weights on labels alone, for the same number of optimizer steps."""
    steps = _student_feed(context, material, with_teacher=False).steps_per_epoch
    feed = _feed(context, material, material.rows.train, with_teacher=False, stream_steps=steps)
    return _train(context, material, "control", feed)


def _student_feed(context: Context, material: Material, *, with_teacher: bool = True) -> Feed:
    rows = material.rows.train
    if material.outputs is not None:
        rows = np.concatenate([rows, material.rows.unlabeled])
    return _feed(context, material, rows, with_teacher=with_teacher)


def _feed(
    context: Context,
    material: Material,
    rows: NDArray[np.int64],
    *,
    with_teacher: bool,
    stream_steps: int | None = None,
) -> Feed:
    spec = context.spec
    teacher = None
    if with_teacher and material.outputs is not None and spec.loss is not None:
        temperature = spec.loss.temperature
        teacher = RowStore(
            material.outputs.logits, rows, lambda logits: losses.soften(logits, temperature), spec.device
        )
    pictures = RowStore(material.pack.rows, rows, students.normalise, spec.device)
    labels = torch.from_numpy(material.rows.labels[rows]).to(spec.device)
    return Feed(pictures, labels, teacher, spec.train, stream_steps=stream_steps)


def _train(context: Context, material: Material, arm: str, feed: Feed) -> TrainedArm:
    total = context.spec.train.epochs * feed.steps_per_epoch
    checkpoints = Checkpoints(context, arm, material.teacher_checksum)
    if (finished := checkpoints.finished()) is not None:
        with context.progress.phase(arm, total, "steps", done=total):
            return TrainedArm(*finished)
    model = initial_model(context, material)
    _require_variance(context, model, feed)
    trainer = Trainer(
        context,
        arm,
        model,
        feed,
        material.validation,
        checkpoints,
        context.spec.loss if arm == "student" else None,
        later_steps=total if arm == "student" and trains_control(context.spec) else 0,
    )
    trainer.restore()
    with context.progress.phase(arm, total, "steps", done=trainer.step):
        record = trainer.train()
    weights = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    checkpoints.finish(weights, record)
    return TrainedArm(weights, record)


def initial_model(context: Context, material: Material) -> nn.Module:
    """The untrained student; both arms begin with the same weights."""
    spec = context.spec
    randomness.seed_all(spec.train.seed)
    model = students.build(
        spec.student.arch,
        classes=len(material.data.classes),
        channels=material.data.channels,
        image_size=spec.student.image_size,
    )
    return model.to(spec.device)


def model_config(context: Context, material: Material, model: nn.Module) -> dict[str, Any]:
    """``config.json`` of an exported arm."""
    return export.describe(
        model,
        arch=context.spec.student.arch,
        classes=material.data.classes,
        channels=material.data.channels,
        image_size=context.spec.student.image_size,
        task_id=context.spec.task_id,
    )


def _require_variance(context: Context, model: nn.Module, feed: Feed) -> None:
    smallest = min(context.spec.train.batch_size, feed.samples_per_epoch)
    if smallest < 2 and students.needs_pairs(model):
        raise Refused(
            Sentence(
                gettext_noop(
                    "{arch} normalises over a batch and needs at least two pictures in it; the batch size is "
                    "{batch_size} and there are {count} pictures. Choose a larger batch size or add pictures."
                ),
                {
                    "arch": context.spec.student.arch,
                    "batch_size": context.spec.train.batch_size,
                    "count": feed.samples_per_epoch,
                },
            )
        )
