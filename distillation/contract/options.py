"""The catalogue of options of the create request: types, limits, choices, defaults and help.

Validation, the REST schema, the admin's forms and the docs all read this list; a limit exists nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from distillation.contract.sentence import gettext_noop

Kind = Literal["text", "integer", "number", "boolean", "list"]


@dataclass(frozen=True, slots=True)
class Option:
    """One field of the create request."""

    name: str
    """On the wire, camelCase."""
    kind: Kind
    group: str
    label: str
    help: str
    default: Any = None
    """What counts when the field is absent or null; None = nothing, or decided from the data."""
    minimum: float | None = None
    maximum: float | None = None
    decimals: int | None = None
    """More digits than the column keeps are refused."""
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    """Values of the contract that this version refuses with a sentence."""
    column: str | None = None
    """The column that keeps it; the others live in ``training_config``."""
    config_path: tuple[str, ...] = ()
    """Where ``training_config`` keeps it."""
    neutral: tuple[Any, ...] = ()
    """For an option that has no effect yet: values that ask for nothing. Anything else is refused."""
    available: bool = True
    direct: bool = True
    """False for an option that has a meaning only with a teacher."""


_SHARE_OF_SOFT = gettext_noop("Weight of the teacher's soft labels; the hard labels get 1 − alpha.")

OPTIONS: tuple[Option, ...] = (
    # What to learn
    Option(
        "taskName", "text", "basics", gettext_noop("Task name"),
        gettext_noop("How people will find this task."), max_length=255, column="task_name",
    ),
    Option(
        "description", "text", "basics", gettext_noop("Description"),
        gettext_noop("What the model is for."), max_length=500, column="description",
    ),
    Option(
        "taskInputName", "text", "basics", gettext_noop("Input name"),
        gettext_noop("A name of the input, kept for scripts that use it."), max_length=255, column="task_input_name",
    ),
    Option(
        "remark", "text", "basics", gettext_noop("Remark"),
        gettext_noop("A note for colleagues."), max_length=500, column="remark",
    ),
    Option(
        "trainingMode", "text", "basics", gettext_noop("Training mode"),
        gettext_noop("Distillation: a teacher helps. Direct: the model learns from labels alone."),
        default="distillation", choices=("distillation", "direct"), column="training_mode",
    ),
    Option(
        "taskType", "text", "basics", gettext_noop("Task type"),
        gettext_noop("What the model learns to do."), default="classification", choices=("classification",),
        planned=("detection", "segmentation", "sequence", "text"), config_path=("taskType",),
    ),
    Option(
        "executor", "text", "basics", gettext_noop("Executor"),
        gettext_noop("Platform: trained here. External: a script elsewhere trains and reports over REST."),
        choices=("platform", "external"), column="executor",
    ),
    Option(
        "priority", "integer", "basics", gettext_noop("Priority"),
        gettext_noop("Higher ones leave the queue first."), default=0, minimum=-100, maximum=100, column="priority",
    ),
    # Data
    Option(
        "datasetId", "text", "data", gettext_noop("Data set"),
        gettext_noop("A folder of the data set root with train/<class>/, val/<class>/ and perhaps unlabeled/."),
        max_length=100, column="dataset_id",
    ),
    Option(
        "datasetName", "text", "data", gettext_noop("Data set name"),
        gettext_noop("Filled from the data set when left empty."), max_length=255, column="dataset_name",
    ),
    Option(
        "valDatasetId", "text", "data", gettext_noop("Validation data set"),
        gettext_noop("Empty: the same data set's val/ folder."), max_length=100, column="val_dataset_id",
    ),
    Option(
        "valDatasetName", "text", "data", gettext_noop("Validation data set name"),
        gettext_noop("Filled from the data set when left empty."), max_length=255, column="val_dataset_name",
    ),
    Option(
        "numClasses", "integer", "data", gettext_noop("Number of classes"),
        gettext_noop("Empty or 0: from the data. Another number than the data's is refused."),
        minimum=0, maximum=100_000, config_path=("numClasses",),
    ),
    # Models
    Option(
        "teacherModel", "text", "models", gettext_noop("Teacher model"),
        gettext_noop("A completed task (its id) or a Hugging Face directory below the models root."),
        max_length=100, column="teacher_model", direct=False,
    ),
    Option(
        "studentModel", "text", "models", gettext_noop("Student model"),
        gettext_noop("The small model that is trained."), max_length=100, column="student_model",
    ),
    Option(
        "studentModelType", "text", "models", gettext_noop("Student family"),
        gettext_noop("Must agree with the student model."),
        choices=("resnet", "vit", "yolov8", "yolov5", "unet", "lstm"), config_path=("studentModelType",),
    ),
    Option(
        "studentModelSize", "text", "models", gettext_noop("Student size"),
        gettext_noop("Completes a bare family name: vit with size small is vit-small."),
        max_length=20, config_path=("studentModelSize",),
    ),
    Option(
        "imageSize", "integer", "models", gettext_noop("Image size"),
        gettext_noop("Pixels; pictures are resized to a square. Empty: the student's usual size."),
        minimum=8, maximum=1024, config_path=("imageSize",),
    ),
    # Method
    Option(
        "temperature", "number", "method", gettext_noop("Temperature"),
        gettext_noop("Softens the teacher's probabilities; 1 leaves them as they are, 2 to 6 is usual."),
        default=3.0, minimum=0.1, maximum=100, decimals=2, column="temperature", direct=False,
    ),
    Option(
        "alpha", "number", "method", gettext_noop("Soft-label weight (alpha)"), _SHARE_OF_SOFT,
        default=0.7, minimum=0, maximum=1, decimals=2, column="alpha", direct=False,
    ),
    Option(
        "softLabelWeight", "number", "method", gettext_noop("Soft-label weight"),
        gettext_noop("Replaces alpha when given."), minimum=0, maximum=100,
        config_path=("distillationAdvancedConfig", "softLabelWeight"), direct=False,
    ),
    Option(
        "hardLabelWeight", "number", "method", gettext_noop("Hard-label weight"),
        gettext_noop("Replaces 1 − alpha when given."), minimum=0, maximum=100,
        config_path=("distillationAdvancedConfig", "hardLabelWeight"), direct=False,
    ),
    Option(
        "control", "boolean", "method", gettext_noop("Control arm"),
        gettext_noop("Also train the same student without the teacher, with the same number of steps."),
        default=False, config_path=("control",), direct=False,
    ),
    Option(
        "distillLossType", "text", "method", gettext_noop("Distillation loss"),
        gettext_noop("How student and teacher are compared."), default="kl_div", choices=("kl_div",),
        planned=("mse", "cosine", "cross_entropy"), config_path=("distillationAdvancedConfig", "lossType"),
        direct=False,
    ),
    Option(
        "distillationType", "text", "method", gettext_noop("Distillation type"),
        gettext_noop("What of the teacher is learned."), default="logit", choices=("logit",),
        planned=("feature", "hybrid"), config_path=("distillationType",), direct=False,
    ),
    # Training
    Option(
        "totalEpochs", "integer", "training", gettext_noop("Epochs"),
        gettext_noop("Passes over all pictures, labelled and unlabelled together."),
        default=50, minimum=1, maximum=100_000, column="total_epochs",
    ),
    Option(
        "batchSize", "integer", "training", gettext_noop("Batch size"),
        gettext_noop("Pictures a step."), default=32, minimum=1, maximum=65_536, column="batch_size",
    ),
    Option(
        "learningRate", "number", "training", gettext_noop("Learning rate"),
        gettext_noop("The highest value of the schedule."),
        default=0.001, minimum=0.00000001, maximum=10, decimals=8, column="learning_rate",
    ),
    Option(
        "optimizer", "text", "training", gettext_noop("Optimizer"), gettext_noop("AdamW suits most students."),
        default="adamw", choices=("adamw", "adam", "sgd"), planned=("adagrad", "rmsprop"),
        config_path=("optimizer",),
    ),
    Option(
        "lrScheduler", "text", "training", gettext_noop("Schedule"),
        gettext_noop("How the learning rate falls over the run."),
        default="cosine", choices=("cosine", "linear", "constant"), planned=("polynomial", "step"),
        config_path=("lrScheduler",),
    ),
    Option(
        "weightDecay", "number", "training", gettext_noop("Weight decay"),
        gettext_noop("Pulls the weights towards zero."),
        default=0.0001, minimum=0, maximum=10, config_path=("weightDecay",),
    ),
    Option(
        "gradAccumSteps", "integer", "training", gettext_noop("Gradient accumulation"),
        gettext_noop("Batches gathered before one optimizer step."),
        default=1, minimum=1, maximum=1024, config_path=("gradAccumSteps",),
    ),
    Option(
        "maxGradNorm", "number", "training", gettext_noop("Gradient clipping"),
        gettext_noop("Largest norm of the gradient; 0 switches clipping off."),
        default=0.0, minimum=0, maximum=1_000_000, config_path=("maxGradNorm",),
    ),
    Option(
        "seed", "integer", "training", gettext_noop("Seed"),
        gettext_noop("The same seed on the same machine gives the same weights."),
        default=0, minimum=0, maximum=2**31 - 1, config_path=("seed",),
    ),
    # LoRA: kept with the task; no student or teacher of this version takes it
    Option(
        "loraPreset", "text", "lora", gettext_noop("LoRA preset"),
        gettext_noop("Fills the LoRA values that are left empty."), max_length=100, config_path=("loraPreset",),
    ),
    Option(
        "loraRank", "integer", "lora", gettext_noop("LoRA rank"), gettext_noop("Width of the adapter."),
        default=16, minimum=1, maximum=1024, column="lora_rank", direct=False,
    ),
    Option(
        "loraAlpha", "integer", "lora", gettext_noop("LoRA alpha"), gettext_noop("Scale of the adapter."),
        default=32, minimum=1, maximum=4096, column="lora_alpha", direct=False,
    ),
    Option(
        "loraDropout", "number", "lora", gettext_noop("LoRA dropout"), gettext_noop("Dropout inside the adapter."),
        default=0.05, minimum=0, maximum=0.999, decimals=3, column="lora_dropout", direct=False,
    ),
)


def _not_yet(name: str, *neutral: Any) -> Option:
    """An option of the contract that has no effect yet: what asks for nothing is accepted, the rest refused."""
    return Option(name, "text", "later", name, "", available=False, neutral=("", None, *neutral))


NOT_AVAILABLE: tuple[Option, ...] = (
    _not_yet("visibility", "team"),
    _not_yet("seeds", []),
    _not_yet("method", "kd"),
    _not_yet("collaboration", "none"),
    _not_yet("loraTarget", "none"),
    _not_yet("cacheViews", 1),
    _not_yet("amp", False),
    _not_yet("ema", False),
    _not_yet("earlyStopping", False),
    _not_yet("augmentation", False, "none"),
    _not_yet("selectBest", False),
    _not_yet("deterministic", False),
    _not_yet("gpuDevices", []),
    _not_yet("autoSaveCheckpoint", True),
    _not_yet("checkpointInterval", 0),
    _not_yet("teacherParamSize"),
    _not_yet("teacherModelPath"),
    _not_yet("teacherQuantization", "none"),
    _not_yet("studentParamSize"),
    _not_yet("studentInitMethod", "random"),
    _not_yet("studentPretrainPath"),
    _not_yet("loraTargetModules", []),
    _not_yet("loraLayers", "all"),
    _not_yet("loraBiasTrain", "none"),
    _not_yet("intermediateLayers", False, []),
    _not_yet("attentionDistill", False),
    _not_yet("featureLossType", "mse"),
    _not_yet("alignFeature", False),
)

BY_NAME: dict[str, Option] = {option.name: option for option in (*OPTIONS, *NOT_AVAILABLE)}

GROUPS: dict[str, str] = {
    "basics": gettext_noop("What to learn"),
    "data": gettext_noop("Data"),
    "models": gettext_noop("Teacher and student"),
    "method": gettext_noop("Method"),
    "training": gettext_noop("Training"),
    "lora": gettext_noop("LoRA"),
}

MAX_UNREADABLE_SHARE = 0.05
"""A run fails when more than this share of its pictures cannot be read."""
