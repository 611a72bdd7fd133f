"""What hangs on a task (history, evaluations, transitions), presets and data sets on the wire."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from distillation.api.serializers.fields import RowSerializer
from distillation.contract.sentence import Sentence
from distillation.models import LoraPreset, ModelEvaluation, TaskTransition, TrainingHistory
from distillation.models.sentences import shown, translate


class HistorySerializer(RowSerializer):
    """One epoch."""

    taskId = serializers.CharField(source="task_id", read_only=True)  # noqa: N815

    class Meta:
        model = TrainingHistory
        fields = (
            "id", "taskId", "epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "distill_loss",
            "hard_loss", "soft_loss", "gpu_usage", "memory_usage", "epoch_time", "record_time",
        )  # fmt: skip


class EvaluationSerializer(RowSerializer):
    """What a model is worth, in percent."""

    taskId = serializers.CharField(source="task_id", read_only=True)  # noqa: N815

    class Meta:
        model = ModelEvaluation
        fields = (
            "id", "taskId", "precision", "recall", "f1_score", "map_50", "map_95", "eval_dataset_id",
            "eval_dataset_name", "eval_sample_count", "eval_time", "detailed_results",
        )  # fmt: skip


class TransitionSerializer(RowSerializer):
    """One move of a task: who, when, why."""

    taskId = serializers.CharField(source="task_id", read_only=True)  # noqa: N815
    fromStatus = serializers.CharField(source="from_status", read_only=True)  # noqa: N815
    toStatus = serializers.CharField(source="to_status", read_only=True)  # noqa: N815
    reason = serializers.SerializerMethodField()
    reads = ("reason",)

    class Meta:
        model = TaskTransition
        fields = ("id", "taskId", "fromStatus", "toStatus", "actor", "reason", "attempt", "at")

    def get_reason(self, transition: TaskTransition) -> str:
        """In the reader's language."""
        return shown(transition.reason)


class PresetSerializer(RowSerializer):
    """Named LoRA settings."""

    class Meta:
        model = LoraPreset
        fields = (
            "id", "preset_name", "preset_desc", "lora_rank", "lora_alpha", "lora_dropout", "target_modules",
            "visibility", "create_by", "create_time", "update_time", "del_flag",
        )  # fmt: skip


class SentenceField(serializers.CharField):
    """A sentence in the reader's language."""

    def to_representation(self, value: Any) -> str:
        """The text."""
        return translate(value) if isinstance(value, Sentence) else str(value)


@extend_schema_serializer(component_name="Dataset")
class DatasetSerializer(serializers.Serializer[Any]):
    """A data set below the data set root."""

    value = serializers.CharField(help_text="What datasetId takes.")
    label = serializers.CharField()  # type: ignore[assignment]
    type = serializers.CharField()
    path = serializers.CharField(help_text="Relative to DISTILLATION_HOME.")
    description = serializers.CharField()
    classes = serializers.ListField(child=serializers.CharField())
    train = serializers.IntegerField(help_text="Labelled pictures to learn from.")
    val = serializers.IntegerField(help_text="Pictures to validate with.")
    unlabeled = serializers.IntegerField(help_text="Pictures that only the teacher labels.")
    problems = serializers.ListField(child=SentenceField())
