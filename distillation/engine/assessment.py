"""Export the trained arms, load them back from disk, and compare student, teacher and control on held-out pictures.

What is reported is measured on the loaded-back files, which are what people deploy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from distillation.contract.arms import Kind
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.engine import arms, export, students, throughput
from distillation.engine.arms import TrainedArm
from distillation.engine.context import Context
from distillation.engine.workloads.workload import Workload


def assess(context: Context, workload: Workload, trained: dict[Kind, TrainedArm]) -> dict[str, Any]:
    """Evaluate every arm and the teacher; the student's figures are at the top level.

    Raises Refused when a saved model does not answer as the trained one did, Stopped, OSError.
    """
    done = 0
    by_arm = {}
    for arm, result in trained.items():
        by_arm[arm] = _assess_arm(context, workload, arm, result)
        done += workload.validation.count
        context.progress.advance(done)
    return {
        **by_arm["student"],
        "task_type": context.spec.task_type,
        "teacher": _assess_teacher(workload) if workload.outputs else None,
        "control": by_arm.get("control"),
        "lora": trained["student"].record.get("lora"),
    }


def folder(context: Context, arm: str) -> Path:
    """Where an arm's model directory lies."""
    return context.run_dir.model if arm == "student" else context.run_dir.artifacts / arm


def _assess_arm(context: Context, workload: Workload, arm: str, trained: TrainedArm) -> dict[str, Any]:
    target = folder(context, arm)
    shell = arms.initial_model(context, workload)
    export.save_student(target, trained.weights, arms.model_config(context, workload, shell), workload.files())
    del shell
    model, _ = export.load_student(target)
    model.to(context.spec.device)
    validation, expected = workload.validation, trained.record["delivered"]["val_proof"]
    outcome = validation(model, context.stop)
    if not abs(outcome.proof - expected) <= validation.tolerance:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The saved model of the arm {arm} answers otherwise than the trained one ({found} instead of "
                    "{expected}). It is not delivered; start the task again, and check the disk."
                ),
                {"arm": arm, "found": outcome.proof, "expected": expected},
            )
        )
    count = min(context.spec.train.batch_size, validation.count)
    speed = throughput.measure(model, validation.inputs(count), context.stop)
    return {
        **workload.figures(outcome),
        "parameters": students.parameter_count(model),
        "bytes": (target / export.WEIGHTS).stat().st_size,
        "images_per_second": speed["images_per_second"],
        "latency_ms": speed["latency_ms"],
        "throughput": speed,
    }


def _assess_teacher(workload: Workload) -> dict[str, Any]:
    assert workload.outputs is not None  # noqa: S101 - asked by the caller
    about = workload.outputs.about
    return {
        **workload.teacher_figures(),
        "name": about["name"],
        "parameters": about["parameters"],
        "bytes": about["bytes"],
        "images_per_second": about["throughput"]["images_per_second"],
        "latency_ms": about["throughput"].get("latency_ms"),  # not in a cache of an earlier version
        "throughput": {**about["throughput"], "measured_at": about["measured_at"]},
    }
