"""Tiny teachers that take adapters, and what their runs ask for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import transformers

from distillation.contract.lora import LoraSpec
from distillation.contract.spec import RunSpec, StudentSpec, TeacherSpec
from distillation.tests.engine.samples import CLASSES, write_teacher

SMALL = {
    "image_size": 32, "patch_size": 8, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 2,
}  # fmt: skip


def vit(classes: tuple[str, ...] = CLASSES, **changes: Any) -> transformers.ViTForImageClassification:
    """A vision transformer of two layers with random weights that tell pictures apart."""
    torch.manual_seed(1)
    labels = {"id2label": dict(enumerate(classes)), "label2id": {name: index for index, name in enumerate(classes)}}
    config = transformers.ViTConfig(**{**SMALL, "initializer_range": 0.1, **changes}, **labels)
    return transformers.ViTForImageClassification(config).eval()


def write_vit(folder: Path, classes: tuple[str, ...] = CLASSES, **changes: Any) -> Path:
    """The same as a Hugging Face directory."""
    vit(classes, **changes).save_pretrained(folder)
    transformers.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def lora_of(target: str = "teacher", **changes: Any) -> LoraSpec:
    """Settings that teach something in few steps."""
    values: dict[str, Any] = {"rank": 8, "alpha": 16, "dropout": 0.1, "epochs": 12, **changes}
    return LoraSpec(target=target, **values)  # type: ignore[arg-type]


def with_vit(spec: RunSpec, **lora: Any) -> RunSpec:
    """The run with a tiny ViT as its teacher, which is adapted."""
    return replace(
        spec,
        teacher=TeacherSpec("huggingface", "vit", "models/vit"),
        lora=lora_of(**lora),
        train=replace(spec.train, learning_rate=1e-2),
        control=False,
    )


def tuned(home: Path, spec: RunSpec) -> RunSpec:
    """A vision transformer that goes on from another task's weights, through adapters in its first and last layer."""
    write_teacher(home / "models" / "first", arch="vit-tiny", image_size=32)
    return replace(
        spec,
        student=StudentSpec("vit-tiny", 32, "distill", "models/first"),
        lora=lora_of("student", layers=(0, 11), rank=2),
        train=replace(spec.train, batch_size=16),
    )
