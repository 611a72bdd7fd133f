"""A task on the wire: as a list shows it, and with what only its own page needs."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from distillation import selectors
from distillation.api.serializers.fields import RowSerializer
from distillation.contract.sentence import Problem
from distillation.models import Executor, TaskStatus, TrainingTask
from distillation.models.choices import STARTABLE
from distillation.models.sentences import shown, translate
from distillation.services.surroundings import Surroundings
from distillation.services.teachers import aliases, resolved_name
from distillation.services.validation import not_applied, start_problems


class ProblemSerializer(serializers.Serializer[Any]):
    """What is wrong with one field."""

    field = serializers.CharField(help_text="The field's name in the request.")
    message = serializers.CharField()


def problem_list(problems: list[Problem]) -> list[dict[str, str]]:
    """``[{field, message}]`` in the reader's language."""
    return [{"field": problem.field, "message": translate(problem.sentence)} for problem in problems]


@cache
def _download_route() -> str:
    """Asked for once: a list names the address in each of its rows."""
    return reverse("api:task-model", args=["TASK"])


_NOT_LIVE: dict[str, None] = {"trainedSamples": None, "estimatedTime": None, "memoryUsed": None}


class TaskSerializer(RowSerializer):
    """A task as lists show it: the shared columns and few of ours. It costs no query and touches no file."""

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
            "executor", "intent", "lostContact", "trained_samples", "estimated_time", "memory_used", "group_id",
        )  # fmt: skip

    reads: ClassVar[tuple[str, ...]] = ("lost_contact_at", "model_url", "error_message", "error_detail")

    def finish(self, row: TrainingTask, data: dict[str, Any]) -> None:
        """The live figures only while the task runs: afterwards they would be taken for news."""
        if row.status != TaskStatus.RUNNING:
            data.update(_NOT_LIVE)

    def lost_contact(self, task: TrainingTask) -> bool:
        """Whether nobody has heard of the run for too long."""
        return task.lost_contact_at is not None

    def model_url(self, task: TrainingTask) -> str | None:
        """The download of a model of ours, else what a legacy row holds."""
        ours = task.executor == Executor.PLATFORM and task.status == TaskStatus.COMPLETED and not task.model_url
        if ours and task.model_path and not task.model_path.startswith("/"):
            return _download_route().replace("TASK", quote(task.task_id, safe="~:@"))
        return task.model_url

    def error_message(self, task: TrainingTask) -> str | None:
        """In the reader's language where it was stored as a template."""
        return (task.error_detail and shown(task.error_detail)) or task.error_message


class TaskOfPageSerializer(TaskSerializer):
    """A task in a page of the list: without its training configuration, which is a third of the bytes of a row."""

    class Meta(TaskSerializer.Meta):
        fields = tuple(name for name in TaskSerializer.Meta.fields if name != "training_config")


class TaskDetailSerializer(TaskSerializer):
    """A task as its own page and the answers to writes show it."""

    teacherResolved = serializers.SerializerMethodField(  # noqa: N815
        method_name="teacher_resolved", help_text="The teacher that an alias stands for, else the name itself."
    )
    queuePosition = serializers.IntegerField(read_only=True, allow_null=True, default=None)  # noqa: N815
    waitingReason = serializers.CharField(read_only=True, allow_null=True, default=None)  # noqa: N815
    problems = serializers.SerializerMethodField(
        method_name="problem_rows", help_text="What makes a start impossible now."
    )
    notApplied = serializers.SerializerMethodField(  # noqa: N815
        method_name="not_applied_rows", help_text="Settings that are kept but change nothing in this task."
    )

    class Meta(TaskSerializer.Meta):
        fields = (
            *TaskSerializer.Meta.fields, "priority", "attempt", "queued_at", "phase", "device", "best_epoch",
            "best_step", "visibility", "cloned_from", "teacherResolved", "queuePosition", "waitingReason", "problems",
            "notApplied",
        )  # fmt: skip

    def finish(self, row: TrainingTask, data: dict[str, Any]) -> None:
        """Place and reason of a task that waits."""
        super().finish(row, data)
        if (wait := selectors.waiting(row)) is not None:
            data.update(queuePosition=wait.position, waitingReason=translate(wait.reason))

    def teacher_resolved(self, task: TrainingTask) -> str | None:
        """Null in direct training."""
        return resolved_name(task.teacher_model, _stand_ins(task)) if task.teacher_model else None

    @extend_schema_field(ProblemSerializer(many=True))  # type: ignore[untyped-decorator]
    def problem_rows(self, task: TrainingTask) -> list[dict[str, str]]:
        """Empty for a task that cannot be started in its state anyway."""
        if task.status not in STARTABLE:
            return []
        # Whoever sees the task may read this; the owner's rights are checked by create, start and the worker.
        around = Surroundings(None)
        around.aliases = _stand_ins(task)
        return problem_list(start_problems(task, around))

    @extend_schema_field(ProblemSerializer(many=True))  # type: ignore[untyped-decorator]
    def not_applied_rows(self, task: TrainingTask) -> list[dict[str, str]]:
        """Each with the reason."""
        return problem_list(not_applied(task))


def _stand_ins(task: TrainingTask) -> dict[str, str]:
    """The aliases, as far as they concern the task; asked for only when the selector has not brought them."""
    if not hasattr(task, "stand_in"):
        return aliases()
    alias, stand_in = task.stand_in_for, task.stand_in  # type: ignore[attr-defined] # annotated by the selector
    found = {alias: stand_in} if alias else {}
    return dict(settings.TEACHER_ALIASES) | found


class CompletedModelSerializer(TaskSerializer):
    """A completed task with whether its model can be used."""

    usable = serializers.BooleanField(read_only=True, default=None)
    unusableReason = serializers.CharField(read_only=True, allow_null=True, default=None)  # noqa: N815

    class Meta(TaskSerializer.Meta):
        fields = (*TaskSerializer.Meta.fields, "usable", "unusableReason")

    reads = (*TaskSerializer.reads, "model_sha256")

    def finish(self, row: TrainingTask, data: dict[str, Any]) -> None:
        """One look at the disk a row."""
        super().finish(row, data)
        sentence = selectors.usable(row)
        data["usable"] = sentence is None
        data["unusableReason"] = None if sentence is None else translate(sentence)


class TaskPageSerializer(serializers.Serializer[Any]):
    """One page of a list."""

    records = TaskOfPageSerializer(many=True)
    total = serializers.IntegerField()
    current = serializers.IntegerField(help_text="The page's number, from 1.")
    size = serializers.IntegerField()
    pages = serializers.IntegerField()
