"""Requests that are only looked at, effective configurations and clones, on the wire."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, gettext_lazy
from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework import serializers

from distillation.api.schema_values import flag
from distillation.api.serializers.requests import TYPES, settings_properties
from distillation.api.serializers.task import ProblemSerializer, problem_list
from distillation.contract.limits import CLONE_GROUP
from distillation.contract.options import OPTIONS
from distillation.services.effective import Effective
from distillation.services.estimates import MEASURED, UNKNOWN, Estimates
from distillation.services.sweeps import PlannedTask


class EstimatesSerializer(serializers.Serializer[Any]):
    """What a run will cost; null is unknown."""

    cacheBytes = serializers.IntegerField(allow_null=True)  # noqa: N815
    checkpointBytes = serializers.IntegerField(allow_null=True)  # noqa: N815
    diskFree = serializers.IntegerField(help_text=gettext_lazy("Bytes."))  # noqa: N815
    steps = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("Optimizer steps of all arms."))
    durationSeconds = serializers.FloatField(  # noqa: N815
        allow_null=True, help_text=gettext_lazy("Of training and validation, without preparing pictures and teacher.")
    )
    durationBasis = serializers.ChoiceField(  # noqa: N815
        [MEASURED, UNKNOWN],
        help_text=gettext_lazy(
            "measured: from completed tasks with the same student, image size, batch size and device."
        ),
    )
    samplesPerSecond = serializers.FloatField(allow_null=True)  # noqa: N815
    measuredTasks = serializers.ListField(child=serializers.CharField())  # noqa: N815


class DifferenceSerializer(serializers.Serializer[Any]):
    """An option whose value is not the default."""

    option = serializers.CharField()
    value = serializers.JSONField()
    default = serializers.JSONField(allow_null=True)


class EffectiveValuesSerializer(serializers.Serializer[Any]):
    """The flat form with every default filled in; its properties come from the catalogue of options."""


class EffectiveValuesSchema(OpenApiSerializerExtension):  # type: ignore[misc]
    """Writes the catalogue's names and types into the schema."""

    target_class = EffectiveValuesSerializer

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        """The component's name."""
        return "EffectiveValues"

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Every option is there; null where it is undecided."""
        return _effective_schema({})


class EffectiveConfigSerializer(serializers.Serializer[Any]):
    """The flat form of a task, and what stands beside it."""

    taskId = serializers.CharField()  # noqa: N815
    given = serializers.DictField(help_text=gettext_lazy("What the task's row says itself."))
    differs = DifferenceSerializer(many=True)
    errors = ProblemSerializer(  # type: ignore[assignment]
        many=True, help_text=gettext_lazy("Stored values that this version cannot read.")
    )
    problems = ProblemSerializer(many=True, help_text=gettext_lazy("What start would refuse."))
    notApplied = ProblemSerializer(many=True)  # noqa: N815
    estimates = EstimatesSerializer()


class EffectiveConfigSchema(OpenApiSerializerExtension):  # type: ignore[misc]
    """Puts the options beside the declared fields, since the answer is flat."""

    target_class = EffectiveConfigSerializer

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        """The component's name."""
        return "EffectiveConfig"

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Options first, then the rest."""
        declared = auto_schema._map_serializer(EffectiveConfigSerializer, direction, bypass_extensions=True)
        return _effective_schema(declared["properties"])


class ValidationSerializer(serializers.Serializer[Any]):
    """What would become of a create request."""

    valid = serializers.BooleanField(help_text=gettext_lazy("Whether create would accept it."))
    errors = ProblemSerializer(many=True, help_text=gettext_lazy("What create would refuse."))  # type: ignore[assignment]
    problems = ProblemSerializer(many=True, help_text=gettext_lazy("What start would refuse."))
    notApplied = ProblemSerializer(many=True)  # noqa: N815
    unknownKeys = serializers.ListField(  # noqa: N815
        child=serializers.CharField(), help_text=gettext_lazy("Keys that no option has; they are ignored.")
    )
    effective = EffectiveValuesSerializer()
    given = serializers.DictField()
    differs = DifferenceSerializer(many=True)
    estimates = EstimatesSerializer()


class CloneRequestSerializer(serializers.Serializer[Any]):
    """What differs: options as they are, or lists of values."""


class CloneRequestSchema(OpenApiSerializerExtension):  # type: ignore[misc]
    """The catalogue's options, flat, and three keys that no option has."""

    target_class = CloneRequestSerializer

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        """The component's name."""
        return "Clone"

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """An option has one value here; several stand under ``lists``, where the schema can say so."""
        lists = {
            "type": "object",
            "additionalProperties": {"type": "array", "minItems": 1, "items": {}},
            "description": gettext(
                "Options with several values each: a task is made for every combination, at most {limit}. "
                "A list directly under an option's name is refused."
            ).format(limit=CLONE_GROUP),
            "example": {"temperature": [2, 3, 4], "alpha": [0.5, 0.7]},
            "nullable": True,
        }
        changes = {
            "type": "object",
            "additionalProperties": {},
            "description": gettext("The same options as directly in the body; these win."),
            "nullable": True,
        }
        preview = {
            **flag(),
            "nullable": True,
            "description": gettext("True: show the tasks and save none. The query parameter wins."),
        }
        return {
            "type": "object",
            "properties": {**settings_properties(), "changes": changes, "lists": lists, "preview": preview},
        }


class PlannedCloneSerializer(serializers.Serializer[Any]):
    """One task of a group."""

    taskId = serializers.CharField(allow_null=True, help_text=gettext_lazy("Null in a preview."))  # noqa: N815
    taskName = serializers.CharField()  # noqa: N815
    values = serializers.DictField(help_text=gettext_lazy("The listed options with this task's values."))
    problems = ProblemSerializer(many=True, help_text=gettext_lazy("What start would refuse."))
    notApplied = ProblemSerializer(many=True)  # noqa: N815


class CloneGroupSerializer(serializers.Serializer[Any]):
    """Tasks that differ in listed values; ``/tasks?groupId=`` lists them afterwards."""

    groupId = serializers.CharField(allow_null=True, help_text=gettext_lazy("Null in a preview."))  # noqa: N815
    preview = serializers.BooleanField()
    count = serializers.IntegerField()
    options = serializers.ListField(child=serializers.CharField(), help_text=gettext_lazy("The listed options."))
    tasks = PlannedCloneSerializer(many=True)


def effective_config(task_id: str, found: Effective) -> dict[str, Any]:
    """The answer of ``/effective-config``."""
    return _values(found) | {
        "taskId": task_id,
        **_beside(found),
        "errors": problem_list(found.errors),
        "problems": problem_list(found.problems),
    }


def validation(found: Effective) -> dict[str, Any]:
    """The answer of ``/tasks/validate``."""
    return {
        "valid": not found.errors,
        "errors": problem_list(found.errors),
        "problems": problem_list(found.problems),
        "unknownKeys": found.unknown_keys,
        "effective": _values(found),
        **_beside(found),
    }


def clone_group(planned: list[PlannedTask], task_ids: list[str], group_id: str | None) -> dict[str, Any]:
    """The answer of a clone with lists, or of a preview; ``task_ids`` is empty in a preview."""
    return {
        "groupId": group_id,
        "preview": not task_ids,
        "count": len(planned),
        "options": list(planned[0].values),
        "tasks": [
            {
                "taskId": task_ids[index] if task_ids else None,
                "taskName": clone.name,
                "values": clone.values,
                "problems": problem_list(clone.problems()),
                "notApplied": problem_list(clone.request.not_applied),
            }
            for index, clone in enumerate(planned)
        ],
    }


def _values(found: Effective) -> dict[str, Any]:
    return found.values | {"teacherResolved": found.teacher_resolved}


def _beside(found: Effective) -> dict[str, Any]:
    return {
        "given": found.given,
        "differs": [
            {"option": name, "value": found.values[name], "default": default} for name, default in found.differs.items()
        ],
        "notApplied": problem_list(found.not_applied),
        "estimates": _estimates(found.estimates),
    }


def _estimates(found: Estimates) -> dict[str, Any]:
    return {
        "cacheBytes": found.cache_bytes,
        "checkpointBytes": found.checkpoint_bytes,
        "diskFree": found.disk_free,
        "steps": found.steps,
        "durationSeconds": found.duration_seconds,
        "durationBasis": found.duration_basis,
        "samplesPerSecond": round(found.speed.samples_per_second, 3) if found.speed else None,
        "measuredTasks": list(found.speed.task_ids) if found.speed else [],
    }


def _effective_schema(beside: dict[str, Any]) -> dict[str, Any]:
    options = {
        option.name: {"type": TYPES[option.kind], "nullable": True, "title": gettext(option.label)}
        for option in OPTIONS
    }
    resolved = {"type": "string", "nullable": True, "description": gettext("The teacher that an alias stands for.")}
    properties = {**options, "teacherResolved": resolved, **beside}
    return {"type": "object", "properties": properties, "required": sorted(properties)}
