"""``python -m distillation.engine check``: would this spec run, is this model whole; nothing is trained."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch

from distillation.contract import exit_codes
from distillation.contract.sentence import Refused
from distillation.contract.spec import RunSpec
from distillation.contract.students import STUDENTS, VOCABULARY
from distillation.datasets.recognition import AnyData
from distillation.datasets.sequences import SequenceData
from distillation.datasets.texts import TextData
from distillation.engine import atomic, batch_choice, export, ordering, run, run_data, students, teachers, text_tokens
from distillation.engine.students import pretrained


def check(path: Path, home: Path | None) -> int:
    """Look at a spec, or at a model directory; print what was found as JSON, and return the exit code."""
    try:
        found = _model(path) if path.is_dir() else _spec(path, (home or path.parent).absolute())
    except (Refused, OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"{error}\n")
        return exit_codes.FAILED
    sys.stdout.write(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return exit_codes.COMPLETED


def _model(folder: Path) -> dict[str, Any]:
    """Load it and let it answer once."""
    model, config = export.load_student(folder)
    student = STUDENTS[config["arch"]]
    size, channels = config["image_size"], config["channels"]
    sample = torch.zeros(1, channels, size, size) if student.takes_pictures else torch.zeros(1, 8, channels)
    if student.task_type == "text":
        text_tokens.load(folder)
        sample = torch.zeros(1, 8, dtype=torch.int32)
    with torch.inference_mode():
        model(sample)
    return {
        "arch": config["arch"],
        "task_type": config["task_type"],
        "classes": config["classes"],
        "image_size": size,
        "channels": channels,
        "parameters": students.parameter_count(model),
        "sha256": atomic.sha256_of(folder / export.WEIGHTS),
    }


def _spec(file: Path, home: Path) -> dict[str, Any]:
    """Read the data set, find the teacher, build the student. Raises Refused for the first that stands in the way."""
    spec = RunSpec.from_json(file.read_text(encoding="utf-8"))
    run.settle(spec)
    if not spec.train.batch_size:
        spec = batch_choice.with_size(spec, batch_choice.choose(spec, home))
    data = run_data.read(home, spec)
    samples = _splits(data)
    taught = samples["train"] + (samples["unlabeled"] if spec.teacher else 0)
    model = students.build(
        spec.student.arch, classes=len(data.classes), channels=_channels(data), image_size=spec.student.image_size
    )
    found: dict[str, Any] = {
        "task_type": spec.task_type,
        "classes": list(data.classes),
        "samples": samples,
        "findings": [finding.sentence.english() for finding in data.findings],
        "student": {"arch": spec.student.arch, "parameters": students.parameter_count(model)},
        "batch_size": spec.train.batch_size,
        "steps_per_epoch": ordering.Ordering(taught, spec.train).steps_per_epoch,
    }
    if spec.student.init_path is not None and spec.student.init != "random":
        loaded = pretrained.load(model, spec.student.arch, home / spec.student.init_path, classes=data.classes)
        found["student"]["taken_over_percent"] = round(100 * loaded.share, 2)
    if spec.teacher is not None:
        source = teachers.find(spec.teacher, home, data.classes, spec.task_type)
        found["teacher"] = {"kind": source.kind, "bytes": source.bytes, "words": list(source.words)}
    return found


def _splits(data: AnyData) -> dict[str, int]:
    """Samples by split."""
    return {"train": len(data.train), "unlabeled": len(data.unlabeled), "val": len(data.val)}


def _channels(data: AnyData) -> int:
    """Of sequences the values a step, of texts the most tokens; pictures count as coloured: none is opened here."""
    if isinstance(data, TextData):
        return VOCABULARY
    return data.features if isinstance(data, SequenceData) else 3
