"""What the installation can do, on the wire; words for people are in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from rest_framework import serializers

from distillation.api.serializers.fields import LocalTime


class Words(serializers.CharField):
    """A label or a help text of the catalogue, translated where it is read."""

    def to_representation(self, value: Any) -> str:
        """The text; nothing stays nothing."""
        return str(value) if isinstance(value, Promise) or not value else gettext(str(value))


class AnyValue(serializers.JSONField):
    """A number, a text or whatever an option takes."""


class WordListSerializer(serializers.Serializer[Any]):
    """Values of an option."""

    available = serializers.ListField(child=serializers.CharField())


class NamedSerializer(serializers.Serializer[Any]):
    """A word with its label."""

    name = serializers.CharField()
    label = Words()  # type: ignore[assignment]


class StudentSerializer(serializers.Serializer[Any]):
    """A small model that can be trained."""

    name = serializers.CharField()
    family = serializers.CharField()
    taskType = serializers.CharField(source="task_type")  # noqa: N815
    parameters = serializers.IntegerField()
    defaultImageSize = serializers.IntegerField(source="default_image_size")  # noqa: N815
    minImageSize = serializers.IntegerField(source="min_image_size")  # noqa: N815
    imageSizeMultiple = serializers.IntegerField(source="image_size_multiple")  # noqa: N815


class OptionSerializer(serializers.Serializer[Any]):
    """One option of the create request."""

    name = serializers.CharField()
    otherName = serializers.CharField(source="other_name", allow_null=True)  # noqa: N815
    kind = serializers.ChoiceField(["text", "integer", "number", "boolean", "list", "integers"])
    group = serializers.CharField()
    label = Words()  # type: ignore[assignment]
    help = Words()
    default = AnyValue(allow_null=True)
    minimum = serializers.FloatField(allow_null=True)
    maximum = serializers.FloatField(allow_null=True)
    decimals = serializers.IntegerField(allow_null=True)
    maxLength = serializers.IntegerField(source="max_length", allow_null=True)  # noqa: N815
    maxItems = serializers.IntegerField(  # noqa: N815
        source="max_items", allow_null=True, help_text=gettext_lazy("Of kind integers.")
    )
    choices = serializers.ListField(child=serializers.CharField())
    needsTeacher = serializers.BooleanField(source="needs_teacher")  # noqa: N815


class LimitsSerializer(serializers.Serializer[Any]):
    """How much one request may ask for."""

    listRows = serializers.IntegerField(source="list_rows")  # noqa: N815
    bodyBytes = serializers.IntegerField(source="body_bytes")  # noqa: N815
    historyRecords = serializers.IntegerField(source="history_records")  # noqa: N815
    cloneGroup = serializers.IntegerField(source="clone_group")  # noqa: N815
    bulkTasks = serializers.IntegerField(source="bulk_tasks")  # noqa: N815


class LiveWorkerSerializer(serializers.Serializer[Any]):
    """A worker that was seen lately."""

    slots = serializers.IntegerField(help_text=gettext_lazy("Runs at once."))
    devices = serializers.ListField(child=serializers.CharField(), help_text=gettext_lazy("GPUs; empty: CPU."))
    seenAt = LocalTime(source="seen_at")  # noqa: N815


class PlatformSerializer(serializers.Serializer[Any]):
    """What can train here now."""

    workers = LiveWorkerSerializer(many=True)
    slots = serializers.IntegerField()
    gpus = serializers.IntegerField()


class CapabilitiesSerializer(serializers.Serializer[Any]):
    """What this installation can do."""

    version = serializers.CharField()
    taskTypes = WordListSerializer()  # noqa: N815
    trainingModes = WordListSerializer()  # noqa: N815
    methods = WordListSerializer()
    losses = WordListSerializer()
    optimizers = WordListSerializer()
    schedules = WordListSerializer()
    executors = WordListSerializer()
    visibilities = WordListSerializer()
    metrics = serializers.DictField(
        child=serializers.CharField(), help_text=gettext_lazy("What accuracy means, by task type.")
    )
    students = StudentSerializer(many=True)
    options = OptionSerializer(many=True)
    groups = NamedSerializer(many=True)
    limits = LimitsSerializer()
    errorStyle = serializers.CharField(source="error_style")  # noqa: N815
    publicRead = serializers.BooleanField(source="public_read")  # noqa: N815
    timeZone = serializers.CharField(source="time_zone")  # noqa: N815
    defaultExecutor = serializers.CharField(source="default_executor")  # noqa: N815
    roles = NamedSerializer(many=True)
    tokenScopes = NamedSerializer(many=True, source="token_scopes")  # noqa: N815
    platform = PlatformSerializer()
    teacherAliases = serializers.DictField(  # noqa: N815
        child=serializers.CharField(), source="teacher_aliases",
        help_text=gettext_lazy("Names in older requests and the teachers that stand for them here."),
    )  # fmt: skip
