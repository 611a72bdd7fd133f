"""The job spec of labelling: which model labels which pictures, and what is written where.

Paths are relative to ``DISTILLATION_HOME``; by hand they may be absolute.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from distillation.contract.sentence import Refused, Sentence, gettext_noop

VERSION = 1

FORMATS: dict[str, tuple[str, ...]] = {
    "classification": ("labelme", "csv"),
    "detection": ("labelme", "yolo", "coco", "voc"),
    "segmentation": ("labelme", "yolo", "coco", "masks"),
}
"""What can be written, by type of task. Models for a type that is not here cannot label yet."""
EVERY_FORMAT = tuple(dict.fromkeys(name for names in FORMATS.values() for name in names))
USUAL_FORMATS = {
    "classification": ("labelme", "csv"),
    "detection": ("labelme", "yolo"),
    "segmentation": ("labelme", "yolo"),
}
IMPORTABLE = FORMATS | {"classification": ("csv",)}
"""What a data set is read from. LabelMe files without shapes beside a list would be taken for empty boxes."""

USUAL_BATCH, LARGEST_BATCH = 8, 1024
USUAL_THRESHOLD = 0.25

LABELLED = "labelled"
"""Event, rate-limited: total, processed, succeeded, failed, objects, empty and failures ([path, sentence]), all since
the beginning of the job, so that the last one says everything."""

NAMED_FAILURES = 20
"""Failures that events and answers name; ``result.json`` names more."""


@dataclass(frozen=True, slots=True)
class LabellingSpec:
    """One job."""

    job_id: str
    model_path: str
    """The model's directory: ``config.json`` and ``model.safetensors``."""
    model_sha256: str
    """Of the weights; empty where nobody knows. Another model must not finish what one began."""
    input_path: str
    output_path: str
    formats: tuple[str, ...]
    threshold: float = USUAL_THRESHOLD
    """The least score of a label."""
    class_thresholds: tuple[tuple[str, float], ...] = ()
    """(class, least score) where it is another one."""
    batch_size: int = USUAL_BATCH
    with_pictures: bool = False
    """Whether the pictures get into the output as well, which makes it a data set."""
    threads: int = 1
    """Of this attempt; not part of the digest."""
    version: int = VERSION

    def __post_init__(self) -> None:
        """JSON has lists only."""
        object.__setattr__(self, "formats", tuple(self.formats))
        pairs = tuple((str(name), float(least)) for name, least in self.class_thresholds)
        object.__setattr__(self, "class_thresholds", pairs)

    def to_json(self) -> str:
        """Stable text: equal specs give equal bytes."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)

    def digest(self) -> str:
        """SHA-256 of what decides about the labels; what another spec has labelled is not continued."""
        deciding = {name: value for name, value in asdict(self).items() if name != "threads"}
        return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()

    @classmethod
    def from_json(cls, text: str) -> LabellingSpec:
        """Read a spec. Raises Refused when it is of another version or not a spec."""
        try:
            raw: dict[str, Any] = json.loads(text)
            if raw.get("version") == VERSION:
                return cls(**raw)
            found = str(raw.get("version"))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            found = str(error)
        raise Refused(
            Sentence(
                gettext_noop("The job's spec.json cannot be read ({error}). Submit the job again."), {"error": found}
            )
        )
