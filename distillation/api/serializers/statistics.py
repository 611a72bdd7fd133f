"""Figures over many tasks on the wire. The serializers describe; :func:`figures` writes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, gettext_lazy
from rest_framework import serializers

from distillation.contract.sentence import gettext_noop
from distillation.selectors import Statistics

MOST_STUDENTS = 200
_BASIS = gettext_noop(
    "Time from the first start of a run to its end, one device a run; time in which a run waited to be continued is "
    "in it. Runs that have not ended and rows without a duration are left out; runs of external scripts name no "
    "device and stand under unknown."
)


class TypeFiguresSerializer(serializers.Serializer[Any]):
    """Tasks of one type; accuracies are in percent and of completed tasks."""

    taskType = serializers.CharField()  # noqa: N815
    metric = serializers.CharField(allow_null=True, help_text=gettext_lazy("What accuracy means for this type."))
    tasks = serializers.IntegerField()
    completed = serializers.IntegerField()
    withAccuracy = serializers.IntegerField(help_text=gettext_lazy("Tasks in the average."))  # noqa: N815
    averageAccuracy = serializers.FloatField(allow_null=True)  # noqa: N815
    bestAccuracy = serializers.FloatField(allow_null=True)  # noqa: N815


class HoursSerializer(serializers.Serializer[Any]):
    """Device-hours."""

    gpu = serializers.FloatField()
    cpu = serializers.FloatField()
    unknown = serializers.FloatField(help_text=gettext_lazy("Runs that named no device."))
    tasks = serializers.IntegerField(help_text=gettext_lazy("Runs in the sums."))
    basis = serializers.CharField(help_text=gettext_lazy("How the hours are counted."))


class StudentCountSerializer(serializers.Serializer[Any]):
    """How many tasks train one student."""

    studentModel = serializers.CharField()  # noqa: N815
    tasks = serializers.IntegerField()


class QueueSerializer(serializers.Serializer[Any]):
    """What waits now."""

    length = serializers.IntegerField()
    longestWait = serializers.FloatField(allow_null=True, help_text=gettext_lazy("Seconds."))  # noqa: N815


class StatisticsSerializer(serializers.Serializer[Any]):
    """What one person may see, summed up; samples and deleted tasks are left out."""

    total = serializers.IntegerField()
    byStatus = serializers.DictField(child=serializers.IntegerField())  # noqa: N815
    byTaskType = TypeFiguresSerializer(many=True)  # noqa: N815
    byStudent = StudentCountSerializer(many=True, help_text=gettext_lazy("The most frequent ones."))  # noqa: N815
    deviceHours = HoursSerializer()  # noqa: N815
    queue = QueueSerializer()
    running = serializers.IntegerField()
    successRate = serializers.FloatField(  # noqa: N815
        allow_null=True, help_text=gettext_lazy("Completed of completed and failed, in percent.")
    )


def figures(found: Statistics) -> dict[str, Any]:
    """The answer; the most frequent types and students stand first."""
    types = sorted(found.by_type.values(), key=lambda kind: (-kind.tasks, kind.task_type))
    students = sorted(found.by_student.items(), key=lambda row: (-row[1], row[0]))[:MOST_STUDENTS]
    return {
        "total": found.total,
        "byStatus": found.by_status,
        "byTaskType": [
            {
                "taskType": kind.task_type,
                "metric": kind.metric,
                "tasks": kind.tasks,
                "completed": kind.completed,
                "withAccuracy": kind.with_accuracy,
                "averageAccuracy": kind.average_accuracy,
                "bestAccuracy": kind.best_accuracy,
            }
            for kind in types
        ],
        "byStudent": [{"studentModel": name, "tasks": number} for name, number in students],
        "deviceHours": {
            "gpu": round(found.hours.gpu, 4),
            "cpu": round(found.hours.cpu, 4),
            "unknown": round(found.hours.unknown, 4),
            "tasks": found.hours.tasks,
            "basis": gettext(_BASIS),
        },
        "queue": {"length": found.queue_length, "longestWait": found.longest_wait},
        "running": found.running,
        "successRate": found.success_rate,
    }
