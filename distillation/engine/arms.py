"""The arms of a run: what each one learns from, and that a finished one is not trained again."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from distillation.contract.arms import Kind
from distillation.contract.arms import named as arm_named
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import named, shown
from distillation.engine import export, randomness, students
from distillation.engine.batches import Feed
from distillation.engine.checkpoint import Checkpoints
from distillation.engine.context import Context
from distillation.engine.evaluation import ClassifierValidation, Validation
from distillation.engine.lora import Inserted, student
from distillation.engine.lora.student import MergedValidation
from distillation.engine.ordering import Ordering
from distillation.engine.progress import arms_after
from distillation.engine.students import pretrained
from distillation.engine.trainer import Trainer
from distillation.engine.workloads.workload import Workload


@dataclass(frozen=True, slots=True)
class TrainedArm:
    """A finished arm."""

    weights: dict[str, Tensor]
    """Of the last epoch, or of the best one where the spec asks for it; on the CPU."""
    record: dict[str, Any]
    """epochs, steps, trained_samples, seconds, final and best figures; what learned through adapters, or None."""


def train_student(context: Context, workload: Workload, number: int) -> TrainedArm:
    """Train the student, on labelled and unlabelled samples with the teacher, else on the labelled ones.

    ``context`` is that of the seed of that ``number``.
    """
    seed, taught = context.spec.train.seed, context.spec.teacher is not None
    return _train(context, workload, "student", number, workload.feed(seed=seed, with_teacher=taught))


def train_control(context: Context, workload: Workload, number: int, epochs: int) -> TrainedArm:
    """Train the same student from the same weights on labels alone, for the same number of optimizer steps.

    ``epochs`` are those of the student, which may have stopped early.
    """
    train = context.spec.train
    steps = Ordering(workload.samples(), train).steps_per_epoch
    feed = workload.feed(seed=train.seed, with_teacher=False, stream_steps=steps)
    return _train(context, workload, "control", number, feed, epochs)


def _train(
    context: Context, workload: Workload, kind: Kind, number: int, feed: Feed, epochs: int | None = None
) -> TrainedArm:
    arm = arm_named(kind, number)
    total = (context.spec.train.epochs if epochs is None else epochs) * feed.steps_per_epoch
    checkpoints = Checkpoints(context, arm, workload.outputs.checksum if workload.outputs else None)
    if (finished := checkpoints.finished()) is not None:
        with context.progress.phase(arm, total, "steps", done=total):
            return TrainedArm(*finished)
    model = initial_model(context, workload)
    _take_over_weights(context, workload, model, arm)
    _require_variance(context, model, feed)
    adapted = _adapt(context, model, arm)
    validation: Validation = workload.validation
    if isinstance(validation, ClassifierValidation):
        validation = replace(validation, certain=False)
    trainer = Trainer(
        context,
        arm,
        model,
        feed,
        validation if adapted is None else MergedValidation(validation),
        checkpoints,
        workload.goal(
            model, seed=context.spec.train.seed, with_teacher=kind == "student" and context.spec.teacher is not None
        ),
        epochs=epochs,
        later_steps=arms_after(context.spec, arm) * context.spec.train.epochs * feed.steps_per_epoch,
    )
    trainer.restore()
    with closing(feed), context.progress.phase(arm, total, "steps", done=trainer.step):
        record = trainer.train()
    weights = (
        checkpoints.best_weights()
        if context.spec.train.select_best
        else {name: tensor.detach().cpu() for name, tensor in trainer.weights().items()}
    )
    if adapted is not None:
        weights = student.plain_weights(model, weights)
    if kind == "student":
        record["lora"] = workload.teacher_learned() if adapted is None else adapted.facts()
    checkpoints.finish(weights, record)
    return TrainedArm(weights, record)


def initial_model(context: Context, workload: Workload) -> nn.Module:
    """The untrained student; both arms of a seed begin with the same weights."""
    spec = context.spec
    randomness.seed_all(spec.train.seed)
    model = students.build(
        spec.student.arch,
        classes=len(workload.classes),
        channels=workload.channels,
        image_size=spec.student.image_size,
    )
    return model.to(spec.device)


def model_config(context: Context, workload: Workload, model: nn.Module) -> dict[str, Any]:
    """``config.json`` of an exported arm."""
    described = export.describe(
        model,
        arch=context.spec.student.arch,
        classes=workload.classes,
        channels=workload.channels,
        image_size=context.spec.student.image_size,
        task_id=context.spec.task_id,
    )
    return described | workload.describe()


def _take_over_weights(context: Context, workload: Workload, model: nn.Module, arm: str) -> None:
    """Start from weights that exist, where the spec asks for it; all arms do. Raises Refused."""
    spec = context.spec.student
    if spec.init == "random" or spec.init_path is None:
        return
    loaded = pretrained.load(model, spec.arch, context.home / spec.init_path, classes=workload.classes)
    if arm == "student":
        context.events.log(
            "info",
            Sentence(
                gettext_noop(
                    "{share} % of the weights are taken over from {path} (named as in {naming}); {count} layers begin "
                    "at random: {missing}."
                ),
                {
                    "share": round(100 * loaded.share, 2),
                    "path": shown(spec.init_path),
                    "naming": loaded.naming,
                    "count": len(loaded.missing),
                    "missing": named(loaded.missing) or "–",
                },
            ),
        )


def _adapt(context: Context, model: nn.Module, arm: str) -> Inserted | None:
    """Put adapters into the student, where the spec asks for it; all arms have them. Raises Refused."""
    settings = context.spec.lora
    if settings is None or not context.spec.adapts_student:
        return None
    inserted = student.adapt(model, settings, context.spec.student.arch)
    if arm == "student":
        inserted.report(context.events)
    return inserted


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
