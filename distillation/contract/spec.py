"""The run spec: everything an engine needs to know about one run, frozen at its first claim.

Paths are relative to ``DISTILLATION_HOME``, so that a home can be moved. Whatever could change the numbers
(threads, device, seed) is resolved here once, so that a resumed run is the same run.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from distillation.contract.sentence import Refused, Sentence, gettext_noop

VERSION = 1


@dataclass(frozen=True, slots=True)
class DataSpec:
    """Which pictures to learn from."""

    dataset_id: str
    path: str
    """Image-folder data set with ``train/<class>/``, ``val/<class>/`` and perhaps ``unlabeled/``."""
    val_path: str
    """The data set whose ``val/`` is held out; usually the same."""


@dataclass(frozen=True, slots=True)
class TeacherSpec:
    """The large model."""

    kind: Literal["task", "huggingface"]
    name: str
    """As the user named it: a task id, or a directory below the models root."""
    path: str


@dataclass(frozen=True, slots=True)
class StudentSpec:
    """The small model."""

    arch: str
    """A name of the catalogue, such as ``resnet18``."""
    image_size: int
    """Pixels; pictures are resized to ``image_size × image_size``."""


@dataclass(frozen=True, slots=True)
class TrainSpec:
    """How to optimise; the control arm uses the same values."""

    epochs: int
    batch_size: int
    learning_rate: float
    optimizer: Literal["adamw", "adam", "sgd"]
    schedule: Literal["cosine", "linear", "constant"]
    weight_decay: float
    grad_accum_steps: int
    max_grad_norm: float
    """0 switches clipping off."""
    seed: int


@dataclass(frozen=True, slots=True)
class LossSpec:
    """soft_weight · T² · KL(teacher‖student at T) + hard_weight · cross entropy."""

    temperature: float
    soft_weight: float
    hard_weight: float


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run. ``teacher`` and ``loss`` are None in direct mode."""

    task_id: str
    mode: Literal["direct", "distillation"]
    task_type: Literal["classification"]
    data: DataSpec
    teacher: TeacherSpec | None
    student: StudentSpec
    train: TrainSpec
    loss: LossSpec | None
    control: bool
    """Also train the same student without the teacher, with the same number of optimizer steps."""
    threads: int
    device: str
    """``cpu`` or ``cuda``; which GPU is the launcher's business (CUDA_VISIBLE_DEVICES)."""
    checkpoint_seconds: float
    """Write a checkpoint when this much time has passed since the last one; 0 = after each epoch."""
    max_unreadable_share: float
    """The run fails when a larger share of the pictures cannot be read."""
    version: int = VERSION

    def to_json(self) -> str:
        """Stable text: equal specs give equal bytes."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)

    def digest(self) -> str:
        """SHA-256 of the text; a checkpoint of another spec is not continued."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @classmethod
    def from_json(cls, text: str) -> RunSpec:
        """Read a spec. Raises Refused when it is of another version or not a spec."""
        try:
            raw: dict[str, Any] = json.loads(text)
            version = raw.get("version")
            if version == VERSION:
                return cls(
                    **{
                        **raw,
                        "data": DataSpec(**raw["data"]),
                        "teacher": TeacherSpec(**raw["teacher"]) if raw["teacher"] else None,
                        "student": StudentSpec(**raw["student"]),
                        "train": TrainSpec(**raw["train"]),
                        "loss": LossSpec(**raw["loss"]) if raw["loss"] else None,
                    }
                )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Refused(
                Sentence(
                    gettext_noop("The run's spec.json cannot be read ({error}). Start the task afresh."),
                    {"error": str(error)},
                )
            ) from error
        raise Refused(
            Sentence(
                gettext_noop(
                    "The run's spec.json has version {found}, this program reads version {expected}. "
                    "Start the task afresh."
                ),
                {"found": str(version), "expected": VERSION},
            )
        )
