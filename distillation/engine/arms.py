"""The arms of a run: what each one learns from, and that a finished one is not trained again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from torch import Tensor, nn

from distillation.contract.arms import kind_of
from distillation.contract.arms import named as arm_named
from distillation.contract.batches import LEAST_SHARE
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
from distillation.engine.parallel import leading
from distillation.engine.parallel.team import Team
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
    return _train(context, workload, arm_named("student", number))


def train_control(context: Context, workload: Workload, number: int, epochs: int) -> TrainedArm:
    """Train the same student from the same weights on labels alone, for the same number of optimizer steps.

    ``epochs`` are those of the student, which may have stopped early.
    """
    return _train(context, workload, arm_named("control", number), epochs)


def follow(context: Context, workload: Workload, arm: str, epochs: int | None, join: Callable[[], Team]) -> None:
    """Train along with the process that leads; ``join`` meets it. Raises Refused, Stopped."""
    feed = _feed(context, workload, arm)
    checkpoints = _checkpoints(context, workload, arm)
    with closing(feed):
        _begun(context, workload, arm, feed, checkpoints, epochs).trainer.train(join())


def _checkpoints(context: Context, workload: Workload, arm: str) -> Checkpoints:
    return Checkpoints(context, arm, workload.outputs.checksum if workload.outputs else None)


class _Begun(NamedTuple):
    """An arm that stands at its last checkpoint, or at its beginning."""

    trainer: Trainer
    model: nn.Module
    adapted: Inserted | None


def _feed(context: Context, workload: Workload, arm: str) -> Feed:
    train = context.spec.train
    if kind_of(arm) == "student":
        return workload.feed(seed=train.seed, with_teacher=context.spec.teacher is not None)
    steps = Ordering(workload.samples(), train).steps_per_epoch
    return workload.feed(seed=train.seed, with_teacher=False, stream_steps=steps)


def _train(context: Context, workload: Workload, arm: str, epochs: int | None = None) -> TrainedArm:
    feed = _feed(context, workload, arm)
    total = (context.spec.train.epochs if epochs is None else epochs) * feed.steps_per_epoch
    checkpoints = _checkpoints(context, workload, arm)
    if (finished := checkpoints.finished()) is not None:
        with context.progress.phase(arm, total, "steps", done=total):
            return TrainedArm(*finished)
    trainer, model, adapted = _begun(context, workload, arm, feed, checkpoints, epochs)
    with (
        closing(feed),
        context.progress.phase(arm, total, "steps", done=trainer.step),
        leading.team(context, arm, epochs) as team,
    ):
        record = trainer.train(team)
    weights = (
        checkpoints.best_weights()
        if context.spec.train.select_best
        else {name: tensor.detach().cpu() for name, tensor in trainer.weights().items()}
    )
    if adapted is not None:
        weights = student.plain_weights(model, weights)
    if kind_of(arm) == "student":
        record["lora"] = workload.teacher_learned() if adapted is None else adapted.facts()
    checkpoints.finish(weights, record)
    return TrainedArm(weights, record)


def _begun(
    context: Context, workload: Workload, arm: str, feed: Feed, checkpoints: Checkpoints, epochs: int | None
) -> _Begun:
    model = initial_model(context, workload)
    _take_over_weights(context, workload, model, arm)
    _require_variance(context, model, feed)
    adapted = _adapt(context, model, arm)
    if context.spec.train.world_size > 1 and context.spec.device != "cpu":
        model = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # it knows no CPU
    taught = kind_of(arm) == "student" and context.spec.teacher is not None
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
        workload.goal(model, seed=context.spec.train.seed, with_teacher=taught),
        epochs=epochs,
        later_steps=arms_after(context.spec, arm) * context.spec.train.epochs * feed.steps_per_epoch,
    )
    trainer.restore()
    return _Begun(trainer, model, adapted)


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
    processes = context.spec.train.world_size
    if feed.samples_per_epoch < LEAST_SHARE * processes and processes > 1:
        raise Refused(
            Sentence(
                gettext_noop(
                    "{processes} processes share each batch, at least {share} samples each; there are {count} samples. "
                    "Add samples, or name one GPU in gpuDevices."
                ),
                {"processes": processes, "share": LEAST_SHARE, "count": feed.samples_per_epoch},
            )
        )
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
