"""The options of how is trained; part of the catalogue in ``options``."""

from __future__ import annotations

from distillation.contract.arms import MOST_SEEDS
from distillation.contract.devices import MOST_DEVICES
from distillation.contract.option import Option
from distillation.contract.sentence import gettext_noop

TRAINING: tuple[Option, ...] = (
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
        "seeds", "integers", "training", gettext_noop("Several seeds"), gettext_noop(
            "Numbers between commas: everything is trained once with each, and the evaluation tells mean and deviation. The "
            "first one's student is delivered, not the best: held-out samples choose nothing. Empty: the seed alone."
        ),
        minimum=0, maximum=2**31 - 1, max_items=MOST_SEEDS, config_path=("seeds",),
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
    Option(
        "gpuDevices", "integers", "training", gettext_noop("GPUs"),
        gettext_noop(
            "Numbers of GPUs of the worker, such as 0,1: several share each batch, one process each. Empty: any one that is "
            "free, or the CPU."
        ),
        minimum=0, maximum=MOST_DEVICES - 1, max_items=MOST_DEVICES, config_path=("gpuDevices",),
    ),
)
