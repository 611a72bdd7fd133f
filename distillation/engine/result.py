"""``result.json``: written last, atomically; a valid one means that the run is complete."""

from __future__ import annotations

from typing import Any

from distillation.contract.arms import named
from distillation.engine import assessment, atomic, cache_entry, export
from distillation.engine.arms import TrainedArm
from distillation.engine.context import Context
from distillation.engine.events import finite
from distillation.engine.seeds import Trained
from distillation.engine.workloads.workload import Workload

VERSION = 1


def is_complete(context: Context) -> bool:
    """Whether this very run has finished before: the result is of this spec and its model is the one it names."""
    result = atomic.read_json(context.run_dir.result)
    if not isinstance(result, dict) or result.get("spec_digest") != context.spec.digest():
        return False
    model = context.run_dir.root / str(result.get("model_path"))
    return model.is_file() and atomic.sha256_of(model) == result.get("model_sha256")


def write(
    context: Context,
    workload: Workload,
    trained: Trained,
    evaluation: dict[str, Any],
) -> None:
    """Write ``artifacts/evaluation.json``, then ``result.json``. Raises OSError."""
    atomic.write_json(context.run_dir.artifacts / "evaluation.json", finite(evaluation))
    seconds = {name: round(value, 3) for name, value in context.progress.seconds.items()}
    seconds |= {
        named(kind, number): round(record["seconds"], 3)
        for number, records in enumerate(trained.records, start=1)
        for kind, record in records.items()
    }
    first = trained.first
    control = _arm(context, "control", first["control"], evaluation["control"]) if "control" in first else None
    atomic.write_json(
        context.run_dir.result,
        finite(
            {
                "version": VERSION,
                "outcome": "completed",
                "task_id": context.spec.task_id,
                "mode": context.spec.mode,
                "spec_digest": context.spec.digest(),
                **_arm(context, "student", first["student"], evaluation),
                "evaluation": evaluation,
                "control": control,
                "seeds": _seeds(context, trained),
                **workload.facts(),
                "lora": evaluation["lora"],
                "teacher_checksum": workload.outputs.checksum if workload.outputs else None,
                "cache": cache_entry.opened_by(context),
                "seconds": seconds,
            }
        ),
    )


def _seeds(context: Context, trained: Trained) -> list[dict[str, Any]]:
    """What was trained with each seed; the first one's is what the result delivers."""
    return [
        {"seed": seed, **{kind: _trained(record) for kind, record in records.items()}}
        for seed, records in zip(context.spec.train.seeds, trained.records, strict=True)
    ]


def _arm(context: Context, arm: str, trained: TrainedArm, evaluation: dict[str, Any]) -> dict[str, Any]:
    """What an arm delivers; paths are relative to the run directory, accuracies in percent."""
    weights = assessment.folder(context, arm) / export.WEIGHTS
    record = trained.record
    return {
        "arch": context.spec.student.arch,
        "model_path": weights.relative_to(context.run_dir.root).as_posix(),
        "model_sha256": atomic.sha256_of(weights),
        "model_bytes": weights.stat().st_size,
        "parameters": evaluation["parameters"],
        **_trained(record),
    }


def _trained(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "epochs": record["epochs"],
        "steps": record["steps"],
        "trained_samples": record["trained_samples"],
        "final_val_accuracy": record["final"]["val_accuracy"],
        "final_val_loss": record["final"].get("val_loss"),
        "best_val_accuracy": record["best"]["val_accuracy"],
        "best_epoch": record["best"]["epoch"],
    }
