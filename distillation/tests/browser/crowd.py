"""Rows for pictures of full pages: long names, every status, more than a page holds.

The rows of no run: what pages show of them is what the rows say, so only rows go wrong here, not figures.
"""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import Group, User
from django.utils import timezone

from distillation.models import Role, ScriptToken, TaskStatus, TeacherAlias, Team, TrainingTask, Worker
from distillation.tests.factories import InferenceFactory, PresetFactory, TaskFactory

LONG = "产线三号相机的焊点缺陷检测与分割(夜班补光后重新标注的第七版数据)蒸馏到边缘设备上的小模型"
UNBROKEN = "a_name_without_any_place_to_break_it_" * 3
REASON = (
    "The teacher found nothing in 480 of 480 pictures at a threshold of 0.5. Lower the threshold or change the prompts."
)
STATUSES = tuple(TaskStatus.values)
TASKS, USERS = 150, 40


def fill() -> None:
    """Add to a home that has the demo's rows. Does nothing the second time."""
    if User.objects.filter(username="crowd0").exists():
        return
    now = timezone.now()
    for number in range(TASKS):
        status = STATUSES[number % len(STATUSES)]
        begun = now - timedelta(hours=number)
        running, failed = status == TaskStatus.RUNNING, status == TaskStatus.FAILED
        TaskFactory(
            task_name=(LONG, UNBROKEN, f"digits {number}")[number % 3], create_by=f"crowd{number % USERS}",
            teacher_model="open-vocabulary-detector-large-with-a-long-name", student_model="yolov8n", status=status,
            progress=100 if status == TaskStatus.COMPLETED else number % 100, current_epoch=number % 100,
            total_epochs=100, accuracy=50 + number / 4, best_accuracy=51 + number / 4, loss="0.123456",
            queued_at=begun, start_time=begun, end_time=None if running else begun + timedelta(hours=3),
            duration=10_000, estimated_time=36_000, phase="student" if running else None,
            error_message=REASON if failed else None, lease_owner="gpu-host-with-a-long-name-17" if running else None,
            group_id=f"{number // 10:032x}" if number < 30 else None,
        )  # fmt: skip
    for number in range(USERS):
        user = User.objects.create_user(f"crowd{number}", is_staff=True)
        user.groups.set(Group.objects.filter(name=Role.ENGINEER))
    for number in range(8):
        Team.objects.create(name=f"{LONG[: 10 + 4 * number]} {number}").user_set.set(User.objects.all()[: 5 * number])
        TeacherAlias.objects.create(alias=f"teacher-{number}", teacher=UNBROKEN[:90])
        Worker.objects.create(
            name=f"gpu-host-with-a-long-name-{number}", host=f"gpu-{number}", pid=100 + number, slots=2, started_at=now,
            seen_at=now - timedelta(minutes=7 * number), devices='["cuda:0 NVIDIA GeForce RTX 4090", "cuda:1"]',
        )  # fmt: skip
    admin = User.objects.get(username="admin")
    task = TrainingTask.objects.alive().filter(status=TaskStatus.COMPLETED).order_by("id")[0]
    for number in range(12):
        ScriptToken.objects.create_key(user=admin, name=(LONG[:50], UNBROKEN[:50], "ci")[number % 3])
        PresetFactory(preset_name=f"{LONG[:40]} {number}", target_modules='["q_proj", "k_proj", "v_proj", "o_proj"]')
    for number in range(30):
        InferenceFactory(
            task_id=task.task_id, status=("QUEUED", "RUNNING", "COMPLETED", "FAILED", "STOPPED")[number % 5],
            input_dir=f"datasets/{LONG}/unlabeled", output_dir=f"labels/{UNBROKEN[:80]}-{number}",
            total_images=123_456, processed_images=4_000 * number, object_count=1_000_000, create_by="admin",
            error_message=REASON if number % 5 == 3 else None,
        )  # fmt: skip
