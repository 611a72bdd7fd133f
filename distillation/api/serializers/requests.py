"""Request bodies for the schema. They describe; services read and check what the client sends."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, gettext_lazy
from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework import serializers

from distillation.contract.options import BY_NAME, OPTIONS, Option
from distillation.services.reports import FIGURE_LIMIT

_TYPES = {"text": "string", "integer": "integer", "number": "number", "boolean": "boolean", "list": "array"}


class TaskSettingsSerializer(serializers.Serializer[Any]):
    """The flat create request; its properties come from the catalogue of options."""


class TaskSettingsSchema(OpenApiSerializerExtension):  # type: ignore[misc]
    """Writes the catalogue into the schema, so that a limit exists nowhere else."""

    target_class = TaskSettingsSerializer

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        """The component's name."""
        return "TaskSettings"

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """An object without required properties: PATCH and clone send only what changes."""
        properties = {option.name: option_schema(option) for option in OPTIONS}
        properties["epochs"] = {**properties["totalEpochs"], "description": gettext("Another name of totalEpochs.")}
        description = gettext("A new task needs taskName, studentModel and, when it is trained here, datasetId.")
        return {"type": "object", "description": description, "properties": properties}


def option_schema(option: Option) -> dict[str, Any]:
    """The property of one option. Null and an empty text mean the default."""
    schema: dict[str, Any] = {"type": _TYPES[option.kind], "nullable": True, "title": gettext(option.label)}
    if option.help:
        schema["description"] = gettext(option.help)
    limits = {
        "default": option.default,
        "minimum": option.minimum,
        "maximum": option.maximum,
        "multipleOf": None if option.decimals is None else 10.0**-option.decimals,
        "maxLength": option.max_length,
    }
    schema |= {name: value for name, value in limits.items() if value is not None}
    if option.choices:
        schema["anyOf"] = [{"enum": list(option.choices)}, {"maxLength": 0}]
    return schema


class FigureField(serializers.FloatField):
    """A loss or a resource; the column rounds it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, required=False, min_value=-FIGURE_LIMIT, max_value=FIGURE_LIMIT, **options)


class PercentField(serializers.FloatField):
    """A number from 0 to 100."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, required=False, min_value=0, max_value=100, **options)


class ProgressReportSerializer(serializers.Serializer[Any]):
    """What a script reports while it trains; what is absent stays as it was."""

    currentEpoch = serializers.IntegerField(min_value=0)  # noqa: N815
    accuracy = PercentField()
    loss = FigureField()


class FailureReportSerializer(serializers.Serializer[Any]):
    """Why a script failed."""

    errorMessage = serializers.CharField(max_length=10_000, required=False, allow_null=True)  # noqa: N815


class HistoryRecordSerializer(serializers.Serializer[Any]):
    """One epoch; the same epoch again replaces it."""

    taskId = serializers.CharField(required=False, help_text=gettext_lazy("Must equal the path's."))  # noqa: N815
    epoch = serializers.IntegerField(min_value=0)
    trainLoss = FigureField()  # noqa: N815
    trainAccuracy = FigureField()  # noqa: N815
    valLoss = FigureField()  # noqa: N815
    valAccuracy = FigureField()  # noqa: N815
    distillLoss = FigureField()  # noqa: N815
    hardLoss = FigureField()  # noqa: N815
    softLoss = FigureField()  # noqa: N815
    gpuUsage = FigureField()  # noqa: N815
    memoryUsage = FigureField()  # noqa: N815
    epochTime = FigureField()  # noqa: N815
    recordTime = serializers.CharField(required=False, allow_null=True)  # noqa: N815


class EvaluationReportSerializer(serializers.Serializer[Any]):
    """What a script's model is worth."""

    precision = PercentField()
    recall = PercentField()
    f1Score = PercentField()  # noqa: N815
    map50 = PercentField()
    map95 = PercentField()
    evalDatasetId = serializers.CharField(max_length=100, required=False, allow_null=True)  # noqa: N815
    evalDatasetName = serializers.CharField(max_length=255, required=False, allow_null=True)  # noqa: N815
    evalSampleCount = serializers.IntegerField(min_value=0, required=False, allow_null=True)  # noqa: N815
    evalTime = serializers.CharField(required=False, allow_null=True)  # noqa: N815
    detailedResults = serializers.JSONField(  # noqa: N815
        required=False, allow_null=True, help_text=gettext_lazy("JSON, as a text or as it is.")
    )


class PresetSettingsSerializer(serializers.Serializer[Any]):
    """LoRA settings under a name; limits are those of the create request."""


class PresetSettingsSchema(OpenApiSerializerExtension):  # type: ignore[misc]
    """Takes the limits of the LoRA options from the catalogue."""

    target_class = PresetSettingsSerializer

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        """The component's name."""
        return "PresetSettings"

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Name, description, the three figures and the modules."""
        modules = {
            "description": gettext("Names of modules: an array, a text that holds one, or names with commas."),
            "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "nullable": True,
        }
        properties = {
            "presetName": {"type": "string", "maxLength": 100},
            "presetDesc": {"type": "string", "maxLength": 500, "nullable": True},
            **{name: option_schema(BY_NAME[name]) for name in ("loraRank", "loraAlpha", "loraDropout")},
            "targetModules": modules,
        }
        return {"type": "object", "properties": properties}
