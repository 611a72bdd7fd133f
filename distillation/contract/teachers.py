"""The catalogue of teachers: what kinds there are and which types of task each can teach.

Recognising a kind from its files is ``storage``'s part, loading one the engine's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.contract.task_types import DENSE

TeacherKind = Literal[
    "task", "huggingface", "clip", "siglip", "qwen2_5_vl", "onnx",
    "detector", "open_vocabulary", "segmenter", "sam", "causal_lm", "gguf",
]  # fmt: skip
Quantization = Literal["none", "fp16", "int8", "4bit"]
SEES_NO_VIEWS = gettext_noop(
    "With augmentation student and teacher see the same views, which only the student of a finished task can: choose "
    "augmentation none, or another teacher than {teacher}."
)
"""Refuses a classifier that is asked about each picture as it is, before a task starts and in the engine."""


@dataclass(frozen=True, slots=True)
class TeacherFamily:
    """One kind of teacher."""

    kind: TeacherKind
    label: str
    """What it is, for sentences; a template that the reader's language replaces."""
    teaches: tuple[str, ...]
    """Types of task."""
    zero_shot: bool = False
    """Whether it is asked in words, or told the class, so that it knows every class that can be named."""
    layers: bool = False
    """Whether features of its layers can be compared with a student's."""


FAMILIES: dict[str, TeacherFamily] = {
    family.kind: family
    for family in (
        TeacherFamily(
            "task",
            gettext_noop("the student of a finished task"),
            ("classification", "detection", "segmentation", "sequence", "text"),
            layers=True,
        ),
        TeacherFamily("huggingface", gettext_noop("a Hugging Face image classifier"), ("classification",), layers=True),
        TeacherFamily("clip", gettext_noop("a CLIP model"), ("classification",), zero_shot=True, layers=True),
        TeacherFamily("siglip", gettext_noop("a SigLIP model"), ("classification",), zero_shot=True, layers=True),
        TeacherFamily(
            "qwen2_5_vl",
            gettext_noop("a Qwen2.5-VL vision-language model"),
            ("classification",),
            zero_shot=True,
            layers=True,
        ),
        TeacherFamily("onnx", gettext_noop("an ONNX model"), ("classification", "detection")),
        TeacherFamily("detector", gettext_noop("an object detector"), ("detection",)),
        TeacherFamily("open_vocabulary", gettext_noop("an open-vocabulary detector"), ("detection",), zero_shot=True),
        TeacherFamily("segmenter", gettext_noop("a semantic segmenter"), ("segmentation",), layers=True),
        TeacherFamily("causal_lm", gettext_noop("a causal language model"), ("text",), zero_shot=True),
        TeacherFamily("gguf", gettext_noop("a causal language model as GGUF"), ("text",), zero_shot=True),
        TeacherFamily(
            "sam", gettext_noop("a SAM model, which draws masks into boxes"), ("segmentation",), zero_shot=True
        ),
    )
}


def teaches(kind: str) -> tuple[str, ...]:
    """The types of task that a kind can teach; none for a kind that is unknown.

    A finished task teaches its own type only, and an ONNX model the one that its ``model.json`` states.
    """
    family = FAMILIES.get(kind)
    return family.teaches if family else ()


def is_zero_shot(kind: str) -> bool:
    """Whether the teacher is asked in words and knows every class."""
    family = FAMILIES.get(kind)
    return family is not None and family.zero_shot


def answers_in_boxes(kind: str, task_type: str) -> bool:
    """Whether the student learns from the boxes that the teacher finds, not from a network's answers anchor by anchor.

    Only the student of a finished task answers at the student's own anchors and has features that fit.
    """
    return task_type == "detection" and kind != "task"


def draws_masks(kind: str) -> bool:
    """Whether the teacher draws masks into the boxes that the data marks; the class is the box's."""
    return kind == "sam"


def feature_problem(name: str, kind: str, task_type: str) -> Sentence | None:
    """Why the features of the teacher ``name`` cannot be compared with the student's; None when they can."""
    family = FAMILIES.get(kind)
    what = Sentence(family.label).as_json() if family else kind
    if answers_in_boxes(kind, task_type):
        template = gettext_noop(
            "The teacher {name} is {what} and teaches {task_type} by the boxes that it finds; it has no features to "
            "compare with the student's. Choose distillationType logit, or the student of a finished task as teacher."
        )
    elif family is None or family.layers:
        return None
    else:
        template = gettext_noop(
            "The teacher {name} is {what}, whose layers cannot be compared with a student's in {task_type}. Choose "
            "distillationType logit, or another teacher."
        )
    return Sentence(template, {"name": name, "what": what, "task_type": task_type})


QUANTISABLE = frozenset({"classification", "detection", "segmentation", "text"})
"""Types of task whose teachers can be quantised; of text the language models alone."""


def bits_problem(name: str, kind: str, task_type: str, quantization: str) -> Sentence | None:
    """Why the teacher ``name`` cannot be asked in fewer bits; None when it can, or is not."""
    params = {"name": name, "quantization": quantization, "task_type": task_type}
    if quantization == "none":
        return None
    if task_type not in QUANTISABLE or (task_type, kind) == ("text", "task"):
        template = gettext_noop(
            "The teacher {name} cannot be asked in fewer bits ({quantization}) for {task_type}. Choose quantisation "
            "none."
        )
    elif kind == "onnx":
        template = gettext_noop(
            "The ONNX teacher {name} has the precision that it was exported with; {quantization} cannot be applied to "
            "it. Choose quantisation none, or export the model in fewer bits."
        )
    elif kind == "task" and task_type in DENSE and quantization != "fp16":
        template = gettext_noop(
            "The teacher {name} is a network of convolutions; {quantization} quantises linear layers and would change "
            "nothing. Choose quantisation none or fp16."
        )
    else:
        return None
    return Sentence(template, params)


def needs_timm(config: Mapping[str, Any]) -> bool:
    """Whether a Hugging Face ``config.json`` builds a part of its network by the package timm.

    timm needs torchvision, which is no dependency of this program.
    """
    backbone = config.get("backbone_config")
    inner = backbone.get("model_type") if isinstance(backbone, Mapping) else None
    if inner is not None:
        return bool(inner == "timm_backbone")
    return config.get("use_timm_backbone") is True


def timm_problem(name: str) -> Sentence:
    """What is said of a teacher that needs timm."""
    return Sentence(
        gettext_noop(
            "A part of the teacher {name} is built by the package timm, which this program does not use. Take the "
            "revision of the model without timm (often named no_timm), whose config.json has use_timm_backbone false."
        ),
        {"name": name},
    )


def pair_problem(name: str, kind: str, can: tuple[str, ...], task_type: str) -> Sentence | None:
    """Why the teacher ``name``, which ``can`` teach these types, cannot teach ``task_type``; None when it can."""
    if task_type in can:
        return None
    family = FAMILIES.get(kind)
    if not can:
        return Sentence(
            gettext_noop(
                "The teacher {name} is {what}, which this version cannot ask. For {wanted} choose the student of a "
                "finished task."
            ),
            {
                "name": name,
                "what": Sentence(family.label).as_json() if family else kind,
                "wanted": task_type,
            },
        )
    return Sentence(
        gettext_noop(
            "The teacher {name} is {what} and teaches {can}; the task is {wanted}. Choose a teacher for {wanted}."
        ),
        {
            "name": name,
            "what": Sentence(family.label).as_json() if family else kind,
            "can": ", ".join(can) or "–",
            "wanted": task_type,
        },
    )
