"""The finished student as a directory: ``model.safetensors`` and ``config.json``, nothing of the teacher.

A student of texts has its ``tokenizer.json`` beside them.

The format is all that a user needs to load the model again; see :func:`load_student`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.students import STUDENTS, Student
from distillation.contract.task_types import DENSE
from distillation.datasets.layout import shown
from distillation.engine import atomic, students
from distillation.engine.detection.outputs import REG_MAX, STRIDES

FORMAT = "distillation-student/1"
WEIGHTS, CONFIG = "model.safetensors", "config.json"
STRETCHED = "bilinear, to a square, not cropped"
LETTERBOXED = "bilinear, the longer side to the image size, padded to a square"


def describe(
    model: nn.Module, *, arch: str, classes: tuple[str, ...], channels: int, image_size: int, task_id: str
) -> dict[str, Any]:
    """The content of ``config.json``: how to build the network and how to prepare a picture or sequence for it.

    ``channels`` are the values a step of a sequence, or the tokens of a vocabulary; ``image_size`` is 0 for both.
    """
    student = STUDENTS[arch]
    return {
        "format": FORMAT,
        "task_type": student.task_type,
        "task_id": task_id,
        "arch": arch,
        "family": student.family,
        "stem": students.stem(arch, image_size),
        "parameters": students.parameter_count(model),
        "dtype": "float32",
        "classes": list(classes),
        "image_size": image_size,
        "channels": channels,
        **_preparation(student),
    }


def _preparation(student: Student) -> dict[str, Any]:
    """How a sample becomes an input, and how a detector's answers become boxes."""
    if not student.takes_pictures:
        return {}
    facts: dict[str, Any] = {
        "resize": LETTERBOXED if student.task_type in DENSE else STRETCHED,
        "normalisation": {"mean": 127.5, "std": 127.5, "range": [-1.0, 1.0]},
    }
    if student.task_type == "detection":
        facts |= {"strides": list(STRIDES), "reg_max": REG_MAX, "sides": ["left", "top", "right", "bottom"]}
    return facts


def save_student(
    folder: Path, weights: dict[str, Tensor], config: dict[str, Any], files: Mapping[str, bytes] | None = None
) -> str:
    """Write the model directory, with ``files`` by name; return the SHA-256 of the weights file. Raises OSError.

    Equal weights give equal bytes, so the checksum compares runs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sha256 = save_weights(folder / WEIGHTS, weights)
    for name, content in (files or {}).items():
        atomic.write_bytes(folder / name, content)
    atomic.write_json(folder / CONFIG, config)
    return sha256


def save_weights(path: Path, weights: dict[str, Tensor]) -> str:
    """Write tensors as safetensors; return the SHA-256. Raises OSError."""
    # One metadata entry only: safetensors writes several in random order.
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    return atomic.write_bytes(path, safetensors.torch.save(plain, metadata={"format": "pt"}))


def load_student(folder: Path) -> tuple[nn.Module, dict[str, Any]]:
    """Load a model directory: the network in evaluation mode and its config.

    Raises Refused for a missing, foreign or damaged one.
    """
    config = read_config(folder)
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise Refused(
            Sentence(
                gettext_noop(
                    "The model directory {folder} has no {file}. Choose a directory that a finished task wrote."
                ),
                {"folder": shown(str(folder)), "file": WEIGHTS},
            )
        )
    try:
        model = students.build(
            config["arch"],
            classes=len(config["classes"]),
            channels=config["channels"],
            image_size=config["image_size"],
        )
        model.load_state_dict(safetensors.torch.load_file(weights))
    except (SafetensorError, OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The model in {folder} cannot be loaded ({error}). Its files are damaged or do not belong "
                    "together; train or copy it again."
                ),
                {"folder": shown(str(folder)), "error": " ".join(str(error).split())[:300]},
            )
        ) from error
    return model.eval(), config


def read_config(folder: Path) -> dict[str, Any]:
    """Read and check ``config.json``. Raises Refused when it is not one of ours."""
    if not folder.is_dir():
        raise Refused(
            Sentence(gettext_noop("There is no model directory {folder}."), {"folder": shown(str(folder))}),
        )
    config = own_config(folder)
    if config is None:
        found = atomic.read_json(folder / CONFIG)
        raise Refused(
            Sentence(
                gettext_noop(
                    "{folder} is not a model of this platform: its {file} is missing or has the format {found}, "
                    "expected {expected}. Choose a directory that a finished task wrote."
                ),
                {
                    "folder": shown(str(folder)),
                    "file": CONFIG,
                    "found": str(found.get("format", "–")) if isinstance(found, dict) else "–",
                    "expected": FORMAT,
                },
            )
        )
    return config


def own_config(folder: Path) -> dict[str, Any] | None:
    """The ``config.json`` of a student that a task has finished, or None for a directory of another kind."""
    config = atomic.read_json(folder / CONFIG)
    return config if isinstance(config, dict) and config.get("format") == FORMAT else None
