"""Bulk requests and what became of each row, on the wire."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy
from rest_framework import serializers

from distillation.api.schema_values import SentField, flag, text
from distillation.contract.limits import BULK_TASKS
from distillation.jobs.bulk import ACTIONS, Outcome
from distillation.models import TaskStatus
from distillation.models.sentences import translate


class BulkSerializer(serializers.Serializer[Any]):
    """One action for many tasks."""

    action = serializers.ChoiceField(ACTIONS)
    taskIds = serializers.ListField(  # noqa: N815
        child=SentField({**text(64), "minLength": 1}, allow_null=False), min_length=1, max_length=BULK_TASKS,
        help_text=gettext_lazy("An id that is there twice counts once."),
    )  # fmt: skip
    fresh = SentField(flag(), help_text=gettext_lazy("With start: not from the last checkpoint."))


class BulkRowSerializer(serializers.Serializer[Any]):
    """What became of one task."""

    taskId = serializers.CharField()  # noqa: N815
    ok = serializers.BooleanField()
    status = serializers.ChoiceField(TaskStatus.choices, allow_null=True, help_text=gettext_lazy("As it is now."))
    intent = serializers.CharField(
        allow_null=True, help_text=gettext_lazy("stop or pause: a running task does it at its next checkpoint.")
    )
    message = serializers.CharField(allow_null=True, help_text=gettext_lazy("Why nothing was done."))


class BulkResultSerializer(serializers.Serializer[Any]):
    """One row a task, in the order of the request."""

    results = BulkRowSerializer(many=True)
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()


def bulk_result(outcomes: list[Outcome]) -> dict[str, Any]:
    """The answer, in the reader's language."""
    rows = [
        {
            "taskId": outcome.task_id,
            "ok": outcome.refusal is None,
            "status": outcome.task.status if outcome.task else None,
            "intent": outcome.task.intent if outcome.task else None,
            "message": translate(outcome.refusal) if outcome.refusal else None,
        }
        for outcome in outcomes
    ]
    succeeded = sum(1 for row in rows if row["ok"])
    return {"results": rows, "succeeded": succeeded, "failed": len(rows) - succeeded}
