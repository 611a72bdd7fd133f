"""The catalogue of options of the create request: types, limits, choices, defaults and help.

Validation, the REST schema, the admin's forms and the docs all read this list; a limit exists nowhere else.
"""

from __future__ import annotations

from typing import Any

from distillation.contract.option import Option
from distillation.contract.sentence import gettext_noop

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
        gettext_noop("What the model learns to do. Empty: what the student is made for."),
        choices=("classification", "detection", "segmentation", "sequence", "text"),
        config_path=("taskType",),
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
    Option(
        "visibility", "text", "basics", gettext_noop("Visibility"),
        gettext_noop("Who else sees the task. My teams: everyone who shares a team with its owner."),
        default="team", choices=("private", "team", "everyone"), column="visibility",
    ),
    # Data
    Option(
        "datasetId", "text", "data", gettext_noop("Data set"),
        gettext_noop("A folder of the data set root; what it is for is recognised from its files."),
        max_length=100, column="dataset_id", number_too=True,
    ),
    Option(
        "datasetName", "text", "data", gettext_noop("Data set name"),
        gettext_noop("Filled from the data set when left empty."), max_length=255, column="dataset_name",
    ),
    Option(
        "valDatasetId", "text", "data", gettext_noop("Validation data set"),
        gettext_noop("Empty: the held-out part of the same data set."), max_length=100, column="val_dataset_id", number_too=True,
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
        gettext_noop("A completed task (its id) or a model directory below the models root."),
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
        "teacherModelPath", "text", "models", gettext_noop("Where the teacher is"),
        gettext_noop(
            "Another way to name the teacher: its directory, or the file of its weights, below DISTILLATION_HOME, such as "
            "models/big. With a teacher model too, both must mean the same."
        ),
        max_length=255, config_path=("teacherModelConfig", "modelPath"), direct=False,
    ),
    Option(
        "teacherParamSize", "text", "models", gettext_noop("Teacher's size"),
        gettext_noop("Number of parameters, such as 7B or 300M. Nothing is chosen by it: a teacher of another size is refused."),
        max_length=20, config_path=("teacherModelConfig", "paramSize"), direct=False, number_too=True,
    ),
    Option(
        "studentParamSize", "text", "models", gettext_noop("Student's parameters"),
        gettext_noop("Number of parameters, such as 11.7M. Nothing is chosen by it: a student of another size is refused."),
        max_length=20, config_path=("studentModelConfig", "paramSize"), number_too=True,
    ),
    Option(
        "teacherQuantization", "text", "models", gettext_noop("Teacher's precision"),
        gettext_noop("Fewer bits take less memory and answer a little less exactly; not for sequences."),
        default="none", choices=("none", "fp16", "int8", "8bit", "4bit"),
        config_path=("teacherModelConfig", "quantization"), direct=False,
    ),
    Option(
        "studentInitMethod", "text", "models", gettext_noop("First weights"),
        gettext_noop("random: drawn by the seed. pretrained: from a file. distill: from another task's student."),
        default="random", choices=("random", "pretrained", "distill"), config_path=("studentModelConfig", "initMethod"),
    ),
    Option(
        "studentPretrainPath", "text", "models", gettext_noop("Where the first weights are"),
        gettext_noop("A directory or a .safetensors file below the models root; for distill the id of a completed task."),
        max_length=255, config_path=("studentModelConfig", "pretrainPath"),
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
        "collaboration", "text", "method", gettext_noop("Collaboration"),
        gettext_noop(
            "none: the teacher answers first, the student learns from what it said. joint: both learn from each other, "
            "step by step; the teacher through adapters (loraTarget teacher)."
        ),
        default="none", choices=("none", "joint"), config_path=("collaboration",), direct=False,
    ),
    Option(
        "method", "text", "method", gettext_noop("Method"),
        gettext_noop(
            "How the answers of classifiers are compared. kd: softened probabilities. dkd: the true class and the others "
            "apart. dist: the order of the classes."
        ),
        default="kd", choices=("kd", "dkd", "dist"), config_path=("method",), direct=False,
    ),
    Option(
        "distillLossType", "text", "method", gettext_noop("Distillation loss"),
        gettext_noop("What method kd compares with. mse and cosine compare the answers before they are softened."), default="kl_div",
        choices=("kl_div", "mse", "cosine", "cross_entropy"), config_path=("distillationAdvancedConfig", "lossType"),
        direct=False,
    ),
    Option(
        "distillationType", "text", "method", gettext_noop("Distillation type"),
        gettext_noop("What of the teacher is learned: its answers, its features, or both."),
        default="logit", choices=("logit", "feature", "hybrid"), config_path=("distillationType",), direct=False,
    ),
    Option(
        "featureLossType", "text", "method", gettext_noop("Feature loss"),
        gettext_noop(
            "How features are compared. cwd: where a channel looks, for detection and segmentation. mse, cosine: their "
            "values. at: where there is much of them. mgd: hidden places are generated. rkd, sp, pkt: how samples lie to "
            "each other. Empty: cwd for detection and segmentation, else mse."
        ),
        choices=("cwd", "mse", "cosine", "at", "mgd", "rkd", "sp", "pkt"), config_path=("featureLossType",), direct=False,
    ),
    Option(
        "featureWeight", "number", "method", gettext_noop("Feature weight"),
        gettext_noop("Weight of the feature loss beside the soft loss."),
        minimum=0.000001, maximum=1_000_000, config_path=("featureWeight",), direct=False,
    ),
    Option(
        "intermediateLayers", "list", "method", gettext_noop("Layers"),
        gettext_noop(
            "Pairs student=teacher of module paths whose features are compared, between commas. Empty: the last layers "
            "with places, in detectors the three maps of the neck."
        ),
        max_length=1000, config_path=("distillationAdvancedConfig", "intermediateLayers"), direct=False,
    ),
    Option(
        "attentionDistill", "boolean", "method", gettext_noop("Attention transfer"),
        gettext_noop("Compare where the features of a picture are strong: the same as the feature loss at."),
        default=False, config_path=("distillationAdvancedConfig", "attentionDistill"), direct=False,
    ),
    Option(
        "alignFeature", "boolean", "method", gettext_noop("Align features"),
        gettext_noop(
            "A projector that learns too brings the student's features to the teacher's width. Without it only layers of "
            "equal widths can be compared."
        ),
        default=True, config_path=("alignFeature",), direct=False,
    ),
    # Training
    Option(
        "totalEpochs", "integer", "training", gettext_noop("Epochs"),
        gettext_noop("Passes over all pictures, labelled and unlabelled together."),
        default=50, minimum=1, maximum=100_000, column="total_epochs",
    ),
    Option(
        "batchSize", "integer", "training", gettext_noop("Batch size"),
        gettext_noop("Samples a step. 0 or auto: as many as memory and data allow, chosen when the run begins."),
        default=32, minimum=0, maximum=65_536, column="batch_size", auto=True,
    ),
    Option(
        "learningRate", "number", "training", gettext_noop("Learning rate"),
        gettext_noop("The highest value of the schedule."),
        default=0.001, minimum=0.00000001, maximum=10, decimals=8, column="learning_rate",
    ),
    Option(
        "optimizer", "text", "training", gettext_noop("Optimizer"), gettext_noop("AdamW suits most students."),
        default="adamw", choices=("adamw", "adam", "sgd", "adagrad", "rmsprop"),
        config_path=("optimizer",),
    ),
    Option(
        "lrScheduler", "text", "training", gettext_noop("Schedule"),
        gettext_noop("How the learning rate falls over the run."),
        default="cosine", choices=("cosine", "linear", "constant", "polynomial", "step"),
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
        "augmentation", "text", "training", gettext_noop("Augmentation"),
        gettext_noop(
            "Pictures are shifted, scaled and recoloured at random. Light does not mirror them; standard does, and puts "
            "four together for detection; strong does more of it, and lets one picture shine through another in classification "
            "and detection. Empty: light for detection and segmentation, else none."
        ),
        choices=("none", "light", "standard", "strong"), config_path=("augmentation",),
    ),
    Option(
        "cacheViews", "integer", "training", gettext_noop("Augmented views"),
        gettext_noop(
            "So many augmented views of each picture come back in turn, and the teacher's answers to them are kept. "
            "Empty: 4 with augmentation, else 1."
        ),
        minimum=1, maximum=64, config_path=("cacheViews",),
    ),
    Option(
        "selectBest", "boolean", "training", gettext_noop("Deliver the best epoch"),
        gettext_noop("The weights of the best validation epoch instead of the last one's; the evaluation says so."),
        default=False, config_path=("selectBest",),
    ),
    Option(
        "warmupRatio", "number", "training", gettext_noop("Warm-up"),
        gettext_noop("Share of all steps over which the learning rate rises to its highest value."),
        default=0.0, minimum=0, maximum=0.5, config_path=("warmupRatio",),
    ),
    Option(
        "amp", "boolean", "training", gettext_noop("Mixed precision"),
        gettext_noop("Compute the student in 16 bits where that is safe: faster on most GPUs, seldom on a CPU."),
        default=False, config_path=("amp",),
    ),
    Option(
        "ema", "boolean", "training", gettext_noop("Averaged weights"),
        gettext_noop("Validate and deliver a running average of the weights, which is often a little better."),
        default=False, config_path=("ema",),
    ),
    Option(
        "earlyStopping", "integer", "training", gettext_noop("Early stopping"),
        gettext_noop("End after so many epochs in a row without a better validation; 0 trains all epochs."),
        default=0, minimum=0, maximum=100_000, config_path=("earlyStopping",),
    ),
    Option(
        "seed", "integer", "training", gettext_noop("Seed"),
        gettext_noop("The same seed on the same machine gives the same weights."),
        default=0, minimum=0, maximum=2**31 - 1, config_path=("seed",),
    ),
    Option(
        "deterministic", "boolean", "training", gettext_noop("Deterministic"),
        gettext_noop(
            "Refuse operations of a GPU that may give other last digits the next time. On a CPU every run is deterministic "
            "anyway."
        ),
        default=False, config_path=("deterministic",),
    ),
    Option(
        "autoSaveCheckpoint", "boolean", "training", gettext_noop("Checkpoints"),
        gettext_noop("Write checkpoints while training. Without them a crash loses the arm; a stop still writes one."),
        default=True, config_path=("autoSaveCheckpoint",),
    ),
    Option(
        "checkpointInterval", "integer", "training", gettext_noop("Checkpoint interval"),
        gettext_noop("Epochs between two checkpoints. 0: by time, as the installation is set."),
        default=0, minimum=0, maximum=100_000, config_path=("checkpointInterval",),
    ),
    # LoRA
    Option(
        "loraTarget", "text", "lora", gettext_noop("LoRA target"),
        gettext_noop(
            "Who learns through adapters. teacher: from the labels, before it teaches. student: from first weights that "
            "exist, which stay as they are but for the last layer."
        ),
        default="none", choices=("none", "teacher", "student"), config_path=("loraTarget",),
    ),
    Option(
        "loraPreset", "text", "lora", gettext_noop("LoRA preset"),
        gettext_noop("Fills the LoRA values that are left empty."), max_length=100, config_path=("loraPreset",),
    ),
    Option(
        "loraRank", "integer", "lora", gettext_noop("LoRA rank"), gettext_noop("Width of the adapter."),
        default=16, minimum=1, maximum=1024, column="lora_rank", zero_in_direct=True,
    ),
    Option(
        "loraAlpha", "integer", "lora", gettext_noop("LoRA alpha"),
        gettext_noop("Scale of the adapter, which counts alpha / rank times."),
        default=32, minimum=1, maximum=4096, column="lora_alpha", zero_in_direct=True,
    ),
    Option(
        "loraDropout", "number", "lora", gettext_noop("LoRA dropout"), gettext_noop("Dropout inside the adapter."),
        default=0.05, minimum=0, maximum=0.999, decimals=3, column="lora_dropout", zero_in_direct=True,
    ),
    Option(
        "loraTargetModules", "list", "lora", gettext_noop("LoRA modules"),
        gettext_noop(
            "Names of the adapted modules, such as q_proj, v_proj; usual synonyms are known. Empty: query and value, or "
            "the convolutions of a network without them."
        ),
        max_length=500, config_path=("loraAdvancedConfig", "targetModules"),
    ),
    Option(
        "loraLayers", "text", "lora", gettext_noop("LoRA layers"),
        gettext_noop("all, or numbers from 0 such as 0-11 or 0,2,8-11, among the layers with such modules."),
        default="all", max_length=100, config_path=("loraAdvancedConfig", "layers"),
    ),
    Option(
        "loraBiasTrain", "text", "lora", gettext_noop("LoRA biases"),
        gettext_noop("Which biases learn beside the adapters: none, those of adapted modules, or all."),
        default="none", choices=("none", "lora_only", "all"), config_path=("loraAdvancedConfig", "biasTrain"),
    ),
    Option(
        "loraEpochs", "integer", "lora", gettext_noop("LoRA epochs"),
        gettext_noop("Passes over the labelled pictures in which a teacher is adapted before it teaches."),
        default=5, minimum=1, maximum=10_000, config_path=("loraEpochs",), direct=False,
    ),
)


def _not_yet(name: str, *neutral: Any, path: tuple[str, ...] = ()) -> Option:
    """An option of the contract that has no effect yet: what asks for nothing is accepted, the rest refused."""
    neutral = ("", None, *neutral)
    return Option(name, "text", "later", name, "", available=False, neutral=neutral, config_path=path or (name,))


NOT_AVAILABLE: tuple[Option, ...] = (
    _not_yet("seeds", []),
    _not_yet("gpuDevices", []),
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
