"""What the benchmarks of the API find: 10,000 tasks as an installation has them, people, tokens, model files."""

from __future__ import annotations

import datetime
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rest_env import HOME  # isort: skip - it makes the home that Django's settings look for

from django.contrib.auth.models import Group, User
from django.core.management import call_command
from rest_framework_simplejwt.tokens import RefreshToken

from distillation.models import TrainingTask
from distillation.services.tokens import create_token

TASKS = 10_000
OWNERS = [f"user{number}" for number in range(20)]
STUDENTS = ["cnn-tiny", "resnet18", "resnet50", "vit-small", "yolov8n", "yolov5s", "unet-small", "lstm-medium"]
TYPES = {"y": "detection", "u": "segmentation", "l": "sequence"}
STATES = ["COMPLETED"] * 7 + ["FAILED", "STOPPED", "PENDING"]


@dataclass(frozen=True)
class Account:
    """An engineer of a team of five, and what the requests are sent with."""

    name: str
    session: str
    """A session's JWT."""
    tokens: dict[str, str]
    """Task id → its script's token."""


def fill(tasks: int = TASKS, external: int = 16) -> Account:
    """Make tables, people, ``tasks`` tasks with their model files, and running external tasks with tokens."""
    call_command("migrate", verbosity=0)
    for number, owner in enumerate(OWNERS):
        user = User.objects.create_user(owner, password=None)
        user.groups.add(Group.objects.get(name="R_ENGINEER"), Group.objects.get_or_create(name=f"team{number // 5}")[0])
    chance = random.Random(0)  # noqa: S311 - figures for a benchmark
    TrainingTask.objects.bulk_create([TrainingTask(**_task(number, chance)) for number in range(tasks)], batch_size=500)
    for task in TrainingTask.objects.filter(status="COMPLETED", executor="platform"):
        _model(Path(HOME / str(task.model_path)).parent)
    user = User.objects.get(username=OWNERS[0])
    tokens = {}
    for number in range(external):
        task = TrainingTask.objects.create(
            **_task(tasks + number, chance)
            | {"task_id": f"TASK_EXT{number:05d}", "executor": "external", "status": "RUNNING", "total_epochs": 100_000,
               "create_by": user.username, "start_time": datetime.datetime.now(datetime.UTC), "end_time": None}
        )  # fmt: skip
        tokens[task.task_id] = create_token(user, {}, task=task)[1]
    return Account(user.username, str(RefreshToken.for_user(user).access_token), tokens)


def _task(number: int, chance: random.Random) -> dict[str, Any]:
    """The columns of one task: every text of a usual length, a training configuration of about 400 bytes."""
    student, status = STUDENTS[number % len(STUDENTS)], STATES[number % len(STATES)]
    task_id = f"TASK_{number:08X}"
    created = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(minutes=37 * number)
    best = round(chance.uniform(60, 99), 4)
    done = status == "COMPLETED"
    return {
        "task_id": task_id,
        "task_name": f"图像分类协同训练-{student}-{number}",
        "description": "用大模型的软标签训练小模型，供标注工具使用。",
        "teacher_model": f"TASK_{number % 40:08X}",
        "student_model": student,
        "total_epochs": 50,
        "current_epoch": 50 if done else number % 50,
        "progress": 100 if done else 2 * (number % 50),
        "training_config": json.dumps(_config(student, number), ensure_ascii=False, separators=(",", ":")),
        "status": status,
        "accuracy": round(best - chance.random(), 4),
        "best_accuracy": best,
        "best_epoch": 40 + number % 10,
        "loss": round(chance.random(), 6),
        "dataset_id": "bottles-2026",
        "dataset_name": "瓶子 2026",
        "model_path": f"runs/{task_id}/artifacts/model/model.safetensors" if done else None,
        "checkpoint_path": f"runs/{task_id}/checkpoints",
        "error_message": "磁盘已满。" if status == "FAILED" else None,
        "start_time": created + datetime.timedelta(seconds=12.5),
        "end_time": created + datetime.timedelta(seconds=3712.25),
        "duration": 3700,
        "create_by": OWNERS[number % len(OWNERS)],
        "update_by": OWNERS[number % len(OWNERS)],
        "create_time": created,
        "attempt": 1,
        "phase": "student",
        "device": "cuda:0",
        "queued_at": created,
        "trained_samples": 50 * 12_000,
    }


def _config(student: str, seed: int) -> dict[str, Any]:
    return {
        "optimizer": "adamw",
        "lrScheduler": "cosine",
        "weightDecay": 0.0001,
        "gradAccumSteps": 1,
        "maxGradNorm": 1.0,
        "gpuDevices": [0],
        "distillationAdvancedConfig": {"hardLabelWeight": 0.3, "softLabelWeight": 0.7, "lossType": "kl_div"},
        "loraAdvancedConfig": {"targetModules": ["q_proj", "v_proj"], "layers": "all", "biasTrain": "none"},
        "taskType": TYPES.get(student[0], "classification"),
        "imageSize": 64,
        "distillationType": "logit",
        "seed": seed,
    }


def _model(folder: Path) -> None:
    """A finished model's directory; nobody reads the weights here."""
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"")
    config = {"format": "distillation-student/1", "arch": "cnn-tiny", "image_size": 8, "channels": 1, "classes": ["a"]}
    (folder / "config.json").write_text(json.dumps(config))
