"""The training task: the row is the queue entry and the only authority on what happens to a run."""

from __future__ import annotations

import json
import secrets
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from distillation.models.choices import Executor, Intent, TaskStatus, Visibility
from distillation.models.fields import LocalNow, ShortTextField, TinyIntegerField


def new_task_id() -> str:
    """``TASK_`` and 8 upper-case hex digits."""
    return f"TASK_{secrets.token_hex(4).upper()}"


class TaskQuerySet(models.QuerySet["TrainingTask"]):
    """Filters; a status is written by ``lifecycle`` alone."""

    def alive(self) -> TaskQuerySet:
        """Tasks that are not deleted."""
        return self.filter(del_flag=0)

    def newest_first(self) -> TaskQuerySet:
        """By creation, ties by id."""
        return self.order_by("-create_time", "-id")

    def queued(self) -> TaskQuerySet:
        """What a worker may claim, in the order in which it will."""
        return (
            self.alive()
            .filter(status=TaskStatus.QUEUED, executor=Executor.PLATFORM)
            .order_by("-priority", "queued_at", "id")
        )


class TrainingTask(models.Model):
    """One training task::

        PENDING ─start→ QUEUED ─claim→ RUNNING ─finish→ COMPLETED | FAILED
                          ↑   ↖──lost──┘  │ ↘ pause → PAUSED ─resume→ QUEUED
                          └── start ── STOPPED ←stop┘

    The moves, and the only code that makes them, are in ``distillation.lifecycle``.
    """

    # The shared columns
    task_id = models.CharField(_("task id"), max_length=64, unique=True, default=new_task_id)
    task_name = models.CharField(_("task name"), max_length=255)
    task_input_name = models.CharField(_("input name"), max_length=255, null=True, blank=True)
    description = models.CharField(_("description"), max_length=500, null=True, blank=True)
    training_mode = models.CharField(
        _("training mode"), max_length=20, default="distillation", db_default="distillation"
    )
    teacher_model = models.CharField(_("teacher model"), max_length=100, blank=True)
    student_model = models.CharField(_("student model"), max_length=100)
    total_epochs = models.IntegerField(_("epochs"), default=50, db_default=50)
    current_epoch = models.IntegerField(_("current epoch"), default=0, db_default=0)
    batch_size = models.IntegerField(_("batch size"), default=32, db_default=32)
    learning_rate = models.DecimalField(
        _("learning rate"), max_digits=10, decimal_places=8, default=Decimal("0.001"), db_default=Decimal("0.001")
    )
    temperature = models.DecimalField(
        _("temperature"), max_digits=5, decimal_places=2, default=Decimal("3.0"), db_default=Decimal("3.0")
    )
    alpha = models.DecimalField(
        _("soft-label weight (alpha)"),
        max_digits=5,
        decimal_places=2,
        default=Decimal("0.7"),
        db_default=Decimal("0.7"),
    )
    lora_rank = models.IntegerField(_("LoRA rank"), default=16, db_default=16)
    lora_alpha = models.IntegerField(_("LoRA alpha"), null=True, blank=True, default=32, db_default=32)
    lora_dropout = models.DecimalField(
        _("LoRA dropout"),
        max_digits=5,
        decimal_places=3,
        null=True,
        blank=True,
        default=Decimal("0.05"),
        db_default=Decimal("0.05"),
    )
    training_config = ShortTextField(_("training configuration"), null=True, blank=True)
    status = models.CharField(
        _("status"), max_length=20, choices=TaskStatus, default=TaskStatus.PENDING, db_default=TaskStatus.PENDING
    )
    progress = models.IntegerField(_("progress"), default=0, db_default=0)
    accuracy = models.DecimalField(_("accuracy"), max_digits=10, decimal_places=4, null=True, blank=True)
    loss = models.DecimalField(_("loss"), max_digits=10, decimal_places=6, null=True, blank=True)
    best_accuracy = models.DecimalField(_("best accuracy"), max_digits=10, decimal_places=4, null=True, blank=True)
    dataset_id = models.CharField(_("data set"), max_length=100, null=True, blank=True)
    dataset_name = models.CharField(_("data set name"), max_length=255, null=True, blank=True)
    val_dataset_id = models.CharField(_("validation data set"), max_length=100, null=True, blank=True)
    val_dataset_name = models.CharField(_("validation data set name"), max_length=255, null=True, blank=True)
    model_path = models.CharField(_("model path"), max_length=500, null=True, blank=True)
    model_url = models.CharField(_("model URL"), max_length=500, null=True, blank=True)
    checkpoint_path = models.CharField(_("checkpoint path"), max_length=500, null=True, blank=True)
    error_message = ShortTextField(_("error"), null=True, blank=True)
    start_time = models.DateTimeField(_("started"), null=True, blank=True)
    end_time = models.DateTimeField(_("ended"), null=True, blank=True)
    duration = models.BigIntegerField(_("duration (s)"), null=True, blank=True)
    create_by = models.CharField(_("owner"), max_length=64, null=True, blank=True)
    create_time = models.DateTimeField(_("created"), default=timezone.now, db_default=LocalNow(), editable=False)
    update_by = models.CharField(_("changed by"), max_length=64, null=True, blank=True)
    update_time = models.DateTimeField(_("changed"), auto_now=True, db_default=LocalNow())
    remark = models.CharField(_("remark"), max_length=500, null=True, blank=True)
    del_flag = TinyIntegerField(_("deleted"), default=0, db_default=0)

    # Ours: who runs it, and what is wanted of it
    executor = models.CharField(
        _("executor"), max_length=16, choices=Executor, default=Executor.PLATFORM, db_default=Executor.PLATFORM
    )
    intent = models.CharField(_("intent"), max_length=8, choices=Intent, null=True, blank=True)
    priority = models.IntegerField(_("priority"), default=0, db_default=0)
    queued_at = models.DateTimeField(_("queued"), null=True, blank=True)
    fresh = models.BooleanField(_("start afresh"), default=False, db_default=False)
    visibility = models.CharField(
        _("visibility"), max_length=16, choices=Visibility, default=Visibility.TEAM, db_default=Visibility.TEAM
    )
    group_id = models.CharField(_("group"), max_length=32, null=True, blank=True)
    cloned_from = models.CharField(_("cloned from"), max_length=64, null=True, blank=True)
    # The lease
    attempt = models.IntegerField(_("attempt"), default=0, db_default=0)
    lost_count = models.IntegerField(_("lost attempts"), default=0, db_default=0)
    lease_owner = models.CharField(_("worker"), max_length=64, null=True, blank=True)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    lost_contact_at = models.DateTimeField(_("lost contact"), null=True, blank=True)
    # What the engine reported last
    phase = models.CharField(_("phase"), max_length=16, null=True, blank=True)
    device = models.CharField(_("device"), max_length=32, null=True, blank=True)
    best_epoch = models.IntegerField(_("best epoch"), null=True, blank=True)
    best_step = models.BigIntegerField(_("best step"), null=True, blank=True)
    trained_samples = models.BigIntegerField(_("trained samples"), null=True, blank=True)
    samples_per_second = models.FloatField(_("samples per second"), null=True, blank=True)
    estimated_time = models.IntegerField(_("remaining time (s)"), null=True, blank=True)
    memory_used = models.FloatField(_("memory (GB)"), null=True, blank=True)
    error_detail = ShortTextField(_("error (for translation)"), null=True, blank=True)
    model_sha256 = models.CharField(_("model checksum"), max_length=64, null=True, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        db_table = "md_training_task"
        verbose_name = _("training task")
        verbose_name_plural = _("training tasks")
        indexes = [
            models.Index(fields=["status"], name="idx_status"),
            models.Index(fields=["create_time"], name="idx_create_time"),
            models.Index(fields=["teacher_model"], name="idx_teacher_model"),
            models.Index(fields=["student_model"], name="idx_student_model"),
            models.Index(fields=["group_id"], name="idx_task_group"),
            # Completed models by accuracy, and counting what somebody sees of a state, without the wide rows
            models.Index(
                fields=["status", "accuracy", "create_time", "del_flag", "visibility", "create_by"],
                name="idx_list_accuracy",
            ),
            models.Index(fields=["status", "best_accuracy"], name="idx_list_best"),
            # The console's list and front page: groups, choices of filters and counts, without the wide rows
            models.Index(
                fields=["group_id", "best_accuracy", "del_flag", "visibility", "create_by", "status"],
                name="idx_list_groups",
            ),
            models.Index(
                fields=["create_by", "dataset_id", "student_model", "visibility", "del_flag"], name="idx_list_choices"
            ),
            models.Index(
                fields=["status", "executor", "end_time", "del_flag", "visibility", "create_by"], name="idx_list_ended"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_name} ({self.task_id})"

    @property
    def config(self) -> dict[str, Any]:
        """``training_config`` as a dict; empty when a legacy row holds something else."""
        try:
            value = json.loads(self.training_config or "{}")
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}
