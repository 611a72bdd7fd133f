"""Rows of every kind and a token for every role, for the server that the tests of the schema call.

Whatever requests may spoil is there many times over, so that the last request still finds what the first one found.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.utils import timezone
from rest_framework_simplejwt.tokens import RefreshToken

from distillation.models import (
    JobStatus,
    LogLine,
    LoraPreset,
    MetricPoint,
    ResourceSample,
    Scope,
    ScriptToken,
    TaskTransition,
    TrainingTask,
)
from distillation.tests.factories import (
    EvaluationFactory,
    HistoryFactory,
    InferenceFactory,
    PresetFactory,
    TaskFactory,
)
from distillation.tests.model_samples import write_model

OWNER, TEAM = "erin", "红队"
PEOPLE = {
    "viewer": (TEAM, "R_VIEWER"),
    "annotator": (TEAM, "R_ANNOTATOR"),
    "engineer": (TEAM, "R_ENGINEER"),
    "stranger": ("蓝队", "R_ENGINEER"),
    "administrator": ("R_ADMIN",),
    "superuser": (),
}
EACH, OF_SCRIPTS, JOBS = 6, 40, 24
KINDS: dict[str, dict[str, Any]] = {
    "SCRIPT": {"executor": "external", "status": "RUNNING"},
    "WAITING": {"executor": "external", "status": "PENDING"},
    "PENDING": {"training_mode": "direct", "teacher_model": ""},
    "QUEUED": {"status": "QUEUED", "training_mode": "direct", "teacher_model": ""},
    "PAUSED": {
        "status": "PAUSED",
        "training_mode": "direct",
        "teacher_model": "",
        "checkpoint_path": "runs/x/checkpoints/1",
    },
    "RUNNING": {"status": "RUNNING", "intent": "stop", "trained_samples": 7, "estimated_time": 3, "memory_used": 0.5},
    "FAILED": {"status": "FAILED", "error_message": "内存不足"},
    "DONE": {"status": "COMPLETED", "accuracy": "91.5", "best_accuracy": "92", "best_epoch": 2, "loss": "0.1"},
    "GONE": {"del_flag": 1},
}
REPORTED = "TASK_SCRIPT_0"
"""The task of the token that only reports."""


def task_ids(*kinds: str) -> list[str]:
    """The ids of the tasks of these kinds, or of all."""
    return [
        f"TASK_{kind}_{number}" for kind in kinds or KINDS for number in range(OF_SCRIPTS if kind == "SCRIPT" else EACH)
    ]


def fill() -> dict[str, str]:
    """Write all rows and files; returns a token for each role."""
    tokens = {role: _person(role) for role in PEOPLE}
    for kind, columns in KINDS.items():
        for task_id in task_ids(kind):
            _task(task_id, columns)
    write_model(settings.MODELS_ROOT / "ready")
    for number in range(EACH):
        PresetFactory(preset_name=f"预设 {number}", create_by=OWNER)
    LoraPreset.objects.update(create_by=OWNER)
    for number in range(JOBS):
        status = JobStatus.COMPLETED if number % 2 else JobStatus.QUEUED
        InferenceFactory(inference_id=f"INF-{number:08X}", task_id="TASK_DONE_0", status=status, create_by=OWNER,
                         output_dir=f"labels/{number}")  # fmt: skip
    (settings.DISTILLATION_HOME / "uploads").mkdir()
    owner = User.objects.get(username=OWNER)
    return tokens | {
        "reader": _script_token(owner, Scope.READ),
        "reporter": _script_token(owner, Scope.REPORT, TrainingTask.objects.get(task_id=REPORTED)),
    }


def _person(role: str) -> str:
    name = OWNER if role == "engineer" else role
    user = User.objects.create_user(name, password=None, is_superuser=role == "superuser")
    user.groups.set([Group.objects.get_or_create(name=group)[0] for group in PEOPLE[role]])
    return str(RefreshToken.for_user(user).access_token)


def _script_token(owner: User, scope: Scope, task: TrainingTask | None = None) -> str:
    until = timezone.now() + timedelta(days=1)
    _row, secret = ScriptToken.objects.create_key(name=scope, user=owner, scope=scope, task=task, expiry_date=until)
    return str(secret)


def _task(task_id: str, columns: dict[str, Any]) -> None:
    values = {"student_model": "cnn-tiny", "dataset_id": "stripes", "create_by": OWNER, **columns}
    task = TaskFactory(task_id=task_id, training_config=json.dumps({"taskType": "classification"}), **values)
    HistoryFactory.create_batch(2, task=task)
    EvaluationFactory(task=task, map_50="80", detailed_results="{}")
    TaskTransition.objects.create(task=task, from_status="PENDING", to_status=task.status, actor=OWNER, attempt=1)
    for step in range(3):
        MetricPoint.objects.create(task=task, name="loss", arm="student", step=step, epoch=1, time=1e9, value=0.5)
        ResourceSample.objects.create(task=task, attempt=1, time=1e9 + step, cpu_percent=50)
        LogLine.objects.create(task=task, attempt=1, source="engine", text=f"第 {step} 步")
    if task.status == "COMPLETED":
        path = write_model(settings.RUNS_ROOT / task_id / "artifacts" / "model")
        task.model_path = str(path.relative_to(settings.DISTILLATION_HOME))
        task.save(update_fields=["model_path"])
