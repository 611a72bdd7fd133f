"""The catalogue of options of the create request: types, limits, choices, defaults and help.

Validation, the REST schema, the admin's forms and the docs all read this list; a limit exists nowhere else.
"""

from __future__ import annotations

from distillation.contract.lora_options import LORA
from distillation.contract.option import Option
from distillation.contract.sentence import gettext_noop
from distillation.contract.training_options import TRAINING

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
        false_too=True,
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
    *TRAINING,
    *LORA,
)

BY_NAME: dict[str, Option] = {option.name: option for option in OPTIONS}

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
