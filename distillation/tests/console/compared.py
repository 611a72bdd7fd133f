"""Finished tasks as the page that compares them finds them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import Group
from django.test import Client

from distillation.models import MetricPoint, TrainingTask
from distillation.tests.factories import EvaluationFactory, TaskFactory, UserFactory

PAGE = "/admin/compare/"
CPU = {"device": "cpu", "device_name": "one processor"}


def browser(*groups: str) -> Client:
    """Of an administrator, or of somebody in the groups; it reads English."""
    user = UserFactory(is_superuser=not groups)
    user.groups.set([Group.objects.get_or_create(name=name)[0] for name in groups])
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def evaluated(
    accuracy: float | None = 90.0,
    *,
    control: float | None = None,
    size: int | None = 1000,
    latency: float | None = 2.0,
    machine: dict[str, str] | None = None,
    runs: Sequence[dict[str, float]] = (),
    data: str = "digits",
    samples: int = 540,
    config: dict[str, Any] | None = None,
    lora: dict[str, Any] | None = None,
    **fields: Any,
) -> TrainingTask:
    """A COMPLETED task with an evaluation as the engine writes it."""
    config = {"control": control is not None} | (config or {})
    task: TrainingTask = TaskFactory(
        **{"status": "COMPLETED", "duration": 60, "training_config": json.dumps(config, ensure_ascii=False), **fields}
    )
    details: dict[str, Any] = {
        "accuracy": accuracy,
        "parameters": 250,
        "bytes": size,
        "latency_ms": latency,
        "images_per_second": 900.0,
        "throughput": machine or CPU,
        "teacher": {"name": "big", "accuracy": 97.5, "bytes": 100_000, "latency_ms": 40.0, "throughput": CPU},
        "control": None if control is None else {"accuracy": control},
        "lora": lora,
    }
    if runs:
        details["seeds"] = {"runs": list(runs)}
    EvaluationFactory(
        task=task, f1_score=None, eval_dataset_id=data, eval_dataset_name=data, eval_sample_count=samples,
        detailed_results=json.dumps(details),
    )  # fmt: skip
    return task


def curve(task: TrainingTask, name: str, values: Sequence[float | None], arm: str = "student", each: int = 10) -> None:
    """A curve of one point a step and ``each`` points an epoch, one second apart."""
    MetricPoint.objects.bulk_create(
        MetricPoint(
            task=task, name=name, arm=arm, step=step + 1, epoch=step // each + 1, time=1000.0 + step, value=value
        )
        for step, value in enumerate(values)
    )


def together(*tasks: TrainingTask, page: str = PAGE) -> str:
    """The address that compares them."""
    return f"{page}?tasks={','.join(task.task_id for task in tasks)}"
