"""A task on the wire: as a list shows it, and with what only its own page needs."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from distillation import selectors
from distillation.api.serializers.fields import RowSerializer
from distillation.contract.sentence import Problem
from distillation.models import Executor, TaskStatus, TrainingTask
from distillation.models.choices import STARTABLE
from distillation.models.sentences import shown, translate
from distillation.services.validation import not_applied, start_problems


class ProblemSerializer(serializers.Serializer[Any]):
    """What is wrong with one field."""

    field = serializers.CharField(help_text="The field's name in the request.")
    message = serializers.CharField()


def problem_list(problems: list[Problem]) -> list[dict[str, str]]:
    """``[{field, message}]`` in the reader's language."""
    return [{"field": problem.field, "message": translate(problem.sentence)} for problem in problems]


class TaskSerializer(RowSerializer):
    """A task as lists show it; it costs no query and touches no file."""

    lostContact = serializers.SerializerMethodField(method_name="lost_contact")  # noqa: N815
    modelUrl = serializers.SerializerMethodField(method_name="model_url")  # noqa: N815
    errorMessage = serializers.SerializerMethodField(method_name="error_message")  # noqa: N815

    class Meta:
        model = TrainingTask
        fields: tuple[str, ...] = (
            "id", "task_id", "task_name", "task_input_name", "description", "training_mode", "teacher_model",
            "student_model", "total_epochs", "current_epoch", "batch_size", "learning_rate", "temperature", "alpha",
            "lora_rank", "lora_alpha", "lora_dropout", "training_config", "status", "progress", "accuracy", "loss",
            "best_accuracy", "dataset_id", "dataset_name", "val_dataset_id", "val_dataset_name", "model_path",
            "modelUrl", "checkpoint_path", "errorMessage", "start_time", "end_time", "duration", "create_by",
            "create_time", "update_by", "update_time", "remark", "del_flag",
            "executor", "intent", "priority", "attempt", "queued_at", "lostContact", "phase", "device", "best_epoch",
            "trained_samples", "estimated_time", "memory_used",
        )  # fmt: skip

    def to_representation(self, instance: TrainingTask) -> dict[str, Any]:
        """The live figures only while the task runs: afterwards they would be taken for news."""
        data = super().to_representation(instance)
        if instance.status != TaskStatus.RUNNING:
            data |= {"trainedSamples": None, "estimatedTime": None, "memoryUsed": None}
        return data

    def lost_contact(self, task: TrainingTask) -> bool:
        """Whether nobody has heard of the run for too long."""
        return task.lost_contact_at is not None

    def model_url(self, task: TrainingTask) -> str | None:
        """The download of a model of ours, else what a legacy row holds."""
        ours = task.executor == Executor.PLATFORM and task.status == TaskStatus.COMPLETED and not task.model_url
        if ours and task.model_path and not PurePosixPath(task.model_path).is_absolute():
            return reverse("api:task-model", args=[task.task_id])
        return task.model_url

    def error_message(self, task: TrainingTask) -> str | None:
        """In the reader's language where it was stored as a template."""
        return shown(task.error_detail) or task.error_message


class TaskDetailSerializer(TaskSerializer):
    """A task as its own page and the answers to writes show it."""

    queuePosition = serializers.SerializerMethodField(method_name="queue_position")  # noqa: N815
    waitingReason = serializers.SerializerMethodField(method_name="waiting_reason")  # noqa: N815
    problems = serializers.SerializerMethodField(
        method_name="problem_rows", help_text="What makes a start impossible now."
    )
    notApplied = serializers.SerializerMethodField(  # noqa: N815
        method_name="not_applied_rows", help_text="Settings that are kept but change nothing in this task."
    )

    class Meta(TaskSerializer.Meta):
        fields = (*TaskSerializer.Meta.fields, "queuePosition", "waitingReason", "problems", "notApplied")

    def queue_position(self, task: TrainingTask) -> int | None:
        """1 for the next one."""
        return selectors.queue_position(task)

    def waiting_reason(self, task: TrainingTask) -> str | None:
        """What a queued task waits for."""
        sentence = selectors.waiting_reason(task)
        return None if sentence is None else translate(sentence)

    @extend_schema_field(ProblemSerializer(many=True))  # type: ignore[untyped-decorator]
    def problem_rows(self, task: TrainingTask) -> list[dict[str, str]]:
        """Empty for a task that cannot be started in its state anyway."""
        return problem_list(start_problems(task)) if task.status in STARTABLE else []

    @extend_schema_field(ProblemSerializer(many=True))  # type: ignore[untyped-decorator]
    def not_applied_rows(self, task: TrainingTask) -> list[dict[str, str]]:
        """Each with the reason."""
        return problem_list(not_applied(task))


class CompletedModelSerializer(TaskSerializer):
    """A completed task with whether its model can be used."""

    usable = serializers.BooleanField(read_only=True)
    unusableReason = serializers.CharField(read_only=True, allow_null=True)  # noqa: N815

    class Meta(TaskSerializer.Meta):
        fields = (*TaskSerializer.Meta.fields, "usable", "unusableReason")

    def to_representation(self, instance: TrainingTask) -> dict[str, Any]:
        """One look at the disk a row."""
        sentence = selectors.usable(instance)
        instance.usable = sentence is None  # type: ignore[attr-defined]
        instance.unusableReason = None if sentence is None else translate(sentence)  # type: ignore[attr-defined]
        return super().to_representation(instance)


class TaskPageSerializer(serializers.Serializer[Any]):
    """One page of a list."""

    records = TaskSerializer(many=True)
    total = serializers.IntegerField()
    current = serializers.IntegerField(help_text="The page's number, from 1.")
    size = serializers.IntegerField()
    pages = serializers.IntegerField()
