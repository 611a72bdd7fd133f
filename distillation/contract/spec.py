"""The run spec: everything an engine needs to know about one run, frozen at its first claim.

Paths are relative to ``DISTILLATION_HOME``, so that a home can be moved. Whatever could change the numbers
(threads, device, seed) is resolved here once, so that a resumed run is the same run.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from distillation.contract.lora import LoraSpec
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.teachers import Quantization, TeacherKind

VERSION = 2

TaskType = Literal["classification", "detection", "segmentation", "sequence", "text"]


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

    kind: TeacherKind
    name: str
    """As the user named it: a task id, or a directory below the models root."""
    path: str
    quantization: Quantization = "none"
    """Precision of the teacher's weights; ``none`` computes in float32."""
    prompts: tuple[tuple[str, str], ...] = ()
    """(class, words) for zero-shot teachers; they win over the model's ``prompts.json``."""

    def __post_init__(self) -> None:
        """JSON has lists only."""
        object.__setattr__(self, "prompts", tuple((str(name), str(words)) for name, words in self.prompts))


@dataclass(frozen=True, slots=True)
class StudentSpec:
    """The small model."""

    arch: str
    """A name of the catalogue, such as ``resnet18``."""
    image_size: int
    """Pixels; pictures are resized to ``image_size × image_size``. 0 for sequences and texts."""
    init: Literal["random", "pretrained", "distill"] = "random"
    """Where the first weights come from: a seed, a file, or another task's student."""
    init_path: str | None = None
    """Relative to the home: a model directory or a safetensors file."""


@dataclass(frozen=True, slots=True)
class TrainSpec:
    """How to optimise; the control arm uses the same values, and so does every seed."""

    epochs: int
    batch_size: int
    """0 leaves it to the engine, which decides it once by memory and data."""
    learning_rate: float
    optimizer: Literal["adamw", "adam", "sgd", "adagrad", "rmsprop"]
    schedule: Literal["cosine", "linear", "constant", "polynomial", "step"]
    weight_decay: float
    grad_accum_steps: int
    max_grad_norm: float
    """0 switches clipping off."""
    seed: int
    augmentation: str = "none"
    """``none``, ``light``, ``standard`` or ``strong``."""
    views: int = 1
    """Augmented views of each picture that come back in turn (epoch modulo views); 0 = a new one every epoch."""
    select_best: bool = False
    """Deliver the best validation epoch's weights instead of the last one's."""
    warmup_ratio: float = 0.0
    """Share of all steps over which the learning rate rises to its highest value."""
    amp: bool = False
    """Automatic mixed precision: the student's forward pass in bfloat16 or float16."""
    ema: bool = False
    """Validate and deliver the exponential moving average of the weights."""
    deterministic: bool = False
    """Refuse operations without a deterministic form; on a GPU they only warn otherwise."""
    early_stopping: int = 0
    """End after so many epochs in a row without a better validation; 0 = never."""
    more_seeds: tuple[int, ...] = ()
    """With each of these everything is trained once more; what is delivered is of ``seed``."""
    world_size: int = 1
    """Processes that share each batch, one a device (GPUs, or so many processes on the CPU)."""

    def __post_init__(self) -> None:
        """JSON has lists only."""
        object.__setattr__(self, "more_seeds", tuple(self.more_seeds))

    @property
    def seeds(self) -> tuple[int, ...]:
        """All of them, the one of the delivered student first."""
        return (self.seed, *self.more_seeds)

    def with_seed(self, seed: int) -> TrainSpec:
        """The same for another of the seeds."""
        return replace(self, seed=seed)


@dataclass(frozen=True, slots=True)
class LossSpec:
    """soft_weight · (soft + feature_weight · feature) + hard_weight · hard; which terms there are says ``kind``."""

    temperature: float
    soft_weight: float
    hard_weight: float
    kind: Literal["logit", "feature", "hybrid"] = "logit"
    """What of the teacher is learned: its answers, its features, or both."""
    feature_loss: str = "cwd"
    """How features are compared: a name of ``feature_losses.SUITS``."""
    feature_weight: float = 1.0
    method: Literal["kd", "dkd", "dist"] = "kd"
    """How answers of classifiers are compared."""
    comparison: Literal["kl_div", "mse", "cosine", "cross_entropy"] = "kl_div"
    """Of kd."""
    layers: tuple[tuple[str, str], ...] = ()
    """(student's, teacher's) module paths whose features are compared; empty: the last ones, or a detector's neck."""
    align: bool = True
    """Whether the student's features pass a learned projector; else only equal widths are compared."""

    def __post_init__(self) -> None:
        """JSON has lists only."""
        object.__setattr__(self, "layers", tuple((str(ours), str(theirs)) for ours, theirs in self.layers))

    @property
    def soft(self) -> bool:
        """Whether the teacher's answers are compared."""
        return self.kind != "feature"

    @property
    def feature(self) -> bool:
        """Whether the teacher's features are compared."""
        return self.kind != "logit"


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run. ``teacher`` and ``loss`` are None in direct mode."""

    task_id: str
    mode: Literal["direct", "distillation"]
    task_type: TaskType
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
    """Write a checkpoint when this much time has passed since the last one; 0 = after each epoch, negative = never."""
    max_unreadable_share: float
    """The run fails when a larger share of the pictures cannot be read."""
    lora: LoraSpec | None = None
    """Adapters of the teacher or of the student; None: neither has any."""
    collaboration: Literal["none", "joint"] = "none"
    """``none``: the teacher answers first, the student learns from what it said. ``joint``: both learn step by step."""
    checkpoint_epochs: int = 0
    """Write one after each so many epochs as well; 0 = by time alone."""
    version: int = VERSION

    @property
    def joint(self) -> bool:
        """Whether teacher and student learn together."""
        return self.collaboration == "joint"

    @property
    def adapts_teacher(self) -> bool:
        """Whether the teacher learns from the labels before it answers."""
        return self.lora is not None and self.lora.target == "teacher" and not self.joint

    @property
    def adapts_student(self) -> bool:
        """Whether the student learns through adapters."""
        return self.lora is not None and self.lora.target == "student"

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
                        "lora": LoraSpec(**raw["lora"]) if raw.get("lora") else None,
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
