"""Tiny segmenters of transformers with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers

CLASSES = ("sky", "Blue", "other", "red")
"""The teacher's, in its order."""
_NAMES: dict[str, Any] = {
    "id2label": dict(enumerate(CLASSES)),
    "label2id": {name: index for index, name in enumerate(CLASSES)},
}


def _segformer() -> Any:
    config = transformers.SegformerConfig(
        depths=[1] * 4, hidden_sizes=[8, 8, 16, 16], num_attention_heads=[1, 1, 2, 2], decoder_hidden_size=16, **_NAMES
    )
    return transformers.SegformerForSemanticSegmentation(config)


def _upernet() -> Any:
    backbone = {
        "model_type": "convnext", "hidden_sizes": [8] * 4, "depths": [1] * 4,
        "out_features": ["stage1", "stage2", "stage3", "stage4"],
    }  # fmt: skip
    config = transformers.UperNetConfig(backbone_config=backbone, hidden_size=16, use_auxiliary_head=False, **_NAMES)
    return transformers.UperNetForSemanticSegmentation(config)


SEGMENTERS = {"segformer": _segformer, "upernet": _upernet}


def write_segmenter(folder: Path, kind: str = "segformer", size: int = 64) -> Path:
    """A segmenter that looks at ``size`` pixels."""
    torch.manual_seed(0)
    model = SEGMENTERS[kind]()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    model.save_pretrained(folder)
    transformers.SegformerImageProcessorPil(size={"height": size, "width": size}).save_pretrained(folder)
    return folder
