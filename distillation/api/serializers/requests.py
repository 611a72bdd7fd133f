"""Request bodies for the schema. They describe; services read and check what the client sends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext, gettext_lazy
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from distillation.api.schema_values import PERCENT, SentField, figure, names, number, of_option, text
from distillation.contract.option import Option
from distillation.contract.options import BY_NAME, OPTIONS
from distillation.services.reports import LARGEST_LOSS, RANGES

TYPES = {"text": "string", "integer": "integer", "number": "number", "boolean": "boolean", "list": "array",
         "integers": "array"}  # fmt: skip
_PERCENT = number(PERCENT)
_EPOCH = number({"type": "integer", "minimum": 0, "maximum": 2**31 - 1})
_TIME = {
    "type": "string",
    "anyOf": [{"format": "date-time"}, {"maxLength": 0}],
    "example": "2026-01-31T13:45:00+08:00",
}
_TIME_HELP = gettext_lazy("ISO 8601, or as answers write it; without a zone in that of the server.")


class TaskSettingsSerializer(serializers.Serializer[Any]):
    """The flat create request; its properties come from the catalogue of options."""


class NewTaskSerializer(TaskSettingsSerializer):
    """The same for a new task."""


class TaskSettingsSchema(OpenApiSerializerExtension):  # type: ignore[misc]
    """Writes the catalogue into the schema, so that a limit exists nowhere else."""

    target_class = TaskSettingsSerializer

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        """The component's name."""
        return "TaskSettings"

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """An object without required properties: PATCH and clone send only what changes."""
        description = gettext("What is left out, null or empty gets its default, or stays as it is.")
        return {"type": "object", "description": description, "properties": settings_properties()}


class NewTaskSchema(OpenApiSerializerExtension):  # type: ignore[misc]
    """The catalogue, and what no task can be without."""

    target_class = NewTaskSerializer

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        """The component's name."""
        return "NewTask"

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """As above."""
        settings = auto_schema.resolve_serializer(TaskSettingsSerializer, direction).ref
        description = gettext("A task that is trained here needs datasetId too.")
        return {"allOf": [settings], "required": ["taskName", "studentModel"], "description": description}


def settings_properties() -> dict[str, dict[str, Any]]:
    """The options of the create request as properties of a schema."""
    properties = {option.name: option_schema(option) for option in OPTIONS}
    return properties | {
        "epochs": {**properties["totalEpochs"], "description": gettext("Another name of totalEpochs.")},
        "trainingConfig": {
            "anyOf": [{"type": "object", "additionalProperties": {}}, {"type": "string", "format": "json-object"}],
            "nullable": True,
            "description": gettext(
                "The advanced options as answers hold them: an object, or a text that holds one. "
                "What stands beside it under its own name wins; unknown keys inside are ignored."
            ),
        },
    }


def option_schema(option: Option) -> dict[str, Any]:
    """The property of one option. Null and an empty text mean the default."""
    schema: dict[str, Any] = {**of_option(option), "nullable": True, "title": gettext(option.label)}
    if option.help:
        schema["description"] = gettext(option.help)
    if option.default is not None:
        schema["default"] = option.default
    return schema


class ProgressReportSerializer(serializers.Serializer[Any]):
    """What a script reports while it trains; what is absent stays as it was."""

    currentEpoch = SentField(_EPOCH, help_text=gettext_lazy("Required, here or in the query."))  # noqa: N815
    accuracy = SentField(_PERCENT)
    loss = SentField(number(figure(LARGEST_LOSS)))


class FailureReportSerializer(serializers.Serializer[Any]):
    """Why a script failed."""

    errorMessage = SentField(text(10_000))  # noqa: N815


def _recorded(name: str) -> SentField:
    low, high = RANGES[name]
    return SentField(number({"type": "number", "minimum": low, "maximum": high}))


class HistoryRecordSerializer(serializers.Serializer[Any]):
    """One epoch; the same epoch again replaces it."""

    taskId = SentField(text(), help_text=gettext_lazy("Must equal the path's."))  # noqa: N815
    epoch = SentField(_EPOCH, required=True, allow_null=False)
    trainLoss = _recorded("trainLoss")  # noqa: N815
    trainAccuracy = _recorded("trainAccuracy")  # noqa: N815
    valLoss = _recorded("valLoss")  # noqa: N815
    valAccuracy = _recorded("valAccuracy")  # noqa: N815
    distillLoss = _recorded("distillLoss")  # noqa: N815
    hardLoss = _recorded("hardLoss")  # noqa: N815
    softLoss = _recorded("softLoss")  # noqa: N815
    gpuUsage = _recorded("gpuUsage")  # noqa: N815
    memoryUsage = _recorded("memoryUsage")  # noqa: N815
    epochTime = _recorded("epochTime")  # noqa: N815
    recordTime = SentField(_TIME, help_text=_TIME_HELP)  # noqa: N815


@extend_schema_field(
    {"anyOf": [{"type": "object"}, {"type": "array", "items": {}}, {"type": "string", "format": "json"}]}
)
class JsonOrText(serializers.JSONField):
    """JSON as it is, or a text that holds it."""


class EvaluationReportSerializer(serializers.Serializer[Any]):
    """What a script's model is worth."""

    precision = SentField(_PERCENT)
    recall = SentField(_PERCENT)
    f1Score = SentField(_PERCENT)  # noqa: N815
    map50 = SentField(_PERCENT)
    map95 = SentField(_PERCENT)
    evalDatasetId = SentField({"anyOf": [text(100), {"type": "integer"}]})  # noqa: N815
    evalDatasetName = SentField(text(255))  # noqa: N815
    evalSampleCount = SentField(_EPOCH)  # noqa: N815
    evalTime = SentField(_TIME, help_text=_TIME_HELP)  # noqa: N815
    detailedResults = JsonOrText(  # noqa: N815
        required=False, allow_null=True, help_text=gettext_lazy("JSON, as a text or as it is; at most 60,000 bytes.")
    )


class PresetSettingsSerializer(serializers.Serializer[Any]):
    """LoRA settings under a name; limits are those of the create request."""


class NewPresetSerializer(PresetSettingsSerializer):
    """The same for a new preset."""


class PresetSettingsSchema(OpenApiSerializerExtension):  # type: ignore[misc]
    """Takes the limits of the LoRA options from the catalogue."""

    target_class = PresetSettingsSerializer

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        """The component's name."""
        return "PresetSettings"

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Name, description, the three figures, the modules and who sees it."""
        modules = {
            "description": gettext("Names of modules: an array, a text that holds one, or names with commas."),
            **names(),
            "nullable": True,
        }
        name = {"type": "string", "minLength": 1, "maxLength": 100, "pattern": r"^[^\u0000-\u001f\u007f-\u009f/\\]+$"}
        properties = {
            "presetName": name,
            "presetDesc": {**text(500), "nullable": True},
            **{option: _of_preset(option) for option in ("loraRank", "loraAlpha", "loraDropout", "visibility")},
            "targetModules": modules,
        }
        return {"type": "object", "properties": properties}


class NewPresetSchema(OpenApiSerializerExtension):  # type: ignore[misc]
    """The same with its name."""

    target_class = NewPresetSerializer

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        """The component's name."""
        return "NewPreset"

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """As above."""
        settings = auto_schema.resolve_serializer(PresetSettingsSerializer, direction).ref
        return {"allOf": [settings], "required": ["presetName"]}


def _of_preset(name: str) -> dict[str, Any]:
    """An option's property; presets know no direct training and no zero for it."""
    option = BY_NAME[name]
    return option_schema(replace(option, direct=True, zero_in_direct=False))
