"""One run from top to bottom: prepare, teacher, student, control, evaluate, export.

Every step is either done again cheaply after an interruption or found finished on disk.
"""

from __future__ import annotations

import os

import torch

from distillation.contract import events as kinds
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import RunSpec
from distillation.datasets.layout import shown
from distillation.engine import arms, assessment, frozen_data, picture_pack, result, teacher, teacher_cache, usable_rows
from distillation.engine.arms import Material, TrainedArm
from distillation.engine.checkpoint import Checkpoints, Position
from distillation.engine.context import Context
from distillation.engine.progress import trains_control


def perform(context: Context, attempt: int) -> None:
    """Carry the run to its result. Raises Refused, Stopped, OSError and what libraries raise."""
    settle(context.spec)
    position = _resumed_position(context)
    context.events.emit(
        kinds.STARTED,
        pid=os.getpid(),
        attempt=attempt,
        resumed_epoch=position.epoch if position else None,
        resumed_step=position.step if position else None,
        resumed_arm=position.arm if position else None,
        device=context.spec.device,
        threads=context.spec.threads,
        torch=torch.__version__,
    )
    if result.is_complete(context):
        return

    with context.progress.phase("prepare", 0, "images"):
        material = _prepare(context)
    if context.spec.teacher is not None:
        with context.progress.phase("teacher", material.data.rows, "images"):
            material = _ask_teacher(context, material)

    trained: dict[str, TrainedArm] = {"student": arms.train_student(context, material)}
    if trains_control(context.spec):
        trained["control"] = arms.train_control(context, material)

    with context.progress.phase("evaluate", len(material.rows.val) * len(trained), "images"):
        evaluation = assessment.assess(context, material, trained)
    with context.progress.phase("export", evaluation["bytes"], "bytes"):
        context.stop.check()
        result.write(context, material, trained, evaluation)


def settle(spec: RunSpec) -> None:
    """Fix what could change the numbers. Raises Refused for a spec or device that cannot be run here."""
    if (spec.mode == "distillation") != (spec.teacher is not None and spec.loss is not None):
        raise Refused(
            Sentence(
                gettext_noop(
                    "The spec asks for mode {mode} but its teacher or loss does not fit. Start the task afresh."
                ),
                {"mode": spec.mode},
            )
        )
    if spec.device != "cpu" and not torch.cuda.is_available():
        raise Refused(
            Sentence(
                gettext_noop("The run was set up for the device {device}, which this machine does not offer."),
                {"device": spec.device},
            )
        )
    torch.set_num_threads(spec.threads)
    # On a GPU a few backward passes have no deterministic form: they warn. Filling fresh memory costs and protects
    # only programs that read what they have not written.
    torch.use_deterministic_algorithms(True, warn_only=spec.device != "cpu")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def _resumed_position(context: Context) -> Position | None:
    for arm in reversed(kinds.ARMS):
        if (position := Checkpoints(context, arm, None).newest()) is not None:
            return position
    return None


def _prepare(context: Context) -> Material:
    data = frozen_data.freeze(context)
    context.progress.resize(data.rows)
    pack = picture_pack.open_pack(context, data)
    rows = usable_rows.select(context, data, pack.unreadable)
    if context.spec.teacher is None and len(rows.unlabeled):
        context.events.log(
            "info",
            Sentence(
                gettext_noop("{count} unlabelled pictures are not used: without a teacher only labels teach."),
                {"count": len(rows.unlabeled)},
            ),
        )
    return Material(data, pack, rows, None, arms.hold_out(context, pack, rows))


def _ask_teacher(context: Context, material: Material) -> Material:
    assert context.spec.teacher is not None  # noqa: S101 - asked by the caller
    source = teacher.find(context.spec.teacher, context.home, material.data.classes)
    skipped = frozenset(entry.row for entry in material.pack.unreadable)
    outputs = teacher_cache.open_outputs(context, material.data, source, skipped)
    taught = Material(material.data, material.pack, material.rows, outputs, material.validation)
    accuracy = assessment.teacher_figures(taught, outputs)["accuracy"]
    chance = 100.0 / len(material.data.classes)
    if accuracy <= chance:
        context.events.log(
            "warning",
            Sentence(
                gettext_noop(
                    "The teacher {name} is right on {accuracy} % of the held-out pictures, no better than chance "
                    "({chance} %). The student can hardly learn from it."
                ),
                {"name": shown(source.name), "accuracy": round(accuracy, 2), "chance": round(chance, 2)},
            ),
        )
    return taught
