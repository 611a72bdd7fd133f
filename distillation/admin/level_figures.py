"""The figures of one model in an evaluation, whatever its writer called them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from distillation.admin import loose


@dataclass(frozen=True, slots=True)
class LevelFigures:
    """Of the teacher, the student or the control; None where the evaluation does not say."""

    accuracy: float | None
    """Percent."""
    parameters: float | None
    size: float | None
    """Bytes on disk."""
    rate: float | None
    """Samples a second."""
    latency: float | None
    """Milliseconds for one sample."""
    machine: str
    """Device and its name where the speed was measured; empty where that is not known."""


def read(part: dict[str, Any]) -> LevelFigures:
    """The figures of a part whose keys are loose."""
    speed = part.get("throughput")
    measured = loose.keys(speed) if isinstance(speed, dict) else {}
    rate = loose.first(part, "imagespersecond", "samplespersecond")
    if rate is None:
        rate = measured.get("imagespersecond") if measured else speed
    device, name = (str(measured.get(key) or "") for key in ("device", "devicename"))
    return LevelFigures(
        accuracy=loose.number(part.get("accuracy")),
        parameters=loose.number(loose.first(part, "parameters", "parametercount", "params")),
        size=loose.number(loose.first(part, "sizebytes", "bytes", "modelbytes", "size", "filebytes")),
        rate=loose.number(rate),
        latency=loose.number(loose.first(part, "latencyms")),
        machine=" · ".join(text for text in (device, name) if text),
    )
