"""Reading a run's ``result.json`` and turning it into a completed task with its evaluation."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from distillation import lifecycle
from distillation.contract.run_dir import RunDir
from distillation.models import ModelEvaluation, TrainingTask
from distillation.services.figures import fit
from distillation.storage.local import relative

MAX_DETAIL_BYTES = 60_000
_LARGE_PARTS = ("confusion_matrix", "per_class")


@dataclass(frozen=True, slots=True)
class Result:
    """A result whose model file is there with the checksum that it names."""

    model: Path
    sha256: str
    content: dict[str, Any]


def read_result(run: RunDir) -> Result | None:
    """The run's result, or None when there is none or it does not match its model file."""
    try:
        content = json.loads(run.result.read_text(encoding="utf-8"))
        model = run.root / content["model_path"]
        with model.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != content["model_sha256"]:
            return None
        return Result(model, digest, content)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def complete(task: TrainingTask, worker: str, run: RunDir, result: Result) -> bool:
    """Complete the task and keep its evaluation, in one transaction; False when the task is not ours any more."""
    content = result.content
    with transaction.atomic():
        done = lifecycle.finish(
            task,
            worker,
            model_path=relative(result.model),
            model_url=f"/model-distillation/tasks/{task.task_id}/model",
            model_sha256=result.sha256,
            checkpoint_path=relative(run.checkpoints) if run.checkpoints.is_dir() else None,
            current_epoch=content.get("epochs", task.total_epochs),  # fewer than planned after an early stop
            accuracy=fit(TrainingTask, "accuracy", content["evaluation"]["accuracy"]),
            best_accuracy=fit(TrainingTask, "best_accuracy", content["best_val_accuracy"]),
            best_epoch=content["best_epoch"],
        )
        if done:
            _keep_evaluation(task, content["evaluation"])
    return done


def _keep_evaluation(task: TrainingTask, evaluation: dict[str, Any]) -> None:
    ModelEvaluation.objects.create(
        task_id=task.task_id,
        precision=fit(ModelEvaluation, "precision", evaluation["precision"]),
        recall=fit(ModelEvaluation, "recall", evaluation["recall"]),
        f1_score=fit(ModelEvaluation, "f1_score", evaluation["f1"]),
        map_50=fit(ModelEvaluation, "map_50", evaluation.get("map50")),
        map_95=fit(ModelEvaluation, "map_95", evaluation.get("map95")),
        eval_dataset_id=task.val_dataset_id or task.dataset_id,
        eval_dataset_name=task.val_dataset_name or task.dataset_name,
        eval_sample_count=evaluation["sample_count"],
        detailed_results=_detail(evaluation),
    )


def _detail(evaluation: dict[str, Any]) -> str:
    """The evaluation as JSON; with very many classes the large tables stay in the run's evaluation.json."""
    text = json.dumps(evaluation, ensure_ascii=False)
    if len(text.encode()) <= MAX_DETAIL_BYTES:
        return text
    short = _without_tables(evaluation) | {"tables": "artifacts/evaluation.json"}
    return json.dumps(short, ensure_ascii=False)[:MAX_DETAIL_BYTES]


def _without_tables(part: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_tables(value) if isinstance(value, dict) else value
        for key, value in part.items()
        if key not in _LARGE_PARTS and not (key == "classes" and len(str(value)) > MAX_DETAIL_BYTES // 4)
    }
