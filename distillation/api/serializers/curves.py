"""Curves, resources, log lines and files on the wire: for the schema only, since arrays are sent as they are read."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from distillation.api.schema_values import SentField, choice
from distillation.api.serializers.fields import LocalTime
from distillation.contract.arms import ARMS
from distillation.services.point_reports import MAX_EPOCH, MAX_STEP, MAX_TIME
from distillation.storage.artifacts import KINDS


def numbers(help_text: str, *, nullable: bool = True) -> serializers.ListField:
    """An array of figures."""
    return serializers.ListField(child=serializers.FloatField(allow_null=nullable), help_text=help_text)


def integers(help_text: str, *, nullable: bool = False) -> serializers.ListField:
    """An array of whole numbers."""
    return serializers.ListField(child=serializers.IntegerField(allow_null=nullable), help_text=help_text)


class PointsSerializer(serializers.Serializer[Any]):
    """Points of one curve; the arrays are equally long."""

    name = serializers.CharField()
    arm = serializers.CharField(help_text="student or control; of a further seed with its number, such as student2.")
    total = serializers.IntegerField(help_text="Points there are; the arrays may hold fewer.")
    steps = integers("Optimizer steps of the arm.")
    epochs = integers("From 1.", nullable=True)
    times = numbers("Seconds since 1970.")
    values = numbers("Null where the figure was not finite.")


class AverageSerializer(serializers.Serializer[Any]):
    """A moving average after all points: the next value v makes it (w·s·(1 - wⁿ) + (1 - w)·v) / (1 - wⁿ⁺¹)."""

    points = serializers.IntegerField(help_text="Points with a value that it is of (n).")
    value = serializers.FloatField(allow_null=True, help_text="What it is (s); null where no point has a value.")


class CurveSerializer(PointsSerializer):
    """One curve."""

    smooth = serializers.ListField(
        child=serializers.FloatField(allow_null=True), required=False,
        help_text="With smoothing=: the debiased exponential moving average over all points, at these ones. Not in an "
        "answer to after=, which holds new points only, unless it is a reset; continue average there.",
    )  # fmt: skip
    average = AverageSerializer(required=False, help_text="With smooth: from where it can be continued.")


class SupersededSerializer(PointsSerializer):
    """What one resumed attempt took anew of a curve."""

    attempt = serializers.IntegerField(help_text="The attempt that went on before these points.")


class CurvesSerializer(serializers.Serializer[Any]):
    """A task's curves."""

    cursor = serializers.CharField(help_text="What after= takes to read on.")
    reset = serializers.BooleanField(
        help_text="A resumed run goes on before points that were read earlier: drop them, this answer holds all."
    )
    series = CurveSerializer(many=True)
    superseded = SupersededSerializer(
        many=True, required=False,
        help_text="With superseded=true: points behind the checkpoint from which a run was resumed. Of each time the "
        "10,000 that follow the checkpoint are kept, and those of a curve are thinned to an eighth of maxPoints.",
    )  # fmt: skip


class ReportedCurveSerializer(serializers.Serializer[Any]):
    """One curve of an outside script; the arrays are equally long."""

    name = serializers.RegexField(r"^ *[A-Za-z0-9_][A-Za-z0-9_ ./:@+-]{0,63}$")
    arm = SentField(choice(list(ARMS)), help_text="student when absent.")
    steps = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=MAX_STEP),
        help_text="The same step again replaces its point.",
    )
    values = numbers("Finite, or null.")
    epochs = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=MAX_EPOCH, allow_null=True),
        required=False, allow_null=True,
    )  # fmt: skip
    times = serializers.ListField(
        child=serializers.FloatField(min_value=0, max_value=MAX_TIME), required=False, allow_null=True,
        help_text="Seconds since 1970; now when absent.",
    )  # fmt: skip


class ReportedCurvesSerializer(serializers.Serializer[Any]):
    """At most 10,000 points."""

    series = ReportedCurveSerializer(many=True)


class AcceptedPointsSerializer(serializers.Serializer[Any]):
    """What was stored."""

    accepted = serializers.IntegerField(help_text="Points.")


class ResourcesSerializer(serializers.Serializer[Any]):
    """Samples of a run; the arrays are equally long, an entry is null where it could not be measured."""

    cursor = serializers.IntegerField(help_text="What after= takes to read on.")
    total = serializers.IntegerField(help_text="Samples there are; the arrays may hold fewer.")
    times = numbers("Seconds since 1970.", nullable=False)
    cpuPercent = numbers("Of the run's processes; 100 is one core. Thinned: the mean.")  # noqa: N815
    hostMemoryPercent = numbers("Of the whole machine. Thinned: the mean.")  # noqa: N815
    gpuPercent = numbers("Thinned: the mean.")  # noqa: N815
    memoryMb = numbers("Of the run's processes. Thinned: the highest.")  # noqa: N815
    gpuMemoryMb = numbers("Thinned: the highest.")  # noqa: N815
    gpuTemperature = numbers("Degrees Celsius. Thinned: the highest.")  # noqa: N815


class LogLineSerializer(serializers.Serializer[Any]):
    """One line, in the reader's language."""

    id = serializers.IntegerField()
    time = LocalTime()
    level = serializers.ChoiceField(choices=["debug", "info", "warning", "error"])
    source = serializers.CharField(help_text="engine or worker.")  # type: ignore[assignment]
    kind = serializers.CharField(help_text="message, started, phase, checkpoint, finished or failed.")
    attempt = serializers.IntegerField()
    arm = serializers.CharField(help_text="student, control, those of further seeds (student2, …) or empty.")
    step = serializers.IntegerField(allow_null=True)
    text = serializers.CharField()


class LogPageSerializer(serializers.Serializer[Any]):
    """Lines in the order in which they were written."""

    cursor = serializers.IntegerField(help_text="What after= takes to read newer lines.")
    before = serializers.IntegerField(
        allow_null=True, help_text="What before= takes to read older lines; null when there are none."
    )
    more = serializers.BooleanField(help_text="Newer lines than these are there already.")
    lines = LogLineSerializer(many=True)


class ArtifactSerializer(serializers.Serializer[Any]):
    """A file of a finished run."""

    name = serializers.CharField(help_text="The last part of its address.")
    kind = serializers.ChoiceField(KINDS)
    bytes = serializers.IntegerField()
    sha256 = serializers.CharField(allow_null=True, help_text="Where it is known.")
    url = serializers.CharField()
