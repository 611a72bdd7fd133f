"""Export the trained arms, load them back from disk, and compare student, teacher and control on held-out pictures.

What is reported is measured on the loaded-back files, which are what people deploy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.engine import arms, export, metrics, students, throughput
from distillation.engine.arms import Material, TrainedArm
from distillation.engine.context import Context
from distillation.engine.evaluation import evaluate
from distillation.engine.teacher_cache import TeacherOutputs


def assess(context: Context, material: Material, trained: dict[str, TrainedArm]) -> dict[str, Any]:
    """Evaluate every arm and the teacher; the student's figures are at the top level.

    Raises Refused when a saved model does not answer as the trained one did, Stopped, OSError.
    """
    done = 0
    by_arm = {}
    for arm, result in trained.items():
        by_arm[arm] = _assess_arm(context, material, arm, result)
        done += len(material.rows.val)
        context.progress.advance(done)
    return {
        **by_arm["student"],
        "teacher": _assess_teacher(material) if material.outputs else None,
        "control": by_arm.get("control"),
    }


def teacher_figures(material: Material, outputs: TeacherOutputs) -> dict[str, Any]:
    """The teacher's figures on the held-out pictures, from its cached outputs."""
    predicted = np.asarray(outputs.logits[material.rows.val]).argmax(axis=1).astype(np.int64)
    return _figures(material, predicted)


def folder(context: Context, arm: str) -> Path:
    """Where an arm's model directory lies."""
    return context.run_dir.model if arm == "student" else context.run_dir.artifacts / arm


def _assess_arm(context: Context, material: Material, arm: str, trained: TrainedArm) -> dict[str, Any]:
    target = folder(context, arm)
    shell = arms.initial_model(context, material)
    export.save_student(target, trained.weights, arms.model_config(context, material, shell))
    del shell
    model, _ = export.load_student(target)
    model.to(context.spec.device)
    outcome = evaluate(model, material.validation, context.stop)
    if outcome.correct != trained.record["final"]["val_correct"]:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The saved model of the arm {arm} has {found} right answers, the trained one had {expected}. It "
                    "is not delivered; start the task again, and check the disk."
                ),
                {"arm": arm, "found": outcome.correct, "expected": trained.record["final"]["val_correct"]},
            )
        )
    count = min(context.spec.train.batch_size, material.validation.pictures.count)
    speed = throughput.measure(model, material.validation.pictures.between(0, count), context.stop)
    return {
        **_figures(material, outcome.predicted.numpy()),
        "parameters": students.parameter_count(model),
        "bytes": (target / export.WEIGHTS).stat().st_size,
        "images_per_second": speed["images_per_second"],
        "throughput": speed,
    }


def _assess_teacher(material: Material) -> dict[str, Any]:
    assert material.outputs is not None  # noqa: S101 - asked by the caller
    about = material.outputs.about
    return {
        **teacher_figures(material, material.outputs),
        "name": about["name"],
        "parameters": about["parameters"],
        "bytes": about["bytes"],
        "images_per_second": about["throughput"]["images_per_second"],
        "throughput": {**about["throughput"], "measured_at": about["measured_at"]},
    }


def _figures(material: Material, predicted: Any) -> dict[str, Any]:
    true = material.rows.labels[material.rows.val]
    classes = material.data.classes
    return metrics.figures(metrics.confusion_matrix(true, predicted, len(classes)), classes)
