"""Labelling jobs on the wire, and the request that makes one."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from distillation.api.schema_values import SentField, flag, number, of_option, path_text
from distillation.api.serializers.fields import LocalTime, RowSerializer
from distillation.contract.labelling import EVERY_FORMAT
from distillation.contract.labelling_request import MAX_PATH, MOST_CLASSES, OPTIONS
from distillation.contract.sentence import Sentence
from distillation.models import InferenceJob, JobStatus
from distillation.models.sentences import shown, translate

_SENT_STATES = [status for status in JobStatus.values if status != JobStatus.QUEUED]
_LIST = {"type": "array", "items": {"type": "string", "enum": list(EVERY_FORMAT)}, "maxItems": 20}


@extend_schema_field({"type": "string", "example": "2026-01-31T13:45:00"})
class IsoTime(LocalTime):
    """``YYYY-MM-DDTHH:mm:ss`` in the site's time zone, as clients of these endpoints expect."""

    def to_representation(self, value: datetime | str | None) -> Any:
        """The local time as text."""
        text = super().to_representation(value)
        return text.replace(" ", "T") if isinstance(text, str) else None


class FailureSerializer(serializers.Serializer[Any]):
    """One picture that was not labelled."""

    file = serializers.CharField(help_text=_("Relative to the folder of pictures."))
    reason = serializers.CharField()


class InferenceSerializer(RowSerializer):
    """One labelling job."""

    totalImages = serializers.IntegerField(  # noqa: N815
        source="total_images", read_only=True, allow_null=True, help_text=_("Null until the pictures were listed.")
    )
    formats = serializers.SerializerMethodField(method_name="format_list")
    classThresholds = serializers.SerializerMethodField(method_name="class_thresholds")  # noqa: N815
    failures = serializers.SerializerMethodField(
        method_name="named_failures", help_text=_("The first ones; failureCount counts all.")
    )
    status = serializers.SerializerMethodField(method_name="wire_status")
    queued = serializers.SerializerMethodField(
        method_name="waits", help_text=_("True: RUNNING, but no worker has begun yet.")
    )
    errorMessage = serializers.SerializerMethodField(method_name="error_message")  # noqa: N815
    importNote = serializers.SerializerMethodField(  # noqa: N815
        method_name="import_note",
        help_text=_("Why the labels are not registered as a data set; null when they are."),
    )
    startTime = IsoTime(source="start_time", read_only=True, allow_null=True)  # noqa: N815
    endTime = IsoTime(source="end_time", read_only=True, allow_null=True)  # noqa: N815
    createTime = IsoTime(source="create_time", read_only=True)  # noqa: N815
    duration = serializers.IntegerField(read_only=True, allow_null=True, help_text=_("Seconds."))

    class Meta:
        model = InferenceJob
        fields = (
            "inference_id", "task_id", "model_type", "task_type", "input_dir", "output_dir", "dataset_id", "formats",
            "threshold", "classThresholds", "batch_size", "auto_import", "imported_dataset", "importNote", "status",
            "queued", "totalImages", "processed_images", "success_count", "failure_count", "failures", "empty_count",
            "object_count", "errorMessage", "startTime", "endTime", "duration", "create_by", "createTime",
        )  # fmt: skip

    reads = ("status", "formats", "class_thresholds", "failures", "error_message", "error_detail", "import_note")

    @extend_schema_field({"type": "string", "pattern": f"^({'|'.join(_SENT_STATES)})$"})  # type: ignore[untyped-decorator]
    def wire_status(self, row: InferenceJob) -> str:
        """The contract has no state for a job that waits."""
        return JobStatus.RUNNING.value if row.status == JobStatus.QUEUED else row.status

    def format_list(self, row: InferenceJob) -> list[str]:
        """Words."""
        return row.formats.split(",")

    def class_thresholds(self, row: InferenceJob) -> dict[str, float]:
        """By class, where it is another one."""
        return dict(_json(row.class_thresholds, {}))

    @extend_schema_field(FailureSerializer(many=True))  # type: ignore[untyped-decorator]
    def named_failures(self, row: InferenceJob) -> list[dict[str, str]]:
        """In the reader's language."""
        return [{"file": path, "reason": translate(Sentence.from_json(why))} for path, why in _json(row.failures, [])]

    def waits(self, row: InferenceJob) -> bool:
        """Whether no worker has it."""
        return row.status == JobStatus.QUEUED

    def error_message(self, row: InferenceJob) -> str | None:
        """In the reader's language."""
        return shown(row.error_detail) if row.error_detail else row.error_message

    def import_note(self, row: InferenceJob) -> str | None:
        """In the reader's language."""
        return shown(row.import_note) if row.import_note else None


class NewInferenceSerializer(serializers.Serializer[Any]):
    """What is labelled with which model, for the schema; the service checks what is sent."""

    taskId = SentField(  # noqa: N815
        {**path_text(64), "minLength": 1}, required=True, allow_null=False, help_text=_("A task with a usable model.")
    )
    inputDir = SentField(  # noqa: N815
        path_text(MAX_PATH), help_text=_("Folder of pictures below DISTILLATION_HOME. Required without datasetId.")
    )
    outputDir = SentField(  # noqa: N815
        {**path_text(MAX_PATH), "minLength": 1}, required=True, allow_null=False,
        help_text=_("Folder of the labels below DISTILLATION_HOME; empty or not there yet."),
    )  # fmt: skip
    datasetId = SentField(of_option(OPTIONS["datasetId"]), help_text=_("Label what lies in its unlabeled/."))  # noqa: N815
    batchSize = SentField(of_option(OPTIONS["batchSize"]), help_text=_("Pictures at a time; 8 when absent."))  # noqa: N815
    formats = SentField(
        {"anyOf": [_LIST, {"type": "string", "pattern": "^$|^[a-z]+(,[a-z]+)*$"}]},
        help_text=_("labelme and yolo when absent; for classification labelme and csv."),
    )
    threshold = SentField(of_option(OPTIONS["threshold"]), help_text=_("Least score, 0 to 1; 0.25 when absent."))
    classThresholds = SentField(  # noqa: N815
        {"type": "object", "additionalProperties": number({"type": "number", "minimum": 0, "maximum": 1}),
         "maxProperties": MOST_CLASSES},
        help_text=_("Another least score for some classes."),
    )  # fmt: skip
    autoImport = SentField(  # noqa: N815
        flag(), help_text=_("Register the labels as a data set when they lie directly below the data set root.")
    )


def _json(text: str, default: Any) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return default
